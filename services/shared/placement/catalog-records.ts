import type { GroupId, NodeId, ReplicaId } from '../base/ids.ts';
import type { KeySchema } from '../item/attribute-value.ts';
import type { TableHistory } from './table-history.ts';
import type { GlobalIndex, LocalIndex } from './table-indexes.ts';
import type { TableSettings, Throughput } from './table-settings.ts';

/**
 * The records of the catalog. The catalog is one more group (CATALOG_GROUP): its partition holds items with the attributes
 * `k` (string, the partition key: the record's key), `v` (string: the record's JSON) and `g` (number: its generation).
 * Every change is a conditional put on `g`, made by the active auto-admin alone.
 */

export type BillingMode = 'PROVISIONED' | 'PAY_PER_REQUEST';

/** What a client asked for with CreateTable, after validation by a router. */
export interface TableDefinition extends TableSettings {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** UUID, made by the router for this creation; never reused. */
  readonly tableId: string;
  readonly keys: KeySchema;
  readonly billingMode: BillingMode;
  /** With PROVISIONED. */
  readonly throughput?: Throughput;
  readonly createdAtMs: number;
  readonly localIndexes?: readonly LocalIndex[];
  readonly globalIndexes?: readonly GlobalIndex[];
  readonly ttl?: TimeToLive;
  /**
   * What the partitions have to be told (`settingsOf`) changed that often; absent: 0, and they need to be told nothing. A table that
   * is made with indexes begins with 1.
   */
  readonly settingsVersion?: number;
}

/** When items expire. */
export interface TimeToLive {
  readonly attribute: string;
  readonly enabled: boolean;
  /** Wall-clock time. */
  readonly changedAtMs: number;
}

export type TableStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

/** Key: `table/<account>/<region>/<name>`. */
export interface TableRecord extends TableDefinition {
  readonly generation: number;
  readonly status: TableStatus;
  /** It serves, but a node was down when it was made: replicas there are still to be made. */
  readonly incomplete?: true;
  readonly history?: TableHistory;
  /** Every partition is known to have the settings of this version; absent: 0. */
  readonly settledVersion?: number;
  /** Ids of the last changes, oldest first: one that comes again, however late, is known by it. */
  readonly changes?: readonly string[];
}

/** Whether items can be read and written. */
export function isServing({ status }: TableRecord): boolean {
  return status === 'ACTIVE' || status === 'UPDATING';
}

/**
 * What a table that is gone leaves under its key for REMOVED_RECORD_KEPT_MS: it makes a late copy of the CreateTable that made the
 * table, or of one that lost to it, meet a generation that it does not expect.
 */
export interface RemovedTableRecord {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly tableId: string;
  readonly status: 'REMOVED';
  readonly generation: number;
  /** Wall clock of the auto-admin that removed the table. */
  readonly removedAtMs: number;
}

export interface ReplicaRecord {
  readonly replica: ReplicaId;
  readonly node: NodeId;
  readonly az: string;
}

/** Key: `partition/<tableId>/<partitionId>`. The group's own log is the truth; this copy takes only higher epochs. */
export interface PartitionRecord {
  readonly tableId: string;
  readonly partitionId: number;
  readonly group: GroupId;
  readonly generation: number;
  /** Version of the range. */
  readonly epoch: number;
  /** Hexadecimal; low <= key < high; empty high: no upper bound. */
  readonly low: string;
  readonly high: string;
  /** Number of the configuration below. */
  readonly configuration: number;
  /** Order matters: the first is preferred as leader, the next one as its successor, in a ring. */
  readonly replicas: readonly ReplicaRecord[];
  /**
   * It serves nobody any more and its replicas are to be destroyed, however long a node that has one is down. Either it is of an index that
   * nobody sends to and no table names, or its table is being deleted and a quorum of its replicas is gone.
   */
  readonly retired?: true;
}

/** Key: `node/<nodeId>`. */
export interface NodeRecord {
  readonly node: NodeId;
  readonly az: string;
  readonly address: string;
  readonly incarnation: number;
  readonly generation: number;
}

/** A credential as its maker hands it over. Access key ids are random and never used again. */
export interface CredentialDefinition {
  readonly accessKeyId: string;
  readonly account: string;
  /** Of the user whose credential it is; one user can have several. */
  readonly userName: string;
  /** Sealed for this access key id, by the method and under the key that `sealing` names (env/sealer.ts). */
  readonly sealedSecret: string;
  readonly sealing: string;
  /** Text of an identity policy (shared/policy); absent: nothing is allowed. */
  readonly policy?: string;
  readonly createdAtMs: number;
}

/** Key: `credential/<accessKeyId>`. */
export interface CredentialRecord extends CredentialDefinition {
  readonly status: 'ACTIVE';
  readonly generation: number;
}

/** What a revoked credential leaves under its key for REMOVED_RECORD_KEPT_MS: a late copy of the call that made it finds it there. */
export interface RevokedCredentialRecord {
  readonly accessKeyId: string;
  readonly status: 'REVOKED';
  readonly generation: number;
  /** Wall clock of the auto-admin that revoked it. */
  readonly revokedAtMs: number;
}

/** Key: `counters`. Ids below are taken; each only grows. */
export interface CountersRecord {
  readonly nextGroup: GroupId;
  readonly nextReplica: ReplicaId;
  readonly generation: number;
}

/** Key: `auto-admin-lease`. A holder renews by raising `renewal`; others take over when it stood still for the lease time on their own clock. */
export interface AutoAdminLeaseRecord {
  readonly holder: string;
  readonly renewal: number;
  readonly generation: number;
}
