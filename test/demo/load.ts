import { BatchWriteItemCommand, type DynamoDBClient, type WriteRequest } from '@aws-sdk/client-dynamodb';
import type { Acknowledgements } from './acknowledgements.ts';
import { type CityWrite, cityItem } from './cities.ts';

export interface LoadOptions {
  /** Batches under way at once. */
  readonly concurrency: number;
  /** Called after each answer. */
  readonly progress: () => void;
}

export interface LoadResult {
  /** Items that came back as UnprocessedItems and were sent again. */
  readonly unprocessed: number;
  /** Requests that failed for good in the SDK and were sent again by us. */
  readonly failedRequests: number;
}

/** BatchWriteItem's limit (AWS documentation page "BatchWriteItem"). */
const BATCH_ITEMS = 25;
const RETRY_MS = 50;
const RETRY_MOST_MS = 1000;
/** A load to which nothing was acknowledged for so long has failed. */
const STALLED_MS = 60_000;

/** Writes everything with BatchWriteItem, and sends again what the service did not process until it has all of it. */
export class CityLoader {
  readonly #client: DynamoDBClient;
  readonly #acknowledgements: Acknowledgements;
  readonly #options: LoadOptions;
  #writes: readonly CityWrite[] = [];
  #next = 0;
  #unprocessed = 0;
  #failedRequests = 0;
  #progressAtMs = 0;

  constructor(client: DynamoDBClient, acknowledgements: Acknowledgements, options: LoadOptions) {
    this.#client = client;
    this.#acknowledgements = acknowledgements;
    this.#options = options;
  }

  /** Throws when nothing is acknowledged for a minute. */
  async load(writes: readonly CityWrite[]): Promise<LoadResult> {
    this.#writes = writes;
    this.#next = 0;
    this.#progressAtMs = performance.now();
    await Promise.all(Array.from({ length: this.#options.concurrency }, () => this.#work()));
    return { unprocessed: this.#unprocessed, failedRequests: this.#failedRequests };
  }

  async #work(): Promise<void> {
    while (this.#next < this.#writes.length) {
      const batch = this.#writes.slice(this.#next, this.#next + BATCH_ITEMS);
      this.#next += batch.length;
      await this.#writeBatch(batch);
    }
  }

  async #writeBatch(batch: readonly CityWrite[]): Promise<void> {
    let waiting = batch;
    let pauseMs = RETRY_MS;
    for (;;) {
      const left = await this.#send(waiting);
      if (left.length === 0) return;
      if (performance.now() - this.#progressAtMs > STALLED_MS) throw new Error('no write was acknowledged for a minute');
      // Progress shows that the service lives: only a batch that gets nowhere backs off further.
      pauseMs = left.length < waiting.length ? RETRY_MS : Math.min(RETRY_MOST_MS, pauseMs * 2);
      waiting = left;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Sends once; what is still to be written comes back. */
  async #send(batch: readonly CityWrite[]): Promise<readonly CityWrite[]> {
    const requests: Record<string, WriteRequest[]> = {};
    for (const { table, city } of batch) {
      const ofTable = requests[table.name] ?? [];
      ofTable.push({ PutRequest: { Item: cityItem(table, city) } });
      requests[table.name] = ofTable;
    }
    let left: ReadonlySet<string>;
    try {
      const { UnprocessedItems } = await this.#client.send(new BatchWriteItemCommand({ RequestItems: requests }));
      left = writeNames(UnprocessedItems ?? {});
    } catch {
      // Whether it was carried out is unknown; the same puts again do no harm.
      this.#failedRequests++;
      return batch;
    }
    const now = performance.now();
    const unprocessed: CityWrite[] = [];
    for (const write of batch) {
      if (left.has(writeName(write.table.name, String(write.city.id)))) unprocessed.push(write);
      else this.#acknowledgements.add(write, now);
    }
    this.#unprocessed += unprocessed.length;
    if (unprocessed.length < batch.length) this.#progressAtMs = now;
    this.#options.progress();
    return unprocessed;
  }
}

function writeNames(unprocessed: Record<string, WriteRequest[]>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [table, requests] of Object.entries(unprocessed)) {
    for (const { PutRequest } of requests) names.add(writeName(table, PutRequest?.Item?.['id']?.N ?? ''));
  }
  return names;
}

function writeName(table: string, cityId: string): string {
  return `${table}/${cityId}`;
}
