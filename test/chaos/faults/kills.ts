import { AUTO_ADMIN, ROUTER, STORAGE_NODES } from '../../harness/process-cluster.ts';
import { ALL_PROCESSES, type Fault, leadsMost, startAgain, type Victim } from './fault.ts';

/** SIGKILL; writes must come back before the process does, where two storage nodes and the router are left. */
async function kill(victim: Victim, names: readonly string[]): Promise<void> {
  const { cluster, load } = victim;
  victim.began(`SIGKILL ${names.join(', ')}`);
  await cluster.kill(...names);
  if (names.length === 1 && names[0] !== ROUTER) await load.everyClientWrites();
  victim.healed('start');
  await startAgain(victim);
}

const COMMON = { surroundings: 'plain', needs: [] } as const;

export const KILLS: readonly Fault[] = [
  {
    ...COMMON,
    name: 'kill-leader',
    help: 'SIGKILL for the storage node that leads most partitions; it is started again when writes are back.',
    inflict: async (victim) => kill(victim, [await leadsMost(victim.cluster)]),
  },
  {
    ...COMMON,
    name: 'kill-any',
    help: 'SIGKILL for any one process.',
    inflict: (victim) => kill(victim, [victim.random.pick(ALL_PROCESSES)]),
  },
  {
    ...COMMON,
    name: 'kill-all',
    help: 'SIGKILL for all three storage nodes in one go.',
    inflict: (victim) => kill(victim, STORAGE_NODES),
  },
  { ...COMMON, name: 'kill-router', help: 'SIGKILL for the router.', inflict: (victim) => kill(victim, [ROUTER]) },
  {
    ...COMMON,
    name: 'kill-auto-admin',
    help: 'SIGKILL for the auto-admin: the data plane must not notice.',
    inflict: (victim) => kill(victim, [AUTO_ADMIN]),
  },
];
