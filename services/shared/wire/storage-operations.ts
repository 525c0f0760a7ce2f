import type { GroupId, NodeId, Slot } from '../base/ids.ts';

/**
 * What a router asks a storage node to do with one partition, and the answers (proto/requests.proto). Items, names and
 * values are canonical DynamoDB JSON in UTF-8; keys are encoded keys of item/key-encoding.ts.
 */
export interface StorageRequest {
  /** Correlates the answer on the same stream. */
  readonly id: number;
  readonly group: GroupId;
  /** Time left when the frame was sent; the storage node drops what nobody waits for any more. */
  readonly deadlineMs: number;
  readonly operation: StorageOperation;
}

export type StorageOperation = GetOperation | PutOperation | UpdateOperation | DeleteOperation | RangeOperation | ApplyChangesOperation;

export interface GetOperation {
  readonly kind: 'get';
  readonly key: Uint8Array;
  /** Strong: at the leader, under its lease. Otherwise at any replica that heard the leader's commit lately. */
  readonly consistent: boolean;
}

/** Expression text with its names and values; the storage node compiles it again and caches by text. */
export interface ExpressionFields {
  readonly condition?: string;
  /** JSON object: placeholder with its `#` -> attribute name. */
  readonly names?: Uint8Array;
  /** JSON object: placeholder with its `:` -> canonical attribute value. */
  readonly values?: Uint8Array;
}

/** A write is repeated only under its number; the life is the incarnation of the router's stream. */
export interface NumberedWrite {
  readonly number: number;
  /** Send the old item along when the condition fails. */
  readonly returnOldOnFailure: boolean;
  /** What the answer is to tell besides: a sum of MEASURE_COLLECTION and MEASURE_INDEXES; absent: nothing. */
  readonly measure?: number;
}

/** The size of the item collection, where the table has local indexes. */
export const MEASURE_COLLECTION = 1;
/** The write units that each index takes. */
export const MEASURE_INDEXES = 2;

export interface PutOperation extends ExpressionFields, NumberedWrite {
  readonly kind: 'put';
  readonly key: Uint8Array;
  readonly item: Uint8Array;
  /** In DynamoDB's accounting, bytes. */
  readonly itemSize: number;
  readonly returnOld: boolean;
}

export type UpdateReturn = 'none' | 'all-old' | 'updated-old' | 'all-new' | 'updated-new';

export interface UpdateOperation extends ExpressionFields, NumberedWrite {
  readonly kind: 'update';
  readonly key: Uint8Array;
  /** The key attributes as a JSON object: what a new item starts from. */
  readonly keyAttributes: Uint8Array;
  /** Update expression; empty: the item is created from its key alone, or left as it is. */
  readonly update: string;
  readonly returnValues: UpdateReturn;
}

export interface DeleteOperation extends ExpressionFields, NumberedWrite {
  readonly kind: 'delete';
  readonly key: Uint8Array;
  readonly returnOld: boolean;
}

/** A slice of a Query or Scan within one partition. */
export interface RangeOperation {
  readonly kind: 'range';
  readonly low: Uint8Array;
  /** Exclusive; undefined: to the end of the partition. */
  readonly high?: Uint8Array;
  readonly reverse: boolean;
  readonly consistent: boolean;
  /** At most so many items are evaluated; 0: no limit. */
  readonly limit: number;
  /** Stop after the item that reaches this sum of item sizes (evaluated, before the filter), bytes; with `fetchItems` also of those fetched. */
  readonly byteLimit: number;
  readonly filter?: string;
  readonly names?: Uint8Array;
  readonly values?: Uint8Array;
  /** Send no items, only counts. */
  readonly countOnly: boolean;
  /** A local secondary index by its number: then the bounds, and the last key of the answer, are keys of it. Absent: the items themselves. */
  readonly index?: number;
  /** Items of a local index are to be read whole, from the table. */
  readonly fetchItems?: true;
}

/**
 * From the leader of a table's partition to a partition of a global index: what changed there, as one step. It is taken only if
 * the index partition has come to just `previous` of this source; the answer's slot says where it is now. Repeating it is
 * harmless, so it has no number.
 */
export interface ApplyChangesOperation {
  readonly kind: 'apply-changes';
  /** Group of the table's partition. */
  readonly source: GroupId;
  readonly previous: Slot;
  /** Slot of the source up to which the index partition has come with these changes. */
  readonly slot: Slot;
  /** In order: of a key the last one counts. */
  readonly changes: readonly IndexChange[];
  /** The first ones of this source: an index partition that does not know it begins at `previous`. */
  readonly opens: boolean;
}

export interface IndexChange {
  readonly key: Uint8Array;
  /** Stored value under the index's key; undefined: the entry goes. */
  readonly value?: Uint8Array;
}

export type StorageStatus =
  | 'ok'
  /** The condition was false; nothing changed. `item` when asked for and present. */
  | 'condition-failed'
  /** The request is wrong in a way only the item shows; `message` is the service's text. */
  | 'validation'
  /** This replica does not lead the group; `leader` when it knows. Nothing was done. */
  | 'not-leader'
  /** No lease yet, log still being adopted, replica damaged or too far behind to answer: ask again or elsewhere. Nothing was done. */
  | 'not-ready'
  /** No such group here: the partition map is old. Nothing was done. */
  | 'no-such-group'
  /** The key is outside the partition's range: the partition map is old. Nothing was done. */
  | 'wrong-range'
  /** Refused at once, for queues are full. Nothing was done. */
  | 'overloaded'
  /** The deadline passed before anybody could begin, or nobody has the data any more. Nothing was done. */
  | 'unavailable'
  /** The request number is at or below the floor. It may have been executed once, long ago; it was not now. */
  | 'number-refused'
  /** Leadership was lost with the write under way: it may or may not happen. Repeat under the same number. */
  | 'unknown-outcome'
  /** Disks are nearly full, so that writes are refused while everything under way can still be ended. Nothing was done. */
  | 'no-room'
  /** The copy here is lost or contradicts the others: it refuses rather than guesses. Nothing was done. */
  | 'no-copy'
  /** The item collection would grow beyond its limit. Nothing was done. */
  | 'collection-full'
  /** The global index that `message` names cannot keep up with the writes that touch it. Nothing was done. */
  | 'index-behind';

export interface StorageResponse {
  readonly id: number;
  readonly status: StorageStatus;
  readonly message?: string;
  readonly leader?: NodeId;
  /** Get: the item. Put, Delete: the old item. Update: the attributes asked for. Condition failed: the old item. */
  readonly item?: Uint8Array;
  /** Size of the item read, or of the old item; 0: there was none. */
  readonly oldSize?: number;
  /** Size of the item after a write; 0: there is none. */
  readonly newSize?: number;
  /** Slot of the write, or of the item read. */
  readonly slot?: Slot;
  readonly range?: RangeResult;
  /** With MEASURE_COLLECTION: bytes of the items and index entries with this partition key, after the write. */
  readonly collectionBytes?: number;
  /** With MEASURE_INDEXES: write units of each index that the write changed. */
  readonly indexUnits?: readonly IndexUnits[];
}

export interface IndexUnits {
  readonly index: string;
  readonly units: number;
}

export interface RangeResult {
  readonly items: readonly Uint8Array[];
  /** Items that passed the filter. */
  readonly count: number;
  /** Items evaluated. */
  readonly scanned: number;
  /** Sum of the sizes of the items evaluated, bytes. */
  readonly scannedBytes: number;
  /** Key of the last item evaluated; undefined when none was. */
  readonly lastKey?: Uint8Array;
  /** False when the range is exhausted: nothing follows lastKey. */
  readonly more: boolean;
  /** With `fetchItems`: read units of the items fetched from the table, each rounded up to a strong one. */
  readonly fetchedUnits?: number;
  /** With `fetchItems`: sum of the sizes of these items, bytes. They count against `byteLimit` as the entries do. */
  readonly fetchedBytes?: number;
}
