import type { Socket } from 'node:net';
import type { HttpExchange } from './http-exchange.ts';

/** Looks, spread over the time that a client may read nothing of its answer. */
export const STALL_LOOKS = 10;

interface Look {
  /** Bytes that the network had not taken. */
  untakenBytes: number;
  /** So many looks in a row it was the same. */
  same: number;
}

/**
 * Tells which answers move no more because their clients do not read them. Time alone proves nothing: where this process stood still, or had
 * little of the processor, nobody could have had anything. So looks are counted, and each must come when the sockets have had their turn.
 */
export class HttpStalls {
  readonly #looks = new WeakMap<HttpExchange, Look>();

  /** Looks at answers that are under way. Returns those of which the network took nothing from one look to the next, so many times in a row. */
  look(exchanges: Iterable<HttpExchange>): HttpExchange[] {
    const stalled: HttpExchange[] = [];
    for (const exchange of exchanges) {
      const untakenBytes = untaken(exchange.response.socket);
      if (untakenBytes === undefined) continue;
      const look = this.#looks.get(exchange);
      if (look === undefined || look.untakenBytes !== untakenBytes) this.#looks.set(exchange, { untakenBytes, same: 0 });
      else if (++look.same === STALL_LOOKS) stalled.push(exchange);
    }
    return stalled;
  }
}

/**
 * Undefined of an answer that waits behind an earlier one. The length of the stream would not do: it stays as it is until all of a write, which
 * is a whole answer, was taken. Node's own timer of sockets reads the same number.
 */
function untaken(socket: Socket | null): number | undefined {
  return (socket as { readonly _handle?: { readonly writeQueueSize: number } | null } | null)?._handle?.writeQueueSize;
}
