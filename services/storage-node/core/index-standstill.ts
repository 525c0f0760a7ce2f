import type { GroupId, Slot } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';

interface Standstill {
  readonly delivered: Slot;
  readonly sinceMs: number;
  /** Of the last look. */
  lookedAtMs: number;
}

/** When nobody has looked here for so long others have led meanwhile, and the index may have got on with them. */
const LOOK_GAP_MS = 60 * SECOND_MS;

/**
 * For how long indexes have got nowhere though writes are refused for them, more log is kept for them than may be, or is looked for. It
 * outlasts leaderships, which may come and go all the time meanwhile: an index that is soon found where it was has stood still in between.
 */
export class IndexStandstills {
  readonly #groups = new Map<GroupId, Map<string, Standstill>>();

  /**
   * A leader's look at an index. `isStuck`: it must get on, or it cannot be waited for. `delivered`: the last record of which all its
   * partitions are known to have what concerns them, 0: none is. Returns for how long it has stood still, milliseconds.
   */
  look(group: GroupId, indexId: string, isStuck: boolean, delivered: Slot, nowMs: number): number {
    let indexes = this.#groups.get(group);
    const before = indexes?.get(indexId);
    if (!isStuck) {
      indexes?.delete(indexId);
      return 0;
    }
    if (before !== undefined && delivered <= before.delivered && nowMs - before.lookedAtMs <= LOOK_GAP_MS) {
      before.lookedAtMs = nowMs;
      return nowMs - before.sinceMs;
    }
    if (indexes === undefined) {
      indexes = new Map();
      this.#groups.set(group, indexes);
    }
    indexes.set(indexId, { delivered, sinceMs: nowMs, lookedAtMs: nowMs });
    return 0;
  }

  /** The group is not here any more, or feeds no index. */
  forget(group: GroupId): void {
    this.#groups.delete(group);
  }
}
