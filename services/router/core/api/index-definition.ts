import type { KeySchema } from '../../../shared/item/attribute-value.ts';
import type { Projection } from '../../../shared/item/projection.ts';
import { isWellFormed } from '../../../shared/item/unicode.ts';
import type { Random } from '../../../shared/env/clock.ts';
import { GLOBAL_INDEXES_MAX, LOCAL_INDEXES_MAX, PROJECTED_ATTRIBUTES_MAX } from '../../../shared/limits/table-limits.ts';
import { TOO_MANY_PROJECTED } from '../../../shared/placement/changed-indexes.ts';
import { projectedAttributes } from '../../../shared/placement/table-indexes.ts';
import type { GlobalIndex, LocalIndex } from '../../../shared/placement/table-indexes.ts';
import type { Throughput } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import type { JsonObject } from './json-object.ts';
import { readIndexKeySchema, readKeySchema, refuseFurtherDefinitions } from './key-schema.ts';
import type { AttributeTypes, KeySchemaElement } from './key-schema.ts';
import { readIndexThroughput } from './provisioned-throughput.ts';
import { readNewMaxima, readNewWarmThroughput } from './throughput-settings.ts';
import { uuid } from './uuid.ts';

/**
 * The secondary indexes of a new table. Order and texts: dynalite's validations, and measurements of the service from October 2026
 * (ack-api-quirks). The order of the names in two lists of the unused attributes, which is that of a hash map of the service's, is not kept.
 */

const INVALID = 'One or more parameter values were invalid: ';

export interface NewTable {
  readonly keys: KeySchema;
  /** Of all attributes that are defined. */
  readonly types: AttributeTypes;
  /** Of a provisioned table. */
  readonly throughput: Throughput | undefined;
}

export interface NewIndexes {
  readonly localIndexes?: readonly LocalIndex[];
  readonly globalIndexes?: readonly GlobalIndex[];
}

/** Throws ValidationException. */
export function readNewIndexes(input: JsonObject, table: NewTable, random: Random): NewIndexes {
  const local = (input.LocalSecondaryIndexes ?? undefined) as readonly JsonObject[] | undefined;
  const global = (input.GlobalSecondaryIndexes ?? undefined) as readonly JsonObject[] | undefined;
  if (local === undefined && global === undefined) {
    refuseFurtherDefinitions(table.keys, table.types);
    return {};
  }
  if (local?.length === 0) throw validationError(`${INVALID}List of LocalSecondaryIndexes is empty`);
  if (global?.length === 0) throw validationError(`${INVALID}List of GlobalSecondaryIndexes is empty`);
  refuseUnusedDefinitions(table, [...(local ?? []), ...(global ?? [])]);
  const names = new Set<string>();
  const localIndexes = local === undefined ? undefined : readLocalIndexes(local, table, names);
  const globalIndexes = global === undefined ? undefined : readGlobalIndexes(global, table, names, random);
  const projected = projectedAttributes([...(localIndexes ?? []), ...(globalIndexes ?? [])]);
  if (projected > PROJECTED_ATTRIBUTES_MAX) throw validationError(INVALID + TOO_MANY_PROJECTED);
  return {
    ...(localIndexes === undefined ? undefined : { localIndexes }),
    ...(globalIndexes === undefined ? undefined : { globalIndexes }),
  };
}

function refuseUnusedDefinitions({ keys, types }: NewTable, indexes: readonly JsonObject[]): void {
  const used = new Set([keys.partition.name, ...(keys.sort === undefined ? [] : [keys.sort.name])]);
  for (const index of indexes) for (const element of keySchemaOf(index)) used.add(element.AttributeName);
  if ([...types.keys()].every((name) => used.has(name))) return;
  throw validationError(
    `${INVALID}Some AttributeDefinitions are not used. ` +
      `AttributeDefinitions: [${[...types.keys()].join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}

function readLocalIndexes(given: readonly JsonObject[], { keys, types }: NewTable, names: Set<string>): readonly LocalIndex[] {
  if (keys.sort === undefined) {
    throw validationError(`${INVALID}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`);
  }
  const indexes = given.map((index, position): LocalIndex => {
    const name = index.IndexName as string;
    const { partition, sort } = readKeySchema(keySchemaOf(index), types);
    if (sort === undefined) throw validationError(`${INVALID}Index KeySchema does not have a range key for index: ${name}`);
    if (partition.name !== keys.partition.name) {
      throw validationError(
        `${INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for index: ${name}. ` +
          `index hash key: ${partition.name}, table hash key: ${keys.partition.name}`,
      );
    }
    const projection = readProjection(index);
    takeName(name, names);
    return { name, number: position + 1, sort, projection };
  });
  if (indexes.length > LOCAL_INDEXES_MAX) {
    throw validationError(`${INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of ${LOCAL_INDEXES_MAX}`);
  }
  return indexes;
}

function readGlobalIndexes(
  given: readonly JsonObject[],
  { types, throughput }: NewTable,
  names: Set<string>,
  random: Random,
): readonly GlobalIndex[] {
  const indexes = given.map((index): GlobalIndex => {
    const name = index.IndexName as string;
    const keys = readIndexKeySchema(keySchemaOf(index), types);
    const projection = readProjection(index);
    const indexThroughput = readIndexThroughput(index, name, throughput !== undefined);
    takeName(name, names);
    const maxima = readNewMaxima(index, indexThroughput, name);
    const warm = readNewWarmThroughput(index, indexThroughput, name);
    return {
      name,
      indexId: uuid(random),
      keys,
      projection,
      status: 'CREATING',
      ...(indexThroughput === undefined ? undefined : { throughput: indexThroughput }),
      ...(maxima === undefined ? undefined : { onDemandThroughput: maxima }),
      ...(warm === undefined ? undefined : { warmThroughput: warm }),
    };
  });
  if (indexes.length > GLOBAL_INDEXES_MAX) {
    throw validationError(`${INVALID}GlobalSecondaryIndex count exceeds the per-table limit of ${GLOBAL_INDEXES_MAX}`);
  }
  return indexes;
}

export function keySchemaOf(index: JsonObject): readonly KeySchemaElement[] {
  return index.KeySchema as readonly KeySchemaElement[];
}

/** The projection of an index that is to be made; the names are kept sorted, as the service describes them. Throws ValidationException. */
export function readProjection(index: JsonObject): Projection {
  const { ProjectionType, NonKeyAttributes } = index.Projection as JsonObject;
  const type = (ProjectionType ?? null) as 'ALL' | 'INCLUDE' | 'KEYS_ONLY' | null;
  const names = (NonKeyAttributes ?? undefined) as readonly string[] | undefined;
  if (type === null) throw validationError(`${INVALID}Unknown ProjectionType: null`);
  if (type !== 'INCLUDE') {
    if (names === undefined) return { kind: type === 'ALL' ? 'all' : 'keys-only' };
    throw validationError(`${INVALID}ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  if (names === undefined) throw validationError(`${INVALID}ProjectionType is INCLUDE, but NonKeyAttributes is not specified`);
  const seen = new Set<string>();
  for (const name of names) {
    if (!isWellFormed(name)) {
      throw validationError(`${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`);
    }
    if (seen.has(name)) throw validationError(`${INVALID}Duplicate element in NonKeyAttributes: ${name}`);
    seen.add(name);
  }
  return { kind: 'include', attributes: [...names].sort() };
}

function takeName(name: string, names: Set<string>): void {
  if (names.has(name)) throw validationError(`${INVALID}Duplicate index name: ${name}`);
  names.add(name);
}
