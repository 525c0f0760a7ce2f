import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EventQueue } from './event-queue.ts';
import { Kernel } from './kernel.ts';
import { SimClock } from './sim-clock.ts';
import { SimProcess } from './sim-process.ts';
import { SimTimers } from './sim-timers.ts';
import { simulate } from '../simulate.ts';

const MINUTE_MS = 60_000;

function newProcess(kernel: Kernel): { process: SimProcess; clock: SimClock; timers: SimTimers } {
  const clock = new SimClock(kernel, 1000, 0);
  const process = new SimProcess({ kernel, name: 'process', clock, onEnd: () => undefined });
  return { process, clock, timers: new SimTimers(process) };
}

/** Runs the work to its end; nothing may be violated. */
async function run(work: (kernel: Kernel) => Promise<void>): Promise<Kernel> {
  const kernel = new Kernel(1);
  await simulate(kernel, () => work(kernel), MINUTE_MS);
  assert.deepEqual(kernel.violations, []);
  return kernel;
}

describe('events', () => {
  it('happen in the order of their times, and of their planning where times are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new EventQueue();
        const happened: number[] = [];
        for (const [at, time] of times.entries()) queue.push(time, () => happened.push(at));
        for (let event = queue.pop(); event !== undefined; event = queue.pop()) event.happen();
        const expected = [...times.keys()].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
        assert.deepEqual(happened, expected);
      }),
    );
  });

  it('are followed by all promise reactions and then by the ends of turns, before time moves on', async () => {
    const happened: string[] = [];
    const kernel = await run(async (running) => {
      const { process, timers } = newProcess(running);
      running.after(1, () =>
        process.run(() => {
          timers.endOfTurn(() => happened.push(`end at ${running.nowMs}`));
          void (async () => {
            for (let step = 0; step < 50; step++) await undefined;
            happened.push(`promises at ${running.nowMs}`);
          })();
        }),
      );
      running.after(1.5, () => happened.push(`next at ${running.nowMs}`));
      await timers.sleep(10);
    });
    assert.deepEqual(happened, ['promises at 1', 'end at 1', 'next at 1.5']);
    assert(kernel.nowMs >= 10 && kernel.nowMs < 12);
  });

  it('that never come end a run as a violation', async () => {
    const kernel = new Kernel(1);
    await simulate(kernel, () => new Promise(() => undefined), MINUTE_MS);
    assert.deepEqual(
      kernel.violations.map(({ check }) => check),
      ['deadlock'],
    );
  });
});

describe('reality', () => {
  it('throws while a run is under way, and is back afterwards', async () => {
    const leaks: (() => unknown)[] = [
      () => Date.now(),
      () => new Date(),
      () => Math.random(),
      () => setTimeout(() => undefined, 1),
      () => setImmediate(() => undefined),
      () => performance.now(),
      () => process.hrtime(),
      () => randomBytes(4),
    ];
    await run(async () => {
      for (const leak of leaks) assert.throws(leak, { name: 'RealityError' });
      assert.equal(new Date(0).toISOString(), '1970-01-01T00:00:00.000Z');
    });
    for (const leak of leaks.filter((_, at) => at !== 3 && at !== 4)) leak();
    assert(new Date() instanceof Date);
  });
});

describe('a process', () => {
  it('has timers that are never early by its own clock, whatever its rate, and stand still with it', async () => {
    await run(async (kernel) => {
      const { clock, timers } = newProcess(kernel);
      clock.setRate(0.5);
      const beganMs = clock.monotonicMs();
      const slept = timers.sleep(100);
      kernel.after(50, () => clock.setRate(0.9));
      kernel.after(90, () => clock.stop());
      kernel.after(1090, () => clock.goOn());
      await slept;
      const tookMs = clock.monotonicMs() - beganMs;
      assert(tookMs > 99.999 && tookMs < 102, `${tookMs} ms by its own clock`);
      assert(kernel.nowMs > 1090);
    });
  });

  it('finds in one turn what came while it stood still, each connection in its order', async () => {
    const happened: string[] = [];
    await run(async (kernel) => {
      const { process, timers } = newProcess(kernel);
      const first = {};
      const second = {};
      process.pause();
      for (const [source, text] of [
        [first, 'a1'],
        [second, 'b1'],
        [first, 'a2'],
        [second, 'b2'],
      ] as const) {
        process.run(() => {
          happened.push(text);
          if (text === 'a1') timers.endOfTurn(() => happened.push('end'));
        }, source);
      }
      assert.deepEqual(happened, []);
      process.resume();
      await timers.sleep(1);
    });
    assert.equal(happened.pop(), 'end');
    assert(['a1 a2 b1 b2', 'b1 b2 a1 a2'].includes(happened.join(' ')), happened.join(' '));
  });

  it('does nothing any more once it is dead', async () => {
    const happened: string[] = [];
    await run(async (kernel) => {
      const { process, timers } = newProcess(kernel);
      const other = newProcess(kernel);
      timers.after(5, () => happened.push('timer'));
      timers.endOfTurn(() => happened.push('end of turn'));
      process.kill();
      process.run(() => happened.push('input'));
      await other.timers.sleep(20);
    });
    assert.deepEqual(happened, []);
  });

  it('that throws what nobody catches has failed the run', async () => {
    const kernel = new Kernel(1);
    const work = async (): Promise<void> => {
      const { process, timers } = newProcess(kernel);
      process.run(() => {
        throw new Error('a mistake');
      });
      await timers.sleep(1);
    };
    await simulate(kernel, work, MINUTE_MS);
    assert.match(kernel.violations[0]?.message ?? '', /a mistake/);
  });
});
