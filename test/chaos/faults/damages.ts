import { must } from '../../../services/shared/base/assert.ts';
import { MIB } from '../../../services/shared/base/units.ts';
import { flipBitInWal, flipBitsInTrees } from '../../harness/damage.ts';
import { STORAGE_NODES } from '../../harness/process-cluster.ts';
import { type Fault, startAgain, type Victim } from './fault.ts';

/** So many requests leave enough in the trees that flipped bits hit something. */
const TREE_REQUESTS = 4000;

/** Damages the data of one storage node while it is down; it has to notice, and to be made sound again by the others. */
async function damage(victim: Victim, label: string, flip: (dataDir: string) => Promise<void>, end: 'kill' | 'stop'): Promise<void> {
  const { cluster, random } = victim;
  const node = random.pick(STORAGE_NODES);
  const dataDir = must((await cluster.status(node)).dataDir, 'a storage node has a data folder');
  victim.began(`${label} of ${node}`);
  await cluster[end](node);
  await flip(dataDir);
  victim.healed('start');
  await startAgain(victim);
}

/**
 * LevelDB turns its log into tables as it opens a store. One node after the other is stopped in order: one that is killed soon after its
 * start checks its tables, and may have none left if an earlier run has damaged them.
 */
async function restart(victim: Victim): Promise<void> {
  for (const node of STORAGE_NODES) {
    await victim.cluster.stop(node);
    await startAgain(victim);
  }
}

export const DAMAGES: readonly Fault[] = [
  {
    name: 'bit-flip-log',
    help: 'A bit in the write-ahead log of a storage node flips while it is down.',
    surroundings: 'plain',
    needs: [],
    inflict: (victim) => damage(victim, 'bit flip in the log', flipBitInWal, 'kill'),
  },
  {
    name: 'bit-flip-tree',
    help: 'Bits all over the trees of a storage node flip while it is down.',
    surroundings: 'plain',
    needs: [],
    // Everything into the trees soon, and little of it in memory.
    options: { STATOR_CHECKPOINT_INTERVAL_MS: '1000', STATOR_PAGE_CACHE_BYTES: String(MIB) },
    inflict: async (victim) => {
      await victim.load.more(TREE_REQUESTS);
      await restart(victim);
      // A node that is killed soon after its start checks its tables at the next one; one that is stopped meets the damage as it goes.
      await damage(victim, 'bit flips in the trees', flipBitsInTrees, victim.random.pick(['kill', 'stop']));
    },
  },
];
