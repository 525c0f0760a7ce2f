import type { AttributeNames } from '../../../shared/expression/binding.ts';
import type { RangeOperation, StorageResponse } from '../../../shared/wire/storage-operations.ts';
import type { Identity } from '../api/identity.ts';
import type { ItemOperation, TableView } from '../storage-port.ts';

/**
 * The messages between the loop and its thread for large requests. Every job has an id; a call of a job to the storage has a
 * number of its own within the job.
 */

/** A whole request, from its body to its answer. */
export interface RequestJob {
  readonly kind: 'request';
  readonly id: number;
  readonly operation: string;
  readonly identity: Identity;
  readonly region: string;
  readonly body: Uint8Array;
  /** On the monotonic clock, which both sides read alike. */
  readonly deadlineAtMs: number;
}

/** Items of which a projection asks for a part. */
export interface ProjectionJob {
  readonly kind: 'project';
  readonly id: number;
  readonly expression: string;
  readonly names: AttributeNames | undefined;
  readonly items: ByteList;
  readonly deadlineAtMs: number;
}

/** Byte strings in a row: one buffer to move instead of one for each. */
export interface ByteList {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** The answer to a call. */
export interface CallAnswer {
  readonly kind: 'called';
  readonly id: number;
  readonly call: number;
  readonly table?: TableView | undefined;
  /** Of a table: whether the catalog that was asked is the newest one. */
  readonly fresh?: boolean;
  readonly response?: StorageResponse;
}

export type ToThread = RequestJob | ProjectionJob | CallAnswer;

export interface JobCall {
  readonly kind: 'call';
  readonly id: number;
  readonly call: number;
  readonly tableName: string;
  /** Undefined: the table itself is asked for, as the newest catalog shows it. */
  readonly operation: ItemOperation | RangeOperation | undefined;
  /** The global index that a range is of. */
  readonly indexId?: string | undefined;
  /** Milliseconds left from the call. */
  readonly deadlineMs: number;
}

export interface JobAnswer {
  readonly kind: 'answer';
  readonly id: number;
  readonly body: Uint8Array;
}

export interface JobProjection {
  readonly kind: 'projected';
  readonly id: number;
  readonly items: ByteList;
}

/** The client is told this error. */
export interface JobRefusal {
  readonly kind: 'refused';
  readonly id: number;
  readonly type: string;
  readonly status: number;
  readonly message: string;
  readonly body: string;
}

/** Our own mistake. */
export interface JobFailure {
  readonly kind: 'failed';
  readonly id: number;
  readonly reason: string;
  readonly invariantBroken: boolean;
}

export type FromThread = JobCall | JobAnswer | JobProjection | JobRefusal | JobFailure;

/** The same bytes, alone in their buffer so that it can be moved; bytes that are so already must not be used any more. */
export function movable(bytes: Uint8Array, moved: ArrayBufferLike[]): Uint8Array {
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  if (own.byteLength > 0) moved.push(own.buffer);
  return own;
}

/** The operation with its bytes movable. */
export function movableOperation<Operation extends ItemOperation | RangeOperation>(
  operation: Operation,
  moved: ArrayBufferLike[],
): Operation {
  const copy: Record<string, unknown> = { ...operation };
  for (const name in copy) {
    const value = copy[name];
    if (value instanceof Uint8Array) copy[name] = movable(value, moved);
  }
  return copy as Operation;
}

export function packBytes(parts: readonly Uint8Array[]): ByteList {
  const lengths = parts.map((part) => part.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, lengths };
}

export function unpackBytes({ bytes, lengths }: ByteList): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}
