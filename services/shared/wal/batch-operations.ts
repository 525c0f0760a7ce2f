import { must } from '../base/assert.ts';
import type { Slot } from '../base/ids.ts';
import { KIB } from '../base/units.ts';
import type { Digest } from '../env/digest.ts';
import type { BatchOperation, KeyValueStore } from '../env/key-value-store.ts';
import { chunkChecksum, decodeChunk, encodeChunk, recordsOfChunk, type DecodedChunk } from './chunk.ts';
import type { PendingGroup } from './filling-batch.ts';
import type { Garbage } from './garbage.ts';
import { encodeWitness, encodeHeader } from './group-records.ts';
import { witnessKey, chunkKey, headerKey } from './wal-keys.ts';
import { WalDamagedError } from './wal-types.ts';

/** A chunk ends before its records pass this, unless one record alone does. */
export const CHUNK_RECORD_BYTES: number = 256 * KIB;

/** A chunk that the batch writes, for the index. */
interface NewChunk {
  readonly first: Slot;
  readonly last: Slot;
  readonly size: number;
  readonly checksum: number;
}

/** One group's part of a batch: made when the batch before is durable, put into the index when this one is. */
export class GroupWrite {
  readonly #pending: PendingGroup;
  readonly #batch: number;
  readonly #digest: Digest;
  readonly #newChunks: NewChunk[] = [];
  /** Chunks of the index from this position on go. */
  #cutAt: number | undefined;
  /** The part of the chunk there that stays. */
  #rewritten: NewChunk | undefined;
  #straddling: DecodedChunk | undefined;

  constructor(pending: PendingGroup, batch: number, digest: Digest) {
    this.#pending = pending;
    this.#batch = batch;
    this.#digest = digest;
    if (pending.cutAbove !== undefined) this.#cutAt = this.#cutPosition(pending.cutAbove);
  }

  /** A cut leaves a part of a chunk: `prepare` has to read it before `operations`. */
  get needsPreparation(): boolean {
    const { log, cutAbove, header, removed } = this.#pending;
    if (this.#cutAt === undefined || cutAbove === undefined || removed) return false;
    return log.index.first(this.#cutAt) <= cutAbove && cutAbove > header.trimmed;
  }

  /** Reads that chunk. Rejects with WalDamagedError when it is not what was written. */
  async prepare(store: KeyValueStore): Promise<void> {
    const { log } = this.#pending;
    const cutAt = must(this.#cutAt);
    const first = log.index.first(cutAt);
    const value = await store.get(chunkKey(log.group, log.life, first));
    const chunk = value === undefined ? undefined : decodeChunk(value, { group: log.group, life: log.life, first }, this.#digest);
    if (chunk === undefined || chunk.checksum !== log.index.checksum(cutAt)) {
      throw new WalDamagedError(`group ${log.group}: the chunk at slot ${first} is damaged`);
    }
    this.#straddling = chunk;
  }

  /** Adds what the store has to do. Returns the bytes put. */
  operations(into: BatchOperation[]): number {
    const { log, header, removed } = this.#pending;
    if (removed) {
      into.push({ kind: 'delete', key: headerKey(log.group) }, { kind: 'delete', key: witnessKey(log.group) });
      return 0;
    }
    let previousChecksum = this.#cutOperations(into);
    let bytes = this.#rewritten?.size ?? 0;
    const { records } = this.#pending;
    for (let from = 0; from < records.length; ) {
      const chunk = this.#chunkFrom(records, from, this.#pending.first + from, previousChecksum, into);
      this.#newChunks.push(chunk);
      previousChecksum = chunk.checksum;
      bytes += chunk.size;
      from += chunk.last - chunk.first + 1;
    }
    const stored = { group: log.group, life: log.life, batch: this.#batch, header, tailChecksum: previousChecksum, damage: '' };
    bytes += put(into, headerKey(log.group), encodeHeader(stored, this.#digest));
    if (!this.#pending.witnessed) return bytes;
    const witness = { ...stored, promised: header.promised, accepted: header.accepted };
    return bytes + put(into, witnessKey(log.group), encodeWitness(witness, this.#digest));
  }

  /** The batch is durable: the index follows, and what nothing needs any more is given to the garbage. */
  completed(garbage: Garbage): void {
    const { log, header, replaced } = this.#pending;
    for (const earlier of replaced) earlier.dropAll(garbage);
    if (this.#pending.removed) return;
    const { index } = log;
    if (this.#cutAt !== undefined) index.cutAt(this.#cutAt);
    if (this.#rewritten !== undefined) pushChunk(this.#rewritten);
    log.dropTrimmed(header.trimmed, garbage);
    for (const chunk of this.#newChunks) pushChunk(chunk);
    log.dropTrimmed(header.trimmed, garbage);

    function pushChunk(chunk: NewChunk): void {
      index.push(chunk.first, chunk.last, chunk.size, chunk.checksum);
    }
  }

  /** Deletes what is cut, rewrites the chunk that stays in part. Returns the checksum of the newest chunk that is left. */
  #cutOperations(into: BatchOperation[]): number {
    const { log, cutAbove } = this.#pending;
    const { index } = log;
    const position = this.#cutAt;
    if (position === undefined) return index.lastChecksum;
    let previousChecksum = position === 0 ? 0 : index.checksum(position - 1);
    let deletedFrom = position;
    const straddling = this.#straddling;
    if (straddling !== undefined) {
      const kept: Uint8Array[] = [];
      recordsOfChunk(straddling, straddling.first, must(cutAbove), kept);
      this.#rewritten = this.#chunkFrom(kept, 0, straddling.first, straddling.previousChecksum, into);
      previousChecksum = this.#rewritten.checksum;
      deletedFrom += 1;
    }
    for (let at = deletedFrom; at < index.length; at++) {
      into.push({ kind: 'delete', key: chunkKey(log.group, log.life, index.first(at)) });
    }
    return previousChecksum;
  }

  /** Adds one chunk of as many records as fit. */
  #chunkFrom(records: readonly Uint8Array[], from: number, first: Slot, previousChecksum: number, into: BatchOperation[]): NewChunk {
    const { group, life } = this.#pending.log;
    let recordBytes = must(records[from]).length;
    let to = from + 1;
    for (; to < records.length; to++) {
      const length = must(records[to]).length;
      if (recordBytes + length > CHUNK_RECORD_BYTES) break;
      recordBytes += length;
    }
    const description = { group, life, first, batch: this.#batch, previousChecksum };
    const value = encodeChunk(description, records, from, to, recordBytes, this.#digest);
    const size = put(into, chunkKey(group, life, first), value);
    return { first, last: first + (to - from) - 1, size, checksum: chunkChecksum(value) };
  }

  /** Where in the index the cut begins; undefined when nothing durable is above the slot. */
  #cutPosition(above: Slot): number | undefined {
    const { index } = this.#pending.log;
    if (index.length === 0 || index.last <= above) return undefined;
    return above < index.first(0) ? 0 : index.find(above + 1);
  }
}

function put(into: BatchOperation[], key: Uint8Array, value: Uint8Array): number {
  into.push({ kind: 'put', key, value });
  return key.length + value.length;
}
