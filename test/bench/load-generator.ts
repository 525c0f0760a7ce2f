import { SigV4Signer, type SigningCredentials } from '../harness/sigv4-signer.ts';
import { LoadConnection, type LoadDriver } from './load-connection.ts';
import { type BenchOperation, benchRequest, ITEMS_PER_COLLECTION, MOVES, moves } from './workload.ts';

/** The order to a load generator, sent to it once. */
export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly credentials: SigningCredentials;
  readonly operation: BenchOperation;
  /** Items in the table. */
  readonly items: number;
  readonly connections: number;
  readonly warmUpMs: number;
  /** How long to measure; undefined: send the request for each item once and count that. */
  readonly measureMs?: number;
}

/** What a load generator says: when the measured time begins, and at its end the figures. */
export type LoadReport = { readonly kind: 'measuring' } | ({ readonly kind: 'measured' } & LoadFigures);

export interface LoadFigures {
  readonly succeeded: number;
  readonly failed: number;
  /** The beginning of the first answer that was no success. */
  readonly firstFailure?: string;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const MOST_LATENCIES = 4_000_000;
/** A server that refuses everything is found out without a flood of connections. */
const MOST_BROKEN = 2_000;

/** Sends signed requests over its connections and keeps the figures. */
class LoadGenerator implements LoadDriver {
  readonly #order: LoadOrder;
  readonly #report: (report: LoadReport) => void;
  readonly #requests: readonly Buffer[];
  readonly #leastAnswerBytes: number;
  readonly #latenciesMs: Float64Array;
  #nextRequest = 0;
  #open = 0;
  #measuring = false;
  #ended = false;
  #startedAtMs = 0;
  #endedAtMs = 0;
  #succeeded = 0;
  #failed = 0;
  #broken = 0;
  #firstFailure: string | undefined;

  constructor(order: LoadOrder, report: (report: LoadReport) => void) {
    this.#order = order;
    this.#report = report;
    const signer = new SigV4Signer(order.credentials);
    const timeMs = Date.now();
    const host = `${order.host}:${order.port}`;
    const numbers = itemNumbers(order);
    const rounds = Array.from({ length: moves(order.operation) ? MOVES : 1 }, (_, move) => move);
    const unsigned = rounds.flatMap((move) => numbers.map((itemNumber) => benchRequest(order.operation, itemNumber, move)));
    this.#leastAnswerBytes = unsigned[0]?.leastAnswerBytes ?? 0;
    this.#requests = unsigned.map(({ action, body }) => signer.http({ host, action, body: Buffer.from(body), timeMs }));
    this.#latenciesMs = new Float64Array(order.measureMs === undefined ? this.#requests.length : MOST_LATENCIES);
  }

  start(): void {
    for (let connection = 0; connection < this.#order.connections; connection++) {
      this.#open++;
      new LoadConnection(this.#order.host, this.#order.port, this).open();
    }
    const { measureMs, warmUpMs } = this.#order;
    if (measureMs === undefined) {
      this.#beginMeasuring();
      return;
    }
    setTimeout(() => {
      this.#beginMeasuring();
      setTimeout(() => this.#endMeasuring(), measureMs);
    }, warmUpMs);
  }

  next(): Buffer | undefined {
    if (this.#ended) return undefined;
    if (this.#nextRequest === this.#requests.length) {
      if (this.#order.measureMs === undefined) return undefined;
      this.#nextRequest = 0;
    }
    return this.#requests[this.#nextRequest++];
  }

  answered(status: number, answerBytes: number, latencyMs: number, head: Buffer): void {
    const success = status === 200 && answerBytes >= this.#leastAnswerBytes;
    if (!success) this.#firstFailure ??= head.toString('latin1', 0, 1000);
    if (!this.#measuring) return;
    if (!success) {
      this.#failed++;
    } else if (this.#succeeded < this.#latenciesMs.length) {
      this.#latenciesMs[this.#succeeded++] = latencyMs;
    }
  }

  broken(reason: string): void {
    this.#firstFailure ??= reason;
    this.#broken++;
    if (this.#measuring) this.#failed++;
    if (this.#broken > MOST_BROKEN) this.#endMeasuring();
  }

  finished(): void {
    this.#open--;
    if (this.#open === 0) this.#endMeasuring();
  }

  #beginMeasuring(): void {
    this.#measuring = true;
    this.#startedAtMs = performance.now();
    this.#report({ kind: 'measuring' });
  }

  #endMeasuring(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#measuring = false;
    this.#endedAtMs = performance.now();
    const sorted = this.#latenciesMs.subarray(0, this.#succeeded).sort();
    const percentile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    this.#report({
      kind: 'measured',
      succeeded: this.#succeeded,
      failed: this.#failed,
      ...(this.#firstFailure === undefined ? {} : { firstFailure: this.#firstFailure }),
      elapsedMs: this.#endedAtMs - this.#startedAtMs,
      p50Ms: percentile(0.5),
      p99Ms: percentile(0.99),
      maxMs: percentile(1),
    });
  }
}

/** Items in an order that jumps over the table; for queries the first of each collection. */
function itemNumbers(order: LoadOrder): number[] {
  const step = order.operation === 'query' ? ITEMS_PER_COLLECTION : 1;
  const count = Math.floor(order.items / step);
  // A stride that shares no divisor with the count visits each item once.
  let stride = Math.floor(count * 0.618) | 1;
  while (greatestCommonDivisor(stride, count) !== 1) stride += 2;
  return Array.from({ length: count }, (_, position) => ((position * stride) % count) * step);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The load generator as a process of its own: an order comes in, reports go out, and it ends with its parent. */
process.once('message', (order: LoadOrder) => {
  new LoadGenerator(order, (report) => process.send?.(report)).start();
});
process.once('disconnect', () => process.exit(0));
