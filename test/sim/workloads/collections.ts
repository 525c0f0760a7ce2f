import type { Json } from '../clients.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const TABLE = 'collections';
const COLLECTIONS = 3;
const WRITERS = 2;
const READERS = 2;
const THINK_MS = 250;
const PADDING_MAX = 500;
const LIMIT_MAX = 12;

/** One partition key: numbers that were sent, and those that were acknowledged. */
interface Collection {
  readonly name: string;
  sent: number;
  readonly acknowledged: Set<number>;
}

/** Item collections that grow while strong Queries go through them in pages: what was acknowledged before is there, in order, once. */
export class CollectionWorkload implements Workload {
  readonly name = 'collections';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #collections: Collection[];
  #stopped = false;
  #problem: string | undefined;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#collections = Array.from({ length: COLLECTIONS }, (_, at) => ({ name: `collection-${at}`, sent: 0, acknowledged: new Set() }));
  }

  async setup(): Promise<void> {
    const { cluster, clients } = this.#parts;
    await clients.insist({ action: 'CreateTable', input: DEFINITION });
    await cluster.until('the table of collections is active', 60_000, async () => {
      const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
      return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE';
    });
  }

  async start(): Promise<void> {
    const writers = Array.from({ length: WRITERS }, () => this.#client((collection) => this.#insert(collection)));
    const readers = Array.from({ length: READERS }, () => this.#client((collection) => this.#query(collection)));
    await Promise.all([...writers, ...readers]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    for (const collection of this.#collections) {
      const before = this.succeeded;
      await this.#parts.cluster.until(`${collection.name} is read to its end`, 60_000, () => this.#query(collection));
      if (this.succeeded === before) return `${collection.name} gave no page`;
    }
    return this.#problem;
  }

  async #client(act: (collection: Collection) => Promise<unknown>): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      await act(random.pick(this.#collections));
    }
  }

  async #insert(collection: Collection): Promise<void> {
    const { clients, random } = this.#parts;
    collection.sent += 1;
    const number = collection.sent;
    const item = { pk: { S: collection.name }, sk: { N: String(number) }, p: { S: 'x'.repeat(random.below(PADDING_MAX)) } };
    const outcome = await clients.execute({ action: 'PutItem', input: { TableName: TABLE, Item: item } });
    this.answered += 1;
    if (outcome.kind !== 'done') return;
    this.succeeded += 1;
    collection.acknowledged.add(number);
  }

  /** All pages, in either direction. False: one of them was not answered. */
  async #query(collection: Collection): Promise<boolean> {
    const { clients, random } = this.#parts;
    const forward = random.chance(0.5);
    const limit = 1 + random.below(LIMIT_MAX);
    const expected = [...collection.acknowledged];
    const found: number[] = [];
    let from: Json | undefined;
    do {
      const outcome = await clients.execute({ action: 'Query', input: queryInput(collection.name, forward, limit, from) });
      this.answered += 1;
      if (outcome.kind !== 'done') return false;
      this.succeeded += 1;
      const items = outcome.answer['Items'] as readonly { readonly sk: { readonly N: string } }[];
      found.push(...items.map(({ sk }) => Number(sk.N)));
      from = outcome.answer['LastEvaluatedKey'] as Json | undefined;
    } while (from !== undefined);
    this.#problem ??= queryProblem(collection, expected, found, forward);
    return true;
  }
}

/** What is wrong with the numbers that a strong Query found, of which those expected were acknowledged before it began. */
export function queryProblem(
  { name, sent }: { name: string; sent: number },
  expected: readonly number[],
  found: readonly number[],
  forward: boolean,
): string | undefined {
  const ordered = forward ? found : [...found].reverse();
  const unordered = ordered.findIndex((number, at) => at > 0 && number <= (ordered[at - 1] as number));
  if (unordered !== -1) return `${name}: ${ordered[unordered]} after ${ordered[unordered - 1]}`;
  const there = new Set(found);
  const lost = expected.find((number) => !there.has(number));
  if (lost !== undefined) return `${name}: ${lost} was acknowledged before the query, which did not find it`;
  const invented = found.find((number) => number > sent);
  return invented === undefined ? undefined : `${name}: ${invented} was found and never sent`;
}

const DEFINITION = {
  TableName: TABLE,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

function queryInput(name: string, forward: boolean, limit: number, from: Json | undefined): Json {
  return {
    TableName: TABLE,
    KeyConditionExpression: 'pk = :name',
    ExpressionAttributeValues: { ':name': { S: name } },
    ConsistentRead: true,
    ScanIndexForward: forward,
    Limit: limit,
    ...(from !== undefined && { ExclusiveStartKey: from }),
  };
}
