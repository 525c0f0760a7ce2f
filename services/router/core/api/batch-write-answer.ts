import { getAttribute } from '../../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import type { StorageResponse } from '../../../shared/wire/storage-operations.ts';
import { consumedCapacity, writeUnits } from './capacity.ts';
import type { JsonObject } from './json-object.ts';
import { batchFailure, isUnprocessed, storageFailure } from './storage-outcome.ts';
import { collectionMetrics, indexCapacity } from './write-measures.ts';
import type { WantedMeasures } from './write-measures.ts';

/** One put or delete of a batch. */
export interface BatchedWrite {
  /** As the client sent it, for UnprocessedItems. */
  readonly request: JsonObject;
  readonly put: boolean;
  /** The item to put, or the key to delete. */
  readonly attributes: AttributeMap;
  readonly size: number;
}

/** The writes of one entry of RequestItems and what became of each. */
export interface WrittenTable {
  readonly tableName: string;
  readonly record: TableRecord;
  readonly writes: readonly BatchedWrite[];
  readonly responses: readonly StorageResponse[];
}

/**
 * What was not carried out goes back to the client, and what may have been: repeating a put or delete does no harm. Only when
 * nothing was carried out is the whole batch an error. Throws ApiError.
 */
export function batchWriteAnswer(tables: readonly WrittenTable[], { capacity, collections }: WantedMeasures): Buffer {
  const answers = tables.map(answerTable);
  if (answers.every(({ done }) => done === 0)) {
    const all = tables.flatMap(({ record, responses }) => responses.map((response) => ({ record, response })));
    throw batchFailure(
      all.map(({ response }) => response),
      all.map(({ record }) => record),
    );
  }
  const members: string[] = [];
  if (capacity !== 'NONE') {
    const consumed = tables.map(({ tableName, record, responses }, at) =>
      consumedCapacity(capacity, tableName, answers[at]?.units ?? 0, indexCapacity(record, responses)),
    );
    members.push(`"ConsumedCapacity":[${consumed.join(',')}]`);
  }
  const metrics = collections ? tables.flatMap(tableMetrics) : [];
  if (metrics.length > 0) members.push(`"ItemCollectionMetrics":{${metrics.join(',')}}`);
  const unprocessed = answers.flatMap(({ left }, at) =>
    left.length === 0 ? [] : [`${JSON.stringify(tables[at]?.tableName)}:${JSON.stringify(left)}`],
  );
  members.push(`"UnprocessedItems":{${unprocessed.join(',')}}`);
  return Buffer.from(`{${members.join(',')}}`);
}

interface TableAnswer {
  readonly left: readonly JsonObject[];
  readonly units: number;
  readonly done: number;
}

function answerTable({ record, writes, responses }: WrittenTable): TableAnswer {
  const left: JsonObject[] = [];
  let units = 0;
  let done = 0;
  for (const [at, write] of writes.entries()) {
    const response = responses[at] as StorageResponse;
    if (response.status === 'ok') {
      done++;
      units += writeUnits(response.oldSize ?? 0, write.size);
    } else if (isUnprocessed(response)) {
      left.push(write.request);
    } else {
      throw storageFailure(response, record);
    }
  }
  return { left, units, done };
}

/** One entry for each item collection that was written to, as large as any of the writes found it. */
function tableMetrics({ tableName, record, writes, responses }: WrittenTable): string[] {
  const largest = new Map<string, { readonly write: BatchedWrite; readonly response: StorageResponse }>();
  for (const [at, write] of writes.entries()) {
    const response = responses[at] as StorageResponse;
    if (response.collectionBytes === undefined) continue;
    const collection = JSON.stringify(getAttribute(write.attributes, record.keys.partition.name));
    const known = largest.get(collection)?.response.collectionBytes ?? -1;
    if (response.collectionBytes > known) largest.set(collection, { write, response });
  }
  const metrics = [...largest.values()].map(({ write, response }) => collectionMetrics(record, write.attributes, response));
  return metrics.length === 0 ? [] : [`${JSON.stringify(tableName)}:[${metrics.join(',')}]`];
}
