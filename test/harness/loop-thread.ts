import { nodeDigest } from '../../services/shared/platform/digest.ts';
import type { StartThread, Thread, ThreadEnvironment, ThreadModule, ThreadPort } from '../../services/shared/env/thread.ts';
import { apiEnvironment } from './api-client.ts';

/** What one end posts comes to the other in a later turn, as it would from another thread: copied, or moved and gone. */
function deliver(message: unknown, moved: readonly ArrayBufferLike[], to: () => ThreadPort['onMessage']): void {
  const copy: unknown = structuredClone(message, { transfer: moved as ArrayBuffer[] });
  setImmediate(() => to()(copy));
}

/** A thread in the same loop: the module runs as it would in another one, and a test can end it when it likes. */
export class LoopThread implements Thread {
  onMessage: (message: unknown) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  readonly posted: unknown[] = [];
  readonly #port: ThreadPort;
  #ended = false;

  constructor({ serve }: ThreadModule, environment: ThreadEnvironment = { ...apiEnvironment(), digest: nodeDigest }) {
    this.#port = {
      post: (message, moved) => deliver(message, moved, () => (this.#ended ? () => {} : this.onMessage)),
      onMessage: () => {},
    };
    serve(this.#port, environment);
  }

  post(message: unknown, moved: readonly ArrayBufferLike[]): void {
    this.posted.push(message);
    deliver(message, moved, () => (this.#ended ? () => {} : this.#port.onMessage));
  }

  async close(): Promise<void> {
    this.#ended = true;
  }

  /** Ends the thread as running out of memory would. */
  die(reason: string): void {
    this.#ended = true;
    this.onEnd(reason);
  }
}

/** Starts such threads and keeps them. */
export function loopThreads(module: ThreadModule): { readonly started: LoopThread[]; readonly start: StartThread } {
  const started: LoopThread[] = [];
  const start: StartThread = () => {
    const thread = new LoopThread(module);
    started.push(thread);
    return thread;
  };
  return { started, start };
}
