import type { Action } from './action.ts';
import { batchGetItem } from './batch-get-item.ts';
import { batchWriteItem } from './batch-write-item.ts';
import { createTable } from './create-table.ts';
import { deleteItem } from './delete-item.ts';
import { deleteTable } from './delete-table.ts';
import { describeEndpoints } from './describe-endpoints.ts';
import { describeLimits } from './describe-limits.ts';
import { describeTable } from './describe-table.ts';
import { describeTimeToLive } from './describe-time-to-live.ts';
import { getItem } from './get-item.ts';
import { listTables } from './list-tables.ts';
import { listTagsOfResource } from './list-tags-of-resource.ts';
import { putItem } from './put-item.ts';
import { query } from './query.ts';
import { scan } from './scan.ts';
import { tagResource } from './tag-resource.ts';
import { untagResource } from './untag-resource.ts';
import { updateItem } from './update-item.ts';
import { updateTable } from './update-table.ts';
import { updateTimeToLive } from './update-time-to-live.ts';

/** The operations on items, which need nothing but the items' storage: these alone have large requests. */
export const itemActions = byName(batchGetItem, batchWriteItem, deleteItem, getItem, putItem, query, scan, updateItem);

/** The operations that work, by name. */
export const actions = new Map([
  ...itemActions,
  ...byName(createTable, deleteTable, describeTable, listTables, updateTable, updateTimeToLive, describeTimeToLive),
  ...byName(tagResource, untagResource, listTagsOfResource, describeLimits, describeEndpoints),
]);

function byName(...list: readonly Action[]): ReadonlyMap<string, Action> {
  return new Map(list.map((action) => [action.name, action]));
}
