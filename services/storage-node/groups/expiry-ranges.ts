import { AssertionError } from '../../shared/base/assert.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { storedChecksum } from '../../shared/item/stored-value.ts';
import type { DerivedEntries } from '../core/derived-entries.ts';
import type { TreeChange } from '../core/tree-changes.ts';
import { decodeExpiryRange, type ExpiryProgress, type ExpiryRange, expiryAfterRange, isNextRange } from '../core/expiry-progress.ts';

/** What a range is applied to. */
export interface RangeTarget {
  readonly tree: BTree;
  readonly derived: DerivedEntries | undefined;
  readonly progress: ExpiryProgress | undefined;
}

/** So many entries, or bytes of them, are looked at in one go. */
const ENTRIES_AT_ONCE = 16;
const BYTES_AT_ONCE = 64 * KIB;
/** So long a turn of the loop may take for them, milliseconds. */
const SLICE_MS = 2;
const READ_AHEAD_PAGES = 4;

/**
 * Applies records of the type `expiry-range`, entry by entry: a range may have grown since it was proposed, and no two of its
 * pages need be in memory at once. Until the record counts as applied the tree may hold a part of what it changes. A checkpoint
 * of that moment does no harm: it says that the record is not applied, and doing the same again changes nothing more.
 */
export class ExpiryRanges {
  readonly #environment: Environment;
  /** The record that was begun last. */
  #slot: Slot = 0;
  /** Undefined: it changes nothing. */
  #range: ExpiryRange | undefined;
  /** Everything below is looked at; undefined: everything in the range is. */
  #low: Uint8Array | undefined;
  /** What was found and is still to be changed. */
  #found: readonly TreeChange[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /**
   * Changes the tree as far as pages are in memory and time allows. Undefined: all is done; else to be called again after it.
   * Rejects for a record that this version does not know, and when pages cannot be read.
   */
  advance(slot: Slot, payload: Uint8Array, target: RangeTarget): Promise<void> | undefined {
    try {
      if (this.#slot !== slot) this.#begin(slot, decodeExpiryRange(payload), target);
      return this.#range === undefined ? undefined : this.#goOn(this.#range, target);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return Promise.reject(error);
    }
  }

  /** The record is done: how far the group is. */
  progressAfter(progress: ExpiryProgress | undefined): ExpiryProgress | undefined {
    return progress === undefined || this.#range === undefined ? progress : expiryAfterRange(progress, this.#range);
  }

  #begin(slot: Slot, range: ExpiryRange, { progress }: RangeTarget): void {
    this.#slot = slot;
    this.#range = isNextRange(progress, range) ? range : undefined;
    this.#low = range.low;
    this.#found = [];
  }

  #goOn(range: ExpiryRange, { tree, derived }: RangeTarget): Promise<void> | undefined {
    const { clock, timers } = this.#environment;
    const startedAtMs = clock.monotonicMs();
    for (;;) {
      const wait = this.#change(tree) ?? this.#find(tree, range, derived);
      if (wait !== undefined) return wait;
      if (this.#found.length === 0 && this.#low === undefined) return undefined;
      if (clock.monotonicMs() - startedAtMs > SLICE_MS) return new Promise((resolve) => timers.endOfTurn(resolve));
    }
  }

  /** The next changes that the range makes. */
  #find(tree: BTree, { kind, high }: ExpiryRange, derived: DerivedEntries | undefined): Promise<void> | undefined {
    if (this.#low === undefined) return undefined;
    const found: TreeChange[] = [];
    let looked = 0;
    let bytes = 0;
    const look = (key: Uint8Array, value: Uint8Array): boolean => {
      const change = kind === 'drop' ? { key, value: undefined } : derived?.expiryEntry(key, value);
      if (change !== undefined) found.push(change);
      looked += 1;
      bytes += value.length;
      return looked < ENTRIES_AT_ONCE && bytes < BYTES_AT_ONCE;
    };
    const { next, wait } = tree.scan(this.#low, high, false, look, READ_AHEAD_PAGES);
    this.#low = next;
    this.#found = found;
    return wait;
  }

  #change(tree: BTree): Promise<void> | undefined {
    for (const [at, { key, value }] of this.#found.entries()) {
      const wait = tree.fetch(key, 'place');
      if (wait !== undefined) {
        this.#found = this.#found.slice(at);
        return wait;
      }
      if (value === undefined) tree.delete(key);
      else tree.put(key, value, storedChecksum(value), 0);
    }
    this.#found = [];
    return undefined;
  }
}
