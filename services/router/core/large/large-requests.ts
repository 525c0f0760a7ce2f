import { isServing } from '../../../shared/placement/catalog-records.ts';
import { AssertionError, must, unreachable } from '../../../shared/base/assert.ts';
import type { Environment } from '../../../shared/env/environment.ts';
import type { StartThread, Thread } from '../../../shared/env/thread.ts';
import type { AttributeNames } from '../../../shared/expression/binding.ts';
import { LARGE_REQUEST_BYTES_MAX, TURN_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import type { StorageResponse } from '../../../shared/wire/storage-operations.ts';
import { ApiError, internalServerError } from '../api/api-error.ts';
import { throttled } from '../api/storage-outcome.ts';
import type { ItemStorage, TableView } from '../storage-port.ts';
import { movable, packBytes, unpackBytes } from './messages.ts';
import type { CallAnswer, FromThread, JobCall, RequestJob, ToThread } from './messages.ts';

/** A request whose body would hold up the loop. */
export type LargeRequest = Omit<RequestJob, 'kind' | 'id'>;

interface Job {
  readonly bytes: number;
  readonly account: string;
  readonly resolve: (result: Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
  /** The tables that the job was shown. */
  readonly tables: Map<string, TableView>;
}

type LargeRequestsEnvironment = Pick<Environment, 'clock' | 'timers' | 'logger'>;

/**
 * Has large requests and projections of large items done in a thread beside the loop, which only carries the thread's calls to
 * the storage. What waits for the thread is bounded in bytes. When the thread ends, its jobs fail and the next one starts another.
 */
export class LargeRequests {
  readonly #environment: LargeRequestsEnvironment;
  readonly #storage: ItemStorage;
  readonly #startThread: StartThread;
  readonly #jobs = new Map<number, Job>();
  #thread: Thread | undefined;
  #closing: Promise<void> | undefined;
  #lastId = 0;
  #bytes = 0;
  /** Calls of the thread that wait for a later turn of the loop. */
  #calls: JobCall[] = [];
  #nextCall = 0;

  constructor(environment: LargeRequestsEnvironment, storage: ItemStorage, startThread: StartThread) {
    this.#environment = environment;
    this.#storage = storage;
    this.#startThread = startThread;
  }

  /** Bytes of bodies and items whose jobs are not done. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The answer to a request. The body's memory is given away when it is alone in its buffer. Rejects with ApiError:
   * ThrottlingException when too much waits for the thread, InternalServerError when the thread ended.
   */
  async answer({ body, ...request }: LargeRequest): Promise<Buffer> {
    const moved: ArrayBufferLike[] = [];
    const [answer] = await this.#start(body.length, request.identity.account, (id) => {
      this.#post({ kind: 'request', id, ...request, body: movable(body, moved) }, moved);
    });
    const { buffer, byteOffset, byteLength } = must(answer);
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  /** The parts of canonical items that a projection, known to be right, asks for. Rejects as `answer` does. */
  project(
    expression: string,
    names: AttributeNames | undefined,
    items: readonly Uint8Array[],
    deadlineAtMs: number,
  ): Promise<readonly Uint8Array[]> {
    const packed = packBytes(items);
    return this.#start(packed.bytes.length, '', (id) => {
      this.#post({ kind: 'project', id, expression, names, items: packed, deadlineAtMs }, [packed.bytes.buffer]);
    });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread !== undefined) thread.onMessage = () => {};
    this.#closing ??= thread?.close() ?? Promise.resolve();
    this.#end('it was closed');
    await this.#closing;
  }

  #start(bytes: number, account: string, post: (id: number) => void): Promise<Uint8Array[]> {
    if (this.#closing !== undefined || this.#bytes + bytes > LARGE_REQUEST_BYTES_MAX) return Promise.reject(throttled());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { bytes, account, resolve, reject, tables: new Map() });
      this.#bytes += bytes;
      post(id);
    });
  }

  #post(message: ToThread, moved: readonly ArrayBufferLike[]): void {
    this.#thread ??= this.#newThread();
    this.#thread.post(message, moved);
  }

  #newThread(): Thread {
    const thread = this.#startThread();
    thread.onMessage = (message) => this.#receive(message as FromThread);
    thread.onEnd = (reason) => {
      this.#environment.logger.error('large-requests-thread-ended', { reason, jobs: this.#jobs.size });
      this.#thread = undefined;
      this.#end(reason);
    };
    return thread;
  }

  /** Every job is at the one thread that is gone. What it had asked of the storage may have been carried out. */
  #end(reason: string): void {
    this.#calls = [];
    this.#nextCall = 0;
    for (const id of [...this.#jobs.keys()]) {
      this.#take(id)?.reject(internalServerError(`The outcome of the request is unknown: the thread that worked on it ended (${reason})`));
    }
  }

  #take(id: number): Job | undefined {
    const job = this.#jobs.get(id);
    if (job === undefined) return undefined;
    this.#jobs.delete(id);
    this.#bytes -= job.bytes;
    return job;
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'call':
        this.#calls.push(message);
        if (this.#calls.length === 1) this.#environment.timers.endOfTurn(this.#makeCalls);
        return;
      case 'answer':
        return must(this.#take(message.id)).resolve([message.body]);
      case 'projected':
        return must(this.#take(message.id)).resolve(unpackBytes(message.items));
      case 'refused':
        return must(this.#take(message.id)).reject(new ApiError(message.type, message.status, message.message, message.body));
      case 'failed':
        return must(this.#take(message.id)).reject(
          message.invariantBroken ? new AssertionError(message.reason) : new Error(message.reason),
        );
      default:
        return unreachable(message);
    }
  }

  /** As many calls as one turn of the loop has room for; the next turn goes on. */
  readonly #makeCalls = (): void => {
    let bytes = 0;
    while (this.#nextCall < this.#calls.length && bytes < TURN_BYTES_MAX) {
      const call = this.#calls[this.#nextCall++] as JobCall;
      bytes += callBytes(call);
      void this.#call(call);
    }
    if (this.#nextCall < this.#calls.length) {
      this.#environment.timers.endOfTurn(this.#makeCalls);
      return;
    }
    this.#calls = [];
    this.#nextCall = 0;
  };

  async #call({ id, call, tableName, operation, indexId, deadlineMs }: JobCall): Promise<void> {
    const job = must(this.#jobs.get(id));
    let answer: CallAnswer;
    const moved: ArrayBufferLike[] = [];
    if (operation === undefined) {
      const { table, fresh } = await this.#table(job.account, tableName, deadlineMs);
      if (table !== undefined) job.tables.set(tableName, table);
      answer = { kind: 'called', id, call, table, fresh };
    } else {
      const table = must(job.tables.get(tableName));
      const storage = this.#storage;
      const answered =
        operation.kind === 'range' ? storage.range(table, operation, deadlineMs, indexId) : storage.execute(table, operation, deadlineMs);
      answer = { kind: 'called', id, call, response: movableResponse(await answered, moved) };
    }
    // The thread may have ended meanwhile, and another one begun.
    if (this.#jobs.get(id) === job) this.#post(answer, moved);
  }

  /** The table as the newest catalog shows it; an active one is taken as the watched catalog has it. */
  async #table(account: string, name: string, deadlineMs: number): Promise<{ table: TableView | undefined; fresh: boolean }> {
    const watched = this.#storage.table(account, name);
    if (watched !== undefined && isServing(watched.record)) return { table: watched, fresh: true };
    const fresh = await this.#storage.refreshTables(deadlineMs);
    return { table: this.#storage.table(account, name), fresh };
  }
}

function callBytes({ operation }: JobCall): number {
  return operation?.kind === 'put' ? operation.item.length : 0;
}

/** The response with its items in buffers of their own: they lie in the frame that brought them, together with others. */
function movableResponse(response: StorageResponse, moved: ArrayBufferLike[]): StorageResponse {
  const { item, range } = response;
  const own = (bytes: Uint8Array): Uint8Array => movable(new Uint8Array(bytes), moved);
  return {
    ...response,
    ...(item === undefined ? undefined : { item: own(item) }),
    ...(range === undefined
      ? undefined
      : {
          range: { ...range, items: range.items.map(own), ...(range.lastKey === undefined ? undefined : { lastKey: own(range.lastKey) }) },
        }),
  };
}
