import { INDEX_REBUILD_PAUSE_GROWTH_MAX, INDEX_REBUILDS_FORGOTTEN_MS } from '../limits/auto-admin-limits.ts';
import type { TableRecord } from './catalog-records.ts';
import type { GlobalIndex, IndexRebuilds } from './table-indexes.ts';

/**
 * A global index that can never have what it lacks of its table's logs is made anew: under another id, with other partitions, in which
 * nothing of the old ones is. So no entry is left of a delete that was lost, and no message meant for the old partitions can reach the new ones.
 *
 * It comes in two changes of the table. The first gives the old partitions up: those of the table are told of them no more, which lets
 * their logs go, and then they are removed. The second adds the index as one that a client adds, once its time has come. An index that
 * is given up again and again waits longer each time, and meanwhile its table is written, changed and deleted as if it had no such index.
 */

/** The table once these of its indexes are given up. Those that wait, or are being deleted, are left as they are. */
export function withoutLostIndexes(table: TableRecord, indexIds: readonly string[], atMs: number): TableRecord {
  const { globalIndexes = [], settingsVersion = 0, generation } = table;
  return {
    ...table,
    globalIndexes: globalIndexes.map((index) => (indexIds.includes(index.indexId) ? waiting(index, generation, atMs) : index)),
    settingsVersion: settingsVersion + 1,
    status: 'UPDATING',
    generation: generation + 1,
  };
}

function waiting(index: GlobalIndex, generation: number, atMs: number): GlobalIndex {
  if (index.status === 'DELETING' || index.waiting === true) return index;
  const { placed: _placed, former = [], indexId, ...rest } = index;
  return {
    ...rest,
    indexId: nextId(indexId, generation),
    former: [...former, indexId],
    status: 'CREATING',
    backfilling: true,
    waiting: true,
    rebuilds: oneMore(index.rebuilds, atMs),
  };
}

/** Generations of a table's record only grow, so that no index of the table ever had this id. */
function nextId(indexId: string, generation: number): string {
  const [first] = indexId.split('.');
  return `${first}.${generation}`;
}

function oneMore(before: IndexRebuilds | undefined, atMs: number): IndexRebuilds {
  const isForgotten = before === undefined || atMs - before.lastAtMs >= INDEX_REBUILDS_FORGOTTEN_MS;
  return { count: isForgotten ? 1 : before.count + 1, lastAtMs: atMs };
}

/** The table once these indexes wait no more. */
export function withBegunIndexes(table: TableRecord, indexIds: readonly string[]): TableRecord {
  const { globalIndexes = [], settingsVersion = 0, generation } = table;
  return {
    ...table,
    globalIndexes: globalIndexes.map((index) => (indexIds.includes(index.indexId) ? begun(index) : index)),
    settingsVersion: settingsVersion + 1,
    status: 'UPDATING',
    generation: generation + 1,
  };
}

function begun({ waiting: _waiting, ...index }: GlobalIndex): GlobalIndex {
  return index;
}

/** By which indexes that were given up are begun again. */
export interface RebuildPace {
  /** Wall clock. */
  readonly nowMs: number;
  /** How long an index waits when it is made anew for the second time within a day, milliseconds. */
  readonly pauseMs: number;
}

/** Whether an index waits no longer than it has to. After a clock was set back nobody knows how long it has waited. */
export function isDue({ waiting, rebuilds }: GlobalIndex, { nowMs, pauseMs }: RebuildPace): boolean {
  if (waiting !== true) return false;
  if (rebuilds === undefined || nowMs < rebuilds.lastAtMs) return true;
  return nowMs - rebuilds.lastAtMs >= pauseBefore(rebuilds, pauseMs);
}

/** How long an index waits, milliseconds: not at all at first, then ever longer. */
export function pauseBefore({ count }: IndexRebuilds, pauseMs: number): number {
  return count <= 1 ? 0 : pauseMs * Math.min(2 ** (count - 2), INDEX_REBUILD_PAUSE_GROWTH_MAX);
}
