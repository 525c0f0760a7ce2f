import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  paginateScan,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { saysNothingWasDone } from './nothing-done.ts';
import { until } from './until.ts';
import { VersionHistory } from './version-history.ts';

export interface LoadFigures {
  readonly requests: number;
  readonly acknowledged: number;
  readonly failed: number;
}

/** One request that has ended, for whoever watches a load. */
export interface EndedRequest {
  /** The partition key of its item. */
  readonly key: string;
  readonly isWrite: boolean;
  /** Answered, be it that its condition was false; otherwise it failed. */
  readonly acknowledged: boolean;
}

type Item = Record<string, AttributeValue>;

/** An answer; or the condition was false; or nothing was done; or nobody knows what was done. */
type Outcome<T> = { readonly answer: T } | 'condition-failed' | 'nothing-done' | 'unknown';

interface CounterHistory {
  acknowledged: number;
  unknown: number;
  /** Values that acknowledged additions gave: no two may be equal. */
  readonly values: Set<number>;
}

interface ContendedHistory {
  readonly history: VersionHistory;
  /** Whose compare-and-set made which version: no two may have made the same. */
  readonly makers: Map<number, string>;
}

/** Few enough that clients meet on an item, so many that they seldom do in the moment of a fault. */
const CONTENDED = 24;
/** In one of so many turns a client takes part in the contest. */
const CONTENDED_TURNS = 3;
const COUNTERS = 4;
const STRONG_READ = 'strong read';
const EVENTUAL_READ = 'eventual read';

/**
 * Puts, conditional updates, counters, strong and eventually consistent reads from many clients, each answer checked as it comes
 * and the whole at the end: nothing acknowledged is lost, no strong read is stale, nothing is carried out twice.
 */
export class CheckedLoad {
  /** Pause of each client between two steps, milliseconds: what goes on beside the load needs the machine, too. 0: as fast as it goes. */
  restMs = 0;
  /** Told of every request at its end. */
  onEnded: (request: EndedRequest) => void = () => {};
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #run: string;
  /** One for each client, which alone writes it, one version after the other. */
  readonly #registers: VersionHistory[];
  readonly #contended: ContendedHistory[];
  readonly #counters: CounterHistory[];
  readonly #unique: string[] = [];
  readonly #violations: string[] = [];
  readonly #failures = new Map<string, number>();
  #requests = 0;
  #acknowledged = 0;
  #failed = 0;
  #running = false;

  /** `run` keeps the items of this load apart from those of others in the same table. */
  constructor(client: DynamoDBClient, table: string, run: string, connections: number) {
    this.#client = client;
    this.#table = table;
    this.#run = run;
    this.#registers = Array.from({ length: connections }, () => new VersionHistory());
    this.#contended = Array.from({ length: CONTENDED }, () => ({ history: new VersionHistory(), makers: new Map() }));
    this.#counters = Array.from({ length: COUNTERS }, () => ({ acknowledged: 0, unknown: 0, values: new Set() }));
  }

  /** Keeps the load going while `work` does something to the cluster, and ends it however that ends. */
  async during(work: () => Promise<void>): Promise<void> {
    this.#running = true;
    const clients = this.#registers.map((_, client) => this.#loop(client));
    try {
      await work();
    } finally {
      this.#running = false;
      await Promise.all(clients);
    }
  }

  get figures(): LoadFigures {
    return { requests: this.#requests, acknowledged: this.#acknowledged, failed: this.#failed };
  }

  /** What failed, and how often, for messages. */
  get failures(): string {
    return JSON.stringify(Object.fromEntries(this.#failures));
  }

  /** Resolves when so many more requests are acknowledged than now. */
  async more(count: number): Promise<void> {
    const reached = this.#acknowledged + count;
    await until(`${count} more acknowledged requests`, async () => this.#sound() && this.#acknowledged >= reached);
  }

  /** Resolves when every client has written its own item once more, from beginning to end: writes go on in every partition. */
  async everyClientWrites(): Promise<void> {
    const begun = this.#registers.map(({ attempted }) => attempted);
    const done = (history: VersionHistory, client: number): boolean => history.acknowledged > (begun[client] ?? 0);
    await until('a write of every client', async () => this.#sound() && this.#registers.every(done));
  }

  // --- the load ------------------------------------------------------------------------------------------------------

  async #loop(client: number): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      await this.#step(() => this.#write(client));
      await this.#step(() => this.#putUnique(`${client}-${turn}`));
      await this.#step(() => this.#readRegister((client * 7 + turn) % this.#registers.length, true));
      await this.#step(() => this.#add(turn % COUNTERS));
      if (turn % CONTENDED_TURNS === 0) await this.#step(() => this.#compareAndSet((client + turn) % CONTENDED, `${client}-${turn}`));
      await this.#step(() => this.#readRegister((client * 5 + turn) % this.#registers.length, false));
    }
  }

  async #step(step: () => Promise<void>): Promise<void> {
    if (!this.#running) return;
    await step();
    if (this.restMs > 0) await new Promise((resolve) => setTimeout(resolve, this.restMs));
  }

  /** The condition keeps an earlier write of unknown outcome from coming late; nothing else can make it false. */
  async #write(client: number): Promise<void> {
    const history = this.#registers[client] as VersionHistory;
    const version = history.attempted + 1;
    history.attempt(version);
    const outcome = await this.#send('register', this.#key('register', client), () =>
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: { ...this.#key('register', client), version: { N: String(version) }, text: { S: textOf(String(version)) } },
          ConditionExpression: 'attribute_not_exists(version) OR version < :version',
          ExpressionAttributeValues: { ':version': { N: String(version) } },
        }),
      ),
    );
    if (outcome === 'condition-failed') this.#violation(`register ${client}: version ${version} was there before it was acknowledged`);
    else if (typeof outcome === 'object') history.acknowledge(version);
  }

  async #putUnique(id: string): Promise<void> {
    const item = { ...this.#key('unique', id), text: { S: textOf(id) } };
    const outcome = await this.#send('unique', this.#key('unique', id), () =>
      this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item })),
    );
    if (typeof outcome === 'object') this.#unique.push(id);
  }

  async #readRegister(client: number, consistent: boolean): Promise<void> {
    const history = this.#registers[client] as VersionHistory;
    const floor = history.floor;
    const outcome = await this.#get('register', client, consistent);
    if (typeof outcome !== 'object') return;
    const version = versionOf(outcome.answer);
    const wrong = consistent ? history.strongRead(floor, version) : history.anyRead(version);
    if (wrong !== undefined) this.#violation(`register ${client}: ${wrong}`);
    if (version > 0 && outcome.answer['text']?.S !== textOf(String(version))) this.#violation(`register ${client}: another text`);
  }

  async #add(counter: number): Promise<void> {
    const history = this.#counters[counter] as CounterHistory;
    const outcome = await this.#send('counter', this.#key('counter', counter), () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: this.#key('counter', counter),
          UpdateExpression: 'ADD amount :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues: 'UPDATED_NEW',
        }),
      ),
    );
    if (outcome === 'unknown') history.unknown++;
    if (typeof outcome !== 'object') return;
    history.acknowledged++;
    const value = Number(outcome.answer.Attributes?.['amount']?.N);
    if (history.values.has(value)) this.#violation(`counter ${counter}: two additions gave ${value}`);
    history.values.add(value);
  }

  async #compareAndSet(item: number, maker: string): Promise<void> {
    const { history, makers } = this.#contended[item] as ContendedHistory;
    const floor = history.floor;
    const read = await this.#get('contended', item, true);
    if (typeof read !== 'object') return;
    const found = versionOf(read.answer);
    const wrong = history.strongRead(floor, found);
    if (wrong !== undefined) this.#violation(`contended ${item}: ${wrong}`);
    history.attempt(found + 1);
    const outcome = await this.#send('contended', this.#key('contended', item), () =>
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: this.#key('contended', item),
          UpdateExpression: 'SET version = :next, maker = :maker',
          ConditionExpression: found === 0 ? 'attribute_not_exists(version)' : 'version = :found',
          ExpressionAttributeValues: {
            ':next': { N: String(found + 1) },
            ':maker': { S: maker },
            ...(found === 0 ? {} : { ':found': { N: String(found) } }),
          },
        }),
      ),
    );
    if (typeof outcome !== 'object') return;
    const other = makers.get(found + 1);
    if (other !== undefined) this.#violation(`contended ${item}: ${maker} and ${other} both made version ${found + 1}`);
    makers.set(found + 1, maker);
    history.acknowledge(found + 1);
  }

  async #get(kind: string, name: string | number, consistent: boolean): Promise<Outcome<Item>> {
    const command = new GetItemCommand({ TableName: this.#table, Key: this.#key(kind, name), ConsistentRead: consistent });
    const outcome = await this.#send(consistent ? STRONG_READ : EVENTUAL_READ, this.#key(kind, name), () => this.#client.send(command));
    return typeof outcome === 'object' ? { answer: outcome.answer.Item ?? {} } : outcome;
  }

  async #send<T>(kind: string, key: Item, send: () => Promise<T>): Promise<Outcome<T>> {
    this.#requests++;
    const sentAtMs = performance.now();
    const ended = (acknowledged: boolean): void => {
      if (acknowledged) this.#acknowledged++;
      else this.#failed++;
      this.onEnded({ key: key['pk']?.S ?? '', isWrite: kind !== STRONG_READ && kind !== EVENTUAL_READ, acknowledged });
    };
    try {
      const answer = await send();
      ended(true);
      return { answer };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        ended(true);
        return 'condition-failed';
      }
      ended(false);
      const name = `${kind}, after ${Math.round((performance.now() - sentAtMs) / 1000)} s: ${String(error)}`;
      this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
      return saysNothingWasDone(error) ? 'nothing-done' : 'unknown';
    }
  }

  #key(kind: string, name: string | number): Item {
    return { pk: { S: `${this.#run}/${kind}/${name}` } };
  }

  #violation(text: string): void {
    this.#violations.push(text);
  }

  /** Throws at the first violation rather than at the end of a long wait. */
  #sound(): true {
    assert.deepEqual(this.#violations, []);
    return true;
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  /** After the load: reads everything back with strong reads. `client`: one that may repeat. */
  async verify(client: DynamoDBClient): Promise<void> {
    this.#sound();
    const items = new Map<string, Item>();
    const input = { TableName: this.#table, ConsistentRead: true };
    for await (const page of paginateScan({ client }, input)) for (const item of page.Items ?? []) items.set(item['pk']?.S ?? '', item);
    const find = (kind: string, name: string | number): Item => items.get(this.#key(kind, name)['pk']?.S ?? '') ?? {};
    const lost = this.#unique.filter((id) => find('unique', id)['text']?.S !== textOf(id));
    assert.deepEqual(lost, [], 'acknowledged puts are lost');
    for (const [client, { acknowledged, attempted }] of this.#registers.entries()) {
      const version = versionOf(find('register', client));
      assert.ok(version >= acknowledged && version <= attempted, `register ${client}: ${acknowledged} <= ${version} <= ${attempted}`);
    }
    for (const [item, { history, makers }] of this.#contended.entries()) {
      const version = versionOf(find('contended', item));
      assert.ok(version >= history.floor && version <= history.attempted, `contended ${item}: ${history.floor} <= ${version}`);
      assert.equal(find('contended', item)['maker']?.S, makers.get(version) ?? find('contended', item)['maker']?.S);
    }
    for (const [counter, { acknowledged, unknown }] of this.#counters.entries()) {
      const amount = Number(find('counter', counter)['amount']?.N ?? 0);
      const text = `counter ${counter}: ${acknowledged} acknowledged, ${unknown} unknown, value ${amount}`;
      assert.ok(amount >= acknowledged && amount <= acknowledged + unknown, text);
    }
    assert.ok(this.#unique.length > 0 && this.#acknowledged > 0, 'the load did nothing');
  }
}

function versionOf(item: Item): number {
  return Number(item['version']?.N ?? 0);
}

/** Some text that belongs to an item and can be told from any other's. */
function textOf(name: string): string {
  return createHash('sha256').update(name).digest('base64').repeat(6);
}
