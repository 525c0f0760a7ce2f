import { must } from '../../../shared/base/assert.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { KeyCondition } from '../../../shared/expression/conditions-on-key.ts';
import { getAttribute, typeOf } from '../../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../../../shared/item/attribute-value.ts';
import { checkIndexKeys, refuseEmptyIndexKey } from '../../../shared/item/index-key-check.ts';
import { decodeGlobalKey, decodeLocalKey, globalIndexKey, globalIndexPrefix, localIndexKey } from '../../../shared/item/index-key.ts';
import { decodeKey, encodePartitionPrefix, encodeRequestKey } from '../../../shared/item/key-encoding.ts';
import { ItemError } from '../../../shared/item/canonical-value.ts';
import { validationError } from './api-error.ts';
import { sourceKeyNames, tableKeyOf } from './read-source.ts';
import type { ReadSource } from './read-source.ts';

/** Between the keys that clients write and the bytes of what a Query or Scan reads. */

export const INVALID_START = 'The provided starting key is invalid';
const NOT_THE_SCHEMA = 'The provided key element does not match the schema';

/** What the keys of one partition of the source begin with, and no other key does. Throws ItemError. */
export function partitionPrefix(source: ReadSource, condition: KeyCondition, digest: Digest): Buffer {
  const { view, index, keys } = source;
  const [first] = condition.partition as readonly [AttributeValue, ...AttributeValue[]];
  if (index === undefined) return encodePartitionPrefix(view.record.keys, first, digest);
  refuseEmptyValues(source, index.name, condition);
  if (index.kind === 'local') return encodePartitionPrefix(view.record.keys, first, digest);
  const values = Object.fromEntries(keys.partition.map(({ name }, at) => [name, must(condition.partition[at])]));
  checkIndexKeys([{ name: index.name, keys }], values);
  return globalIndexPrefix(condition.partition, digest);
}

function refuseEmptyValues({ keys }: ReadSource, index: string, { partition, sort }: KeyCondition): void {
  for (const [at, { name }] of keys.partition.entries()) refuseEmptyIndexKey(must(partition[at]), name, index);
  for (const [at, { values }] of sort.entries()) {
    for (const value of values) refuseEmptyIndexKey(value, must(keys.sort[at]).name, index);
  }
}

/** The bytes of a starting key. Throws ValidationException. */
export function encodeStartKey(source: ReadSource, startKey: AttributeMap, digest: Digest): Buffer {
  const { view, index } = source;
  if (index === undefined) return encodeTableKey(source, startKey, digest);
  checkIndexStart(source, startKey);
  const tableKey = encodeTableKey(source, tableKeyOf(source, startKey), digest);
  const key =
    index.kind === 'local'
      ? localIndexKey(view.record.keys, index.definition.sort, startKey, tableKey)
      : globalIndexKey(index.definition.keys, startKey, tableKey, digest);
  if (key === undefined) throw validationError(INVALID_START);
  return key;
}

/** A starting key of an index has the attributes of its key and of the table's, and no others. */
function checkIndexStart(source: ReadSource, startKey: AttributeMap): void {
  const names = sourceKeyNames(source);
  const given = Object.keys(startKey);
  if (given.length !== names.size || !given.every((name) => names.has(name))) throw validationError(INVALID_START);
  for (const { name, type } of [...source.keys.partition, ...source.keys.sort]) {
    const value = getAttribute(startKey, name);
    if (value === undefined || typeOf(value) !== type) throw validationError(NOT_THE_SCHEMA);
  }
}

function encodeTableKey({ view }: ReadSource, key: AttributeMap, digest: Digest): Buffer {
  try {
    return encodeRequestKey(view.record.keys, key, digest);
  } catch (error) {
    throw error instanceof ItemError ? validationError(`${INVALID_START}: ${error.message}`) : error;
  }
}

/** The key to go on behind, as clients write it. */
export function decodeLastKey({ view, index }: ReadSource, key: Uint8Array): AttributeMap {
  const { keys } = view.record;
  if (index === undefined) return decodeKey(keys, key);
  return index.kind === 'local' ? decodeLocalKey(keys, index.definition.sort, key) : decodeGlobalKey(index.definition.keys, keys, key);
}
