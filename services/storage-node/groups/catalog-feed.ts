import type { Slot } from '../../shared/base/ids.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import { KIB } from '../../shared/base/units.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { FrameStream } from '../../shared/env/transport.ts';
import { getAttribute, parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeValue, KeySchema } from '../../shared/item/attribute-value.ts';
import { decodeKey } from '../../shared/item/key-encoding.ts';
import { storedItemJson } from '../../shared/item/stored-value.ts';
import type { LogRecord } from '../../shared/wal/log-record.ts';
import type { CatalogEntry, WatchFrame } from '../../shared/wire/frames.ts';

export type WatchStream = FrameStream<WatchFrame, WatchFrame>;

/** Record bytes of one snapshot page. */
const PAGE_BYTES = 128 * KIB;
/** A watcher that lets so much pile up is cut off; it comes back and starts with a snapshot. */
const QUEUED_BYTES_MAX = 16 * 1024 * KIB;

/** Key schema of the catalog's items (placement/catalog-records.ts). */
const CATALOG_KEYS: KeySchema = { partition: { name: 'k', type: 'S' } };

/**
 * The catalog as this node's replica has applied it, fed to routers, auto-admins and other nodes: first everything, then what
 * changes. Any replica serves it; a watcher never needs the leader.
 */
export class CatalogFeed {
  readonly #logger: Logger;
  readonly #records = new Map<string, Uint8Array>();
  readonly #watchers = new Set<WatchStream>();
  #changes: CatalogEntry[] = [];
  #slot: Slot = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Starts anew from the items of a tree: at start-up and after a snapshot. */
  reload(values: Iterable<Uint8Array>, slot: Slot): void {
    this.#records.clear();
    for (const value of values) {
      const entry = readEntry(value);
      this.#records.set(entry.key, entry.value);
    }
    this.#slot = slot;
    this.#changes = [];
    for (const watcher of this.#watchers) this.#sendSnapshot(watcher);
  }

  /** A record of the catalog group was applied. */
  applied(slot: Slot, record: LogRecord): void {
    this.#slot = slot;
    if (record.type !== 'write') return;
    if (record.newValue === undefined) {
      const key = text(getAttribute(decodeKey(CATALOG_KEYS, record.key), 'k'));
      this.#records.delete(key);
      this.#changes.push({ key });
      return;
    }
    const entry = readEntry(record.newValue);
    this.#records.set(entry.key, entry.value);
    this.#changes.push(entry);
  }

  /** Sends what this turn changed; `beat` sends even when nothing did, so that silence shows. */
  flush(beat: boolean): void {
    if (this.#changes.length === 0 && !beat) return;
    const records = this.#changes;
    this.#changes = [];
    for (const watcher of this.#watchers) {
      if (watcher.queuedBytes() > QUEUED_BYTES_MAX) {
        this.#logger.warn('catalog watcher is too slow', { watcher: watcher.peer.name });
        this.#watchers.delete(watcher);
        watcher.close();
      } else {
        watcher.send({ kind: 'changes', slot: this.#slot, records });
      }
    }
  }

  /** This replica is no member any more, and hears of nothing new: who watches has to ask somebody else. */
  dismiss(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  serve(stream: WatchStream): void {
    stream.onFrame = (frame) => {
      if (frame.kind !== 'subscribe' || this.#watchers.has(stream)) return;
      // What changed but was not sent yet is in the snapshot already; sending it again changes nothing.
      this.#sendSnapshot(stream);
      this.#watchers.add(stream);
    };
    stream.onClose = () => this.#watchers.delete(stream);
  }

  #sendSnapshot(stream: WatchStream): void {
    let page: CatalogEntry[] = [];
    let bytes = 0;
    for (const entry of this.#all()) {
      page.push(entry);
      bytes += entry.key.length + (entry.value?.length ?? 0);
      if (bytes < PAGE_BYTES) continue;
      stream.send({ kind: 'snapshot', slot: this.#slot, records: page, done: false });
      page = [];
      bytes = 0;
    }
    stream.send({ kind: 'snapshot', slot: this.#slot, records: page, done: true });
  }

  #all(): CatalogEntry[] {
    return [...this.#records].map(([key, value]) => ({ key, value }));
  }
}

function readEntry(storedValue: Uint8Array): { key: string; value: Uint8Array } {
  const item = parseItem(storedItemJson(storedValue));
  return { key: text(getAttribute(item, 'k')), value: utf8(text(getAttribute(item, 'v'))) };
}

function text(value: AttributeValue | undefined): string {
  if (value === undefined || !('S' in value)) throw new Error('a catalog item without its string attributes');
  return value.S;
}
