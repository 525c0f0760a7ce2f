import type { Environment } from './environment.ts';

/** One end of the messages between the loop of a process and a thread beside it. */
export interface ThreadPort {
  /** Sends plain data: it is copied, but for the buffers in `moved`, which go over whole and are empty here afterwards. */
  post(message: unknown, moved: readonly ArrayBufferLike[]): void;
  /** Called with each message of the other end, in the order sent. Set before the turn of the loop ends. */
  onMessage: (message: unknown) => void;
}

/** A thread with a loop of its own, for work that would hold up the loop of the process. */
export interface Thread extends ThreadPort {
  /** Called once when the thread has ended, for whatever reason, and no message comes any more. Not after `close`. */
  onEnd: (reason: string) => void;
  close(): Promise<void>;
}

export type StartThread = () => Thread;

/** What a thread is given of the outside world. Its clock is that of the thread that started it: deadlines can be sent over. */
export type ThreadEnvironment = Pick<Environment, 'clock' | 'timers' | 'random' | 'digest'>;

/** A module that runs in a thread. */
export interface ThreadModule {
  /** Called once. Sets `port.onMessage` before it returns. */
  serve(port: ThreadPort, environment: ThreadEnvironment): void;
}
