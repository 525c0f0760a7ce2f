import { Worker } from 'node:worker_threads';
import { MIB } from '../base/units.ts';
import type { Thread } from '../env/thread.ts';

export interface WorkerThreadOptions {
  /** The module that the thread runs: it exports `serve(port, environment)` (worker-thread-main.ts). */
  readonly module: URL;
  readonly name: string;
  /** The thread alone ends when its heap grows above this. */
  readonly heapBytes: number;
}

/** What the thread is started with. */
export interface WorkerThreadData {
  readonly module: string;
  /** Milliseconds by which the clock of the host is ahead of this thread's `performance.now()`. */
  readonly clockOffsetMs: number;
}

const NANOSECONDS_PER_MS = 1e6;

/** A clock that all threads of the process read alike. */
export function hostMs(): number {
  return Number(process.hrtime.bigint()) / NANOSECONDS_PER_MS;
}

export function startWorkerThread(options: WorkerThreadOptions): Thread {
  return new WorkerThread(options);
}

class WorkerThread implements Thread {
  onMessage: (message: unknown) => void = () => {};
  onEnd: (reason: string) => void = () => {};
  readonly #worker: Worker;
  #failure: string | undefined;
  #closed = false;

  constructor({ module, name, heapBytes }: WorkerThreadOptions) {
    const workerData: WorkerThreadData = { module: module.href, clockOffsetMs: hostMs() - performance.now() };
    this.#worker = new Worker(new URL('./worker-thread-main.js', import.meta.url), {
      name,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapBytes / MIB) },
    });
    this.#worker.on('message', (message: unknown) => this.onMessage(message));
    this.#worker.on('error', (error) => {
      this.#failure = String(error);
    });
    this.#worker.on('exit', (code) => {
      if (!this.#closed) this.onEnd(this.#failure ?? `exit status ${code}`);
    });
  }

  post(message: unknown, moved: readonly ArrayBufferLike[]): void {
    this.#worker.postMessage(message, moved as ArrayBuffer[]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }
}
