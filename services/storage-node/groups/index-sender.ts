import type { Slot } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import type { Environment } from '../../shared/env/environment.ts';
import {
  INDEX_MOVE_BYTES,
  INDEX_MOVE_PAUSE_MS,
  INDEX_RETRY_MS,
  INDEX_STEP_BYTES,
  INDEX_STEP_CHANGES,
  INDEX_STEP_DEADLINE_MS,
  INDEX_WAITING_BYTES_MAX,
  INDEX_WAITING_BYTES_NODE_MAX,
} from '../../shared/limits/index-limits.ts';
import type { PartitionRecord } from '../../shared/placement/catalog-records.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { ApplyChangesOperation, IndexChange, StorageResponse } from '../../shared/wire/storage-operations.ts';
import { decodeBackfillChunk } from '../core/backfill-record.ts';
import { IndexDelivery, type Parcel } from '../core/index-delivery.ts';
import type { IndexEntries } from '../core/index-entries.ts';
import type { IndexedRecord, IndexedRecords } from '../core/indexed-record.ts';
import type { RunningTime } from '../core/running-time.ts';
import { ChosenRecords } from './chosen-records.ts';
import type { Group } from './group.ts';
import type { TurnQueue } from './turn-queue.ts';

/** What a sender needs of its node. */
export interface IndexSenderHost {
  readonly environment: Environment;
  readonly wal: WriteAheadLog;
  readonly view: () => CatalogView;
  readonly execute: (
    partition: PartitionRecord,
    routingKey: Uint8Array,
    operation: ApplyChangesOperation,
    deadlineMs: number,
  ) => Promise<StorageResponse>;
  readonly counts: IndexCounts;
  readonly running: RunningTime;
  /** What all senders of the node have to do. */
  readonly turns: TurnQueue;
}

/** Sums of a node, for its metrics. */
export interface IndexCounts {
  /** Messages to index partitions, and changes in them; what was sent again counts again. */
  steps: number;
  changes: number;
  /** Writes refused since an index could not keep up. */
  refused: number;
  /** Bytes of changes that wait to be sent or acknowledged. */
  waitingBytes: number;
}

const BOUNDS = { bytes: INDEX_STEP_BYTES, changes: INDEX_STEP_CHANGES };
/** A turn of the loop reads records for one index at most this long, milliseconds, looking at the clock after so many, or so many bytes. */
const READ_SLICE_MS = 1;
const READ_CHECK_RECORDS = 16;
const READ_CHECK_BYTES = 64 * KIB;
const NO_CHANGES: readonly IndexChange[] = [];

/**
 * Feeds one index from one partition that is led here: reads chosen and applied records in slot order, derives the changes of the index,
 * and sends them to its partitions. It lasts as long as this leadership and these settings.
 */
export class IndexSender {
  readonly entries: IndexEntries;
  readonly #group: Group;
  readonly #host: IndexSenderHost;
  readonly #start: Slot;
  readonly #chosen: ChosenRecords;
  readonly #records: IndexedRecords;
  /** By the time in which the process ran. */
  readonly #beganAtMs: number;
  /** Undefined: the catalog does not show all partitions of the index yet. */
  #delivery: IndexDelivery | undefined;
  #partitions: readonly PartitionRecord[] = [];
  #reading = false;
  /** The record that was taken last. */
  #taken: Slot = 0;
  #scheduled = false;
  /** Of `waitingBytes`, as of the last look. */
  #countedBytes = 0;
  #ended = false;
  /** Much log stands behind the least position of the index partitions. */
  #isFarBehind = false;
  /** A record that is not in the log here any more. */
  #gone: Slot = 0;

  /** `records`: of the group's log, shared by all who read it. */
  constructor(group: Group, entries: IndexEntries, start: Slot, records: IndexedRecords, host: IndexSenderHost) {
    this.#group = group;
    this.entries = entries;
    this.#start = start;
    this.#records = records;
    this.#host = host;
    this.#beganAtMs = host.running.totalMs;
    this.#chosen = new ChosenRecords({ group: group.id, paxos: group.paxos, wal: host.wal, digest: host.environment.digest });
  }

  /** All partitions of the index have everything up to here; undefined: not known. */
  get delivered(): Slot | undefined {
    return this.#delivery?.delivered;
  }

  /** Bytes that wait to be sent or acknowledged. */
  get waitingBytes(): number {
    return this.#delivery?.bytes ?? 0;
  }

  /** Applied records that some partition of the index may lack. */
  get lagSlots(): number {
    return this.#group.state.applied - (this.delivered ?? this.#start);
  }

  /** Bytes of log that the index may lack, those that wait included. A leader that has not heard where the index is knows of none. */
  lagBytes(): number {
    const read = this.#delivery?.read;
    if (read === undefined || read === this.#group.state.applied) return this.waitingBytes;
    return this.waitingBytes + this.#logBytesAbove(read);
  }

  /** Bytes of log that may have to be sent: all of it behind the start, as long as nobody has said where the index is. */
  aheadBytes(): number {
    return this.#delivery?.read === undefined ? this.#logBytesAbove(this.#start) : this.lagBytes();
  }

  #logBytesAbove(slot: Slot): number {
    return this.#host.wal.groupBytesAbove(this.#group.id, Math.max(slot, this.#group.paxos.trimmed));
  }

  /** For how long the index has lacked something, milliseconds; what this process stood still of it is left out. */
  lagMs(): number {
    const { environment, running } = this.#host;
    const oldestMs = this.#delivery?.oldestMs;
    if (oldestMs !== undefined) return running.since(oldestMs, environment.clock.wallMs());
    return this.#delivery?.read === undefined ? running.totalMs - this.#beganAtMs : 0;
  }

  /** The record that the index needs next, when it is not in the log here any more. */
  get missing(): Slot | undefined {
    return this.#gone > 0 && this.#delivery?.read === this.#gone - 1 ? this.#gone : undefined;
  }

  /** Something was applied, or time has passed: reads and sends at the end of the turn. */
  wake(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    this.#host.turns.add(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** To be called every 50 ms or so: looks at what is too dear to be looked at with every record. */
  tick(): void {
    const { delivered } = this;
    this.#isFarBehind = delivered !== undefined && this.#logBytesAbove(delivered) > INDEX_MOVE_BYTES;
    this.wake();
  }

  end(): void {
    this.#ended = true;
    this.#countWaiting(0);
  }

  #countWaiting(bytes: number): void {
    this.#host.counts.waitingBytes += bytes - this.#countedBytes;
    this.#countedBytes = bytes;
  }

  /** More records may be read: what would have to wait for this index and for all of them has room. */
  #hasRoom({ bytes }: IndexDelivery): boolean {
    this.#countWaiting(bytes);
    if (bytes >= INDEX_WAITING_BYTES_MAX) return false;
    return bytes < INDEX_STEP_BYTES || this.#host.counts.waitingBytes < INDEX_WAITING_BYTES_NODE_MAX;
  }

  #pump(): void {
    if (this.#ended) return;
    this.#findPartitions();
    this.#readOn();
    this.#send();
    this.#countWaiting(this.waitingBytes);
  }

  /** The partitions of an index do not change while it is; they come into the catalog before its settings come here. */
  #findPartitions(): void {
    if (this.#delivery !== undefined) return;
    const { indexId } = this.entries.source;
    const partitions = this.#host.view().partitions(indexId);
    let end: Uint8Array | undefined = NOTHING;
    for (const { low, high } of partitions) {
      if (end === undefined || Buffer.compare(low, end) !== 0) return;
      end = high;
    }
    if (partitions.length === 0 || end !== undefined) return;
    this.#partitions = partitions.map(({ record }) => record);
    const places = partitions.map(({ record: { group }, low, high }) => ({ group, low, high }));
    this.#delivery = new IndexDelivery(indexId, this.#start, places);
  }

  #readOn(): void {
    const delivery = this.#delivery;
    if (delivery === undefined || this.#reading) return;
    const { clock } = this.#host.environment;
    const untilMs = clock.monotonicMs() + READ_SLICE_MS;
    let records = 0;
    let readBytes = 0;
    for (;;) {
      const { read } = delivery;
      if (read === undefined || read >= this.#group.state.applied || !this.#hasRoom(delivery)) return;
      // An index partition turned out to be further back than was known.
      if (this.#taken !== read) this.#chosen.forget();
      this.#taken = read;
      const bytes = this.#chosen.at(read + 1);
      if (bytes === undefined) return this.#load(read + 1);
      const indexed = this.#records.at(read + 1, bytes);
      this.#chosen.passed();
      delivery.take(read + 1, indexed.record.timeMs, this.#changesOf(indexed));
      this.#taken = read + 1;
      records += 1;
      readBytes += bytes.length;
      if (records < READ_CHECK_RECORDS && readBytes < READ_CHECK_BYTES) continue;
      if (clock.monotonicMs() >= untilMs) return this.wake();
      records = 0;
      readBytes = 0;
    }
  }

  #changesOf(indexed: IndexedRecord): readonly IndexChange[] {
    const { type, payload } = indexed.record;
    if (type !== 'backfill') return this.entries.changesOf(indexed);
    const { indexId, entries } = decodeBackfillChunk(payload);
    return indexId === this.entries.source.indexId ? entries : NO_CHANGES;
  }

  #load(slot: Slot): void {
    if (slot <= this.#group.paxos.trimmed) return this.#missLog(slot);
    this.#reading = true;
    this.#chosen.load(slot).then(
      () => {
        this.#reading = false;
        const isStale = this.#delivery?.read !== slot - 1;
        if (isStale) this.#chosen.forget();
        // A record may be chosen by others and applied before the own disk has it: then it is looked for again a little later.
        if (isStale || this.#chosen.at(slot) !== undefined) this.wake();
      },
      (error: unknown) => {
        this.#reading = false;
        if (!this.#ended) this.#group.recordsUnreadable(error);
      },
    );
  }

  #missLog(slot: Slot): void {
    if (this.#gone === slot) return;
    this.#gone = slot;
    // What was said before this is known may be about another record, or long ago.
    this.#group.logStarts.forget();
    const { indexId, name } = this.entries.source;
    this.#host.environment.logger.warn('log that an index needs is gone', { group: this.#group.id, indexId, index: name, slot });
  }

  #send(): void {
    const delivery = this.#delivery;
    if (delivery === undefined) return;
    const nowMs = this.#host.environment.clock.monotonicMs();
    for (const parcel of delivery.next(this.#wanted(), BOUNDS, nowMs, INDEX_MOVE_PAUSE_MS)) {
      this.#host.counts.steps += 1;
      this.#host.counts.changes += parcel.step.changes.length;
      void this.#deliver(delivery, parcel);
    }
  }

  /** Index partitions without changes are moved on so far: log is kept for them, much would be read again, or the end of a backfill is waited for. */
  #wanted(): Slot {
    if (this.#isFarBehind) return Number.MAX_SAFE_INTEGER;
    const backfill = this.#group.state.indexFeeds.get(this.entries.source.indexId)?.backfill;
    const filled = backfill?.next === undefined ? (backfill?.slot ?? 0) : 0;
    return Math.max(this.#group.checkpointSlot, filled);
  }

  async #deliver(delivery: IndexDelivery, { chain, step }: Parcel): Promise<void> {
    const partition = this.#partitions.find(({ group }) => group === chain.group);
    if (partition === undefined) return;
    const operation: ApplyChangesOperation = { kind: 'apply-changes', source: this.#group.id, ...step };
    const routingKey = step.changes[0]?.key ?? Buffer.from(partition.low, 'hex');
    const { status, slot, message } = await this.#host.execute(partition, routingKey, operation, INDEX_STEP_DEADLINE_MS);
    if (this.#ended) return;
    if (status === 'ok') {
      delivery.answered(chain, slot);
      return this.wake();
    }
    const { logger, timers } = this.#host.environment;
    const level = status === 'validation' ? 'error' : 'debug';
    logger[level]('index changes not taken', { group: this.#group.id, index: chain.group, status, message });
    timers.after(INDEX_RETRY_MS, () => {
      chain.failed();
      this.wake();
    });
  }
}

const NOTHING = new Uint8Array(0);
