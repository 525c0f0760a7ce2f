import type { TableDefinition, TableRecord } from './catalog-records.ts';

/** A table on demand, without anything that a table may have besides. */
export const PLAIN_DEFINITION: TableDefinition = {
  account: '1',
  region: 'r',
  name: 'Music',
  tableId: 't1',
  keys: { partition: { name: 'id', type: 'S' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
};

export const PLAIN_TABLE: TableRecord = { ...PLAIN_DEFINITION, generation: 7, status: 'ACTIVE' };
