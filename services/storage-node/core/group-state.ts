import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { GroupId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import { type Ballot, ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { type PartitionSettings, parsePartitionSettings, serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { type ExpiryProgress, readExpiryProgress, writeExpiryProgress } from './expiry-progress.ts';
import { IndexCursors } from './index-cursors.ts';
import { IndexFeeds } from './index-feeds.ts';
import { type Membership, readMembers, writeMembers } from './membership.ts';
import { RequestTable } from './request-table.ts';

/** What a group is: fixed when it is created, but for its members. */
export interface GroupIdentity extends Membership {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly tableId: string;
  readonly partitionId: number;
  readonly low: Uint8Array;
  /** Exclusive; undefined: no upper bound. */
  readonly high: Uint8Array | undefined;
}

/**
 * A group's replicated state beside its items. It changes only as records are applied, and goes into every checkpoint in the
 * same atomic write as the tree's root: the applied slot is the truth about what the tree holds.
 */
export class GroupState {
  /** Everything up to here is in the tree. */
  applied: Slot;
  /** Leader's time of the last applied record; the next leader's time is never less. */
  timeMs: number;
  /** Slot of the last delete, 0 for none: the version that an absent item has for transactions. */
  lastDelete: Slot;
  /** Slot of the record by which the group refuses to answer, since its copies contradict each other; 0: it answers. */
  halted: Slot;
  /** What the last Settings record said of the table; undefined: there was none, and nothing is derived from items. */
  settings: PartitionSettings | undefined;
  /** Undefined: no settings ever named an attribute by which items expire. */
  expiry: ExpiryProgress | undefined;
  readonly requests: RequestTable;
  /** Of a partition of a global index: how far it is with the partitions of its table. */
  readonly indexCursors: IndexCursors;
  /** Of a partition of a table: the global indexes that it feeds. */
  readonly indexFeeds: IndexFeeds;

  constructor(
    applied: Slot,
    timeMs: number,
    lastDelete: Slot,
    halted: Slot,
    requests: RequestTable,
    more: Partial<Pick<GroupState, 'settings' | 'expiry' | 'indexCursors' | 'indexFeeds'>> = {},
  ) {
    this.applied = applied;
    this.timeMs = timeMs;
    this.lastDelete = lastDelete;
    this.halted = halted;
    this.settings = more.settings;
    this.expiry = more.expiry;
    this.requests = requests;
    this.indexCursors = more.indexCursors ?? new IndexCursors();
    this.indexFeeds = more.indexFeeds ?? new IndexFeeds();
  }

  static empty(rememberRequestsMs: number): GroupState {
    return new GroupState(0, 0, 0, 0, new RequestTable(rememberRequestsMs));
  }
}

/**
 * The last snapshot that took the tree's place. What the own log holds at or below its slot may never have been chosen: the log
 * does not count there, whether it was told of the snapshot or the process stopped before.
 */
export interface InstalledSnapshot {
  /** 0: the tree was never replaced. */
  readonly slot: Slot;
  /** Under which the snapshot was sent; nothing lower is promised since. */
  readonly ballot: Ballot;
}

export const NO_SNAPSHOT: InstalledSnapshot = { slot: 0, ballot: ZERO_BALLOT };

/** History: 1 - first; 2 - with the installed snapshot; 3 - with the Swap's slot and the members' roles; 4 - with the halt; 5 - with settings. */
const FORMAT = 5;
const FORMAT_WITH_HALT = 4;
const FORMAT_WITHOUT_SWAPS = 2;

/** Identity and state, as they stand in a checkpoint: README.md, "Checkpoint record". */
export function encodeGroupMeta(identity: GroupIdentity, state: GroupState, snapshot = NO_SNAPSHOT): Buffer {
  const writer = new ByteWriter(4096);
  writer.u8(FORMAT).u32(identity.group).u32(identity.replica).text(identity.tableId).u32(identity.partitionId);
  writer.bytes(identity.low);
  writer.u8(identity.high === undefined ? 0 : 1).bytes(identity.high ?? new Uint8Array(0));
  writer.u32(identity.configuration).u64(identity.since);
  writeMembers(writer, identity.members);
  const { slot, ballot } = snapshot;
  writer.u64(slot).u32(ballot.configuration).u32(ballot.round).u32(ballot.replica);
  writer.u64(state.applied).u64(state.timeMs).u64(state.lastDelete).u64(state.halted);
  state.requests.encode(writer);
  writer.bytes(state.settings === undefined ? NO_BYTES : serializePartitionSettings(state.settings));
  state.indexCursors.encode(writer);
  state.indexFeeds.encode(writer);
  writeExpiryProgress(writer, state.expiry);
  return writer.finish();
}

/** What stands in a checkpoint beside the tree. */
export interface GroupMeta {
  readonly identity: GroupIdentity;
  readonly state: GroupState;
  readonly snapshot: InstalledSnapshot;
}

/** Throws MalformedBytesError for anything that encodeGroupMeta did not write. */
export function decodeGroupMeta(bytes: Uint8Array, rememberRequestsMs: number): GroupMeta {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format < FORMAT_WITHOUT_SWAPS || format > FORMAT)
    throw new MalformedBytesError(`group state of format ${format}; this version knows ${FORMAT}`);
  const group = reader.u32();
  const replica = reader.u32();
  const tableId = reader.text();
  const partitionId = reader.u32();
  const low = Buffer.from(reader.bytes());
  const bounded = reader.u8() === 1;
  const bound = Buffer.from(reader.bytes());
  const configuration = reader.u32();
  const since = format === FORMAT_WITHOUT_SWAPS ? 0 : reader.u64();
  const members = readMembers(reader, format !== FORMAT_WITHOUT_SWAPS);
  const identity = { group, replica, tableId, partitionId, low, high: bounded ? bound : undefined, configuration, since, members };
  const slot = reader.u64();
  const ballot = { configuration: reader.u32(), round: reader.u32(), replica: reader.u32() };
  const applied = reader.u64();
  const timeMs = reader.u64();
  const lastDelete = reader.u64();
  const halted = format >= FORMAT_WITH_HALT ? reader.u64() : 0;
  const requests = RequestTable.decode(reader, rememberRequestsMs);
  const more = format >= FORMAT ? decodeTableState(reader) : {};
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind the group state');
  return { identity, state: new GroupState(applied, timeMs, lastDelete, halted, requests, more), snapshot: { slot, ballot } };
}

/** What the partition was told of its table, and where it and the indexes of the table are with each other. */
function decodeTableState(reader: ByteReader) {
  const settings = reader.bytes();
  const known = settings.length === 0 ? undefined : parsePartitionSettings(settings);
  const indexCursors = IndexCursors.decode(reader);
  return { settings: known, indexCursors, indexFeeds: IndexFeeds.decode(reader), expiry: readExpiryProgress(reader) };
}

const NO_BYTES = new Uint8Array(0);
