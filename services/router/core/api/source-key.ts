import { must } from '../../../shared/base/assert.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import type { KeyCondition } from '../../../shared/expression/conditions-on-key.ts';
import { getAttribute, typeOf } from '../../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../../../shared/item/attribute-value.ts';
import { checkIndexKeys, refuseEmptyIndexKey } from '../../../shared/item/index-key-check.ts';
import { decodeGlobalKey, decodeLocalKey, globalIndexKey, globalIndexPrefix, localIndexKey } from '../../../shared/item/index-key.ts';
import {
  decodeKey,
  encodePartitionPrefix,
  encodeRequestKey,
  NOT_THE_SCHEMA,
  refuseEmptyKeyValue,
} from '../../../shared/item/key-encoding.ts';
import { ItemError } from '../../../shared/item/canonical-value.ts';
import { validationError } from './api-error.ts';
import { sourceKeyNames, tableKeyOf } from './read-source.ts';
import type { ReadSource } from './read-source.ts';

/** Between the keys that clients write and the bytes of what a Query or Scan reads. */

export const INVALID_START = 'The provided starting key is invalid';

/** What the keys of one partition of the source begin with, and no other key does. Throws ItemError. */
export function partitionPrefix(source: ReadSource, condition: KeyCondition, digest: Digest): Buffer {
  const { view, index, keys } = source;
  const [first] = condition.partition as readonly [AttributeValue, ...AttributeValue[]];
  if (index === undefined) {
    const prefix = encodePartitionPrefix(view.record.keys, first, digest);
    for (const value of condition.sort[0]?.values ?? []) refuseEmptyKeyValue(value, must(keys.sort[0]));
    return prefix;
  }
  refuseEmptyValues(source, index.name, condition);
  if (index.kind === 'local') return encodePartitionPrefix(view.record.keys, first, digest);
  const values = Object.fromEntries(keys.partition.map(({ name }, at) => [name, must(condition.partition[at])]));
  checkIndexKeys([{ name: index.name, keys }], values, 'query');
  return globalIndexPrefix(condition.partition, digest);
}

function refuseEmptyValues({ keys }: ReadSource, index: string, { partition, sort }: KeyCondition): void {
  for (const [at, { name }] of keys.partition.entries()) refuseEmptyIndexKey(must(partition[at]), name, index);
  for (const [at, { values }] of sort.entries()) {
    for (const value of values) refuseEmptyIndexKey(value, must(keys.sort[at]).name, index);
  }
}

/**
 * The bytes of a starting key. Throws ValidationException. Of a key that has not the attributes or types of the schema only a Scan of a
 * table tells more than that it is invalid (pull request 86 of ExtendDB/extenddb).
 */
export function encodeStartKey(source: ReadSource, startKey: AttributeMap, operation: 'query' | 'scan', digest: Digest): Buffer {
  const { view, index } = source;
  if (index === undefined) return encodeTableKey(source, startKey, operation === 'scan', digest);
  checkIndexStart(source, startKey);
  const tableKey = encodeTableKey(source, tableKeyOf(source, startKey), false, digest);
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
    if (value === undefined || typeOf(value) !== type) throw validationError(INVALID_START);
  }
}

function encodeTableKey({ view }: ReadSource, key: AttributeMap, tellsMismatch: boolean, digest: Digest): Buffer {
  try {
    return encodeRequestKey(view.record.keys, key, digest);
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    const isPlain = error.message === NOT_THE_SCHEMA && !tellsMismatch;
    throw validationError(isPlain ? INVALID_START : `${INVALID_START}: ${error.message}`);
  }
}

/** The key to go on behind, as clients write it. */
export function decodeLastKey({ view, index }: ReadSource, key: Uint8Array): AttributeMap {
  const { keys } = view.record;
  if (index === undefined) return decodeKey(keys, key);
  return index.kind === 'local' ? decodeLocalKey(keys, index.definition.sort, key) : decodeGlobalKey(index.definition.keys, keys, key);
}
