import assert from 'node:assert/strict';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Prng } from '../../services/shared/base/prng.ts';
import { checkLinearizable, type Operation } from '../sim/checks/linearizability.ts';
import { saysNothingWasDone } from './nothing-done.ts';
import { ABSENT, REGISTER, type RegisterCall, type RegisterCondition } from '../sim/checks/register-model.ts';

/** Clients that meet on one item; the check's work grows with 2 to this power. */
const CLIENTS_AN_ITEM = 4;
const ITEMS = 3;
/** An item is left for a new one when its history is so long, or has so many operations of unknown outcome. */
const OPERATIONS_MAX = 400;
const UNKNOWN_MAX = 6;

/** A call that is under way: what it did is entered when it has returned. */
interface Recorded {
  readonly invokedAt: number;
  returnedAt: number | undefined;
  call: RegisterCall;
}

/** One item and what clients did to it. */
interface History {
  readonly key: string;
  readonly operations: Recorded[];
  values: number;
  unknown: number;
}

/**
 * Few items, each read and overwritten by several clients at once, with and without conditions, without any order that the
 * values themselves would tell: the histories are checked for linearizability by search.
 */
export class RegisterLoad {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #run: string;
  readonly #random: Prng;
  readonly #histories: History[] = [];
  /** The present history of each item. */
  readonly #present: History[];
  /** Pause of each client between two calls, milliseconds. */
  readonly #restMs: number;
  #moment = 0;
  #running = false;

  constructor(client: DynamoDBClient, table: string, run: string, random: Prng, restMs: number) {
    this.#client = client;
    this.#table = table;
    this.#run = run;
    this.#random = random;
    this.#restMs = restMs;
    this.#present = Array.from({ length: ITEMS }, () => this.#newHistory());
  }

  async during(work: () => Promise<void>): Promise<void> {
    this.#running = true;
    const clients = Array.from({ length: ITEMS * CLIENTS_AN_ITEM }, (_, client) => this.#loop(client % ITEMS));
    try {
      await work();
    } finally {
      this.#running = false;
      await Promise.all(clients);
    }
  }

  get operations(): number {
    return this.#histories.reduce((sum, { operations }) => sum + operations.length, 0);
  }

  verify(): void {
    for (const { key, operations } of this.#histories) {
      const wrong = checkLinearizable(operations as readonly Operation<RegisterCall>[], REGISTER);
      assert.equal(wrong, undefined, `${key} is not linearizable: ${JSON.stringify(wrong)}`);
    }
    assert.ok(this.operations > 0, 'the registers were not used');
  }

  #newHistory(): History {
    const history: History = { key: `${this.#run}/linear/${this.#histories.length}`, operations: [], values: 0, unknown: 0 };
    this.#histories.push(history);
    return history;
  }

  async #loop(item: number): Promise<void> {
    while (this.#running) {
      let history = this.#present[item] as History;
      if (history.operations.length >= OPERATIONS_MAX || history.unknown >= UNKNOWN_MAX) {
        history = this.#newHistory();
        this.#present[item] = history;
      }
      if (this.#random.chance(0.4)) await this.#read(history);
      else await this.#write(history);
      await new Promise((resolve) => setTimeout(resolve, this.#restMs));
    }
  }

  async #read(history: History): Promise<void> {
    const invokedAt = ++this.#moment;
    const command = new GetItemCommand({ TableName: this.#table, Key: { pk: { S: history.key } }, ConsistentRead: true });
    const read = await this.#client.send(command).catch(() => undefined);
    // A read that failed tells nothing, and did nothing.
    if (read === undefined) return;
    history.operations.push({ invokedAt, returnedAt: ++this.#moment, call: { kind: 'read', value: numberIn(read.Item) } });
  }

  async #write(history: History): Promise<void> {
    const value = ++history.values;
    const condition = this.#condition(history);
    const call: RegisterCall = { kind: 'write', value, condition, succeeded: undefined };
    const recorded: Recorded = { invokedAt: ++this.#moment, returnedAt: undefined, call };
    history.operations.push(recorded);
    try {
      const { Attributes } = await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: { pk: { S: history.key }, value: { N: String(value) } },
          ReturnValues: 'ALL_OLD',
          ...conditionInput(condition),
        }),
      );
      recorded.call = { ...call, succeeded: true, found: numberIn(Attributes) };
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) recorded.call = { ...call, succeeded: false, found: numberIn(error.Item) };
      else if (saysNothingWasDone(error)) history.operations.splice(history.operations.indexOf(recorded), 1);
      else {
        history.unknown++;
        return;
      }
    }
    recorded.returnedAt = ++this.#moment;
  }

  #condition(history: History): RegisterCondition {
    const kind = this.#random.below(4);
    if (kind < 2) return { kind: 'always' };
    if (kind === 2) return { kind: 'equals', value: Math.max(1, history.values - this.#random.below(CLIENTS_AN_ITEM)) };
    return { kind: 'absent' };
  }
}

function conditionInput(condition: RegisterCondition): object {
  switch (condition.kind) {
    case 'always':
      return {};
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
    case 'equals':
      return {
        ConditionExpression: '#value = :value',
        ExpressionAttributeNames: { '#value': 'value' },
        ExpressionAttributeValues: { ':value': { N: String(condition.value) } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      };
  }
}

function numberIn(item: Record<string, AttributeValue> | undefined): number {
  return item === undefined ? ABSENT : Number(item['value']?.N);
}
