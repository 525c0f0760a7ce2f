import { MalformedBytesError } from '../base/byte-reader.ts';
import { asBuffer } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../limits/item-limits.ts';
import { attributeNames, getAttribute, setAttribute, typeOf } from './attribute-map.ts';
import type { MutableAttributeMap } from './attribute-map.ts';
import type { AttributeMap, AttributeValue, KeyAttribute, KeySchema } from './attribute-value.ts';
import { ItemError } from './item-error.ts';
import { CONDITION_TYPE } from './key-range.ts';
import { keyValueBytes, tooLong } from './key-value-size.ts';
import { decodeOrderedValue, writeOrdered } from './ordered-value.ts';

/**
 * Whole keys of tables:
 *
 *     offset  bytes
 *     0       8        hash: the first eight bytes of MD5 over the bytes of `ordered(partition key)`
 *     8       n        ordered(partition key)    (ordered-value.ts: a type byte, then self-delimiting bytes)
 *     8 + n   m        ordered(sort key)         only in tables with a sort key
 *
 * The hash spreads similar partition keys over the whole range. No ordered value is a prefix of another, so
 * the keys of one partition value are exactly those that begin with its first 8 + n bytes, and within them bytes sort
 * as sort-key values do.
 */

/** Bytes of the hash in front of every key. */
export const KEY_HASH_BYTES = 8;

/** The service's text for a key with other attributes, or another type, than the table's. */
export const NOT_THE_SCHEMA = 'The provided key element does not match the schema';

/** Longest key within the limits: every byte of both values escaped. */
const KEY_BYTES_MAX = KEY_HASH_BYTES + 2 * (PARTITION_KEY_BYTES_MAX + SORT_KEY_BYTES_MAX) + 4;

/** Where keys are put together, so that each is allocated once, in its own length. Nothing here yields while it is in use. */
const workspace = Buffer.alloc(KEY_BYTES_MAX);

/** The key of an item that is to be written. Throws ItemError with the texts of PutItem. */
export function encodeKey(schema: KeySchema, item: AttributeMap, digest: Digest): Buffer {
  const partition = itemKeyValue(item, schema.partition, PARTITION_KEY_BYTES_MAX);
  const sort = schema.sort === undefined ? undefined : itemKeyValue(item, schema.sort, SORT_KEY_BYTES_MAX);
  return joinKey(partition, sort, digest);
}

/**
 * The key that a request names in its `Key`, which holds the key attributes and nothing else. Throws ItemError with
 * the texts of GetItem, UpdateItem and DeleteItem.
 */
export function encodeRequestKey(schema: KeySchema, key: AttributeMap, digest: Digest): Buffer {
  const attributes = schema.sort === undefined ? 1 : 2;
  if (attributeNames(key).length !== attributes) throw new ItemError('validation', NOT_THE_SCHEMA);
  const partition = requestKeyValue(key, schema.partition, PARTITION_KEY_BYTES_MAX);
  const sort = schema.sort === undefined ? undefined : requestKeyValue(key, schema.sort, SORT_KEY_BYTES_MAX);
  return joinKey(partition, sort, digest);
}

/** What the keys of all items with this partition-key value begin with, and no other key does. Throws ItemError. */
export function encodePartitionPrefix(schema: KeySchema, partitionValue: AttributeValue, digest: Digest): Buffer {
  if (typeOf(partitionValue) !== schema.partition.type) throw new ItemError('validation', CONDITION_TYPE);
  checkKeyValue(partitionValue, schema.partition, PARTITION_KEY_BYTES_MAX);
  return joinKey(partitionValue, undefined, digest);
}

/** The key attributes of a whole key; the exact inverse of `encodeKey`. Throws MalformedBytesError for any other bytes. */
export function decodeKey(schema: KeySchema, key: Uint8Array): AttributeMap {
  const bytes = asBuffer(key);
  const attributes: MutableAttributeMap = {};
  const partition = decodeOrderedValue(bytes, KEY_HASH_BYTES, schema.partition.type);
  setAttribute(attributes, schema.partition.name, partition.value);
  let end = partition.end;
  if (schema.sort !== undefined) {
    const sort = decodeOrderedValue(bytes, end, schema.sort.type);
    setAttribute(attributes, schema.sort.name, sort.value);
    end = sort.end;
  }
  if (end !== bytes.length) throw new MalformedBytesError(`${bytes.length - end} bytes behind the end of a key`);
  return attributes;
}

function joinKey(partition: AttributeValue, sort: AttributeValue | undefined, digest: Digest): Buffer {
  let end = writeOrdered(workspace, KEY_HASH_BYTES, partition);
  const hash = digest.md5(workspace.subarray(KEY_HASH_BYTES, end));
  for (let at = 0; at < KEY_HASH_BYTES; at++) workspace[at] = hash[at] as number;
  if (sort !== undefined) end = writeOrdered(workspace, end, sort);
  const key = Buffer.allocUnsafe(end);
  workspace.copy(key, 0, 0, end);
  return key;
}

function itemKeyValue(item: AttributeMap, attribute: KeyAttribute, bytesMax: number): AttributeValue {
  const { name, type } = attribute;
  const value = getAttribute(item, name);
  if (value === undefined) throw invalid(`Missing the key ${name} in the item`);
  const actual = typeOf(value);
  if (actual !== type) throw invalid(`Type mismatch for key ${name} expected: ${type} actual: ${actual}`);
  checkKeyValue(value, attribute, bytesMax);
  return value;
}

function requestKeyValue(key: AttributeMap, attribute: KeyAttribute, bytesMax: number): AttributeValue {
  const value = getAttribute(key, attribute.name);
  if (value === undefined || typeOf(value) !== attribute.type) throw new ItemError('validation', NOT_THE_SCHEMA);
  checkKeyValue(value, attribute, bytesMax);
  return value;
}

/** Strings and binaries of a key must not be empty nor too long; a number is always short enough. */
function checkKeyValue(value: AttributeValue, attribute: KeyAttribute, bytesMax: number): void {
  if ('N' in value) return;
  refuseEmptyKeyValue(value, attribute);
  const text = 'S' in value ? value.S : 'B' in value ? value.B : '';
  // A UTF-16 unit is at most three bytes of UTF-8, so a short text needs no counting.
  if (text.length * 3 <= bytesMax) return;
  if (keyValueBytes(value) > bytesMax) throw tooLong(bytesMax === PARTITION_KEY_BYTES_MAX ? 'partition' : 'sort');
}

/** Throws ItemError for an empty string or binary, which no key holds and no condition on a key names. */
export function refuseEmptyKeyValue(value: AttributeValue, { name }: KeyAttribute): void {
  const kind = 'S' in value && value.S === '' ? 'string' : 'B' in value && value.B === '' ? 'binary' : undefined;
  if (kind === undefined) return;
  const text = `The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`;
  throw new ItemError('validation', `One or more parameter values are not valid. ${text}`);
}

function invalid(text: string): ItemError {
  return new ItemError('validation', `One or more parameter values were invalid: ${text}`);
}
