import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import type { InstalledSnapshot } from '../core/group-state.ts';
import type { StateHashRecord } from '../core/state-hash-record.ts';
import type { Mark } from './group-marks.ts';

/** A leader may be asked about the mark before the last one, and a verdict names one that is a moment old. */
const MARKS_KEPT = 4;

/** A copy that differs from the others, as a verdict of the log says. */
export class StateDiffersError extends Error {
  override readonly name = 'StateDiffersError';
  /** Slot of the verdict: applied again, it must not be carried out again. */
  readonly verdict: Slot;

  constructor(verdict: Slot, mark: Slot, own: string, others: string) {
    super(`state hash ${own} at slot ${mark}, where the majority has ${others}`);
    this.verdict = verdict;
  }
}

/** The tree is of no use, and must come anew from the log or from the others. */
export function isCopyLost(error: unknown): error is PageDamagedError | StateDiffersError {
  return error instanceof PageDamagedError || error instanceof StateDiffersError;
}

/** What applying a state-hash record comes to. */
export type Verdict =
  | { readonly kind: 'nothing' }
  /** The own hash at the mark before is not the one that the leader logged. */
  | { readonly kind: 'differs'; readonly slot: Slot; readonly own: string; readonly logged: string }
  /** This copy is the minority: it is to be given up. */
  | { readonly kind: 'give-up'; readonly error: StateDiffersError }
  | { readonly kind: 'halt' }
  | { readonly kind: 'resume' };

const NOTHING: Verdict = { kind: 'nothing' };

/**
 * The state hashes of one replica at the marks that it has applied, and what the others said of theirs. Volatile: a replica
 * that restarts, or takes a snapshot in, knows nothing of earlier marks, and a verdict on one does not concern it.
 */
export class StateHashWatch {
  readonly #own = new Map<Slot, string>();
  readonly #heard = new Map<ReplicaId, Mark>();
  #last: Mark | undefined;
  /** The last mark at which all copies are known to have been equal. */
  #agreed: Slot = 0;

  /** The last mark that this replica applied. */
  get last(): Mark | undefined {
    return this.#last;
  }

  /** The last mark that another replica is known to have applied. */
  heardOf(replica: ReplicaId): Mark | undefined {
    return this.#heard.get(replica);
  }

  /**
   * Where the own copy comes from: the replica whose snapshot took the tree's place, until all were found equal behind it. A
   * restart may forget that they were: then it is found again.
   */
  originOf({ slot, ballot }: InstalledSnapshot): ReplicaId | undefined {
    return slot > this.#agreed ? ballot.replica : undefined;
  }

  /** A follower tells its last mark. Older news may come behind newer. */
  heard(replica: ReplicaId, mark: Mark): void {
    const known = this.#heard.get(replica);
    if (known === undefined || known.slot <= mark.slot) this.#heard.set(replica, mark);
  }

  /** The record at `slot` is applied; `hash` is the tree's now, and as of the slot before. */
  apply(slot: Slot, record: StateHashRecord, self: ReplicaId, hash: string): Verdict {
    switch (record.kind) {
      case 'mark':
        return this.#mark(slot, record, hash);
      case 'verdict': {
        const own = this.#own.get(record.slot);
        if (record.replica !== self || own === undefined || own === record.hash) return NOTHING;
        return { kind: 'give-up', error: new StateDiffersError(slot, record.slot, own, record.hash) };
      }
      case 'resume':
        this.#agreed = Math.max(this.#agreed, record.slot);
        return { kind: 'resume' };
      case 'halt':
        return { kind: 'halt' };
    }
  }

  /** A snapshot took the tree's place: what the tree was before counts no more. */
  forget(): void {
    this.#own.clear();
    this.#last = undefined;
  }

  #mark(slot: Slot, { slot: before, hash: logged }: Mark, hash: string): Verdict {
    const own = this.#own.get(before);
    this.#own.set(slot, hash);
    this.#last = { slot, hash };
    for (const old of this.#own.keys()) {
      if (this.#own.size <= MARKS_KEPT) break;
      this.#own.delete(old);
    }
    return own === undefined || own === logged ? NOTHING : { kind: 'differs', slot: before, own, logged };
  }
}
