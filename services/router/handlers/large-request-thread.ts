import { AssertionError } from '../../shared/base/assert.ts';
import { asBuffer } from '../../shared/base/bytes.ts';
import type { ThreadEnvironment, ThreadPort } from '../../shared/env/thread.ts';
import { bindProjection } from '../../shared/expression/projection.ts';
import { ApiError } from '../core/api/api-error.ts';
import { ExpressionCache } from '../core/api/expression-cache.ts';
import { apiErrorOf } from '../core/api/failure.ts';
import { checkBody, parseBody } from '../core/api/request-body.ts';
import { RequestContext } from '../core/api/request-context.ts';
import { projectBytes } from '../core/api/item-projection.ts';
import { throttled } from '../core/api/storage-outcome.ts';
import { movable, packBytes, unpackBytes } from '../core/large/messages.ts';
import type { FromThread, ProjectionJob, RequestJob, ToThread } from '../core/large/messages.ts';
import { RemoteStorage } from '../core/large/remote-storage.ts';
import { itemActions } from './actions.ts';

/** What the thread for large requests runs (core/large): the same actions as the loop, over the storage at the other end. */
export function serve(port: ThreadPort, environment: ThreadEnvironment): void {
  const thread = new LargeRequestThread(port, environment);
  port.onMessage = (message) => thread.receive(message as ToThread);
}

class LargeRequestThread {
  readonly #port: ThreadPort;
  readonly #environment: ThreadEnvironment;
  readonly #expressions = new ExpressionCache();
  readonly #room = { bytes: 0 };
  readonly #storages = new Map<number, RemoteStorage>();

  constructor(port: ThreadPort, environment: ThreadEnvironment) {
    this.#port = port;
    this.#environment = environment;
  }

  receive(message: ToThread): void {
    if (message.kind === 'called') this.#storages.get(message.id)?.answered(message);
    else if (message.kind === 'request') void this.#request(message);
    else this.#project(message);
  }

  async #request(job: RequestJob): Promise<void> {
    const { id } = job;
    try {
      const moved: ArrayBufferLike[] = [];
      const body = movable(await this.#answer(job), moved);
      this.#post({ kind: 'answer', id, body }, moved);
    } catch (error) {
      this.#fail(id, error);
    }
    this.#storages.delete(id);
  }

  #answer(job: RequestJob): Promise<Buffer> {
    const { id, operation, identity, region, deadlineAtMs } = job;
    this.#refuseLate(deadlineAtMs);
    const action = itemActions.get(operation);
    if (action === undefined) throw new AssertionError(`${operation} is not worked on in the thread`);
    const storage = new RemoteStorage(this.#port, id);
    this.#storages.set(id, storage);
    const services = { region, storage, tables: undefined, room: this.#room, expressions: this.#expressions, ...this.#environment };
    const body = asBuffer(job.body);
    checkBody(body);
    return action.answer(parseBody(body), new RequestContext(services, identity, deadlineAtMs));
  }

  #project({ id, expression, names, items, deadlineAtMs }: ProjectionJob): void {
    try {
      this.#refuseLate(deadlineAtMs);
      const projection = bindProjection(this.#expressions.projection(expression), names);
      const projected = packBytes(unpackBytes(items).map((item) => projectBytes(projection, item)));
      this.#post({ kind: 'projected', id, items: projected }, [projected.bytes.buffer]);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  /** Whoever waited so long is gone: no work is spent on it. */
  #refuseLate(deadlineAtMs: number): void {
    if (this.#environment.clock.monotonicMs() >= deadlineAtMs) throw throttled();
  }

  #fail(id: number, error: unknown): void {
    const failure = apiErrorOf(error);
    if (failure instanceof ApiError) {
      const { type, status, message, body } = failure;
      this.#post({ kind: 'refused', id, type, status, message, body }, []);
      return;
    }
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#post({ kind: 'failed', id, reason, invariantBroken: error instanceof AssertionError }, []);
  }

  #post(message: FromThread, moved: readonly ArrayBufferLike[]): void {
    this.#port.post(message, moved);
  }
}
