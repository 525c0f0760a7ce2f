import type { Json, Outcome } from '../clients.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const CLIENTS = 2;
const THINK_MS = 400;
const READS_MAX = 6;
/** On a healed cluster every table comes to rest within this time. */
const SETTLE_MS = 60_000;

/** The tables that one client makes, one after the other under the same name. */
interface Life {
  readonly client: number;
  name: string;
  /** Counts tables; every item holds the number of its own. */
  generation: number;
  /** Whether the table is there, by what was acknowledged. */
  isThere: boolean;
  /** The item of this generation was acknowledged. */
  written: boolean;
}

/**
 * W9: tables come and go. One that is ACTIVE takes writes and gives them back, and has nothing of an earlier one of its name; one
 * whose deletion was acknowledged is gone in the end; none stays on its way. DescribeTable and ListTables may be late while
 * routers do not reach the catalog, so that what they say counts only in the end. After a CreateTable or DeleteTable whose outcome
 * nobody knows the client takes another name, for the call may still be on its way.
 */
export class TableWorkload implements Workload {
  readonly name = 'tables';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #lives: Life[] = Array.from({ length: CLIENTS }, (_, client) => newLife(client, 0));
  /** Names of which nobody knows whether they have a table. */
  readonly #doubtful: string[] = [];
  #stopped = false;
  #problem: string | undefined;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  async setup(): Promise<void> {
    return undefined;
  }

  async start(): Promise<void> {
    await Promise.all(this.#lives.map((life) => this.#client(life)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    for (const name of this.#doubtful) await this.#settle(name);
    for (const life of this.#lives) this.#problem ??= await this.#endProblem(life);
    this.#problem ??= await this.#listProblem();
    return this.#problem ?? this.#groupProblem();
  }

  // --- a client ----------------------------------------------------------------------------------------------------

  async #client(life: Life): Promise<void> {
    while (!this.#stopped) {
      await this.#change(life, 'CreateTable', { ...DEFINITION, TableName: life.name });
      if (!life.isThere) continue;
      await this.#repeat(async () => (await this.#statusOf(life.name)) === 'ACTIVE');
      await this.#use(life);
      await this.#change(life, 'DeleteTable', { TableName: life.name });
    }
    await this.#settle(life.name);
  }

  /** Creates or deletes the table, or takes another name. */
  async #change(life: Life, action: 'CreateTable' | 'DeleteTable', input: Json): Promise<void> {
    await this.#repeat(async () => {
      const outcome = await this.#call(action, input);
      // Nobody else deletes it, and a router that lost the answer and asks again finds its own deletion.
      if (action === 'DeleteTable' && isNotFound(outcome)) this.#problem ??= `${life.name} is not found by the call that deletes it`;
      if (outcome.kind === 'refused') return false;
      if (outcome.kind === 'unknown') {
        this.#doubtful.push(life.name);
        Object.assign(life, newLife(life.client, life.generation));
      } else {
        life.isThere = action === 'CreateTable';
        life.generation += life.isThere ? 1 : 0;
        life.written = false;
      }
      return true;
    });
  }

  /** A read before the write, too: it must not see the item of an earlier table. */
  async #use(life: Life): Promise<void> {
    await this.#read(life);
    await this.#repeat(async () => {
      const item = { ...KEY, v: { N: String(life.generation) } };
      life.written = (await this.#call('PutItem', { TableName: life.name, Item: item })).kind === 'done';
      return life.written;
    });
    for (let reads = this.#parts.random.below(READS_MAX); reads > 0 && !this.#stopped; reads--) {
      await this.#think();
      await this.#read(life);
    }
  }

  async #read(life: Life): Promise<void> {
    const outcome = await this.#call('GetItem', { TableName: life.name, Key: KEY, ConsistentRead: true });
    if (outcome.kind === 'done') this.#problem ??= itemProblem(life, outcome.answer);
  }

  /** On a healed cluster: routers that know nothing new yet may still tell of an earlier table. */
  async #settle(name: string): Promise<void> {
    await this.#parts.cluster.until(`table ${name} comes to rest`, SETTLE_MS, async () => {
      const statuses = await Promise.all(this.#parts.cluster.routers.map((_, router) => this.#statusOf(name, router)));
      const [first] = statuses;
      return (first === undefined || first === 'ACTIVE') && statuses.every((status) => status === first);
    });
  }

  /** Tries again, with a pause before it, until something is so or the load stops. */
  async #repeat(isSo: () => Promise<boolean>): Promise<void> {
    do await this.#think();
    while (!this.#stopped && !(await isSo()));
  }

  #think(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    return cluster.sleep(random.float() * 2 * THINK_MS * leisure);
  }

  /** As a router sees it; undefined: there is no such table. */
  async #statusOf(name: string, router?: number): Promise<string | undefined> {
    const outcome = await this.#call('DescribeTable', { TableName: name }, router);
    if (outcome.kind === 'done') return (outcome.answer['Table'] as { readonly TableStatus: string }).TableStatus;
    return isNotFound(outcome) ? undefined : 'not known';
  }

  async #call(action: string, input: Json, router?: number): Promise<Outcome> {
    const { clients } = this.#parts;
    const outcome = await (router === undefined ? clients.execute({ action, input }) : clients.executeAt(router, { action, input }));
    this.answered += 1;
    if (outcome.kind === 'done') this.succeeded += 1;
    return outcome;
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  async #endProblem(life: Life): Promise<string | undefined> {
    const { name, isThere } = life;
    const status = await this.#statusOf(name, 0);
    if (!isThere) return status === undefined ? undefined : `${name} was deleted or never made, and it is ${status}`;
    if (status !== 'ACTIVE') return `the creation of ${name} was acknowledged, and it is ${status ?? 'not there'}`;
    const answer = await this.#parts.clients.insist({ action: 'GetItem', input: { TableName: name, Key: KEY, ConsistentRead: true } });
    return itemProblem(life, answer);
  }

  async #listProblem(): Promise<string | undefined> {
    const { TableNames } = await this.#parts.clients.insist({ action: 'ListTables', input: {} });
    const listed = TableNames as readonly string[];
    const wrong = this.#lives.find(({ name, isThere }) => listed.includes(name) !== isThere);
    return wrong && `${wrong.name} is ${wrong.isThere ? '' : 'not '}there, and the list is ${listed.join(', ')}`;
  }

  /** Replicas of deleted tables are gone: all nodes hold the same groups. */
  #groupProblem(): string | undefined {
    const { cluster } = this.#parts;
    const held = cluster.nodes.map((node) => [...cluster.groupsOf(node)].map(({ id }) => id).sort((a, b) => a - b));
    const texts = new Set(held.map((ids) => ids.join(' ')));
    return texts.size === 1 ? undefined : `nodes hold different groups: ${[...texts].join('; ')}`;
  }
}

const KEY = { pk: { S: 'key' } };
const DEFINITION = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
};

function isNotFound(outcome: Outcome): boolean {
  return outcome.kind === 'refused' && outcome.code === 'ResourceNotFoundException';
}

function newLife(client: number, generation: number): Life {
  return { client, name: `table-${client}-${generation}`, generation: generation + 1, isThere: false, written: false };
}

/** A strong read of a table of this generation. */
function itemProblem({ name, generation, written }: Life, answer: Json): string | undefined {
  const item = answer['Item'] as { readonly v: { readonly N: string } } | undefined;
  if (item === undefined) return written ? `${name} has lost the item of generation ${generation}` : undefined;
  return item.v.N === String(generation) ? undefined : `${name} of generation ${generation} holds the item of ${item.v.N}`;
}
