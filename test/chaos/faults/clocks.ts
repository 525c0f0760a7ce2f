import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../../services/shared/base/assert.ts';
import { faketimeLibrary } from '../tools.ts';
import { STORAGE_NODES } from '../../harness/process-cluster.ts';
import { until } from '../../harness/until.ts';
import { type Fault, leadsMost, sleep, startAgain, type Victim } from './fault.ts';

const STEPS = ['+3600', '-3600', '+60', '-60', '+1', '-1'] as const;
const STEPS_A_RUN = 4;
/** libfaketime looks into its file once in so many seconds. */
const LOOK_SECONDS = 1;
/** Rates that NTP may give a clock (reliability.md F4): within what leases allow for, whatever clock is read. */
const SLEWS = ['+0 x1.0005', '+0 x0.9995'] as const;
/** Far beyond it, of the wall clock only, which must not matter. */
const WALL_RATES = ['+0 x1.05', '+0 x0.95'] as const;
/** As far, of all clocks: no lease may be relied on. The node, or whoever hears of it, has to see that. */
const FAR_RATES = WALL_RATES;
const RIGHT = '+0';

interface FakeClock {
  set(time: string): Promise<void>;
}

/** Starts the node that leads most anew, under a clock that reads `first` and can be set. */
async function underFakeClock(
  victim: Victim,
  monotonicToo: boolean,
  first: string,
): Promise<{ readonly node: string; readonly clock: FakeClock }> {
  const { cluster } = victim;
  const node = await leadsMost(cluster);
  const file = join(cluster.directory, `${node}.time`);
  const clock = { set: (time: string) => writeFile(file, `${time}\n`) };
  await clock.set(first);
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
  const { node, clock } = await underFakeClock(victim, false, RIGHT);
  const steps = Array.from({ length: STEPS_A_RUN }, () => victim.random.pick(STEPS));
  victim.began(`clock of ${node} ${steps.join(', ')} s`);
  for (const time of steps) {
    await clock.set(time);
    await sleep((LOOK_SECONDS + victim.secondsMax / STEPS_A_RUN) * 1000);
  }
  await clock.set(RIGHT);
  victim.healed('clock right');
}

/** Peers whose clock a node sees running at another rate than its own, over all nodes. */
async function differingClocks({ cluster }: Victim): Promise<number> {
  const seen = await Promise.all(STORAGE_NODES.map((name) => cluster.metric(name, 'stator_storage_node_differing_clocks')));
  return seen.reduce((sum, each) => sum + each, 0);
}

/** First a rate that nobody may take for a wrong one, then one that must be seen. */
async function drift(victim: Victim): Promise<void> {
  await driftUnseen(victim);
  await driftSeen(victim);
}

async function driftUnseen(victim: Victim): Promise<void> {
  const monotonicToo = victim.random.chance(0.5);
  const rate = victim.random.pick(monotonicToo ? SLEWS : WALL_RATES);
  const { node } = await underFakeClock(victim, monotonicToo, rate);
  victim.began(`${monotonicToo ? 'clocks' : 'wall clock'} of ${node} ${rate}`);
  await sleep((LOOK_SECONDS + victim.secondsMax) * 1000);
  const seen = await differingClocks(victim);
  if (seen > 0) throw new Error(`${rate} of ${monotonicToo ? 'all clocks' : 'the wall clock'} of ${node} is taken for too much`);
  await underRightClock(victim, node);
}

async function driftSeen(victim: Victim): Promise<void> {
  const rate = victim.random.pick(FAR_RATES);
  const { node } = await underFakeClock(victim, true, rate);
  victim.began(`clocks of ${node} ${rate}`);
  await until(`somebody sees that the clocks of ${node} run at ${rate}`, async () => (await differingClocks(victim)) > 0);
  await underRightClock(victim, node);
  // It counts for a while; and no later run may take it for its own.
  await until('all clocks are relied on again', async () => (await differingClocks(victim)) === 0);
}

/** In a new process: a monotonic clock that is put right would jump, and no real one does. */
async function underRightClock(victim: Victim, node: string): Promise<void> {
  await victim.cluster.stop(node);
  victim.healed('clock right');
  await startAgain(victim);
}

const COMMON = { surroundings: 'plain', needs: ['faketime'] } as const;

export const CLOCKS: readonly Fault[] = [
  { ...COMMON, name: 'clock-steps', help: 'The wall clock of a leader steps by up to an hour, to and fro.', inflict: step },
  {
    ...COMMON,
    name: 'clock-drift',
    help: 'The clocks of a leader run fast or slow: as they may, which nobody may mind, then as they may not, which somebody must see.',
    inflict: drift,
  },
];
