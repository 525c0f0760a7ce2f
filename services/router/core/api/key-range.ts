import { compareBytes, successor } from '../../../shared/base/bytes.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { KeyCondition } from '../../../shared/expression/conditions-on-key.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { KEY_HASH_BYTES } from '../../../shared/item/key-encoding.ts';
import { sortKeyRange } from '../../../shared/item/key-range.ts';
import { validationError } from './api-error.ts';
import type { PageRange } from './page.ts';
import type { ReadSource } from './read-source.ts';
import { encodeStartKey, INVALID_START, partitionPrefix } from './source-key.ts';

/** The keys that a Query reads, behind its starting key. Throws ValidationException or ItemError. */
export function queryRange(
  source: ReadSource,
  condition: KeyCondition,
  startKey: AttributeMap | undefined,
  reverse: boolean,
  digest: Digest,
): PageRange {
  const prefix = partitionPrefix(source, condition, digest);
  const range = sortKeyRange(prefix, source.keys.sort, condition.sort);
  if (startKey === undefined) return { ...range, reverse };
  const start = encodeStartKey(source, startKey, 'query', digest);
  const inside = compareBytes(start, range.low) >= 0 && compareBytes(start, range.high) < 0;
  if (!inside) throw outside(compareBytes(start.subarray(0, prefix.length), prefix) === 0, condition.sort.length > 0);
  return behind({ ...range, reverse }, start);
}

/** The keys of one segment of a Scan, behind its starting key. Segments part the space of hashes evenly. */
export function scanRange(
  source: ReadSource,
  segment: number,
  totalSegments: number,
  startKey: AttributeMap | undefined,
  digest: Digest,
): PageRange {
  const low = hashBound(segment, totalSegments);
  const high = segment + 1 === totalSegments ? undefined : hashBound(segment + 1, totalSegments);
  const range: PageRange = { low, high, reverse: false };
  if (startKey === undefined) return range;
  const start = encodeStartKey(source, startKey, 'scan', digest);
  if (compareBytes(start, low) < 0 || (high !== undefined && compareBytes(start, high) >= 0)) {
    throw validationError(
      `${INVALID_START}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ` +
        `TotalSegments: ${totalSegments} Segment: ${segment}`,
    );
  }
  return behind(range, start);
}

const HASHES = 1n << BigInt(8 * KEY_HASH_BYTES);

/** The least hash of a segment; the texts of the hashes are the first bytes of all keys. */
function hashBound(segment: number, totalSegments: number): Buffer {
  if (segment === 0) return Buffer.alloc(0);
  const bound = Buffer.alloc(KEY_HASH_BYTES);
  bound.writeBigUInt64BE((HASHES * BigInt(segment) + BigInt(totalSegments) - 1n) / BigInt(totalSegments));
  return bound;
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
