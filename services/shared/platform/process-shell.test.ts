import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('shell-child.test-support.js', import.meta.url));

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A process under the shell, and everything it prints. */
class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<number | string>;
  stdout = '';
  stderr = '';
  #wake: () => void = () => {};

  constructor(context: TestContext, args: readonly string[], environment: Record<string, string> = {}) {
    this.process = spawn(process.execPath, [CHILD, ...args], { env: { ...process.env, ...environment } });
    context.after(() => this.process.kill('SIGKILL'));
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
      this.#wake();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = once(this.process, 'close').then(([status, signal]) => {
      this.#wake();
      return (status ?? signal) as number | string;
    });
  }

  get lines(): LogLine[] {
    return (
      this.stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine)
        // A busy machine may hold the loop up at any point.
        .filter(({ event }) => event !== 'event-loop-stalled')
    );
  }

  get events(): string[] {
    return this.lines.map(({ event }) => event);
  }

  async untilEvent(event: string): Promise<LogLine> {
    for (;;) {
      const line = this.lines.find((one) => one.event === event);
      if (line !== undefined) return line;
      assert.equal(this.process.exitCode, null, `it ended without ${event}:\n${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Status and text of a path on the operations port. */
  async get(path: string): Promise<{ status: number; text: string }> {
    const { metricsPort } = await this.untilEvent('running');
    const response = await fetch(`http://127.0.0.1:${String(metricsPort)}${path}`);
    return { status: response.status, text: await response.text() };
  }
}

const ARGS = ['--name=test-1', '--metrics-listen=127.0.0.1:0'];

describe('a process', () => {
  test('says how it was started, without secrets, and serves metrics and health', async (context) => {
    const child = new Child(context, [...ARGS, '--cache-bytes', '4096'], {
      STATOR_DATA_DIR: '/somewhere',
      STATOR_CACHE_BYTES: '5',
      STATOR_AZ: 'b',
    });
    const { options, node, az, level } = await child.untilEvent('starting');
    assert.deepEqual({ node, az, level }, { node: process.version, az: 'b', level: 'info' });
    const shown = options as Record<string, string>;
    assert.deepEqual([shown['cacheBytes'], shown['dataDir'], shown['password']], ['4096', '/somewhere', '***']);
    const { cacheBytes, dataDir, incarnation } = await child.untilEvent('service-run');
    assert.deepEqual([cacheBytes, dataDir, Number.isSafeInteger(incarnation)], [4096, '/somewhere', true]);
    assert.deepEqual(await child.get('/healthz'), { status: 200, text: 'ok\n' });
    assert.deepEqual(await child.get('/readyz'), { status: 200, text: 'ready\n' });
    const { status, text } = await child.get('/metrics');
    assert.equal(status, 200);
    assert.match(text, /^stator_test_process_event_loop_lag_seconds\{node="test-1",az="b"\} [0-9.e-]+$/m);
    assert.match(text, /^process_cpu_user_seconds_total\{node="test-1",az="b"\} /m);
    assert.equal((await child.get('/other')).status, 404);
  });

  test('drains, stops and exits with 0 on SIGTERM', async (context) => {
    const child = new Child(context, ARGS);
    await child.untilEvent('running');
    child.process.kill('SIGTERM');
    assert.equal(await child.exited, 0);
    assert.deepEqual(child.events, ['starting', 'service-run', 'running', 'signal', 'service-drain', 'service-stop', 'stopped']);
  });

  test('ends at once on a second signal', async (context) => {
    const child = new Child(context, [...ARGS, '--behaviour=never-drains']);
    await child.untilEvent('running');
    child.process.kill('SIGTERM');
    await child.untilEvent('service-drain');
    assert.deepEqual(await child.get('/readyz'), { status: 503, text: 'draining\n' });
    child.process.kill('SIGINT');
    assert.equal(await child.exited, 1);
  });

  test('ends on a signal while it starts', async (context) => {
    const child = new Child(context, [...ARGS, '--behaviour=never-starts']);
    await child.untilEvent('service-run');
    child.process.kill('SIGTERM');
    assert.equal(await child.exited, 0);
  });

  for (const [behaviour, reason, message] of [
    ['throws', 'uncaught-exception', 'thrown in a timer'],
    ['rejects', 'uncaught-exception', 'nobody awaits this'],
    ['fatal', 'disk-failed', 'EIO'],
    ['start-fails', 'start-failed', 'no luck'],
  ] as const) {
    test(`exits with 1 and says why: ${behaviour}`, async (context) => {
      const child = new Child(context, [...ARGS, `--behaviour=${behaviour}`]);
      assert.equal(await child.exited, 1);
      const line = child.lines.at(-1);
      assert.deepEqual([line?.level, line?.event, line?.['reason']], ['error', 'fatal', reason]);
      assert.equal((line?.['error'] as Error | undefined)?.message, message);
    });
  }

  test('refuses wrong options, all in one go, and shows help', async (context) => {
    const unknown = new Child(context, [...ARGS, '--cash-bytes=1']);
    assert.equal(await unknown.exited, 2);
    assert.match(unknown.stderr, /Unknown option '--cash-bytes'/);
    const wrong = new Child(context, ['--metrics-listen=nonsense', '--cache-bytes=0', '--behaviour=odd', '--password=']);
    assert.equal(await wrong.exited, 2);
    assert.match(wrong.stderr, /--name \(or STATOR_NAME\) is missing/);
    assert.match(wrong.stderr, /--metrics-listen \(or STATOR_METRICS_LISTEN\): must be host:port, not "nonsense"/);
    assert.match(wrong.stderr, /--cache-bytes \(or STATOR_CACHE_BYTES\): must be a whole number of 1 to \d+, not "0"/);
    assert.match(wrong.stderr, /--behaviour \(or STATOR_BEHAVIOUR\)/);
    assert.match(wrong.stderr, /--password \(or STATOR_PASSWORD\): must not be empty\n/);
    const help = new Child(context, ['--help']);
    assert.equal(await help.exited, 0);
    assert.match(help.stdout, /--cache-bytes <integer, bytes>\n {6}Size of the cache\.\n {6}default: 100; environment: STATOR_CACHE_BYTES/);
  });

  test('says that its port is taken', async (context) => {
    const first = new Child(context, ARGS);
    const { metricsPort } = await first.untilEvent('running');
    const second = new Child(context, ['--name=test-2', `--metrics-port=${String(metricsPort)}`]);
    assert.equal(await second.exited, 1);
    assert.match((second.lines.at(-1)?.['error'] as Error | undefined)?.message ?? '', /EADDRINUSE/);
  });
});
