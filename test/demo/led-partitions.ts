import type { AdminCall } from '../../services/ctl/init.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import type { CityTable, CityWrite } from './cities.ts';

/** The partitions of the demo's tables that one node leads. */
export interface LedPartitions {
  readonly groups: readonly number[];
  /** The partition that holds this item, when it is among them. */
  groupOf(write: CityWrite): number | undefined;
}

interface LedRange {
  readonly group: number;
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** Asks a storage node what it leads, and which keys that is. `tableIds` gives the table of an id, as DescribeTable tells it. */
export async function ledPartitions(
  call: AdminCall,
  address: string,
  tableIds: ReadonlyMap<string, CityTable>,
  digest: Digest,
): Promise<LedPartitions> {
  const node = await call(address, { kind: 'describe-node' });
  if (node.kind !== 'node-description') throw new Error(`${address} is no storage node`);
  const rangesByTable = new Map<CityTable, LedRange[]>();
  await Promise.all(
    node.replicas.map(async ({ group, tableId, leading }) => {
      const table = tableIds.get(tableId);
      if (!leading || table === undefined) return;
      const inspection = await call(address, { kind: 'inspect-group', group });
      if (inspection.kind !== 'group-inspection') throw new Error(`${address} does not tell the range of group ${group}`);
      const ranges = rangesByTable.get(table) ?? [];
      rangesByTable.set(table, [...ranges, { group, low: inspection.low, high: inspection.high }]);
    }),
  );
  return {
    groups: [...rangesByTable.values()].flat().map(({ group }) => group),
    groupOf: ({ table, city }) => {
      const key = encodeKey(
        { partition: { name: 'country', type: 'S' }, sort: { name: table.sortKeyName, type: 'S' } },
        { country: { S: city.country }, [table.sortKeyName]: { S: table.sortKey(city) } },
        digest,
      );
      return rangesByTable.get(table)?.find((range) => holds(range, key))?.group;
    },
  };
}

function holds({ low, high }: LedRange, key: Buffer): boolean {
  return Buffer.compare(low, key) <= 0 && (high.length === 0 || Buffer.compare(key, high) < 0);
}
