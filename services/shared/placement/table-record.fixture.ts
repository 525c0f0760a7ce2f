import type { TableRecord } from './catalog-records.ts';

/** A table on demand, without anything that a table may have besides. */
export const PLAIN_TABLE: TableRecord = {
  account: '1',
  region: 'r',
  name: 'Music',
  tableId: 't1',
  keys: { partition: { name: 'id', type: 'S' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
  generation: 7,
  status: 'ACTIVE',
};
