import { ALL_PROCESSES, type Fault, leadsMost, sleep, type Victim } from './fault.ts';

const SHORTEST_MS = 100;
const LONGEST_MS = 60_000;

async function stop(victim: Victim, name: string): Promise<void> {
  const longestMs = Math.min(LONGEST_MS, victim.secondsMax * 1000);
  // As many stops of a tenth of a second to one as of one to ten.
  const durationMs = SHORTEST_MS * (longestMs / SHORTEST_MS) ** victim.random.float();
  victim.began(`SIGSTOP ${name} for ${(durationMs / 1000).toFixed(1)} s`);
  await victim.cluster.signal([name], 'SIGSTOP');
  try {
    await sleep(durationMs);
  } finally {
    await victim.cluster.signal([name], 'SIGCONT');
  }
  victim.healed('SIGCONT');
}

const COMMON = { surroundings: 'plain', needs: [] } as const;

export const STOPS: readonly Fault[] = [
  {
    ...COMMON,
    name: 'stop-leader',
    help: 'SIGSTOP for 0.1 s to SECONDS for the storage node that leads most partitions.',
    inflict: async (victim) => stop(victim, await leadsMost(victim.cluster)),
  },
  {
    ...COMMON,
    name: 'stop-any',
    help: 'SIGSTOP for 0.1 s to SECONDS for any process.',
    inflict: (victim) => stop(victim, victim.random.pick(ALL_PROCESSES)),
  },
];
