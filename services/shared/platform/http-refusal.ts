import type { HttpConnection } from './http-exchange.ts';

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
