import { assert } from '../base/assert.ts';
import { asBuffer } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../limits/item-limits.ts';
import { getAttribute, setAttribute, typeOf } from './attribute-map.ts';
import type { MutableAttributeMap } from './attribute-map.ts';
import type { AttributeMap, AttributeValue, KeyAttribute, KeySchema } from './attribute-value.ts';
import { decodeKey, KEY_HASH_BYTES } from './key-encoding.ts';
import { keyValueBytes } from './key-value-size.ts';
import { decodeOrderedValue, orderedBytesMax, writeOrdered } from './ordered-value.ts';

/**
 * Whole keys of secondary indexes. The table's key follows the index's own, since that need not be unique.
 *
 *     global   hash (8) of the partition values · ordered(each partition value) · ordered(each sort value) · the table's whole key
 *     local    hash (8) · ordered(partition value) · ordered(sort value of the index) · ordered(sort value of the table)
 *
 * A local key begins as the table's does, so that a range of the table's keys is one of the index's, too. The bytes of one
 * partition begin alike in both, and sort as the sort values do.
 */

/** The key of a global index: one to four attributes for the partition, none to four for the order within it. */
export interface IndexKeySchema {
  readonly partition: readonly KeyAttribute[];
  readonly sort: readonly KeyAttribute[];
}

/** Undefined: the item lacks an attribute of the key, or has it as another type, empty or too long, and so is not in the index. */
export function globalIndexKey(schema: IndexKeySchema, item: AttributeMap, tableKey: Uint8Array, digest: Digest): Buffer | undefined {
  const partition = keyValues(schema.partition, item, PARTITION_KEY_BYTES_MAX);
  const sort = partition === undefined ? undefined : keyValues(schema.sort, item, SORT_KEY_BYTES_MAX);
  if (partition === undefined || sort === undefined) return undefined;
  const prefix = globalIndexPrefix(partition, digest);
  return Buffer.concat([prefix, ...sort.map(ordered), tableKey]);
}

/** What the keys of all entries with these partition values begin with, and no other key does. */
export function globalIndexPrefix(partition: readonly AttributeValue[], digest: Digest): Buffer {
  const bytes = Buffer.concat(partition.map(ordered));
  return Buffer.concat([digest.md5(bytes).subarray(0, KEY_HASH_BYTES), bytes]);
}

/** The attributes of both keys in that of a global index. Throws MalformedBytesError for bytes that are no such key. */
export function decodeGlobalKey(schema: IndexKeySchema, keys: KeySchema, indexKey: Uint8Array): AttributeMap {
  const bytes = asBuffer(indexKey);
  const attributes: MutableAttributeMap = {};
  let at = KEY_HASH_BYTES;
  for (const { name, type } of [...schema.partition, ...schema.sort]) {
    const { value, end } = decodeOrderedValue(bytes, at, type);
    setAttribute(attributes, name, value);
    at = end;
  }
  return { ...attributes, ...decodeKey(keys, bytes.subarray(at)) };
}

/** The table's key at the end of a global index's. Throws MalformedBytesError for bytes that are no such key. */
export function tableKeyOfGlobal(schema: IndexKeySchema, indexKey: Uint8Array): Buffer {
  const bytes = asBuffer(indexKey);
  let at = KEY_HASH_BYTES;
  for (const { type } of [...schema.partition, ...schema.sort]) at = decodeOrderedValue(bytes, at, type).end;
  return bytes.subarray(at);
}

/** Undefined: the item has no sort value of the index's type and of a length that keys may have, and so is not in the index. */
export function localIndexKey(keys: KeySchema, sort: KeyAttribute, item: AttributeMap, tableKey: Uint8Array): Buffer | undefined {
  const [value] = keyValues([sort], item, SORT_KEY_BYTES_MAX) ?? [];
  if (value === undefined) return undefined;
  const bytes = asBuffer(tableKey);
  const at = partitionEnd(keys, bytes);
  return Buffer.concat([bytes.subarray(0, at), ordered(value), bytes.subarray(at)]);
}

/** The table's key in a local index's. Throws MalformedBytesError for bytes that are no such key. */
export function tableKeyOfLocal(keys: KeySchema, sort: KeyAttribute, indexKey: Uint8Array): Buffer {
  const bytes = asBuffer(indexKey);
  const at = partitionEnd(keys, bytes);
  const { end } = decodeOrderedValue(bytes, at, sort.type);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
}

/** The attributes of both keys in that of a local index. Throws MalformedBytesError for bytes that are no such key. */
export function decodeLocalKey(keys: KeySchema, sort: KeyAttribute, indexKey: Uint8Array): AttributeMap {
  const attributes: MutableAttributeMap = { ...decodeKey(keys, tableKeyOfLocal(keys, sort, indexKey)) };
  const bytes = asBuffer(indexKey);
  setAttribute(attributes, sort.name, decodeOrderedValue(bytes, partitionEnd(keys, bytes), sort.type).value);
  return attributes;
}

/** Where the partition value of a key of the table, or of a local index, ends. */
export function partitionEnd(keys: KeySchema, key: Buffer): number {
  return decodeOrderedValue(key, KEY_HASH_BYTES, keys.partition.type).end;
}

/** Values that have no more than so many bytes together: several attributes of a key have the length of one. */
function keyValues(attributes: readonly KeyAttribute[], item: AttributeMap, bytesMax: number): AttributeValue[] | undefined {
  const values: AttributeValue[] = [];
  let bytes = 0;
  for (const attribute of attributes) {
    const value = keyValue(attribute, item);
    if (value === undefined) return undefined;
    bytes += keyValueBytes(value);
    if (bytes > bytesMax) return undefined;
    values.push(value);
  }
  return values;
}

/** Writes refuse wrong types, empty values and long ones (index-key-check.ts); items that were there before an index may have them. */
function keyValue({ name, type }: KeyAttribute, item: AttributeMap): AttributeValue | undefined {
  const value = getAttribute(item, name);
  if (value === undefined || typeOf(value) !== type) return undefined;
  const isEmpty = ('S' in value && value.S === '') || ('B' in value && value.B === '');
  return isEmpty ? undefined : value;
}

function ordered(value: AttributeValue): Buffer {
  const target = Buffer.allocUnsafe(orderedBytesMax(value));
  const length = writeOrdered(target, 0, value);
  assert(length <= target.length, 'an ordered value that is longer than it can be');
  return target.subarray(0, length);
}
