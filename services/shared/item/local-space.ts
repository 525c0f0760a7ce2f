import { assert } from '../base/assert.ts';
import { KEY_HASH_BYTES } from './key-encoding.ts';

/**
 * Where a partition keeps what it derives from its items: in the same tree, behind all of them, so that checkpoints, snapshots,
 * state hashes and scrub hold items and index entries together. A key of an item has a type byte behind its hash, which is
 * never 0xff: nine such bytes are above all of them, whatever the hash.
 *
 *     0xff (9) · number (1) · key within the space
 */
const PREFIX = Buffer.alloc(KEY_HASH_BYTES + 1, 0xff);

/** Every key of an item is below, every other one is not. */
export const LOCAL_SPACE_LOW: Buffer = PREFIX;

/** Bytes in front of a key within a space. */
export const LOCAL_PREFIX_BYTES = PREFIX.length + 1;

/** Local secondary indexes have the numbers from 1 on; this one holds when items expire. */
export const EXPIRY_SPACE = 0xe0;

export function localKey(number: number, key: Uint8Array): Buffer {
  assert(number > 0 && number < 0xff, 'number of a local space');
  const bytes = Buffer.allocUnsafe(LOCAL_PREFIX_BYTES + key.length);
  PREFIX.copy(bytes);
  bytes[PREFIX.length] = number;
  bytes.set(key, LOCAL_PREFIX_BYTES);
  return bytes;
}

/** The first key behind a space. */
export function localSpaceEnd(number: number): Buffer {
  return localKey(number + 1, NOTHING);
}

/** The key within its space. */
export function withoutSpace(key: Uint8Array): Uint8Array {
  return key.subarray(LOCAL_PREFIX_BYTES);
}

const NOTHING = new Uint8Array(0);
