import type { HttpExchange } from './http-exchange.ts';

/** Exchanges that wait for their client, with the bytes that each of them holds meanwhile, the oldest first. */
export class HttpBacklog {
  readonly #exchanges = new Map<HttpExchange, { readonly sinceMs: number; bytes: number }>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds bytes to those that the exchange holds; the first time it becomes the youngest. */
  add(exchange: HttpExchange, bytes: number): void {
    const entry = this.#exchanges.get(exchange);
    if (entry === undefined) this.#exchanges.set(exchange, { sinceMs: performance.now(), bytes });
    else entry.bytes += bytes;
    this.#bytes += bytes;
  }

  has(exchange: HttpExchange): boolean {
    return this.#exchanges.has(exchange);
  }

  delete(exchange: HttpExchange): void {
    this.#bytes -= this.#exchanges.get(exchange)?.bytes ?? 0;
    this.#exchanges.delete(exchange);
  }

  exchanges(): IterableIterator<HttpExchange> {
    return this.#exchanges.keys();
  }

  /** The exchange that waits longest; undefined when there is none. */
  oldest(): HttpExchange | undefined {
    for (const exchange of this.#exchanges.keys()) return exchange;
    return undefined;
  }

  /** Those that have waited for more than a time, with the time. */
  olderThan(graceMs: number): readonly (readonly [HttpExchange, number])[] {
    const now = performance.now();
    const late: (readonly [HttpExchange, number])[] = [];
    for (const [exchange, { sinceMs }] of this.#exchanges) {
      const elapsedMs = now - sinceMs;
      if (elapsedMs <= graceMs) break;
      late.push([exchange, elapsedMs]);
    }
    return late;
  }
}
