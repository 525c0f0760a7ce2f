import { CAPACITY_UNITS_MAX } from '../../shared/limits/api-limits.ts';
import { PARTITION_READ_UNITS, PARTITION_WRITE_UNITS, PARTITIONS_PER_NEW_TABLE_MAX } from '../../shared/limits/placement-limits.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { defineAction } from './action.ts';

/** What holds here: a new table's partitions bound its throughput, and nothing bounds an account's but the numbers themselves. */
const ANSWER = Buffer.from(
  JSON.stringify({
    AccountMaxReadCapacityUnits: CAPACITY_UNITS_MAX,
    AccountMaxWriteCapacityUnits: CAPACITY_UNITS_MAX,
    TableMaxReadCapacityUnits: PARTITIONS_PER_NEW_TABLE_MAX * PARTITION_READ_UNITS,
    TableMaxWriteCapacityUnits: PARTITIONS_PER_NEW_TABLE_MAX * PARTITION_WRITE_UNITS,
  }),
);

export const describeLimits = defineAction({
  name: 'DescribeLimits',
  shape: new RequestShape([]),
  read: () => undefined,
  run: () => Promise.resolve(ANSWER),
});
