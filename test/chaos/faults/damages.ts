import { stat } from 'node:fs/promises';
import { must } from '../../../services/shared/base/assert.ts';
import { MIB } from '../../../services/shared/base/units.ts';
import { flipBitInWal, flipBitsInTrees } from '../../harness/damage.ts';
import { STORAGE_NODES, type StorageNodeName } from '../../harness/process-cluster.ts';
import { until } from '../../harness/until.ts';
import { type Fault, startAgain, type Victim } from './fault.ts';

/** So many requests leave enough in the trees that flipped bits hit something. */
const TREE_REQUESTS = 4000;

/** Damages the data of one storage node while it is down, and starts it again; it has to be made sound by the others. */
async function damage<T>(victim: Victim, { label, flip, end }: Damage<T>): Promise<Damaged<T>> {
  const { cluster, random } = victim;
  const node = random.pick(STORAGE_NODES);
  const dataDir = must((await cluster.status(node)).dataDir, 'a storage node has a data folder');
  victim.began(`${label} of ${node}`);
  await cluster[end](node);
  const logBefore = await cluster.log(node);
  const flipped = await flip(dataDir);
  victim.healed('start');
  await startAgain(victim);
  return { node, flipped, logged: async () => (await cluster.log(node)).slice(logBefore.length) };
}

interface Damage<T> {
  readonly label: string;
  readonly flip: (dataDir: string) => Promise<T>;
  readonly end: 'kill' | 'stop';
}

interface Damaged<T> {
  readonly node: StorageNodeName;
  readonly flipped: T;
  /** What the node has logged since. */
  readonly logged: () => Promise<string>;
}

/** The logs are read whole at each start. */
async function damageLog(victim: Victim): Promise<void> {
  const { node, logged } = await damage(victim, { label: 'bit flip in the log', flip: flipBitInWal, end: 'kill' });
  await until(`${node} says that its log is damaged`, async () => /"event":"replica abstains"/.test(await logged()));
}

/** A node that met damage in its trees says so when a reader, a scrub, or LevelDB met it, and when it checked all tables. */
const TREE_DAMAGE_FOUND = /"event":"replica is rebuilt"|the trees were set aside|Corruption|leveldb::.*Assertion/;

/**
 * A node that is killed soon after its start checks its tables at the next one, before LevelDB opens them; one that is stopped meets the damage
 * as it goes, which may be never: old pages are in a table, too, until LevelDB writes it anew. So it is made to look.
 */
async function damageTrees(victim: Victim): Promise<void> {
  const { cluster, load } = victim;
  await load.more(TREE_REQUESTS);
  await restart(victim);
  const end = victim.random.pick(['kill', 'stop'] as const);
  const { node, flipped, logged } = await damage(victim, { label: 'bit flips in the trees', flip: flipBitsInTrees, end });
  const found = async (): Promise<boolean> => TREE_DAMAGE_FOUND.test(await logged());
  for (let look = 0; look < 2 && !(await found()); look++) {
    await cluster.kill(node);
    await startAgain(victim);
  }
  victim.figure('damageFound', (await found()) ? 1 : 0);
  // What the manifest does not name LevelDB deletes as it opens; a table that a compaction wrote anew goes, too.
  const isThere = await stat(flipped).then(
    () => true,
    () => false,
  );
  if (isThere && !(await found())) throw new Error(`${node} has not found what is damaged in ${flipped}`);
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
    inflict: damageLog,
  },
  {
    name: 'bit-flip-tree',
    help: 'Bits all over the trees of a storage node flip while it is down.',
    surroundings: 'plain',
    needs: [],
    // Everything into the trees soon, and little of it in memory.
    options: { STATOR_CHECKPOINT_INTERVAL_MS: '1000', STATOR_PAGE_CACHE_BYTES: String(MIB) },
    inflict: damageTrees,
  },
];
