import assert from 'node:assert/strict';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { MemoryMarkFile } from '../../../test/harness/memory-mark-file.ts';
import { MemoryStore } from '../../../test/harness/memory-store.ts';
import { nodeDigest, testEnvironment, type TestEnvironment } from '../../../test/harness/test-environment.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { PageStore } from '../../shared/btree/page-store.ts';
import { encodeStoredValue, storedChecksum } from '../../shared/item/stored-value.ts';
import { ITEM_COLLECTION_BYTES_MAX } from '../../shared/limits/table-limits.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import { encodeLogRecord, type LogRecordType } from '../../shared/wal/log-record.ts';
import { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { MemberPlace } from '../../shared/wire/admin.ts';
import { encodeGroupMeta, type GroupIdentity, GroupState } from '../core/group-state.ts';
import { encodeSwap, swapped } from '../core/membership.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import { type Answer, WriteEvaluator } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import type { GroupHost } from './group-host.ts';
import { GroupLoader } from './group-loader.ts';
import type { IndexSenders } from './index-senders.ts';
import { TurnQueue } from './turn-queue.ts';

export const BALLOT: Ballot = { configuration: 1, round: 1, replica: 1 };

/** A disk that never fills. */
export const AMPLE_ROOM = { fullness: 0, spareBytes: Number.POSITIVE_INFINITY } as const;

/** Replica 2 of three, a follower of replica 1. */
export const IDENTITY: GroupIdentity = {
  group: 7,
  replica: 2,
  tableId: 'table',
  partitionId: 3,
  low: new Uint8Array(0),
  high: undefined,
  configuration: 1,
  since: 0,
  members: [1, 2, 3].map((replica) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly: false })),
};

const NEWCOMER: MemberPlace = { replica: 4, node: 'node-4', az: 'az-3', logOnly: false };

export function keyOf(number: number): Uint8Array {
  return utf8(`key-${String(number).padStart(5, '0')}`);
}

export function storedText(number: number, slot: Slot): Buffer {
  const json = utf8(`{"pk":{"S":"${number}"},"fill":{"S":"${'x'.repeat(300)}"}}`);
  return encodeStoredValue({ flags: 0, size: 320, slot, timeMs: 1, originRegion: 'local', json }, keyOf(number), nodeDigest);
}

export function recordOf(number: number, slot: Slot): Buffer {
  const record = {
    type: 'write' as const,
    timeMs: 1,
    change: 'insert' as const,
    identity: { kind: 'user' as const, name: '' },
    oldSize: 0,
  };
  return encodeLogRecord({ ...record, key: keyOf(number), payload: new Uint8Array(0), newValue: storedText(number, slot) }, nodeDigest);
}

/** A record of what the node itself has to say to all replicas. */
export function ownRecord(type: LogRecordType, payload: Uint8Array): Buffer {
  const identity = { kind: 'service' as const, name: '' };
  return encodeLogRecord({ type, timeMs: 1, change: 'none', identity, oldSize: 0, key: new Uint8Array(0), payload }, nodeDigest);
}

export function stateAt(applied: Slot): GroupState {
  const state = GroupState.empty(REMEMBER_REQUESTS_MS);
  state.applied = applied;
  return state;
}

/** One replica on stores in memory, alone: the test plays its peers. */
export class ReplicaWorld {
  readonly timers: ManualTimers;
  readonly environment: TestEnvironment;
  readonly failures: unknown[] = [];
  readonly sent: PaxosMessage[] = [];
  /** Replicas that stopped because of a damaged tree. */
  readonly damaged: Group[] = [];
  /** Replicas that stopped because of a damaged log. */
  readonly logsDamaged: Group[] = [];
  /** The disk has room for deletes alone. */
  nearlyFull = false;
  /** Reads of the tree store wait while this is set. */
  readsHeld: Promise<void> | undefined;
  /** Whoever feeds the indexes of the replica while it leads. */
  indexes: IndexSenders | undefined;
  #walStore = new MemoryStore();
  #mark = new MemoryMarkFile();
  #treeStore = new MemoryStore({ delay: (operation) => this.#delay(operation) });
  #wal: WriteAheadLog | undefined;
  #pages: PageStore | undefined;
  #group: Group | undefined;
  #loader: GroupLoader | undefined;

  constructor(timers = new ManualTimers()) {
    this.timers = timers;
    this.environment = testEnvironment(timers);
  }

  get walStore(): MemoryStore {
    return this.#walStore;
  }

  get treeStore(): MemoryStore {
    return this.#treeStore;
  }

  get wal(): WriteAheadLog {
    assert(this.#wal);
    return this.#wal;
  }

  get pages(): PageStore {
    assert(this.#pages);
    return this.#pages;
  }

  get group(): Group {
    assert(this.#group);
    return this.#group;
  }

  get loader(): GroupLoader {
    assert(this.#loader);
    return this.#loader;
  }

  /** A new replica. */
  async create(identity = IDENTITY): Promise<void> {
    const loader = await this.#open();
    this.#group = await loader.create(identity, undefined, false);
  }

  /** A new replica that is to become a member, and keeps the log alone if it begins behind a slot. */
  async createLearner(identity: GroupIdentity, logBehind: Slot): Promise<void> {
    const loader = await this.#open();
    this.#group = await loader.createLearner(identity, logBehind);
  }

  /** The process dies, everything given to the disks survives, and it starts again. */
  async restart({ loseTrees = false, loseLog = false } = {}): Promise<void> {
    // The mark file stays: it says that there was a log.
    this.#walStore = loseLog ? new MemoryStore() : this.#walStore.crash((unsynced) => unsynced);
    this.#mark = this.#mark.crash(true);
    const delays = { delay: (operation: 'write' | 'sync' | 'read') => this.#delay(operation) };
    this.#treeStore = loseTrees ? new MemoryStore(delays) : this.#treeStore.crash((unsynced) => unsynced, delays);
    const loader = await this.#open();
    this.#group = (await loader.load())[0];
  }

  /** A tree of so many items, as of `slot`, takes the replica's place on the disk, as a snapshot does. */
  async install(items: number, slot: Slot, identity = IDENTITY) {
    const loader = this.pages.startLoad(IDENTITY.replica);
    for (let number = 0; number < items; number++) {
      const value = storedText(number, slot);
      await loader.add(keyOf(number), value, storedChecksum(value), 320);
    }
    return loader.install(encodeGroupMeta(identity, stateAt(slot), { slot, ballot: BALLOT }));
  }

  /** A message of the leader arrives, and all that follows from it happens. */
  async step(message: PaxosMessage): Promise<void> {
    this.group.paxos.step(1, message, this.timers.monotonicMs());
    this.group.pump();
    await this.timers.settle();
  }

  /** The leader's ballot is promised, and its log is that of this replica. */
  async follow(records: readonly Uint8Array[], commit: Slot): Promise<void> {
    await this.timers.advance(DEFAULT_PAXOS_OPTIONS.leaseMs);
    await this.step({ kind: 'prepare', ballot: BALLOT, released: { configuration: 0, round: 0, replica: 0 }, rejoin: 0 });
    await this.step({ kind: 'sync', ballot: BALLOT, from: this.group.paxos.commit, records, commit });
  }

  /** A heartbeat of the leader, which reaches a quorum. */
  heartbeat(commit: Slot): void {
    const news = { ballot: BALLOT, commit, reachesQuorum: true };
    const nowMs = this.timers.monotonicMs();
    assert(this.group.paxos.onHeartbeat(news, nowMs));
    this.group.followCommit(news, nowMs);
  }

  /** The answers that an eventually consistent read of the key gets, as they come. */
  read(number: number): Answer[] {
    const answers: Answer[] = [];
    const respond = (answer: Answer): void => void answers.push(answer);
    this.group.read(keyOf(number), false, this.timers.monotonicMs() + 5000, respond, (value) => ({
      status: 'ok',
      oldSize: value?.length ?? 0,
    }));
    return answers;
  }

  async #delay(operation: 'write' | 'sync' | 'read'): Promise<void> {
    if (operation === 'read') await this.readsHeld;
  }

  async #open(): Promise<GroupLoader> {
    const { environment, timers } = this;
    const { digest, logger, clock } = environment;
    const onFailure = (error: unknown): void => void this.failures.push(error);
    this.#wal = await WriteAheadLog.open({ store: this.#walStore, mark: this.#mark, digest, logger, clock, onFailure });
    this.#pages = await PageStore.open({ store: this.#treeStore, digest, logger, timers, cacheBytesMax: 40_000, onFailure });
    const host: GroupHost = {
      environment,
      wal: this.#wal,
      applying: new TurnQueue(environment, 4),
      evaluator: new WriteEvaluator(digest, logger, 'local'),
      itemCollectionBytesMax: ITEM_COLLECTION_BYTES_MAX,
      send: (_group, _to, message) => void this.sent.push(message),
      catchUp: () => undefined,
      logDamaged: (group) => void this.logsDamaged.push(group),
      roomRefusal: (_group, isDelete) => (this.nearlyFull && !isDelete ? { status: 'no-room' } : undefined),
      indexRefusal: (group, key, old, next) => {
        const message = this.indexes?.refusal(group, key, old, next);
        return message === undefined ? undefined : { status: 'index-behind', message };
      },
      indexFloor: (group) => this.indexes?.floor(group) ?? 0,
      hasRoom: (_group, isDelete) => isDelete || !this.nearlyFull,
      treeDamaged: (group) => void this.damaged.push(group),
      wake: (group) => timers.endOfTurn(() => group.pump()),
      commitNews: () => undefined,
      hurryHeartbeat: () => undefined,
      elected: () => undefined,
      watchClock: () => undefined,
      clocksAgree: () => true,
      applied: (group) => this.indexes?.applied(group),
    };
    this.#loader = new GroupLoader({ environment, pages: this.#pages, wal: this.#wal, host, options: DEFAULT_PAXOS_OPTIONS });
    return this.#loader;
  }
}

/** IDENTITY when replica 4 took the place of 3 by the Swap in slot `since`. */
export function successorOf(since: Slot): GroupIdentity {
  return { ...IDENTITY, ...swapped(IDENTITY, 3, NEWCOMER), since };
}

/** The Swap that makes it. */
export function swapRecord(): Buffer {
  const record = {
    type: 'swap' as const,
    timeMs: 1,
    change: 'none' as const,
    identity: { kind: 'service' as const, name: '' },
    oldSize: 0,
  };
  return encodeLogRecord({ ...record, key: new Uint8Array(0), payload: encodeSwap(swapped(IDENTITY, 3, NEWCOMER)) }, nodeDigest);
}

/** Key and value of these items, as a snapshot's chunk holds them. */
export function chunkOf(numbers: readonly number[], slot: Slot): Buffer {
  const writer = new ByteWriter(4096);
  for (const number of numbers) writer.bytes(keyOf(number)).bytes(storedText(number, slot));
  return writer.finish();
}
