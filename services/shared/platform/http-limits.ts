import { KIB, MIB, SECOND_MS } from '../base/units.ts';
import { BODY_BYTES_MAX, TURN_BYTES_MAX } from '../limits/api-limits.ts';
import type { BodyPaceLimits } from './http-body-pace.ts';
import type { LingerLimits } from './http-linger.ts';

/** What a client may ask of the HTTP server. Every limit is there to bound what one bad client costs the others. */
export interface HttpLimits {
  /** Longer bodies are refused with 413, by their announced length before a byte of them is read. */
  readonly bodyBytes: number;
  /** Request line and headers together; more is refused with 431. */
  readonly headerBytes: number;
  /**
   * A longer body is only read when the handler says that its request may become valid: otherwise the answer comes at once. A body in
   * chunks, whose length nobody knows, is looked at when so much of it came.
   */
  readonly unaskedBodyBytes: number;
  /** What clients that were refused still send. */
  readonly lingering: LingerLimits;
  /** Time for request line and headers, then for the whole request; 408 after it. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A body that takes longer than this must have come at this rate; 408 otherwise. */
  readonly bodyGraceMs: number;
  readonly bodyBytesPerSecond: number;
  /** Long bodies are read so fast that other requests do not suffer. */
  readonly longBodies: BodyPaceLimits;
  /** A long body that was not read for so long, because older ones were, is refused with 503: its client shall come again later. */
  readonly heldBodyMs: number;
  /**
   * Bodies that are not complete, of all clients together. Above it the youngest of those that are held back is refused with 503; when
   * none is, the one that has taken longest.
   */
  readonly receivingBytes: number;
  /** A client that reads nothing of its answer for so long, while this process was at work, has its connection ended. */
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

/**
 * All are our choice. A kibibyte of a long body costs a router 3 µs (measured: reading, hashing, keeping, collecting it), a small request some
 * 100: eight of them for each request are a fifth of the router's time, and less of the storage nodes'.
 */
const DEFAULT_BODY_PACE: BodyPaceLimits = {
  freeBytes: MIB,
  othersMax: 16,
  bytesPerOther: 8 * KIB,
  bytesPerSecond: 8 * MIB,
  turnBytes: TURN_BYTES_MAX,
  roomyBodies: 4,
};

/**
 * All are our choice. What lingers is thrown away unhashed and uncopied, four megabytes a second of it: together too little to be noticed, and
 * enough for one client at a time to send the longest body to its end.
 */
const DEFAULT_LINGERING: LingerLimits = {
  elapsedMs: 5 * SECOND_MS,
  bytes: BODY_BYTES_MAX,
  bytesPerSecond: 4 * MIB,
  connections: 256,
};

/** The sizes are those of the service: 16 MB for a request (Service, account, and table quotas: BatchWriteItem). */
export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytes: BODY_BYTES_MAX,
  headerBytes: 16 * KIB,
  unaskedBodyBytes: 64 * KIB,
  lingering: DEFAULT_LINGERING,
  headersTimeoutMs: 5 * SECOND_MS,
  requestTimeoutMs: 30 * SECOND_MS,
  bodyGraceMs: 5 * SECOND_MS,
  bodyBytesPerSecond: KIB,
  longBodies: DEFAULT_BODY_PACE,
  heldBodyMs: 15 * SECOND_MS,
  receivingBytes: 256 * MIB,
  answerStallMs: 10 * SECOND_MS,
  sendingBytes: 256 * MIB,
  connections: 10_000,
  requestsPerConnection: 10_000,
  keepAliveMs: 75 * SECOND_MS,
};
