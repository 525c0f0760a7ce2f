import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../../services/shared/base/assert.ts';
import { faketimeLibrary } from '../tools.ts';
import { type Fault, leadsMost, sleep, startAgain, type Victim } from './fault.ts';

const STEPS = ['+3600', '-3600', '+60', '-60', '+1', '-1'] as const;
const STEPS_A_RUN = 4;
/** libfaketime looks into its file once in so many seconds. */
const LOOK_SECONDS = 1;
/** Rates that NTP may give a clock (reliability.md F4): within what leases allow for, whatever clock is read. */
const SLEWS = ['+0 x1.0005', '+0 x0.9995'] as const;
/** Far beyond it, of the wall clock only, which must not matter. */
const WALL_RATES = ['+0 x1.05', '+0 x0.95'] as const;
const RIGHT = '+0';

interface FakeClock {
  set(time: string): Promise<void>;
}

/** Starts the node that leads most anew, under a clock that can be set. */
async function underFakeClock(victim: Victim, monotonicToo: boolean): Promise<{ readonly node: string; readonly clock: FakeClock }> {
  const { cluster } = victim;
  const node = await leadsMost(cluster);
  const file = join(cluster.directory, `${node}.time`);
  const clock = { set: (time: string) => writeFile(file, `${time}\n`) };
  await clock.set(RIGHT);
  const environment = {
    LD_PRELOAD: must(await faketimeLibrary(), 'libfaketime is there'),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: String(LOOK_SECONDS),
    DONT_FAKE_MONOTONIC: monotonicToo ? '0' : '1',
  };
  await cluster.stop(node);
  await cluster.withOptions(environment, () => startAgain(victim));
  return { node, clock };
}

async function step(victim: Victim): Promise<void> {
  const { node, clock } = await underFakeClock(victim, false);
  const steps = Array.from({ length: STEPS_A_RUN }, () => victim.random.pick(STEPS));
  victim.began(`clock of ${node} ${steps.join(', ')} s`);
  for (const time of steps) {
    await clock.set(time);
    await sleep((LOOK_SECONDS + victim.secondsMax / STEPS_A_RUN) * 1000);
  }
  await clock.set(RIGHT);
  victim.healed('clock right');
}

async function drift(victim: Victim): Promise<void> {
  const monotonicToo = victim.random.chance(0.5);
  const rate = victim.random.pick(monotonicToo ? SLEWS : WALL_RATES);
  const { node, clock } = await underFakeClock(victim, monotonicToo);
  victim.began(`${monotonicToo ? 'clocks' : 'wall clock'} of ${node} ${rate}`);
  await clock.set(rate);
  await sleep((LOOK_SECONDS + victim.secondsMax) * 1000);
  await clock.set(RIGHT);
  victim.healed('clock right');
}

const COMMON = { surroundings: 'plain', needs: ['faketime'] } as const;

export const CLOCKS: readonly Fault[] = [
  { ...COMMON, name: 'clock-steps', help: 'The wall clock of a leader steps by up to an hour, to and fro.', inflict: step },
  { ...COMMON, name: 'clock-drift', help: 'The clocks of a leader run fast or slow.', inflict: drift },
];
