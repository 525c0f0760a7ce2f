import { assert, must } from '../base/assert.ts';
import type { GroupId, ReplicaId, Slot } from '../base/ids.ts';
import type { Clock } from '../env/clock.ts';
import type { Digest } from '../env/digest.ts';
import type { BatchOperation, KeyValueStore } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import type { MarkFile } from '../env/mark-file.ts';
import { MIB } from '../base/units.ts';
import { GroupWrite } from './batch-operations.ts';
import { decodeChunk, recordsOfChunk } from './chunk.ts';
import { FillingBatch } from './filling-batch.ts';
import { Garbage } from './garbage.ts';
import { GroupLog } from './group-log.ts';
import { encodeDirectory, encodeHeader } from './group-records.ts';
import { recoverGroups, type Recovery } from './recovery.ts';
import { chunkKey, DIRECTORY_KEY, headerKey } from './wal-keys.ts';
import {
  type GroupHeader,
  type RecoveredGroup,
  type WalChange,
  WalDamagedError,
  WalGroupUnknownError,
  type WalStats,
  WalTrimmedError,
} from './wal-types.ts';

export interface WalParts {
  /** Nothing else writes to it. Whoever opened it closes it, after the log. */
  readonly store: KeyValueStore;
  readonly mark: MarkFile;
  readonly digest: Digest;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A write, a sync or a read failed, or a record on the disk changed: called once; the node must stop. */
  readonly onFailure: (error: unknown) => void;
  /** What the scan of the store's own log found before the store was opened. */
  readonly storeDamage?: string;
  /** BATCH_RECORD_BYTES, unless told otherwise. */
  readonly batchRecordBytes?: number;
}

/**
 * A batch takes no more once its records have so many bytes. Those of one turn of the loop stay together, so that it may become larger
 * by what a turn appends. To encode a batch takes the loop some 2 ms for each MB.
 */
const BATCH_RECORD_BYTES = 4 * MIB;

/** So many chunks that nothing needs are deleted along with one batch. */
const DELETES_A_BATCH = 128;

/** A batch that is synced and waits for the mark. */
interface SyncedBatch {
  readonly number: number;
  readonly dones: readonly (() => void)[];
  readonly recordBytes: number;
}

/**
 * The write-ahead log of all groups of a node. One synced batch is under way, the next one fills meanwhile; when a batch is
 * synced its number goes into the mark file, while the next batch is already written, and then its answers may leave.
 *
 * Nothing is answered after a failure: `onFailure` is called once and no `done` ever again.
 */
export class WriteAheadLog {
  readonly #parts: WalParts;
  /** When the batch that is being written, and the mark that is being written, were given to the disk. */
  #writingSinceMs: number | undefined;
  #markingSinceMs: number | undefined;
  readonly #garbage: Garbage;
  readonly #groups: Map<GroupId, GroupLog>;
  readonly #recovered: ReadonlyMap<GroupId, RecoveredGroup>;
  readonly #storeDamage: string;
  readonly #batchRecordBytes: number;
  /** Batches that are full, in their order. */
  #full: FillingBatch[] = [];
  #filling = new FillingBatch();
  #closingPlanned = false;
  #nextBatch: number;
  #writing = false;
  /** Resolves when the batch that is being written is written, or has failed. */
  #whenWritten: Promise<void> = Promise.resolve();
  #pumpPlanned = false;
  #marking = false;
  #compacting = false;
  #syncedBatches: SyncedBatch[] = [];
  #failed = false;
  #closing = false;
  #onIdle: (() => void) | undefined;
  #queuedBytes = 0;
  readonly #stats = { batches: 0, records: 0, bytes: 0, syncSeconds: 0, markSeconds: 0 };

  private constructor(parts: WalParts, recovery: Recovery, garbage: Garbage) {
    this.#parts = parts;
    this.#batchRecordBytes = parts.batchRecordBytes ?? BATCH_RECORD_BYTES;
    this.#garbage = garbage;
    this.#groups = recovery.groups;
    this.#storeDamage = recovery.storeDamage;
    this.#nextBatch = Math.max(recovery.newestBatch, recovery.mark ?? 0) + 1;
    const recovered = new Map<GroupId, RecoveredGroup>();
    for (const [group, log] of recovery.groups) recovered.set(group, asRecovered(log));
    this.#recovered = recovered;
  }

  /**
   * Reads and verifies the whole log. Damage does not reject: it is told in `recovered()`. Rejects with StoreFailedError when
   * the store cannot be read or written.
   */
  static async open(parts: WalParts): Promise<WriteAheadLog> {
    const garbage = new Garbage();
    const recovery = await recoverGroups(parts, garbage);
    const log = new WriteAheadLog(parts, recovery, garbage);
    for (const [group, { damage }] of recovery.groups) {
      if (damage !== undefined) parts.logger.error('wal-group-damaged', { group, damage });
    }
    if (recovery.storeDamage !== '') parts.logger.error('wal-store-damaged', { damage: recovery.storeDamage });
    if (recovery.mark === undefined || recovery.newDamage) await log.#writeFindings();
    return log;
  }

  /** The groups as `open` found them. */
  recovered(): ReadonlyMap<GroupId, RecoveredGroup> {
    return this.#recovered;
  }

  /** A group as of the newest change given here, durable or not; undefined when there is none. */
  group(group: GroupId): RecoveredGroup | undefined {
    const log = this.#groups.get(group);
    return log === undefined ? undefined : asRecovered(log);
  }

  /**
   * Why the store as a whole was found damaged, now or at an earlier start since which not all its groups have been created anew or
   * removed; undefined: it was not. Every group found is then damaged, and one may have vanished with all its traces.
   */
  storeDamage(): string | undefined {
    return this.#storeDamage === '' ? undefined : this.#storeDamage;
  }

  /**
   * Joins the batch that fills. `done` runs once the batch is synced and its number is synced in the mark file, in the order
   * of the calls. Asserts that the group exists, is whole, and that the change follows on its log.
   */
  append(change: WalChange, done: () => void): void {
    const log = this.#groups.get(change.group);
    assert(log !== undefined, () => `no group ${change.group} in the log`);
    assert(log.damage === undefined, () => `append to the damaged log of group ${change.group}`);
    const batch = this.#joinable();
    batch.pending(log).take(change);
    let bytes = 0;
    for (const record of change.records) bytes += record.length;
    batch.recordCount += change.records.length;
    batch.recordBytes += bytes;
    this.#queuedBytes += bytes;
    batch.dones.push(done);
    if (batch.recordBytes >= this.#batchRecordBytes) this.#planNextBatch();
    this.#planPump();
  }

  /**
   * The durable records of slots first..last, as far as maxBytes allow but at least one, verified; empty when `first` is not
   * durable yet. Rejects with WalTrimmedError, WalDamagedError or WalGroupUnknownError.
   */
  async read(group: GroupId, first: Slot, last: Slot, maxBytes: number): Promise<Uint8Array[]> {
    for (let attempts = 1; ; attempts++) {
      const log = this.#groups.get(group);
      if (log === undefined) throw new WalGroupUnknownError(`no group ${group} in the log`);
      if (log.damage !== undefined) throw new WalDamagedError(`group ${group}: ${log.damage}`);
      if (first <= log.header.trimmed) throw new WalTrimmedError(`group ${group}: slot ${first}, trimmed up to ${log.header.trimmed}`);
      const records = await this.#readOnce(log, first, last, maxBytes, attempts);
      if (records !== undefined) return records;
    }
  }

  /**
   * Forgets the slots up to this one: the header goes along with the next batch, the chunks are deleted after it, and their
   * range is compacted now and then.
   */
  trim(group: GroupId, upTo: Slot): void {
    const log = this.#groups.get(group);
    if (log === undefined || log.damage !== undefined) return;
    const trimmed = Math.min(upTo, log.header.last);
    if (trimmed <= log.header.trimmed) return;
    this.#joinable().pending(log).trim(trimmed);
    this.#planPump();
  }

  /**
   * Starts a group with an empty log after `header.trimmed`, in the place of whatever the group had, damage included, at once.
   * Appends of the same turn of the loop become durable together with it. `replica` is whose log it is, so that nobody else's
   * vote is ever built on it.
   */
  createGroup(group: GroupId, replica: ReplicaId, header: GroupHeader, done: () => void): void {
    assert(header.last === header.trimmed, 'a new log is empty');
    assert(replica >>> 0 === replica, () => `no replica has the id ${replica}`);
    const batch = this.#joinable();
    const log = new GroupLog(group, replica, 0, header);
    batch.create(log, this.#groups.get(group));
    this.#groups.set(group, log);
    batch.dones.push(done);
    this.#planPump();
  }

  /** Resolves when the group is durably forgotten. Unknown groups are forgotten already. */
  removeGroup(group: GroupId): Promise<void> {
    const log = this.#groups.get(group);
    if (log === undefined) return Promise.resolve();
    const batch = this.#joinable();
    batch.remove(log);
    this.#groups.delete(group);
    this.#planPump();
    return new Promise((resolve) => batch.dones.push(resolve));
  }

  /** Bytes of the group's durable chunks that are not trimmed. */
  groupBytes(group: GroupId): number {
    return this.#groups.get(group)?.bytes ?? 0;
  }

  /** Those of them that a trim up to `slot` leaves. */
  groupBytesAbove(group: GroupId, slot: Slot): number {
    return this.#groups.get(group)?.index.bytesAbove(slot) ?? 0;
  }

  /** Bytes of all groups' durable chunks that are not trimmed. */
  totalBytes(): number {
    let bytes = 0;
    for (const log of this.#groups.values()) bytes += log.bytes;
    return bytes;
  }

  /** Bytes of records whose `done` has not run yet. */
  queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** How long the disk has been silent about what was given to it, batch or mark, milliseconds; 0: nothing was. */
  syncAgeMs(): number {
    if (this.#writingSinceMs === undefined && this.#markingSinceMs === undefined) return 0;
    const nowMs = this.#parts.clock.monotonicMs();
    return nowMs - Math.min(this.#writingSinceMs ?? nowMs, this.#markingSinceMs ?? nowMs);
  }

  stats(): WalStats {
    return { ...this.#stats };
  }

  /** Resolves when everything appended is answered. Nothing may be appended any more; store and mark file stay open. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #joinable(): FillingBatch {
    assert(!this.#closing, 'the log is closing');
    return this.#filling;
  }

  #isIdle(): boolean {
    if (this.#writing || this.#compacting) return false;
    return this.#failed || (this.#full.length === 0 && this.#filling.isEmpty() && !this.#marking);
  }

  /** The batch that fills is full: the next one begins when this turn's callback has ended. */
  #planNextBatch(): void {
    if (this.#closingPlanned) return;
    this.#closingPlanned = true;
    void Promise.resolve().then(() => {
      this.#closingPlanned = false;
      if (this.#filling.recordBytes < this.#batchRecordBytes) return;
      // Groups that come or go with a later batch are not yet, or still, in the list that this one writes.
      if (this.#filling.directoryChanged) this.#filling.directory = new Map(this.#groups);
      this.#full.push(this.#filling);
      this.#filling = new FillingBatch();
    });
  }

  /** The first batch of a turn leaves when the turn's callback has ended, so that it takes all that the callback appends. */
  #planPump(): void {
    if (this.#writing || this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    void Promise.resolve().then(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#writing || this.#failed) return this.#noteIdle();
    const work = this.#full.length > 0 || !this.#filling.isEmpty() || (this.#garbage.length > 0 && !this.#closing);
    if (!work) {
      this.#compactIfDue();
      return this.#noteIdle();
    }
    this.#writing = true;
    this.#whenWritten = this.#writeBatch().then(
      () => {
        this.#writing = false;
        this.#pump();
      },
      (error: unknown) => {
        this.#writing = false;
        this.#fail(error);
      },
    );
  }

  #noteIdle(): void {
    if (this.#onIdle !== undefined && this.#isIdle()) this.#onIdle();
  }

  /** The oldest batch that is full, else what has filled so far. */
  #nextToWrite(): FillingBatch {
    const full = this.#full.shift();
    if (full !== undefined) return full;
    const batch = this.#filling;
    this.#filling = new FillingBatch();
    return batch;
  }

  /** Writes the batch that filled so far; another one fills meanwhile. */
  async #writeBatch(): Promise<void> {
    const { store, digest, clock } = this.#parts;
    const batch = this.#nextToWrite();
    const operations: BatchOperation[] = [];
    let bytes = 0;
    // A batch of nothing but deletes has no number: it leaves no trace that a restart could find.
    const number = batch.isEmpty() ? 0 : this.#nextBatch++;
    for (const pending of batch.groups.values()) if (pending.creates) pending.log.life = number;
    if (batch.directoryChanged)
      operations.push({ kind: 'put', key: DIRECTORY_KEY, value: this.#directory(number, batch.directory ?? this.#groups) });
    const writes: GroupWrite[] = [];
    for (const pending of batch.groups.values()) {
      const write = new GroupWrite(pending, number, digest);
      if (write.needsPreparation) await write.prepare(store);
      bytes += write.operations(operations);
      writes.push(write);
    }
    for (const key of this.#garbage.take(DELETES_A_BATCH)) operations.push({ kind: 'delete', key });
    const startedMs = clock.monotonicMs();
    this.#writingSinceMs = startedMs;
    await store.write(operations, { sync: true });
    this.#writingSinceMs = undefined;
    this.#stats.syncSeconds += (clock.monotonicMs() - startedMs) / 1000;
    if (number === 0) return;
    this.#stats.batches += 1;
    this.#stats.records += batch.recordCount;
    this.#stats.bytes += bytes;
    for (const write of writes) write.completed(this.#garbage);
    this.#syncedBatches.push({ number, dones: batch.dones, recordBytes: batch.recordBytes });
    if (!this.#marking) this.#writeMarks().catch((error: unknown) => this.#fail(error));
  }

  /** Marks what is synced and answers it, until nothing is left; batches synced meanwhile share the next mark. */
  async #writeMarks(): Promise<void> {
    this.#marking = true;
    while (this.#syncedBatches.length > 0 && !this.#failed) {
      const batches = this.#syncedBatches;
      this.#syncedBatches = [];
      const startedMs = this.#parts.clock.monotonicMs();
      this.#markingSinceMs = startedMs;
      await this.#parts.mark.write(must(batches.at(-1)).number);
      this.#markingSinceMs = undefined;
      this.#stats.markSeconds += (this.#parts.clock.monotonicMs() - startedMs) / 1000;
      for (const batch of batches) {
        this.#queuedBytes -= batch.recordBytes;
        for (const done of batch.dones) {
          if (this.#failed) return;
          done();
        }
      }
    }
    this.#marking = false;
    this.#noteIdle();
  }

  #compactIfDue(): void {
    if (this.#compacting || this.#closing) return;
    const range = this.#garbage.takeCompaction();
    if (range === undefined) return;
    this.#compacting = true;
    this.#parts.store.compact(range.low, range.high).then(
      () => {
        this.#compacting = false;
        this.#noteIdle();
      },
      (error: unknown) => {
        this.#compacting = false;
        this.#fail(error);
      },
    );
  }

  #fail(error: unknown): void {
    if (!this.#failed) {
      this.#failed = true;
      this.#parts.logger.error('wal-failed', { error });
      this.#parts.onFailure(error);
    }
    this.#noteIdle();
  }

  /** Undefined when chunks went away meanwhile: then it is to be tried again. */
  async #readOnce(log: GroupLog, first: Slot, last: Slot, maxBytes: number, attempts: number): Promise<Uint8Array[] | undefined> {
    const { index, group, life } = log;
    if (index.length === 0 || first > index.last) return [];
    const { removals } = index;
    const firsts: Slot[] = [];
    const checksums: number[] = [];
    let bytes = 0;
    for (let at = index.find(first); at < index.length && index.first(at) <= last; at++) {
      firsts.push(index.first(at));
      checksums.push(index.checksum(at));
      // The first chunk may hold little of what is wanted: it does not count.
      if (firsts.length > 1) bytes += index.size(at);
      if (bytes >= maxBytes) break;
    }
    const values = await this.#getMany(firsts.map((slot) => chunkKey(group, life, slot)));
    const records: Uint8Array[] = [];
    for (const [at, value] of values.entries()) {
      const slot = must(firsts[at]);
      const chunk = value === undefined ? undefined : decodeChunk(value, { group, life, first: slot }, this.#parts.digest);
      if (chunk === undefined || chunk.checksum !== checksums[at]) {
        if (index.removals !== removals || this.#groups.get(group) !== log) return undefined;
        // A batch that cuts the chunk may be in the store already, and the index follows when the store says so.
        if (attempts === 1 && this.#writing) return this.#whenWritten.then(() => undefined);
        // Whoever reads knows whether this place is still needed: it goes behind a checkpoint, or the replica abstains.
        throw new WalDamagedError(`group ${group}: the chunk at slot ${slot} is damaged`);
      }
      recordsOfChunk(chunk, first, last, records);
    }
    return atMost(records, maxBytes);
  }

  async #getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await this.#parts.store.getMany(keys);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** As a later start is to know it: damage of the store is over when no log is left that it made doubtful. */
  #remainingDamage(groups: ReadonlyMap<GroupId, GroupLog>): string {
    for (const { damage } of groups.values()) if (damage !== undefined) return this.#storeDamage;
    return '';
  }

  /** The list of groups; the lives of all of them are known. */
  #directory(batch: number, groups: ReadonlyMap<GroupId, GroupLog>, damage = this.#remainingDamage(groups)): Buffer {
    const lives = new Map<GroupId, number>();
    const replicas = new Map<GroupId, ReplicaId>();
    for (const [group, log] of groups) {
      lives.set(group, log.life);
      replicas.set(group, log.replica);
    }
    return encodeDirectory({ batch, lives, replicas, damage }, this.#parts.digest);
  }

  /**
   * Writes down what `open` found: the first list of groups of a fresh store, or damage, which the next start would not see
   * any more once later batches are in the store.
   */
  async #writeFindings(): Promise<void> {
    const { store, mark, digest } = this.#parts;
    const batch = this.#nextBatch++;
    const operations: BatchOperation[] = [
      { kind: 'put', key: DIRECTORY_KEY, value: this.#directory(batch, this.#groups, this.#storeDamage) },
    ];
    for (const { group, life, header, damage } of this.#groups.values()) {
      if (damage === undefined) continue;
      const value = encodeHeader({ group, life, batch, header, tailChecksum: 0, damage }, digest);
      operations.push({ kind: 'put', key: headerKey(group), value });
    }
    await store.write(operations, { sync: true });
    await mark.write(batch);
  }
}

function asRecovered({ replica, header, damage }: GroupLog): RecoveredGroup {
  return damage === undefined ? { replica, header } : { replica, header, damage };
}

/** The leading records that fit, at least one. */
function atMost(records: Uint8Array[], maxBytes: number): Uint8Array[] {
  let bytes = 0;
  for (const [at, record] of records.entries()) {
    bytes += record.length;
    if (bytes > maxBytes && at > 0) return records.slice(0, at);
  }
  return records;
}
