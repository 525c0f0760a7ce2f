import { isDeepStrictEqual } from 'node:util';
import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Acknowledgements } from './acknowledgements.ts';
import { type City, type CityTable, cityItem, type Item, TABLES } from './cities.ts';

export interface Verification {
  /** Items that a Scan of all tables returned. */
  readonly items: number;
  /** Acknowledged writes whose item is missing or differs. */
  readonly lost: number;
  /** Items that nobody wrote, or that a Scan returned twice. */
  readonly unexpected: number;
  readonly elapsedMs: number;
}

const SEGMENTS = 4;

/** Scans every table, strongly consistent and in parallel segments, and compares each item whole with what was acknowledged. */
export async function verify(
  client: DynamoDBClient,
  cities: ReadonlyMap<number, City>,
  acknowledgements: Acknowledgements,
  progress: (items: number) => void,
): Promise<Verification> {
  const startedAtMs = performance.now();
  let items = 0;
  let lost = 0;
  let unexpected = 0;
  for (const table of TABLES) {
    const right = new Set<number>();
    await scan(client, table, (item) => {
      const city = cities.get(Number(item['id']?.N));
      if (city === undefined || right.has(city.id)) unexpected++;
      else if (sameItem(item, cityItem(table, city))) right.add(city.id);
      progress(++items);
    });
    for (const id of acknowledgements.of(table)) if (!right.has(id)) lost++;
  }
  return { items, lost, unexpected, elapsedMs: performance.now() - startedAtMs };
}

async function scan(client: DynamoDBClient, table: CityTable, visit: (item: Item) => void): Promise<void> {
  const segment = async (Segment: number): Promise<void> => {
    const input = { TableName: table.name, ConsistentRead: true, Segment, TotalSegments: SEGMENTS };
    for await (const page of paginateScan({ client }, input)) for (const item of page.Items ?? []) visit(item);
  };
  await Promise.all(Array.from({ length: SEGMENTS }, (_, number) => segment(number)));
}

/** Equal in every attribute; the order of attributes and of a set's members means nothing. */
export function sameItem(a: Item, b: Item): boolean {
  return isDeepStrictEqual(withSortedSets(a), withSortedSets(b));
}

function withSortedSets(item: Item): Item {
  const set = item['otherCountries']?.SS;
  return set === undefined ? item : { ...item, otherCountries: { SS: [...set].sort() } };
}
