import { must } from '../../../shared/base/assert.ts';
import type { ThreadPort } from '../../../shared/env/thread.ts';
import type { RangeOperation, StorageResponse } from '../../../shared/wire/storage-operations.ts';
import type { ItemOperation, ItemStorage, TableView } from '../storage-port.ts';
import { movableOperation, type CallAnswer, type JobCall } from './messages.ts';

/** The storage as one job in the thread sees it: each call goes to the loop, which has the connections. */
export class RemoteStorage implements ItemStorage {
  readonly #port: ThreadPort;
  readonly #job: number;
  readonly #waiting = new Map<number, (answer: CallAnswer) => void>();
  readonly #tables = new Map<string, TableView>();
  readonly #unknown = new Set<string>();
  #lastCall = 0;

  constructor(port: ThreadPort, job: number) {
    this.#port = port;
    this.#job = job;
  }

  /** Nothing is known at first: whoever asks calls `refreshTables` then and asks again, as for a table just created. */
  table(_account: string, name: string): TableView | undefined {
    const view = this.#tables.get(name);
    if (view === undefined) this.#unknown.add(name);
    return view;
  }

  async refreshTables(deadlineMs: number): Promise<boolean> {
    let allFresh = true;
    for (const name of this.#unknown) {
      const { table, fresh } = await this.#call(name, undefined, deadlineMs);
      if (table !== undefined) this.#tables.set(name, table);
      allFresh &&= fresh === true;
    }
    this.#unknown.clear();
    return allFresh;
  }

  async execute(view: TableView, operation: ItemOperation, deadlineMs: number): Promise<StorageResponse> {
    return must((await this.#call(view.record.name, operation, deadlineMs)).response);
  }

  async range(view: TableView, operation: RangeOperation, deadlineMs: number, indexId?: string): Promise<StorageResponse> {
    return must((await this.#call(view.record.name, operation, deadlineMs, indexId)).response);
  }

  /** An answer from the loop. */
  answered(answer: CallAnswer): void {
    const resolve = must(this.#waiting.get(answer.call));
    this.#waiting.delete(answer.call);
    resolve(answer);
  }

  #call(tableName: string, given: ItemOperation | RangeOperation | undefined, deadlineMs: number, indexId?: string): Promise<CallAnswer> {
    const call = ++this.#lastCall;
    const moved: ArrayBufferLike[] = [];
    const operation = given === undefined ? undefined : movableOperation(given, moved);
    const message: JobCall = { kind: 'call', id: this.#job, call, tableName, operation, indexId, deadlineMs };
    this.#port.post(message, moved);
    return new Promise((resolve) => this.#waiting.set(call, resolve));
  }
}
