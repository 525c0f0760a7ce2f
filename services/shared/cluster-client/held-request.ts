import type { GroupId, NodeId } from '../base/ids.ts';
import type { PartitionRecord } from '../placement/catalog-records.ts';
import type { StorageOperation, StorageResponse } from '../wire/storage-operations.ts';
import type { NodeConnection } from './node-connection.ts';
import { isWrite, operationBytes } from './operations.ts';

/**
 * One request from its arrival to its answer, wherever it is meanwhile: at a node, or held here until it may be tried
 * again. Plain fields, because the data path makes one of these for each request and nothing else.
 */
export class HeldRequest {
  readonly operation: StorageOperation;
  /** Where the key is, for looking the partition up again in a newer map. */
  readonly routingKey: Uint8Array;
  readonly deadlineAtMs: number;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** False: an eventually consistent read, which any replica may answer. */
  readonly needsLeader: boolean;
  readonly resolve: (response: StorageResponse) => void;

  partition: PartitionRecord;
  /** Place in the client's list of live requests. */
  place = -1;
  /** The node it is at, or was at last. */
  node: NodeId | undefined = undefined;
  /** Where an answer is awaited; undefined while it is held here. */
  connection: NodeConnection<HeldRequest> | undefined = undefined;
  /** Correlates the answer on that connection. */
  id = 0;
  /** While held here: not tried again before. */
  retryAtMs = 0;
  /** Replicas asked since the last pause. */
  tries = 0;
  /** Pauses so far. */
  pauses = 0;
  /** Redirects followed since the last pause. */
  redirects = 0;
  /** Streams that were lost while they owed the answer. */
  losses = 0;
  /** Replicas that have no copy to answer from. */
  withoutCopy: Set<NodeId> | undefined = undefined;
  /** A write was sent and not answered: it may have been, or may still be, carried out. */
  uncertain = false;
  /** A copy was sent and its stream was lost: it may still lie in some socket and reach its node much later. */
  strayCopy = false;

  constructor(
    operation: StorageOperation,
    partition: PartitionRecord,
    routingKey: Uint8Array,
    deadlineAtMs: number,
    resolve: (response: StorageResponse) => void,
  ) {
    this.operation = operation;
    this.partition = partition;
    this.routingKey = routingKey;
    this.deadlineAtMs = deadlineAtMs;
    this.resolve = resolve;
    this.bytes = operationBytes(operation);
    this.isWrite = isWrite(operation);
    this.needsLeader = operation.kind === 'get' || operation.kind === 'range' ? operation.consistent : true;
  }

  get group(): GroupId {
    return this.partition.group;
  }
}
