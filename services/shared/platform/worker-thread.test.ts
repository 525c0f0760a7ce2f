import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Thread } from '../env/thread.ts';
import { MIB } from '../base/units.ts';
import { startWorkerThread } from './worker-thread.ts';

const MODULE = new URL('./worker-thread.test-support.js', import.meta.url);

function start(context: TestContext, module = MODULE): Thread {
  const thread = startWorkerThread({ module, name: 'test', heapBytes: 32 * MIB });
  context.after(() => thread.close());
  return thread;
}

function next(thread: Thread): Promise<unknown> {
  return new Promise((resolve) => {
    thread.onMessage = resolve;
  });
}

const endOf = (thread: Thread): Promise<string> =>
  new Promise((resolve) => {
    thread.onEnd = resolve;
  });

test('messages sent before the thread runs come in order; moved buffers are gone here', async (context) => {
  const thread = start(context);
  const received: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    thread.onMessage = (message) => {
      received.push(message);
      if (received.length === 2) resolve();
    };
  });
  const bytes = new Uint8Array([1, 2, 3]);
  thread.post({ text: 'first' }, []);
  thread.post(bytes, [bytes.buffer]);
  assert.equal(bytes.length, 0);
  await all;
  assert.deepEqual(received, [{ text: 'first' }, new Uint8Array([1, 2, 3])]);
});

test('the clock of the thread is that of who started it', async (context) => {
  const thread = start(context);
  const before = performance.now();
  thread.post('time', []);
  const told = (await next(thread)) as number;
  assert.ok(before <= told && told <= performance.now(), `${before} ${told} ${performance.now()}`);
});

test('an error, a full heap and a module that is not there end the thread alone, and it is told', async (context) => {
  for (const [message, reason] of [
    ['throw', /as the test wants it/],
    ['fill the memory', /memory/],
  ] as const) {
    const thread = start(context);
    const ended = endOf(thread);
    thread.post(message, []);
    assert.match(await ended, reason);
  }
  assert.match(await endOf(start(context, new URL('./nothing.js', import.meta.url))), /nothing\.js/);
});

test('a thread that is closed does not report its end', async (context) => {
  const thread = start(context);
  thread.onEnd = () => assert.fail('reported');
  thread.post('anything', []);
  await next(thread);
  await thread.close();
});
