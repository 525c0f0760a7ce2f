import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type AttributeValue, BatchGetItemCommand, BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { until } from './until.ts';

type Item = Record<string, AttributeValue>;

/** Limits of the API (AWS documentation pages "BatchWriteItem" and "BatchGetItem"). */
const WRITE_BATCH = 25;
const GET_BATCH = 100;
const CONCURRENCY = 8;
/** Items that share a partition key. */
export const ROWS = 20;

/** Many items of one size in a table with a partition key `pk` (text) and a sort key `sk` (number); all follow from their number. */
export class BulkItems {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #name: string;
  readonly #textBytes: number;

  /** `name` keeps them apart from others in the same table. */
  constructor(client: DynamoDBClient, table: string, name: string, textBytes: number) {
    this.#client = client;
    this.#table = table;
    this.#name = name;
    this.#textBytes = textBytes;
  }

  partitionKey(number: number): string {
    return `${this.#name}-${Math.floor(number / ROWS)}`;
  }

  key(number: number): Item {
    return { pk: { S: this.partitionKey(number) }, sk: { N: String(number % ROWS) } };
  }

  /** `edition`: another text under the same key. */
  item(number: number, edition = 0): Item {
    const text = createHash('sha512').update(`${this.#name} ${number} ${edition}`).digest('base64');
    return { ...this.key(number), text: { S: text.repeat(Math.ceil(this.#textBytes / text.length)).slice(0, this.#textBytes) } };
  }

  /** Puts the items first..last-1; what the service does not process is sent again. */
  async put(first: number, last: number, edition = 0): Promise<void> {
    await this.#inBatches(first, last, WRITE_BATCH, async (numbers) => {
      let requests = numbers.map((number) => ({ PutRequest: { Item: this.item(number, edition) } }));
      await until('a batch is written', async () => {
        const { UnprocessedItems } = await this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: requests } }));
        requests = (UnprocessedItems?.[this.#table] ?? []) as typeof requests;
        return requests.length === 0;
      });
    });
  }

  /** Reads the items first..last-1 with strong reads and compares each whole. */
  async verify(first: number, last: number, edition = 0): Promise<void> {
    await this.#inBatches(first, last, GET_BATCH, async (numbers) => {
      let keys = numbers.map((number) => this.key(number));
      const found: Item[] = [];
      await until('a batch is read', async () => {
        const request = { RequestItems: { [this.#table]: { Keys: keys, ConsistentRead: true } } };
        const { Responses, UnprocessedKeys } = await this.#client.send(new BatchGetItemCommand(request));
        found.push(...(Responses?.[this.#table] ?? []));
        keys = UnprocessedKeys?.[this.#table]?.Keys ?? [];
        return keys.length === 0;
      });
      const texts = new Map(found.map((item) => [`${item['pk']?.S} ${item['sk']?.N}`, item['text']?.S]));
      for (const number of numbers) {
        const { pk, sk, text } = this.item(number, edition);
        const read = texts.get(`${pk?.S} ${sk?.N}`);
        assert.ok(read === text?.S, `item ${number}: ${read === undefined ? 'is missing' : 'has another text'}`);
      }
    });
  }

  async #inBatches(first: number, last: number, size: number, work: (numbers: readonly number[]) => Promise<void>): Promise<void> {
    let next = first;
    const worker = async (): Promise<void> => {
      while (next < last) {
        const begin = next;
        next = Math.min(last, begin + size);
        await work(Array.from({ length: next - begin }, (_, at) => begin + at));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  }
}
