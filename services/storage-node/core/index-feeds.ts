import type { ByteReader } from '../../shared/base/byte-reader.ts';
import type { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { Slot } from '../../shared/base/ids.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';

/** What a partition of a table knows of a global index that it feeds. */
export interface IndexFeed {
  /** Slot of the Settings record that brought the index in: the index is fed what stands behind it. */
  readonly start: Slot;
  readonly backfill: BackfillState;
}

/** How far the items that were there before the index are in the log for it. */
export interface BackfillState {
  /** The next key to look at; undefined: all are in the log, or there was nothing to do. */
  readonly next: Uint8Array | undefined;
  /** Items looked at. */
  readonly items: number;
  /** Slot of the last record of the backfill, 0: none was written. */
  readonly slot: Slot;
}

const NOTHING = new Uint8Array(0);
const NO_BACKFILL: BackfillState = { next: undefined, items: 0, slot: 0 };
const FLAG_UNDER_WAY = 1;

/** The global indexes that a partition feeds, as its applied settings and backfill records say. Replicated state. */
export class IndexFeeds {
  readonly #feeds = new Map<string, IndexFeed>();

  get(indexId: string): IndexFeed | undefined {
    return this.#feeds.get(indexId);
  }

  get size(): number {
    return this.#feeds.size;
  }

  /** The settings of the record at `slot` count from now on. What they do not name is fed nothing any more. */
  follow({ globalIndexes }: PartitionSettings, slot: Slot): void {
    for (const indexId of [...this.#feeds.keys()]) {
      if (!globalIndexes.some((index) => index.indexId === indexId)) this.#feeds.delete(indexId);
    }
    for (const { indexId, backfill } of globalIndexes) {
      if (this.#feeds.has(indexId)) continue;
      this.#feeds.set(indexId, { start: slot, backfill: backfill ? { next: NOTHING, items: 0, slot: 0 } : NO_BACKFILL });
    }
  }

  /** A record of the backfill was applied. False: it does not go on from where the backfill is, and counts for nothing. */
  backfilled(indexId: string, from: Uint8Array, state: BackfillState): boolean {
    const feed = this.#feeds.get(indexId);
    if (feed?.backfill.next === undefined || Buffer.compare(feed.backfill.next, from) !== 0) return false;
    this.#feeds.set(indexId, { start: feed.start, backfill: { ...state, next: state.next && Buffer.from(state.next) } });
    return true;
  }

  encode(writer: ByteWriter): void {
    writer.u32(this.#feeds.size);
    for (const [indexId, { start, backfill }] of [...this.#feeds].sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.text(indexId).u64(start);
      writer.u8(backfill.next === undefined ? 0 : FLAG_UNDER_WAY).bytes(backfill.next ?? NOTHING);
      writer.u64(backfill.items).u64(backfill.slot);
    }
  }

  /** Throws MalformedBytesError. */
  static decode(reader: ByteReader): IndexFeeds {
    const feeds = new IndexFeeds();
    for (let left = reader.u32(); left > 0; left--) {
      const indexId = reader.text();
      const start = reader.u64();
      const isUnderWay = reader.u8() === FLAG_UNDER_WAY;
      const next = Buffer.from(reader.bytes());
      const backfill = { next: isUnderWay ? next : undefined, items: reader.u64(), slot: reader.u64() };
      feeds.#feeds.set(indexId, { start, backfill });
    }
    return feeds;
  }
}
