import type { GroupId, NodeId, ReplicaId, Slot } from '../base/ids.ts';
import type { StreamHandlers, Transport, FrameStream } from '../env/transport.ts';
import type { Ballot } from '../paxos/ballot.ts';
import type { PaxosMessage } from '../paxos/messages.ts';
import type { AdminRequest, AdminResponse } from './admin.ts';
import type { StorageRequest, StorageResponse } from './storage-operations.ts';

/** What the streams between processes carry (proto/*.proto). One frame holds all that one turn of the loop collected. */

/** Between two storage nodes, on a connection of its own: nothing large may delay it. */
export interface ControlFrame {
  readonly heartbeat?: Heartbeat;
  readonly heartbeatAnswer?: HeartbeatAnswer;
  readonly messages: readonly GroupEnvelope[];
}

export interface Heartbeat {
  /** Grows by one with each heartbeat of this node to that peer; the sender remembers when it sent which. */
  readonly sequence: number;
  /** 24 packed bytes for each group led (paxos/heartbeat.ts). */
  readonly leaderships: Uint8Array;
  /** Empty but for now and then: twelve packed bytes for each group led (storage-node/groups/group-slots.ts). */
  readonly floors: Uint8Array;
}

export interface HeartbeatAnswer {
  readonly sequence: number;
  /** Four bytes for each group of the heartbeat that this node refuses; every other one is granted. */
  readonly refusals: Uint8Array;
  /** To a heartbeat with floors: twelve packed bytes for each group of it that this node holds, its last checkpoint. */
  readonly checkpoints: Uint8Array;
  /** With them: twenty packed bytes for each group that has passed a mark (storage-node/groups/group-marks.ts). */
  readonly marks: Uint8Array;
  /** Beside marks: eight packed bytes for each copy that came from another replica and was not compared since (group-marks.ts). */
  readonly origins: Uint8Array;
  /** encodeGroupSlots: behind which slots logs begin. */
  readonly logStarts: Uint8Array;
  /** How full the disk of this node is: 0, 1 or 2 (storage-node/groups/disk-room.ts). */
  readonly fullness: number;
  /** This node's monotonic clock when the heartbeat came, microseconds; 0: not told. */
  readonly monotonicUs: number;
}

export interface GroupEnvelope {
  readonly group: GroupId;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly message: PaxosMessage;
}

/** Between two storage nodes: consensus messages with records, about a megabyte a frame (a single message may be larger), and on another stream catch-up and snapshots, 256 KB. */
export interface BulkFrame {
  /** So many more bytes may be sent to me. */
  readonly credit: number;
  readonly messages: readonly GroupEnvelope[];
  readonly snapshots: readonly SnapshotMessage[];
}

/** A snapshot goes from a replica that holds a checkpoint to one that is too far behind for the log. */
export type SnapshotMessage = TransferMessage | SnapshotRequest | SnapshotIdentity | ReplicaAbsent;

/** Of one transfer, from either side. */
export type TransferMessage =
  | SnapshotBegin
  | SnapshotChunk
  | SnapshotEnd
  | { readonly kind: 'installed'; readonly group: GroupId; readonly transfer: number; readonly slot: Slot }
  | { readonly kind: 'abort'; readonly group: GroupId; readonly transfer: number; readonly reason: string };

/** From a replica that lost its tree. */
export interface SnapshotRequest {
  readonly kind: 'request';
  readonly group: GroupId;
  /** Its log begins behind this slot, which the snapshot has to reach; 0: it asks what the group is. */
  readonly position: Slot;
}

/** The answer to messages for a replica of which the node has no trace, neither log nor tree. */
export interface ReplicaAbsent {
  readonly kind: 'absent';
  readonly group: GroupId;
  readonly replica: ReplicaId;
  /** Of the node's process. */
  readonly incarnation: number;
}

/** The answer to the question what a group is. */
export interface SnapshotIdentity {
  readonly kind: 'identity';
  readonly group: GroupId;
  /** As in SnapshotBegin, without any state of the items. */
  readonly state: Uint8Array;
}

export interface SnapshotBegin {
  readonly kind: 'begin';
  readonly group: GroupId;
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly transfer: number;
  /** The leader's ballot that sends it: receiving it promises the ballot, as with Learn. */
  readonly ballot: Ballot;
  /** The snapshot holds the effect of everything up to here. */
  readonly slot: Slot;
  /** Replicated state of the group beside the items (storage-node/core/group-state.ts), encoded. */
  readonly state: Uint8Array;
  /** Of the items that follow, in DynamoDB's size; 0: not told. */
  readonly itemBytes: number;
}

export interface SnapshotChunk {
  readonly kind: 'chunk';
  readonly group: GroupId;
  readonly transfer: number;
  /** From 0, without holes. */
  readonly index: number;
  /** Key and stored value, each with a 32-bit length, in key order across all chunks. */
  readonly entries: Uint8Array;
}

export interface SnapshotEnd {
  readonly kind: 'end';
  readonly group: GroupId;
  readonly transfer: number;
  readonly chunks: number;
  readonly items: number;
}

export interface RequestFrame {
  readonly requests: readonly StorageRequest[];
}

export interface ResponseFrame {
  readonly responses: readonly StorageResponse[];
}

/** Watching the catalog: first a snapshot in pages, then changes by slot. */
export type WatchFrame =
  | { readonly kind: 'subscribe' }
  /** Whole catalog as of `slot`, in several pages; `done` with the last. */
  | { readonly kind: 'snapshot'; readonly slot: Slot; readonly records: readonly CatalogEntry[]; readonly done: boolean }
  /** Everything that changed up to `slot`; sent without entries every second, so that silence shows. */
  | { readonly kind: 'changes'; readonly slot: Slot; readonly records: readonly CatalogEntry[] };

/** One catalog record: its key and its JSON; undefined value: deleted. */
export interface CatalogEntry {
  readonly key: string;
  readonly value?: Uint8Array;
}

/** For each kind of stream, what the opener sends (`up`) and receives (`down`). */
export interface StreamFrames {
  readonly control: { readonly up: ControlFrame; readonly down: ControlFrame };
  readonly bulk: { readonly up: BulkFrame; readonly down: BulkFrame };
  readonly requests: { readonly up: RequestFrame; readonly down: ResponseFrame };
  readonly watch: { readonly up: WatchFrame; readonly down: WatchFrame };
}

export type StreamKind = keyof StreamFrames;
export type StatorTransport = Transport<StreamFrames, AdminRequest, AdminResponse>;
export type StatorHandlers = StreamHandlers<StreamFrames, AdminRequest, AdminResponse>;
export type ControlStream = FrameStream<ControlFrame, ControlFrame>;
export type BulkStream = FrameStream<BulkFrame, BulkFrame>;

/** Where a node is reached. */
export interface NodeAddress {
  readonly node: NodeId;
  readonly address: string;
}
