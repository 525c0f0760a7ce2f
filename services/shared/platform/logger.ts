import type { Logger as PinoLogger } from 'pino';
import { destination, pino, stdTimeFunctions } from 'pino';
import { MIB } from '../base/units.ts';
import type { LogFields, Logger } from '../env/logger.ts';

const MAX_BUFFERED_BYTES = 8 * MIB;
const ATTEMPTS_AT_THE_END = 10;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields of every line: process and AZ. */
  readonly fields: LogFields;
  /** File descriptor to write to; standard output when absent. */
  readonly descriptor?: number;
}

/** A log and the means to empty its buffer. */
export interface ProcessLogger {
  readonly logger: Logger;
  /** Resolves when every line so far is written, or cannot be. */
  flushed(): Promise<void>;
  /** Writes out what is still buffered, synchronously: the process is about to end. A line being written just now may come later. */
  flushNow(): void;
}

/** Lines of JSON: time in ISO 8601, level by name, event name in `event`, then fields. Errors are given with their stack and causes. */
export function createLogger(options: LoggerOptions): ProcessLogger {
  let ending = false;
  let attempts = 0;
  // Written in the background: a reader that stands still must not stop the loop (and with it heartbeats and reads). What it
  // does not take beyond the limit is lost, as are lines when the descriptor fails.
  const sink = destination({
    dest: options.descriptor ?? 1,
    sync: false,
    minLength: 1,
    maxLength: MAX_BUFFERED_BYTES,
    // Asked when the descriptor takes nothing right now; each new attempt waits for 100 ms.
    retryEAGAIN: () => !ending || attempts++ < ATTEMPTS_AT_THE_END,
  });
  sink.on('error', () => {});
  const root = pino(
    {
      level: options.level,
      base: options.fields,
      messageKey: 'event',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields },
    },
    sink,
  );
  return {
    logger: new PinoAdapter(root),
    flushed: () => new Promise((resolve) => sink.flush(() => resolve())),
    flushNow: () => {
      ending = true;
      try {
        sink.flushSync();
      } catch {
        // Nobody reads: there is nowhere left to say it.
      }
    },
  };
}

/** An error as fields; a whole chain of causes in one line, logged once (omicron, docs/error-types-and-logging.adoc). */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { name, message, code, stack, cause: cause === undefined ? undefined : errorFields(cause) };
}

class PinoAdapter implements Logger {
  readonly #pino: PinoLogger;

  constructor(pinoLogger: PinoLogger) {
    this.#pino = pinoLogger;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, event);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#pino.info(fields, event);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, event);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#pino.error(fields, event);
  }

  with(fields: LogFields): Logger {
    return new PinoAdapter(this.#pino.child(fields));
  }
}
