import { compareBytes, successor } from '../../../shared/base/bytes.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { KeyCondition } from '../../../shared/expression/key-condition.ts';
import type { AttributeMap, KeySchema } from '../../../shared/item/attribute-value.ts';
import { ItemError } from '../../../shared/item/canonical-value.ts';
import { encodePartitionPrefix, encodeRequestKey, KEY_HASH_BYTES, sortKeyRange } from '../../../shared/item/key-encoding.ts';
import type { SortKeyCondition } from '../../../shared/item/key-encoding.ts';
import { validationError } from './api-error.ts';
import type { PageRange } from './page.ts';

/** The keys that a Query reads, behind its starting key. Throws ValidationException or ItemError. */
export function queryRange(
  keys: KeySchema,
  condition: KeyCondition,
  startKey: AttributeMap | undefined,
  reverse: boolean,
  digest: Digest,
): PageRange {
  const prefix = encodePartitionPrefix(keys, condition.partition, digest);
  const { sort } = condition;
  const range = sortKeyRange(
    keys,
    prefix,
    sort === undefined ? undefined : ({ op: sort.operator, values: sort.values } as SortKeyCondition),
  );
  if (startKey === undefined) return { ...range, reverse };
  if (Object.keys(startKey).length !== (keys.sort === undefined ? 1 : 2)) throw validationError(INVALID_START);
  const start = encodeStartKey(keys, startKey, digest);
  const inside = compareBytes(start, range.low) >= 0 && compareBytes(start, range.high) < 0;
  if (!inside) throw outside(compareBytes(start.subarray(0, prefix.length), prefix) === 0, sort !== undefined);
  return behind({ ...range, reverse }, start);
}

/** The keys of one segment of a Scan, behind its starting key. Segments part the space of hashes evenly. */
export function scanRange(
  keys: KeySchema,
  segment: number,
  totalSegments: number,
  startKey: AttributeMap | undefined,
  digest: Digest,
): PageRange {
  const low = hashBound(segment, totalSegments);
  const high = segment + 1 === totalSegments ? undefined : hashBound(segment + 1, totalSegments);
  const range: PageRange = { low, high, reverse: false };
  if (startKey === undefined) return range;
  const start = encodeStartKey(keys, startKey, digest);
  if (compareBytes(start, low) < 0 || (high !== undefined && compareBytes(start, high) >= 0)) {
    throw validationError(
      `${INVALID_START}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ` +
        `TotalSegments: ${totalSegments} Segment: ${segment}`,
    );
  }
  return behind(range, start);
}

const INVALID_START = 'The provided starting key is invalid';
const HASHES = 1n << BigInt(8 * KEY_HASH_BYTES);

/** The least hash of a segment; the texts of the hashes are the first bytes of all keys. */
function hashBound(segment: number, totalSegments: number): Buffer {
  if (segment === 0) return Buffer.alloc(0);
  const bound = Buffer.alloc(KEY_HASH_BYTES);
  bound.writeBigUInt64BE((HASHES * BigInt(segment) + BigInt(totalSegments) - 1n) / BigInt(totalSegments));
  return bound;
}

function encodeStartKey(keys: KeySchema, startKey: AttributeMap, digest: Digest): Buffer {
  try {
    return encodeRequestKey(keys, startKey, digest);
  } catch (error) {
    throw error instanceof ItemError ? validationError(`${INVALID_START}: ${error.message}`) : error;
  }
}

/** What is left of a range behind a key in it. */
function behind(range: PageRange, start: Uint8Array): PageRange {
  return range.reverse ? { ...range, high: start } : { ...range, low: successor(start) };
}

/** The service's three texts for a starting key that the Query itself would not find. */
function outside(samePartition: boolean, hasSortCondition: boolean): Error {
  if (!hasSortCondition) return validationError('The provided starting key is outside query boundaries based on provided conditions');
  if (samePartition) return validationError('The provided starting key does not match the range key predicate');
  return validationError('The query can return at most one row and cannot be restarted');
}
