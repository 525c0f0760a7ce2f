import { assert } from '../base/assert.ts';
import type { Slot } from '../base/ids.ts';
import { type Ballot, compareBallots } from './ballot.ts';

/** What a replica keeps on disk beside its records: the header of a group in the WAL. */
export interface DurableState {
  readonly promised: Ballot;
  readonly accepted: Ballot;
  /** Last slot of the log. */
  readonly last: Slot;
  /** A slot known to be chosen; written along, never waited for. */
  readonly commit: Slot;
  /** Slots up to here are gone from the log; the tree holds their effect. */
  readonly trimmed: Slot;
  /** A guard failed and no leader has synced the replica anew since: it must not vote, in no life of the process. */
  readonly abstains: boolean;
}

/** One atomic change of a group's durable state: first cut, then append, then the header. */
export interface DurableChange {
  readonly header: DurableState;
  readonly cutAbove?: Slot;
  /** Instead of a cut: the whole log goes, and starts again behind this slot. */
  readonly restartAfter?: Slot;
  /** Slot of records[0]. */
  readonly first?: Slot;
  readonly records: readonly Uint8Array[];
}

/** Gathers what one turn changes, so that it becomes one write. */
export class ChangeGatherer {
  #changed = false;
  #cutAbove: Slot | undefined;
  #first: Slot | undefined;
  #records: Uint8Array[] = [];
  #restartAfter: Slot | undefined;

  get changed(): boolean {
    return this.#changed;
  }

  /** The header changed. */
  touch(): void {
    this.#changed = true;
  }

  append(slot: Slot, record: Uint8Array): void {
    this.#changed = true;
    if (this.#first === undefined) this.#first = slot;
    assert(this.#first + this.#records.length === slot, () => `slot ${slot} does not follow what was gathered`);
    this.#records.push(record);
  }

  cutAbove(slot: Slot): void {
    this.#changed = true;
    if (this.#first !== undefined && slot >= this.#first - 1) {
      this.#records.length = slot - this.#first + 1;
      return;
    }
    this.#first = undefined;
    this.#records = [];
    this.#cutAbove = this.#cutAbove === undefined ? slot : Math.min(this.#cutAbove, slot);
  }

  /** The whole log goes, and the next record is that behind `slot`: a snapshot took its place. */
  restartAfter(slot: Slot): void {
    this.#changed = true;
    this.#first = undefined;
    this.#records = [];
    this.#restartAfter = slot;
    this.#cutAbove = undefined;
  }

  take(header: DurableState): DurableChange {
    assert(compareBallots(header.promised, header.accepted) >= 0, 'accepted ballot above the promised one');
    assert(header.trimmed <= header.last && header.commit <= header.last, 'header slots out of order');
    const change: DurableChange = {
      header,
      records: this.#records,
      ...(this.#cutAbove === undefined ? {} : { cutAbove: this.#cutAbove }),
      ...(this.#restartAfter === undefined ? {} : { restartAfter: this.#restartAfter }),
      ...(this.#records.length === 0 || this.#first === undefined ? {} : { first: this.#first }),
    };
    this.#changed = false;
    this.#cutAbove = undefined;
    this.#restartAfter = undefined;
    this.#first = undefined;
    this.#records = [];
    return change;
  }
}
