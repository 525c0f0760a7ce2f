import type { Socket } from 'node:net';
import { SECOND_MS } from '../base/units.ts';
import type { HttpConnection } from './http-exchange.ts';

/** How long what a refused client still sends is read and thrown away, so that it can read the refusal. */
const LINGER_MS = 2 * SECOND_MS;

/** Statuses of what Node's parser refuses by itself; everything else is a malformed request. */
export const PARSE_ERROR_STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** True when a refusal would be taken for the answer to an earlier request, one that arrived whole. */
export function awaitsAnswer(connection: HttpConnection): boolean {
  const beingReceived = connection.latest?.complete === false ? 1 : 0;
  return connection.unanswered > beingReceived;
}

/**
 * Lets a connection that Node is about to destroy be read for a while after its last answer. Closing it with unread bytes
 * would reset it, and the client would not get to see the answer.
 */
export function linger(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  };
}
