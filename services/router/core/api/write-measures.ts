import { GIB } from '../../../shared/base/units.ts';
import { getAttribute } from '../../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';
import { MEASURE_COLLECTION, MEASURE_INDEXES } from '../../../shared/wire/storage-operations.ts';
import type { StorageResponse } from '../../../shared/wire/storage-operations.ts';
import { capacityMember, readCapacityDetail } from './capacity.ts';
import type { CapacityDetail, IndexCapacity } from './capacity.ts';
import { wantsCollectionMetrics } from './item-fields.ts';
import type { JsonObject } from './json-object.ts';

/** What a write consumed of indexes, and how large the item collection is: told when it is asked for, in tables that have them. */

export interface WantedMeasures {
  readonly capacity: CapacityDetail;
  readonly collections: boolean;
}

export function readWantedMeasures(input: JsonObject): WantedMeasures {
  return { capacity: readCapacityDetail(input), collections: wantsCollectionMetrics(input) };
}

/** What a storage node is to measure: of a table without indexes nothing. */
export function measureOf({ localIndexes, globalIndexes }: TableRecord, wanted: WantedMeasures): { readonly measure?: number } | undefined {
  if (localIndexes === undefined && globalIndexes === undefined) return undefined;
  const measure =
    (wanted.capacity === 'NONE' ? 0 : MEASURE_INDEXES) + (wanted.collections && localIndexes !== undefined ? MEASURE_COLLECTION : 0);
  return measure === 0 ? undefined : { measure };
}

/** The members of the answer to one write; `key` holds the attributes of its key, `units` are those of the table. */
export function measuredMembers(
  { capacity, collections }: WantedMeasures,
  tableName: string,
  record: TableRecord,
  key: AttributeMap,
  units: number,
  response: StorageResponse,
): string {
  if (capacity === 'NONE' && !collections) return '';
  const consumed = capacityMember(capacity, tableName, units, indexCapacity(record, [response]));
  const metrics = collections ? collectionMetrics(record, key, response) : undefined;
  if (metrics === undefined) return consumed;
  return `${consumed}${consumed === '' ? '' : ','}"ItemCollectionMetrics":${metrics}`;
}

/** The units of each index that the writes changed; undefined when there are none. */
export function indexCapacity({ localIndexes = [] }: TableRecord, responses: readonly StorageResponse[]): IndexCapacity | undefined {
  const local = new Map<string, number>();
  const global = new Map<string, number>();
  for (const { indexUnits = [] } of responses) {
    for (const { index, units } of indexUnits) {
      const kind = localIndexes.some(({ name }) => name === index) ? local : global;
      kind.set(index, (kind.get(index) ?? 0) + units);
    }
  }
  return local.size + global.size === 0 ? undefined : { local, global };
}

/**
 * The JSON of one ItemCollectionMetrics; undefined when the collection was not measured. The size is given as the two whole gigabytes
 * that it lies between ("ItemCollectionMetrics" of the API reference: an estimate with a lower and an upper bound).
 */
export function collectionMetrics({ keys }: TableRecord, key: AttributeMap, { collectionBytes }: StorageResponse): string | undefined {
  if (collectionBytes === undefined) return undefined;
  const { name } = keys.partition;
  const gigabytes = Math.floor(collectionBytes / GIB);
  const collection = JSON.stringify(Object.fromEntries([[name, getAttribute(key, name)]]));
  return `{"ItemCollectionKey":${collection},"SizeEstimateRangeGB":[${gigabytes},${gigabytes + 1}]}`;
}
