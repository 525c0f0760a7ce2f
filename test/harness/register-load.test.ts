import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { Prng } from '../../services/shared/base/prng.ts';
import { RegisterLoad } from './register-load.ts';
import { until } from './until.ts';

type Item = Record<string, AttributeValue>;
type Fault = 'none' | 'stale read' | 'lost write' | 'write fails and comes late' | 'condition not checked';

/** Answers in place of a service, each call in its own turn of the loop, so that calls overlap. One call in twenty goes wrong. */
class MemoryService {
  readonly #items = new Map<string, Item[]>();
  readonly #fault: Fault;
  readonly #random = new Prng(7);

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  async send(command: unknown): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(3)));
    const goesWrong = this.#random.chance(0.05);
    if (command instanceof GetItemCommand) return this.#get(command, goesWrong && this.#fault === 'stale read');
    if (command instanceof PutItemCommand) return this.#put(command, goesWrong);
    throw new Error('an unknown command');
  }

  #versions(item: Item | undefined): Item[] {
    const key = item?.['pk']?.S ?? '';
    const versions = this.#items.get(key) ?? [];
    this.#items.set(key, versions);
    return versions;
  }

  #get({ input }: GetItemCommand, stale: boolean): { readonly Item?: Item } {
    const Item = this.#versions(input.Key).at(stale ? -2 : -1);
    return Item === undefined ? {} : { Item };
  }

  #put({ input }: PutItemCommand, goesWrong: boolean): { readonly Attributes?: Item } {
    const versions = this.#versions(input.Item);
    const Attributes = versions.at(-1);
    const value = input.ExpressionAttributeValues?.[':value']?.N;
    const holds =
      value === undefined ? input.ConditionExpression === undefined || versions.length === 0 : Attributes?.['value']?.N === value;
    if (!holds && !(goesWrong && this.#fault === 'condition not checked')) {
      throw new ConditionalCheckFailedException({ message: '', $metadata: {}, ...(Attributes !== undefined && { Item: Attributes }) });
    }
    if (goesWrong && this.#fault === 'write fails and comes late' && input.ConditionExpression === undefined) {
      setTimeout(() => versions.push(input.Item as Item), 5);
      throw new Error('nobody knows');
    }
    if (!(goesWrong && this.#fault === 'lost write')) versions.push(input.Item as Item);
    return Attributes === undefined ? {} : { Attributes };
  }
}

async function verified(fault: Fault): Promise<void> {
  const load = new RegisterLoad(new MemoryService(fault) as unknown as DynamoDBClient, 'T', 'run', new Prng(3), 0);
  await load.during(() => until('a thousand operations', async () => load.operations > 1000).then(() => {}));
  load.verify();
}

for (const fault of ['none', 'write fails and comes late'] as const) {
  test(`histories are linearizable: ${fault}`, () => verified(fault));
}

for (const fault of ['stale read', 'lost write', 'condition not checked'] as const) {
  test(`found out: ${fault}`, () => assert.rejects(verified(fault), /is not linearizable/));
}
