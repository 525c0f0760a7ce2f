import { must } from '../../../services/shared/base/assert.ts';
import { problemOfLocalEntries } from '../checks/local-entries.ts';
import type { ApiCall, Json } from '../clients.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const TABLE = 'local-indexed';
const CLIENTS = 3;
const THINK_MS = 150;
const SORT_KEYS = 12;
const PADDING_MAX = 700;
const LIMIT_MAX = 6;
const QUERIES = 0.3;

type Value = Readonly<Record<string, string>>;
type Item = Readonly<Record<string, Value>>;

/** A local index as its definition says; `undefined`: it projects everything. */
interface IndexKind {
  readonly name: string;
  readonly sort: 'a' | 'b' | 'c';
  readonly projected: readonly string[] | undefined;
}

const INDEXES: readonly IndexKind[] = [
  { name: 'by-a', sort: 'a', projected: undefined },
  { name: 'by-b', sort: 'b', projected: ['pk', 'sk', 'b'] },
  { name: 'by-c', sort: 'c', projected: ['pk', 'sk', 'c', 'v'] },
];

/** One partition key, which one client alone writes. */
interface Collection {
  readonly name: string;
  readonly items: Map<number, Item>;
}

/**
 * W7, local indexes: each client writes an item collection of its own at random, and strong Queries of any index find at once just what
 * follows from what was acknowledged, in order, page by page. After an outcome that nobody knows the client takes another collection.
 * In the end each index holds on every replica what follows from the items there.
 */
export class LocalIndexWorkload implements Workload {
  readonly name = 'local-indexes';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  #collections = 0;
  #written = 0;
  #stopped = false;
  #problem: string | undefined;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  async setup(): Promise<void> {
    const { cluster, clients } = this.#parts;
    await clients.insist({ action: 'CreateTable', input: DEFINITION });
    await cluster.until('the table with local indexes is active', 60_000, async () => {
      const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
      return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE';
    });
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    if (this.#problem !== undefined) return this.#problem;
    const { cluster, clients } = this.#parts;
    const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
    const entries = await problemOfLocalEntries(cluster, (Table as { readonly TableId: string }).TableId, entryOf);
    if (entries !== undefined) return entries;
    const items = await this.#scan(undefined);
    for (const index of INDEXES) {
      const expected = items.filter((item) => item[index.sort] !== undefined).map((item) => textOf(projection(index, item)));
      const found = (await this.#scan(index)).map(textOf);
      const isSame = JSON.stringify([...expected].sort()) === JSON.stringify([...found].sort());
      if (!isSame) return `a scan of ${index.name} finds ${found.length} entries for ${expected.length} items, or others`;
    }
    return undefined;
  }

  // --- a client ----------------------------------------------------------------------------------------------------

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    let collection = this.#newCollection();
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      if (random.chance(QUERIES)) await this.#query(collection);
      else if (!(await this.#write(collection))) collection = this.#newCollection();
    }
  }

  #newCollection(): Collection {
    this.#collections += 1;
    return { name: `collection-${this.#collections}`, items: new Map() };
  }

  /** False: nobody knows whether it was done. */
  async #write(collection: Collection): Promise<boolean> {
    const { clients, random } = this.#parts;
    const number = random.below(SORT_KEYS);
    const { call, after } = this.#change(collection, number);
    const outcome = await clients.execute(call);
    this.answered += 1;
    if (outcome.kind !== 'done') return outcome.kind !== 'unknown';
    this.succeeded += 1;
    if (after === undefined) collection.items.delete(number);
    else collection.items.set(number, after);
    return true;
  }

  /** A call, and the item that it leaves. */
  #change({ name, items }: Collection, number: number): { readonly call: ApiCall; readonly after: Item | undefined } {
    const { random } = this.#parts;
    this.#written += 1;
    const key: Item = { pk: { S: name }, sk: { N: String(number) } };
    const version: Item = { v: { N: String(this.#written) } };
    const choice = random.float();
    if (choice < 0.15) return { call: { action: 'DeleteItem', input: { TableName: TABLE, Key: key } }, after: undefined };
    if (choice < 0.5) {
      const attribute = random.pick(['a', 'b', 'c'] as const);
      const before = items.get(number) ?? key;
      const removes = random.chance(0.3);
      const value = this.#value(attribute);
      const { [attribute]: _gone, ...rest } = before;
      const after: Item = { ...(removes ? rest : { ...before, [attribute]: value }), ...version };
      const update = { UpdateExpression: removes ? `SET v = :v REMOVE ${attribute}` : `SET v = :v, ${attribute} = :new` };
      const values = { ExpressionAttributeValues: { ':v': must(version['v']), ...(removes ? {} : { ':new': value }) } };
      return { call: { action: 'UpdateItem', input: { TableName: TABLE, Key: key, ...update, ...values } }, after };
    }
    const some = (attribute: 'a' | 'b' | 'c'): Item => (random.chance(0.7) ? { [attribute]: this.#value(attribute) } : {});
    const padding: Item = random.chance(0.3) ? { p: { S: 'x'.repeat(1 + random.below(PADDING_MAX)) } } : {};
    const item = { ...key, ...some('a'), ...some('b'), ...some('c'), ...padding, ...version };
    return { call: { action: 'PutItem', input: { TableName: TABLE, Item: item } }, after: item };
  }

  /** Few values, so that entries often differ in their table's sort key alone. */
  #value(attribute: 'a' | 'b' | 'c'): Value {
    const number = this.#parts.random.below(4);
    return attribute === 'b' ? { N: String(number) } : { S: `${attribute}${number}` };
  }

  /** All pages, in either direction, of what an index holds or of the items whole. */
  async #query(collection: Collection): Promise<void> {
    const { clients, random } = this.#parts;
    const index = random.pick(INDEXES);
    const isWhole = random.chance(0.5);
    const forward = random.chance(0.5);
    const input = {
      TableName: TABLE,
      IndexName: index.name,
      KeyConditionExpression: 'pk = :name',
      ExpressionAttributeValues: { ':name': { S: collection.name } },
      ConsistentRead: true,
      ScanIndexForward: forward,
      Limit: 1 + random.below(LIMIT_MAX),
      ...(isWhole ? { Select: 'ALL_ATTRIBUTES' } : {}),
    };
    const found: Item[] = [];
    let from: Json | undefined;
    do {
      const outcome = await clients.execute({
        action: 'Query',
        input: { ...input, ...(from === undefined ? {} : { ExclusiveStartKey: from }) },
      });
      this.answered += 1;
      if (outcome.kind !== 'done') return;
      this.succeeded += 1;
      found.push(...(outcome.answer['Items'] as readonly Item[]));
      from = outcome.answer['LastEvaluatedKey'] as Json | undefined;
    } while (from !== undefined);
    const expected = entriesInOrder(collection, index).map((item) => (isWhole ? item : projection(index, item)));
    if (!forward) expected.reverse();
    this.#problem ??= differenceOf(`a query of ${index.name} in ${collection.name}`, expected.map(textOf), found.map(textOf));
  }

  async #scan(index: IndexKind | undefined): Promise<Item[]> {
    const { clients } = this.#parts;
    const items: Item[] = [];
    let from: Json | undefined;
    do {
      const source = index === undefined ? {} : { IndexName: index.name };
      const start = from === undefined ? {} : { ExclusiveStartKey: from };
      const answer = await clients.insist({
        action: 'Scan',
        input: { TableName: TABLE, ConsistentRead: true, Limit: 50, ...source, ...start },
      });
      items.push(...(answer['Items'] as readonly Item[]));
      from = answer['LastEvaluatedKey'] as Json | undefined;
    } while (from !== undefined);
    return items;
  }
}

/** What an index of the table holds of an item; undefined: nothing. */
export function entryOf(name: string, item: Item): Item | undefined {
  const index = must(INDEXES.find((each) => each.name === name));
  return item[index.sort] === undefined ? undefined : projection(index, item);
}

function projection({ projected }: IndexKind, item: Item): Item {
  return projected === undefined ? item : Object.fromEntries(Object.entries(item).filter(([attribute]) => projected.includes(attribute)));
}

/** The items of a collection that an index holds, by its sort key and then by the table's. */
function entriesInOrder({ items }: Collection, { sort }: IndexKind): Item[] {
  const sortValue = (item: Item): string => Object.values(item[sort] ?? {})[0] ?? '';
  const tableSort = (item: Item): number => Number(item['sk']?.['N']);
  return [...items.values()]
    .filter((item) => item[sort] !== undefined)
    .sort((one, other) => {
      // One digit each: texts sort as the numbers do.
      if (sortValue(one) !== sortValue(other)) return sortValue(one) < sortValue(other) ? -1 : 1;
      return tableSort(one) - tableSort(other);
    });
}

/** An item with its attributes in one order. */
function textOf(item: Item): string {
  return JSON.stringify(Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function differenceOf(what: string, expected: readonly string[], found: readonly string[]): string | undefined {
  const at = Array.from({ length: Math.max(expected.length, found.length) }).findIndex(
    (_, position) => expected[position] !== found[position],
  );
  return at === -1
    ? undefined
    : `${what}: ${found[at] ?? 'nothing'} where ${expected[at] ?? 'nothing'} is expected, at ${at} of ${found.length}`;
}

const DEFINITION = {
  TableName: TABLE,
  AttributeDefinitions: ['pk', 'sk', 'a', 'b', 'c'].map((name) => ({
    AttributeName: name,
    AttributeType: name === 'sk' || name === 'b' ? 'N' : 'S',
  })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  LocalSecondaryIndexes: INDEXES.map(({ name, sort, projected }) => ({
    IndexName: name,
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: sort, KeyType: 'RANGE' },
    ],
    Projection:
      projected === undefined
        ? { ProjectionType: 'ALL' }
        : projected.includes('v')
          ? { ProjectionType: 'INCLUDE', NonKeyAttributes: ['v'] }
          : { ProjectionType: 'KEYS_ONLY' },
  })),
};
