import { PARTITION_WRITE_UNITS } from '../../../services/shared/limits/placement-limits.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { StorageNode } from '../../../services/storage-node/service.ts';
import type { ApiCall, Json } from '../clients.ts';
import type { SimMachine } from '../machine.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const TABLE = 'indexed';
const CLIENTS = 3;
const THINK_MS = 200;
const SETUP_ITEMS = 60;
const NAMES = 40;
const PADDING_MAX = 400;
/** The third index is added while the load runs, after so many writes. */
const ADDED_AFTER = 40;
const SETTLED_MS = 120_000;

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What an index holds of an item, by its definition; undefined: nothing. */
interface IndexKind {
  readonly name: string;
  readonly entry: (item: Item) => Item | undefined;
}

const INDEXES: readonly IndexKind[] = [
  { name: 'by-a', entry: (item) => (item['a'] === undefined ? undefined : item) },
  {
    name: 'by-b-and-c',
    entry: (item) => (item['b'] === undefined || item['c'] === undefined ? undefined : only(item, ['pk', 'b', 'c'])),
  },
  { name: 'by-c', entry: (item) => (item['c'] === undefined ? undefined : only(item, ['pk', 'c', 'a'])) },
];

function only(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

/**
 * A table with two global indexes, and one that is added while clients write. After the end each index holds on every replica just what
 * follows from the items, and no log is kept for it any more.
 */
export class IndexWorkload implements Workload {
  readonly name = 'indexes';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  #stopped = false;
  #added = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  async setup(): Promise<void> {
    const { clients } = this.#parts;
    await clients.insist({ action: 'CreateTable', input: DEFINITION });
    await this.#untilActive(2);
    for (let count = 0; count < SETUP_ITEMS; count++) await this.#write();
  }

  async start(): Promise<void> {
    await Promise.all([this.#addIndex(), ...Array.from({ length: CLIENTS }, () => this.#client())]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    const { cluster } = this.#parts;
    await this.#untilActive(INDEXES.length);
    let problem: string | undefined = 'nothing was compared';
    try {
      await cluster.until('indexes hold what follows from the table', SETTLED_MS, async () => {
        // Whoever was asked may have lost its leadership just now, or not heard of one yet.
        problem = await this.#difference().catch(String);
        return problem === undefined;
      });
      await cluster.until('no log is kept for indexes', SETTLED_MS, () => this.#base().every(isTrimmed));
    } catch (error) {
      return `${problem ?? ''} ${String(error)}`;
    }
    return undefined;
  }

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      await this.#write();
    }
  }

  async #write(): Promise<void> {
    const outcome = await this.#parts.clients.execute(this.#call());
    this.answered += 1;
    if (outcome.kind === 'done') this.succeeded += 1;
  }

  #call(): ApiCall {
    const { random } = this.#parts;
    const pk = { S: `item-${random.below(NAMES)}` };
    const some = (name: string, value: Readonly<Record<string, string>>): Json => (random.chance(0.7) ? { [name]: value } : {});
    const attributes = {
      ...some('a', { S: `a${random.below(4)}` }),
      ...some('b', { N: String(random.below(3)) }),
      ...some('c', { S: `c${random.below(5)}` }),
    };
    const choice = random.float();
    if (choice < 0.15) return { action: 'DeleteItem', input: { TableName: TABLE, Key: { pk } } };
    if (choice < 0.4) {
      const update = random.chance(0.5) ? 'SET a = :a' : 'REMOVE c SET v = :a';
      const values = { ':a': { S: `a${random.below(4)}` } };
      return {
        action: 'UpdateItem',
        input: { TableName: TABLE, Key: { pk }, UpdateExpression: update, ExpressionAttributeValues: values },
      };
    }
    const padding = { p: { S: 'x'.repeat(random.below(PADDING_MAX)) } };
    return { action: 'PutItem', input: { TableName: TABLE, Item: { pk, ...attributes, ...padding } } };
  }

  /** Through whatever happens meanwhile; a call whose outcome is not known is repeated, and refused when it was carried out. */
  async #addIndex(): Promise<void> {
    const { cluster, clients } = this.#parts;
    await cluster.until('clients write', SETTLED_MS, () => this.#stopped || this.answered > SETUP_ITEMS + ADDED_AFTER);
    await cluster.until('an index is added', 10 * SETTLED_MS, async () => {
      if (!this.#added) {
        const description = await clients.execute({ action: 'DescribeTable', input: { TableName: TABLE } });
        if (description.kind !== 'done') return false;
        const { GlobalSecondaryIndexes } = description.answer['Table'] as TableDescription;
        if (GlobalSecondaryIndexes.length === INDEXES.length) this.#added = true;
        else await clients.execute({ action: 'UpdateTable', input: ADDITION }).catch(refuseOthers);
      }
      return this.#added;
    });
  }

  async #untilActive(count: number): Promise<void> {
    const { cluster, clients } = this.#parts;
    await cluster.until('the table and its indexes are active', SETTLED_MS, async () => {
      const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
      const { TableStatus, GlobalSecondaryIndexes } = Table as TableDescription;
      const active = GlobalSecondaryIndexes.filter(({ IndexStatus }) => IndexStatus === 'ACTIVE');
      return TableStatus === 'ACTIVE' && active.length === count;
    });
  }

  /** Every replica of the cluster with its node. */
  *#replicas(): Generator<{ readonly node: SimMachine<StorageNode>; readonly group: Group }, void, undefined> {
    for (const node of this.#parts.cluster.nodes) for (const group of this.#parts.cluster.groupsOf(node)) yield { node, group };
  }

  /** Those of the table itself, which alone knows of indexes. */
  #base(): { readonly node: SimMachine<StorageNode>; readonly group: Group }[] {
    return [...this.#replicas()].filter(({ group }) => group.state.settings?.globalIndexes.some(({ name }) => name === 'by-a'));
  }

  /** What is wrong with the first index whose copies do not hold what they should; undefined: nothing is. */
  async #difference(): Promise<string | undefined> {
    const base = this.#base();
    const leaders = base.filter(({ group }) => group.paxos.serves);
    const items = await this.#all(leaders, true);
    const sources = leaders[0]?.group.state.settings?.globalIndexes ?? [];
    for (const { name, entry } of INDEXES) {
      const indexId = sources.find((source) => source.name === name)?.indexId;
      const expected = items.map(entry).filter((item) => item !== undefined);
      const copies = await this.#copies((group) => group.identity.tableId === indexId);
      if (typeof copies === 'string') return `${name}: ${copies}`;
      const difference = differenceOf(expected.map(textOf), copies);
      if (difference !== undefined) return `${name} ${difference}`;
    }
    return leaders.length === 0 ? 'nobody leads the table' : undefined;
  }

  /** What is in these partitions, or which copies of one differ. */
  async #copies(matches: (group: Group) => boolean): Promise<string[] | string> {
    const texts = new Map<number, string>();
    const items: string[] = [];
    const memberships = this.#parts.cluster.memberships();
    for (const { node, group } of this.#replicas()) {
      const members = memberships.get(group.id)?.members ?? [];
      if (!matches(group) || !members.some(({ replica }) => replica === group.identity.replica)) continue;
      const copy = (await this.#items(node, group, false)).map(textOf);
      const text = copy.join('\n');
      const other = texts.get(group.id);
      if (other === undefined) items.push(...copy);
      else if (other !== text) return `the copies of group ${group.id} differ`;
      texts.set(group.id, text);
    }
    return items;
  }

  /** One after the other: a node takes the newest stream of a client for its only one. */
  async #all(replicas: readonly { readonly node: SimMachine<StorageNode>; readonly group: Group }[], consistent: boolean): Promise<Item[]> {
    const items: Item[] = [];
    for (const { node, group } of replicas) items.push(...(await this.#items(node, group, consistent)));
    return items;
  }

  async #items(node: SimMachine<StorageNode>, group: Group, consistent: boolean): Promise<Item[]> {
    const items: Item[] = [];
    let low: Uint8Array | undefined = group.identity.low;
    const { high } = group.identity;
    while (low !== undefined) {
      const bounds = { low, ...(high === undefined ? {} : { high }) };
      const rest = { reverse: false, consistent, limit: 0, byteLimit: 1 << 20, countOnly: false } as const;
      const { status, range } = await this.#parts.cluster.request(node, group.id, { kind: 'range', ...bounds, ...rest });
      if (range === undefined) throw new Error(`a range was answered with ${status}`);
      items.push(...range.items.map((item) => JSON.parse(Buffer.from(item).toString()) as Item));
      low = range.more && range.lastKey !== undefined ? Buffer.concat([range.lastKey, Buffer.from([0])]) : undefined;
    }
    return items;
  }
}

/** An item with its attributes in one order. */
function textOf(item: Item): string {
  return JSON.stringify(Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function differenceOf(expected: readonly string[], found: readonly string[]): string | undefined {
  const left = [...found];
  for (const item of expected) {
    const at = left.indexOf(item);
    if (at < 0) return `lacks ${item}`;
    left.splice(at, 1);
  }
  return left[0] === undefined ? undefined : `has ${left[0]}, which follows from no item, or twice`;
}

/** No more is kept of the log than checkpoints ask for. */
function isTrimmed({ group }: { readonly group: Group }): boolean {
  return group.paxos.leading === undefined || group.ownFloor >= group.checkpointSlot;
}

/** The router that was asked for the description had not heard of the addition yet. */
function refuseOthers(error: unknown): void {
  if (!String(error).includes('Attempting to create an index which already exists')) throw error;
}

interface TableDescription {
  readonly TableStatus: string;
  readonly GlobalSecondaryIndexes: readonly { readonly IndexName: string; readonly IndexStatus: string }[];
}

const DEFINITION = {
  TableName: TABLE,
  AttributeDefinitions: ['pk', 'a', 'b', 'c'].map((name) => ({ AttributeName: name, AttributeType: name === 'b' ? 'N' : 'S' })),
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 * PARTITION_WRITE_UNITS },
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-a',
      KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 * PARTITION_WRITE_UNITS },
    },
    {
      IndexName: 'by-b-and-c',
      KeySchema: [
        { AttributeName: 'b', KeyType: 'HASH' },
        { AttributeName: 'c', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    },
  ],
};

const ADDITION = {
  TableName: TABLE,
  AttributeDefinitions: DEFINITION.AttributeDefinitions,
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: 'by-c',
        KeySchema: [{ AttributeName: 'c', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['a'] },
        ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      },
    },
  ],
};
