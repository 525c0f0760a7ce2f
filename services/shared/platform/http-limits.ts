import { KIB, MIB, SECOND_MS } from '../base/units.ts';
import { BODY_BYTES_MAX } from '../limits/api-limits.ts';

/** What a client may ask of the HTTP server. Every limit is there to bound what one bad client costs the others. */
export interface HttpLimits {
  /** Longer bodies are refused with 413, by their announced length before a byte of them is read. */
  readonly bodyBytes: number;
  /** Request line and headers together; more is refused with 431. */
  readonly headerBytes: number;
  /** Time for request line and headers, then for the whole request; 408 after it. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A body that takes longer than this must have come at this rate; 408 otherwise. */
  readonly bodyGraceMs: number;
  readonly bodyBytesPerSecond: number;
  /** Bodies that are not complete, of all clients together; above it the one that has taken longest is refused with 503. */
  readonly receivingBytes: number;
  /** A client that reads nothing of its answer for so long has its connection ended. */
  readonly answerStallMs: number;
  /** Answers that wait for their clients to read them, together; above it the connection of the oldest is ended. */
  readonly sendingBytes: number;
  /** Open connections; further ones are closed as they come, and those that are idle then, so that there is room for the next. */
  readonly connections: number;
  /** Requests on one connection, so that clients spread again over routers now and then. */
  readonly requestsPerConnection: number;
  /** How long an idle connection stays open; longer than SDKs keep theirs. */
  readonly keepAliveMs: number;
}

/** The sizes are those of the service: 16 MB for a request (Service, account, and table quotas: BatchWriteItem). */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytes: BODY_BYTES_MAX,
  headerBytes: 16 * KIB,
  headersTimeoutMs: 5 * SECOND_MS,
  requestTimeoutMs: 30 * SECOND_MS,
  bodyGraceMs: 5 * SECOND_MS,
  bodyBytesPerSecond: KIB,
  receivingBytes: 256 * MIB,
  answerStallMs: 10 * SECOND_MS,
  sendingBytes: 256 * MIB,
  connections: 10_000,
  requestsPerConnection: 10_000,
  keepAliveMs: 75 * SECOND_MS,
};
