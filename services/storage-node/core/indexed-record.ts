import type { Slot } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import type { Digest } from '../../shared/env/digest.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { storedItemJson } from '../../shared/item/stored-value.ts';
import { decodeLogRecord, type LogRecord } from '../../shared/wal/log-record.ts';

/** A record of a table's log whose images are parsed once, whatever the number of indexes that it concerns. */
export class IndexedRecord {
  readonly record: LogRecord;
  #old: AttributeMap | undefined;
  #next: AttributeMap | undefined;

  constructor(record: LogRecord) {
    this.record = record;
  }

  /** Undefined: it replaces no item. */
  get oldItem(): AttributeMap | undefined {
    const { oldImage } = this.record;
    if (oldImage !== undefined) this.#old ??= parseItem(storedItemJson(oldImage));
    return this.#old;
  }

  /** Undefined: the item goes. */
  get newItem(): AttributeMap | undefined {
    const { newValue } = this.record;
    if (newValue !== undefined) this.#next ??= parseItem(storedItemJson(newValue));
    return this.#next;
  }
}

const KEPT_MAX = 64;
const KEPT_BYTES_MAX = 16 * KIB;

/**
 * The records of one log that were decoded last, for the indexes that come to them one after the other: some small ones, and one large
 * one. A list of 400 KB takes 50 ms to parse, old and new, and a table may have twenty indexes.
 */
export class IndexedRecords {
  readonly #digest: Digest;
  readonly #kept = new Map<Slot, IndexedRecord>();
  #large: { readonly slot: Slot; readonly indexed: IndexedRecord } | undefined;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  /** The chosen record of this slot, whose bytes these are. Throws what decodeLogRecord throws. */
  at(slot: Slot, bytes: Uint8Array): IndexedRecord {
    const kept = this.#large?.slot === slot ? this.#large.indexed : this.#kept.get(slot);
    if (kept !== undefined) return kept;
    const indexed = new IndexedRecord(decodeLogRecord(bytes, this.#digest));
    if (bytes.length > KEPT_BYTES_MAX) {
      this.#large = { slot, indexed };
      return indexed;
    }
    this.#kept.set(slot, indexed);
    if (this.#kept.size > KEPT_MAX) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return indexed;
  }

  /** To be called now and then: what is kept serves a moment only. */
  forget(): void {
    if (this.#kept.size > 0) this.#kept.clear();
    this.#large = undefined;
  }
}
