import type { TableRecord } from '../../shared/placement/catalog-records.ts';
import { isDue, type RebuildPace } from '../../shared/placement/rebuilt-index.ts';
import type { GlobalIndex } from '../../shared/placement/table-indexes.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';
import type { Knowledge } from './knowledge.ts';
import type { Plan } from './steps.ts';

/** Gives up indexes that can never catch up; undefined: there is none. What was said of an index that is gone by now names no index. */
export function planGivingUp(table: TableRecord, knowledge: Knowledge): Plan | undefined {
  const lost = lostOf(table, knowledge);
  return lost.size === 0 ? undefined : { steps: [{ kind: 'give-up-indexes', table, lost }] };
}

/** Begins with indexes that were given up and have waited for long enough; undefined: there is none. */
export function planBeginning(table: TableRecord, pace: RebuildPace): Plan | undefined {
  const due = dueOf(table, pace);
  return due.length === 0 ? undefined : { steps: [{ kind: 'begin-indexes', table, indexIds: due.map(({ indexId }) => indexId) }] };
}

/** The table serves and is settled, and yet something is to be done about an index of it. */
export function asksForRebuild(table: TableRecord, knowledge: Knowledge, pace: RebuildPace): boolean {
  return lostOf(table, knowledge).size > 0 || dueOf(table, pace).length > 0;
}

function lostOf({ globalIndexes = [] }: TableRecord, { lost }: Knowledge): ReadonlyMap<string, IndexLoss> {
  const found = new Map<string, IndexLoss>();
  if (lost.size === 0) return found;
  for (const { indexId, status, waiting } of globalIndexes) {
    const loss = lost.get(indexId);
    if (loss !== undefined && status !== 'DELETING' && waiting !== true) found.set(indexId, loss);
  }
  return found;
}

function dueOf({ globalIndexes = [] }: TableRecord, pace: RebuildPace): GlobalIndex[] {
  return globalIndexes.filter((index) => isDue(index, pace));
}
