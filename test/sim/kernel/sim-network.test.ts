import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdminCallError, TransportError } from '../../../services/shared/env/transport.ts';
import type { ControlFrame, ControlStream, StatorHandlers } from '../../../services/shared/wire/frames.ts';
import { simulate } from '../simulate.ts';
import { Kernel } from './kernel.ts';
import { SimClock } from './sim-clock.ts';
import { SimEnvironment } from './sim-environment.ts';
import { addressOf, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimTransport } from './sim-transport.ts';

/** Two processes; what `b` receives on control streams, and why they ended. */
class Pair {
  readonly kernel: Kernel;
  readonly network: SimNetwork;
  readonly a: Peer;
  readonly b: Peer;
  readonly received: number[] = [];
  readonly ended: string[] = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.network = new SimNetwork(kernel);
    this.a = new Peer(kernel, this.network, 'a');
    this.b = new Peer(kernel, this.network, 'b');
  }

  async listen(more: Partial<StatorHandlers> = {}): Promise<void> {
    const control = (stream: ControlStream): void => {
      stream.onFrame = (frame) => this.received.push(frame.heartbeat?.sequence ?? -1);
      stream.onClose = (reason) => this.ended.push(reason);
    };
    await this.b.transport.listen({ control, ...more });
  }

  open(): Promise<ControlStream> {
    return this.a.transport.open(addressOf('b'), 'control', 1000);
  }

  sleep(delayMs: number): Promise<void> {
    return this.a.environment.timers.sleep(delayMs);
  }
}

class Peer {
  readonly process: SimProcess;
  readonly environment: SimEnvironment;
  readonly transport: SimTransport;

  constructor(kernel: Kernel, network: SimNetwork, name: string) {
    this.process = new SimProcess({ kernel, name, clock: new SimClock(kernel, 0, 0), onEnd: () => undefined });
    this.environment = new SimEnvironment(this.process);
    this.transport = new SimTransport(network, this.process, this.environment);
    this.transport.joinCluster('cluster');
  }
}

function beat(sequence: number): ControlFrame {
  return { heartbeat: { sequence, leaderships: new Uint8Array(0), floors: new Uint8Array(0) }, messages: [] };
}

/** Several seeds, because latencies differ from one to the next. */
async function run(work: (pair: Pair) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= 10; seed++) {
    const kernel = new Kernel(seed);
    await simulate(kernel, () => work(new Pair(kernel)), 600_000);
    assert.deepEqual(kernel.violations, []);
  }
}

const NUMBERS = Array.from({ length: 100 }, (_, at) => at);

describe('a simulated connection', () => {
  it('keeps the order of frames, whatever their latencies', async () => {
    await run(async (pair) => {
      await pair.listen();
      pair.network.link('a', 'b').loss = 0.3;
      const stream = await pair.open();
      for (const number of NUMBERS) {
        stream.send(beat(number));
        await pair.sleep(1);
      }
      await pair.sleep(20_000);
      assert.deepEqual(pair.received, NUMBERS);
    });
  });

  it('loses nothing in a short cut', async () => {
    await run(async (pair) => {
      await pair.listen();
      const stream = await pair.open();
      pair.network.cut('a', 'b');
      for (const number of NUMBERS) stream.send(beat(number));
      await pair.sleep(4000);
      assert.deepEqual(pair.received, []);
      pair.network.heal('a', 'b');
      await pair.sleep(3500);
      assert.deepEqual(pair.received, NUMBERS);
      assert.deepEqual(pair.ended, []);
    });
  });

  it('ends in a long cut, on both sides, though only one direction is cut', async () => {
    await run(async (pair) => {
      await pair.listen();
      const stream = await pair.open();
      const ended: string[] = [];
      stream.onFrame = () => undefined;
      stream.onClose = (reason) => ended.push(reason);
      pair.network.cut('a', 'b');
      await pair.sleep(10_500);
      assert.equal(ended.length, 1);
      assert.equal(pair.ended.length, 1);
    });
  });

  it('ends behind everything that was sent before it was closed', async () => {
    await run(async (pair) => {
      await pair.listen();
      const stream = await pair.open();
      for (const number of NUMBERS) stream.send(beat(number));
      stream.close();
      stream.send(beat(1000));
      await pair.sleep(1000);
      assert.deepEqual(pair.received, NUMBERS);
      assert.deepEqual(pair.ended, ['closed by the other side']);
    });
  });

  it('loses a part at most from the end when its process dies', async () => {
    await run(async (pair) => {
      await pair.listen();
      const stream = await pair.open();
      for (const number of NUMBERS) stream.send(beat(number));
      pair.a.process.kill();
      pair.network.died(pair.a.process);
      await pair.b.environment.timers.sleep(1000);
      assert.deepEqual(pair.received, NUMBERS.slice(0, pair.received.length));
      assert.deepEqual(pair.ended, ['the process died']);
    });
  });

  it('is refused where nobody listens, and times out where nothing answers', async () => {
    await run(async (pair) => {
      await assert.rejects(pair.open(), (error: Error) => error instanceof TransportError && error.message.includes('refused'));
      await pair.listen();
      pair.network.cut('b', 'a');
      await assert.rejects(pair.open(), /no answer within 1000 ms/);
      pair.network.heal('b', 'a');
      pair.b.process.pause();
      await assert.rejects(pair.open(), /no answer within 1000 ms/);
      pair.b.process.resume();
      await pair.open();
    });
  });

  it('is refused between clusters, and where a kind is not served', async () => {
    await run(async (pair) => {
      await pair.listen();
      await assert.rejects(pair.a.transport.open(addressOf('b'), 'watch', 1000), /does not serve watch streams/);
      pair.b.transport.joinCluster('another');
      await assert.rejects(pair.open(), /belongs to cluster another/);
    });
  });
});

describe('a simulated administrative call', () => {
  it('brings back an answer or a refusal', async () => {
    await run(async (pair) => {
      await pair.listen({
        admin: async (request) => {
          if (request.kind === 'describe-auto-admin') throw new AdminCallError('wrong-process', 'not here');
          return { kind: 'done' };
        },
      });
      const call = (kind: 'describe-node' | 'describe-auto-admin') => pair.a.transport.call(addressOf('b'), { kind }, 1000);
      assert.deepEqual(await call('describe-node'), { kind: 'done' });
      await assert.rejects(
        call('describe-auto-admin'),
        (error: Error) => error instanceof AdminCallError && error.code === 'wrong-process',
      );
    });
  });

  it('may be carried out although its answer is lost', async () => {
    await run(async (pair) => {
      let carriedOut = 0;
      await pair.listen({
        admin: async () => {
          carriedOut += 1;
          pair.network.cut('b', 'a');
          return { kind: 'done' };
        },
      });
      await assert.rejects(pair.a.transport.call(addressOf('b'), { kind: 'describe-node' }, 1000), TransportError);
      assert.equal(carriedOut, 1);
    });
  });
});
