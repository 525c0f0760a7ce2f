import type { GroupId, NodeId, ReplicaId, Slot } from '../base/ids.ts';
import type { Ballot } from '../paxos/ballot.ts';

/** Single administrative calls (proto/admin.proto). Each is safe to repeat. */
export type AdminRequest =
  // to a storage node
  | InitCluster
  | CreateReplica
  | DeleteReplica
  | DescribeNode
  | TransferLeadership
  | InspectGroup
  | AddLearner
  | SwapReplica
  | ChangeSettings
  | ListLostIndexes
  // to the auto-admin
  | RegisterNode
  | CreateTable
  | DeleteTable
  | ChangeTable
  | DescribeAutoAdmin
  | CreateCredential
  | SetCredentialPolicy
  | RevokeCredential
  | ListCredentials
  // to a storage node again
  | Scrub;

export type AdminResponse =
  | { readonly kind: 'done' }
  | NodeDescription
  | GroupInspection
  | LearnerAdded
  | SettingsApplied
  | LostIndexes
  | TableChanged
  | ScrubReport
  | CredentialList
  | AutoAdminDescription;

/** A replica's place. */
export interface ReplicaPlace {
  readonly replica: ReplicaId;
  readonly node: NodeId;
  readonly az: string;
}

/** A member of a group, as its log has it. */
export interface MemberPlace extends ReplicaPlace {
  /** It keeps the log alone: it makes writes durable while a full copy is being built, and neither leads nor serves. */
  readonly logOnly: boolean;
}

/** Forms the catalog group over the seed nodes, once in a cluster's life. Repeating it with the same cluster id changes nothing. */
export interface InitCluster {
  readonly kind: 'init-cluster';
  readonly clusterId: string;
  readonly members: readonly ReplicaPlace[];
  readonly addresses: readonly { readonly node: NodeId; readonly address: string }[];
}

/** Creates an empty replica of a new group. Refused when the replica id exists with other values. */
export interface CreateReplica {
  readonly kind: 'create-replica';
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly tableId: string;
  readonly partitionId: number;
  readonly low: Uint8Array;
  /** Exclusive; empty: no upper bound. */
  readonly high: Uint8Array;
  readonly members: readonly ReplicaPlace[];
  /** The replica that stands for election at once. */
  readonly preferredLeader: ReplicaId;
  /**
   * The group serves already. Nobody can tell a node that never held the replica from one that lost it with its disk, so the
   * new replica abstains, as a damaged one does, until its leader has synced it.
   */
  readonly late: boolean;
}

/** Destroys a replica of a table that the catalog says is deleted. */
export interface DeleteReplica {
  readonly kind: 'delete-replica';
  readonly group: GroupId;
  readonly replica: ReplicaId;
}

export interface DescribeNode {
  readonly kind: 'describe-node';
}

export interface TransferLeadership {
  readonly kind: 'transfer-leadership';
  readonly group: GroupId;
  readonly to: ReplicaId;
}

/**
 * From the leader of a group: create a replica that learns the group's log without a vote. Repeating it is harmless; it is
 * meant for one life of the node's process, since a later one may have lost what the replica had promised by then.
 */
export interface AddLearner {
  readonly kind: 'add-learner';
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly incarnation: number;
  /** What the group is: encodeGroupMeta without any state of the items. */
  readonly state: Uint8Array;
  /** Not 0: the replica keeps the log alone, from behind this slot on. */
  readonly logBehind: Slot;
}

export interface LearnerAdded {
  readonly kind: 'learner-added';
  /** The one asked for, or the learner of the group that the node holds already. */
  readonly replica: ReplicaId;
}

/**
 * To the leader of a group: `out` gives its place to a new replica (`into.replica` is 0), or takes another role in the same
 * place. `configuration` is the one that the caller saw.
 */
export interface SwapReplica {
  readonly kind: 'swap-replica';
  readonly group: GroupId;
  readonly configuration: number;
  readonly out: ReplicaId;
  readonly into: MemberPlace;
}

/**
 * To the leader of a group of a table: `settings` is the JSON of placement/partition-settings.ts. Answered once they are
 * applied; older ones than the group has change nothing, so the call also asks how far indexes are.
 */
export interface ChangeSettings {
  readonly kind: 'change-settings';
  readonly group: GroupId;
  readonly settings: Uint8Array;
}

export interface SettingsApplied {
  readonly kind: 'settings-applied';
  /** Version that the group has now. */
  readonly version: number;
  readonly indexes: readonly IndexProgress[];
}

/** How far a global index is with what one partition of its table has. */
export interface IndexProgress {
  readonly indexId: string;
  /** All items that were there before the index are in the log for it. */
  readonly backfilled: boolean;
  /** The index partitions have everything up to the end of the backfill. */
  readonly delivered: boolean;
  readonly itemsDone: number;
  /** About as many there are in all. */
  readonly items: number;
}

/** To a storage node: which global indexes can never catch up with partitions that it leads. */
export interface ListLostIndexes {
  readonly kind: 'list-lost-indexes';
}

export interface LostIndexes {
  readonly kind: 'lost-indexes';
  readonly indexes: readonly LostIndex[];
}

export interface LostIndex {
  /** Of the partition of the table that could not bring the index what it lacks. */
  readonly group: GroupId;
  readonly indexId: string;
  readonly loss: IndexLoss;
}

/**
 * Why an index can never catch up: no full copy of the partition has the log any more that it lacks; or its partitions took nothing for
 * too long while more log was kept for it than may be, or the log was not found.
 */
export type IndexLoss = 'log-gone' | 'silent';

export interface InspectGroup {
  readonly kind: 'inspect-group';
  readonly group: GroupId;
}

export interface RegisterNode {
  readonly kind: 'register-node';
  readonly node: NodeId;
  readonly az: string;
  readonly address: string;
  readonly incarnation: number;
}

/** `definition` is the JSON of placement/catalog-records.ts TableDefinition, made and validated by the router. */
export interface CreateTable {
  readonly kind: 'create-table';
  readonly definition: Uint8Array;
  /** Generation of the RemovedTableRecord that the caller saw under the name; 0: it saw no record. */
  readonly overGeneration: number;
}

export interface DeleteTable {
  readonly kind: 'delete-table';
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** The table that the caller saw under this name: another one is left alone. */
  readonly tableId: string;
}

/** `change` is the JSON of placement/table-change.ts TableChange, made and validated by the router. */
export interface ChangeTable {
  readonly kind: 'change-table';
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** The table that the caller saw under this name: another one is left alone. */
  readonly tableId: string;
  readonly change: Uint8Array;
}

export interface DescribeAutoAdmin {
  readonly kind: 'describe-auto-admin';
}

export interface AutoAdminDescription {
  readonly kind: 'auto-admin-description';
  readonly clusterId: string;
  readonly active: boolean;
  readonly operationsUnderWay: number;
  /** Read units, and write units, of one table or index; 0: an older auto-admin, which knows no such quota. */
  readonly tableUnitsMax: number;
  /** Of all provisioned tables of an account. */
  readonly accountUnitsMax: number;
}

/** `definition` is the JSON of placement/catalog-records.ts CredentialDefinition. */
export interface CreateCredential {
  readonly kind: 'create-credential';
  readonly definition: Uint8Array;
}

export interface SetCredentialPolicy {
  readonly kind: 'set-credential-policy';
  readonly accessKeyId: string;
  /** Text of an identity policy; empty: none, so that nothing is allowed. */
  readonly policy: string;
  /** Generation of the credential's record that the caller saw: a newer one is left alone. */
  readonly overGeneration: number;
}

export interface RevokeCredential {
  readonly kind: 'revoke-credential';
  readonly accessKeyId: string;
}

export interface ListCredentials {
  readonly kind: 'list-credentials';
}

export interface CredentialList {
  readonly kind: 'credential-list';
  readonly credentials: readonly CredentialDescription[];
}

/** A credential without its secret. */
export interface CredentialDescription {
  readonly accessKeyId: string;
  readonly account: string;
  readonly userName: string;
  /** Method and key by which the secret is sealed. */
  readonly sealing: string;
  /** Empty: none. */
  readonly policy: string;
  readonly createdAtMs: number;
  readonly generation: number;
}

/** Asks what the node's scrub has done and found, and begins a pass when `start` is set and none is under way. */
export interface Scrub {
  readonly kind: 'scrub';
  readonly start: boolean;
}

/** The table's catalog record after the change was written, and the catalog slot at which every watcher will have it. */
export interface TableChanged {
  readonly kind: 'table-changed';
  readonly record: Uint8Array;
  readonly slot: Slot;
}

export interface NodeDescription {
  readonly kind: 'node-description';
  readonly node: NodeId;
  readonly az: string;
  readonly clusterId: string;
  readonly incarnation: number;
  readonly replicas: readonly ReplicaDescription[];
}

export interface ReplicaDescription {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly tableId: string;
  readonly leading: boolean;
  /** Abstains: a guard of "damaged is not empty" failed. */
  readonly damaged: boolean;
  readonly ballot: Ballot;
  readonly commit: Slot;
  readonly applied: Slot;
  readonly last: Slot;
  readonly trimmed: Slot;
  readonly checkpoint: Slot;
  readonly items: number;
  readonly itemBytes: number;
}

export interface GroupInspection {
  readonly kind: 'group-inspection';
  readonly replica: ReplicaDescription;
  /** State hash of the replica at its applied slot, 16 hexadecimal digits. */
  readonly stateHash: string;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly configuration: number;
  readonly members: readonly MemberPlace[];
  /** Of each local secondary index. */
  readonly localIndexes: readonly LocalIndexSize[];
}

/** What a replica holds of a local secondary index. */
export interface LocalIndexSize {
  readonly number: number;
  readonly entries: number;
  /** In DynamoDB's accounting. */
  readonly bytes: number;
}

/** The node's scrub: what it looks at, and what it and every other look at the data has found since the process began. */
export interface ScrubReport {
  readonly kind: 'scrub-report';
  readonly node: NodeId;
  /** Of this life of the process, from 1; 0: none has begun. Each pass looks at every replica of the node once. */
  readonly pass: number;
  readonly running: boolean;
  readonly replicasDone: number;
  readonly replicas: number;
  /** Read in this pass, or the last one. */
  readonly pages: number;
  readonly bytes: number;
  /** End of the last complete pass, milliseconds since 1970; 0: never. */
  readonly lastCompleteMs: number;
  /** Replicas built anew since the start of the process. */
  readonly rebuilt: number;
  /** Oldest first, at most a thousand. */
  readonly findings: readonly ScrubFinding[];
  /** All findings, also those that are not listed any more. */
  readonly findingsTotal: number;
}

/**
 * `page`, `log`: stored bytes are not what was written. `state-hash`: the copy is not the majority's. `halted`: no two copies agree.
 * `store`: LevelDB itself met damage. `incomplete`: a replica could not be looked at, so that nothing is known of it.
 */
export const FINDING_KINDS = ['page', 'log', 'state-hash', 'halted', 'store', 'incomplete'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface ScrubFinding {
  /** 0: no single replica is concerned. */
  readonly group: GroupId;
  readonly tableId: string;
  /** One of FINDING_KINDS, or what a later version says. */
  readonly kind: string;
  readonly detail: string;
  /** Milliseconds since 1970. */
  readonly foundMs: number;
  readonly repaired: boolean;
}
