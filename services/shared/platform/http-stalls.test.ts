import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { post, RawClient, start } from './http-server.test-support.ts';
import { STALL_LOOKS } from './http-stalls.ts';

test('a client that stops reading its answer is left, and one that reads is not', async (context) => {
  // More than all the buffers between two sockets of one machine: who has got so much more, or reads no more, lets the server send, or not.
  const part = 40_000_000;
  const parts = 3;
  const long = Buffer.alloc(parts * part, 'y');
  // Looks come when the test says so, so that the machine may be as slow as it likes.
  context.mock.timers.enable({ apis: ['setInterval'] });
  const answerStallMs = 10 * STALL_LOOKS;
  const { port, unread } = await start(context, { answerStallMs }, () => Promise.resolve({ status: 200, headers: {}, body: long }));
  const looks = async (count: number) => {
    for (let at = 0; at < count; at++) {
      context.mock.timers.tick(answerStallMs / STALL_LOOKS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const reading = await RawClient.open(context, port);
  reading.write(post(''));
  for (let at = 1; at <= parts; at++) {
    await reading.untilLength(at * part);
    await looks(STALL_LOOKS - 1);
  }
  assert.equal(await unread(), 0);
  const client = await RawClient.open(context, port);
  client.socket.pause();
  client.write(post(''));
  const closed = once(client.socket, 'close');
  while ((await unread()) === 0) await looks(1);
  client.socket.resume();
  await closed;
  assert.ok(client.received.length < long.length);
});

test('a client is not left because this process stood still', async (context) => {
  const long = Buffer.alloc(40_000_000, 'y');
  const answerStallMs = 500;
  const { port, unread, requests } = await start(context, { answerStallMs }, () =>
    Promise.resolve({ status: 200, headers: {}, body: long }),
  );
  const client = await RawClient.open(context, port);
  client.socket.pause();
  client.write(post(''));
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  // Neither the server nor its client has more than a turn of the loop each time.
  for (let standstill = 0; standstill < 4; standstill++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.2 * answerStallMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await unread(), 0);
});
