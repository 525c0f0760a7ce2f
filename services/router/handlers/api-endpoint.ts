import { AssertionError } from '../../shared/base/assert.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { HttpHandler, HttpRequest, HttpRequestHead, HttpResponse } from '../../shared/env/http.ts';
import type { MetricLabels } from '../../shared/env/metrics.ts';
import type { Compression } from '../../shared/env/compression.ts';
import type { StartThread } from '../../shared/env/thread.ts';
import {
  GZIP_ANSWER_BYTES_MIN,
  INLINE_BODY_BYTES_MAX,
  INLINE_TOKENS_MAX,
  READ_BYTES_HELD_MAX,
  REQUEST_BYTES_IN_FLIGHT_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  TURN_BYTES_MAX,
} from '../../shared/limits/api-limits.ts';
import { crc32InTurns } from '../core/api/answer.ts';
import { ACCESS_DENIED, internalServerError, notSupported, protocolError, validationError } from '../core/api/api-error.ts';
import type { ApiError } from '../core/api/api-error.ts';
import { acceptsGzip, compressionError, isBodyCompressed, originalBytesMax } from '../core/api/content-encoding.ts';
import { allowOrigin, preflightHeaders } from '../core/api/cross-origin.ts';
import { ExpressionCache } from '../core/api/expression-cache.ts';
import { apiErrorOf } from '../core/api/failure.ts';
import type { CredentialLookup } from '../core/api/identity.ts';
import { operationOf } from '../core/api/operations.ts';
import { checkBody, parseBody } from '../core/api/request-body.ts';
import { RequestContext } from '../core/api/request-context.ts';
import type { ApiServices } from '../core/api/request-context.ts';
import { RequestIds } from '../core/api/request-id.ts';
import { SignatureVerifier } from '../core/api/signature/signature-verifier.ts';
import { requestTarget } from '../core/api/request-target.ts';
import { throttled } from '../core/api/storage-outcome.ts';
import { LargeRequests } from '../core/large/large-requests.ts';
import type { StoragePort } from '../core/storage-port.ts';
import { routerMetrics } from '../metrics.ts';
import type { RouterMetrics } from '../metrics.ts';
import { actions, itemActions } from './actions.ts';

export interface ApiEndpointOptions {
  readonly region: string;
  /** A request that is not answered after this is given up. */
  readonly requestTimeoutMs: number;
  readonly credentials: CredentialLookup;
  /** Starts the thread that runs large-request-thread.ts; without one every request is worked on in the loop. */
  readonly startThread?: StartThread;
  /** Without it compressed bodies are refused by name, and no answer is compressed. */
  readonly compression?: Compression;
}

/** What a request of the API is answered with; `code` is that of its error, or OK. */
interface ApiAnswer {
  readonly status: number;
  readonly code: string;
  readonly body: Buffer;
}

/** Not a request of this API at all: so the service answers, in XML. */
const NO_OPERATION = Buffer.from('<UnknownOperationException/>\n');
/** DynamoDB Streams is signed for under the same name. */
const SIGNED_SERVICE = 'dynamodb';
const JSON_1_0 = 'application/x-amz-json-1.0';
const JSON_PLAIN = 'application/json';
const JSON_TYPES = new Set([JSON_1_0, JSON_PLAIN]);
const NO_BODY = Buffer.alloc(0);

/**
 * Answers HTTP requests of the DynamoDB API. The checks come in the service's order: protocol, target, signature, then JSON,
 * types, constraints, semantics, table. Nothing is parsed before the signature is known to be right.
 */
export class ApiEndpoint implements HttpHandler {
  readonly #environment: Environment;
  readonly #services: ApiServices;
  readonly #options: ApiEndpointOptions;
  readonly #large: LargeRequests | undefined;
  readonly #verifier: SignatureVerifier;
  readonly #requestIds: RequestIds;
  readonly #metrics: RouterMetrics;
  readonly #labels = new Map<string, { readonly counted: MetricLabels; readonly timed: MetricLabels }>();
  readonly #health: Buffer;
  readonly #room = { bytes: 0 };
  #requests = 0;
  #bytes = 0;

  constructor(environment: Environment, storage: StoragePort, options: ApiEndpointOptions) {
    const { digest, clock, timers, random } = environment;
    this.#environment = environment;
    this.#options = options;
    const { startThread } = options;
    this.#large = startThread === undefined ? undefined : new LargeRequests(environment, storage, startThread);
    this.#services = {
      region: options.region,
      storage,
      tables: storage,
      large: this.#large,
      room: this.#room,
      expressions: new ExpressionCache(),
      digest,
      clock,
      timers,
      random,
    };
    this.#verifier = new SignatureVerifier(digest, clock, { region: options.region, service: SIGNED_SERVICE }, options.credentials);
    this.#requestIds = new RequestIds(random);
    this.#metrics = routerMetrics(environment.metrics, this);
    this.#health = Buffer.from(`healthy: dynamodb.${options.region}.amazonaws.com `);
  }

  /** Bytes of request bodies that are being worked on. */
  get bytesInFlight(): number {
    return this.#bytes;
  }

  /** Bytes of items that requests hold until their answer is whole, and of answers that are being compressed. */
  get heldBytes(): number {
    return this.#room.bytes;
  }

  /** Bytes of bodies and items that are in the thread for large requests, or wait for it. */
  get threadBytes(): number {
    return this.#large?.bytes ?? 0;
  }

  /** Ends the thread; what it was working on fails. */
  async close(): Promise<void> {
    await this.#large?.close();
  }

  /** Never rejects: whatever goes wrong with one request is that request's answer. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.headers.get('origin') === undefined) return this.#handle(request);
    if (request.method !== 'OPTIONS') return allowOrigin(await this.#handle(request));
    return this.#preflight(request);
  }

  /**
   * What `handle` answers to these headers, whatever the body behind them is, as long as there is one; undefined when the body decides.
   * A router that has no room for the body would throttle the request where this refuses it: this takes no room.
   */
  answerByHead(head: HttpRequestHead): Promise<HttpResponse> | undefined {
    if (head.headers.get('origin') === undefined) return this.#answerByHead(head);
    if (head.method !== 'OPTIONS') return this.#answerByHead(head)?.then(allowOrigin);
    return Promise.resolve(this.#preflight(head));
  }

  #answerByHead(head: HttpRequestHead): Promise<HttpResponse> | undefined {
    const { path, query } = requestTarget(head.path);
    const answer = this.#answerOutsideApi(head, path, true);
    if (answer !== undefined) return Promise.resolve(answer);
    const operation = operationOf(head.headers.get('x-amz-target') ?? '');
    const startedMs = this.#environment.clock.monotonicMs();
    try {
      if (operation === undefined) throw unknownOperation();
      this.#verifier.checkHead(head, query);
      return undefined;
    } catch (error) {
      const { status, code, body } = this.#failure(error, operation);
      return Promise.resolve(this.#finish(head, operation, startedMs, { status, code, body: Buffer.from(body) }));
    }
  }

  #preflight(head: HttpRequestHead): HttpResponse {
    return { status: 200, headers: { 'x-amzn-RequestId': this.#requestIds.next(), ...preflightHeaders(head) }, body: NO_BODY };
  }

  /** The answer to what is no request of the API; undefined when it is one. */
  #answerOutsideApi(head: HttpRequestHead, path: string, hasBody: boolean): HttpResponse | undefined {
    if (head.method === 'GET') return this.#response(200, 'text/plain', this.#health);
    if (head.method === 'POST' && path === '/' && (!hasBody || JSON_TYPES.has(mediaType(head)))) return undefined;
    return this.#response(404, 'application/xml', NO_OPERATION);
  }

  async #handle(request: HttpRequest): Promise<HttpResponse> {
    const { path, query } = requestTarget(request.path);
    const answer = this.#answerOutsideApi(request, path, request.body.length > 0);
    if (answer !== undefined) return answer;
    const operation = operationOf(request.headers.get('x-amz-target') ?? '');
    const startedMs = this.#environment.clock.monotonicMs();
    // Asked now: a large body may be moved to the thread.
    const bytes = request.body.length;
    this.#requests++;
    this.#bytes += bytes;
    let status = 200;
    let code = 'OK';
    let body: Buffer;
    try {
      body = await this.#answer(request, query, operation);
    } catch (error) {
      const failure = this.#failure(error, operation);
      status = failure.status;
      code = failure.code;
      body = Buffer.from(failure.body);
    }
    this.#requests--;
    this.#bytes -= bytes;
    return this.#finish(request, operation, startedMs, { status, code, body });
  }

  /** Counts a request whose answer is known, and makes the response of it. */
  #finish(
    head: HttpRequestHead,
    operation: string | undefined,
    startedMs: number,
    { status, code, body }: ApiAnswer,
  ): HttpResponse | Promise<HttpResponse> {
    if (code === ACCESS_DENIED) this.#metrics.accessDenied.add(1, { action: operation ?? 'unknown' });
    this.#count(operation ?? 'unknown', code, startedMs);
    const type = mediaType(head) === JSON_1_0 ? JSON_1_0 : JSON_PLAIN;
    if (body.length < GZIP_ANSWER_BYTES_MIN) return this.#response(status, type, body);
    return this.#longResponse(status, type, body, head.headers.get('accept-encoding'));
  }

  async #longResponse(status: number, type: string, plain: Buffer, acceptEncoding: string | undefined): Promise<HttpResponse> {
    const { digest, timers } = this.#services;
    const { compression } = this.#options;
    // Compressing goes on in threads: what waits for them is held meanwhile, like items of an answer that is not whole.
    const compress = compression !== undefined && acceptsGzip(acceptEncoding) && this.#room.bytes + plain.length <= READ_BYTES_HELD_MAX;
    if (compress) this.#room.bytes += plain.length;
    const body = compress ? await compression.gzip(plain) : plain;
    if (compress) this.#room.bytes -= plain.length;
    // The checksum is over the bytes as they are sent, as the service's.
    const crc32 = body.length <= TURN_BYTES_MAX ? digest.crc32(body) : await crc32InTurns(body, digest, timers);
    const response = this.#response(status, type, body, crc32);
    return compress ? { ...response, headers: { ...response.headers, 'Content-Encoding': 'gzip' } } : response;
  }

  async #answer(request: HttpRequest, query: string, operation: string | undefined): Promise<Buffer> {
    if (operation === undefined) throw unknownOperation();
    if (this.#requests > REQUESTS_IN_FLIGHT_MAX || this.#bytes > REQUEST_BYTES_IN_FLIGHT_MAX) throw throttled();
    const deadlineAtMs = this.#environment.clock.monotonicMs() + this.#options.requestTimeoutMs;
    const identity = this.#verifier.verify(request, query);
    const action = actions.get(operation);
    if (action === undefined) throw notSupported(operation);
    const body = isBodyCompressed(request.headers) ? await this.#decompress(request.body) : request.body;
    const large = this.#large;
    if (large !== undefined && (body.length > INLINE_BODY_BYTES_MAX || checkBody(body) > INLINE_TOKENS_MAX)) {
      if (!itemActions.has(operation)) throw validationError(`The body of the request is too large for ${operation}`);
      return large.answer({ operation, identity, region: this.#options.region, body, deadlineAtMs });
    }
    if (large === undefined) checkBody(body);
    return action.answer(parseBody(body), new RequestContext(this.#services, identity, deadlineAtMs, request.headers.get('host')));
  }

  /** The original of a compressed body: at most as long as any body may be, and only while there is room for it. */
  async #decompress(compressed: Buffer): Promise<Buffer> {
    const { compression } = this.#options;
    if (compression === undefined) throw notSupported("Content-Encoding 'gzip'");
    const bytesMax = originalBytesMax(compressed.length);
    if (this.#bytes + bytesMax > REQUEST_BYTES_IN_FLIGHT_MAX) throw throttled();
    this.#bytes += bytesMax;
    const original = await compression.gunzip(compressed, bytesMax);
    this.#bytes -= bytesMax;
    if (original === 'damaged' || original === 'too-large') throw compressionError(original);
    return original;
  }

  #failure(error: unknown, operation: string | undefined): ApiError {
    const known = apiErrorOf(error);
    if (known !== undefined) return known;
    if (error instanceof AssertionError) return this.#environment.fatal('an invariant broke while a request was answered', error);
    this.#environment.logger.error('request-failed', { operation, error });
    return internalServerError('The request could not be processed because of an internal error');
  }

  #count(operation: string, code: string, startedMs: number): void {
    let labels = this.#labels.get(`${operation}/${code}`);
    if (labels === undefined) {
      labels = { counted: { operation, code }, timed: { operation } };
      this.#labels.set(`${operation}/${code}`, labels);
    }
    this.#metrics.requests.add(1, labels.counted);
    this.#metrics.latency.observe((this.#environment.clock.monotonicMs() - startedMs) / 1000, labels.timed);
  }

  #response(status: number, contentType: string, body: Buffer, crc32 = this.#services.digest.crc32(body)): HttpResponse {
    const headers = { 'x-amzn-RequestId': this.#requestIds.next(), 'x-amz-crc32': String(crc32), 'Content-Type': contentType };
    return { status, headers, body };
  }
}

function unknownOperation(): ApiError {
  return protocolError('UnknownOperationException');
}

/** The Content-Type without its parameters, in lower case. */
function mediaType(head: HttpRequestHead): string {
  const header = head.headers.get('content-type') ?? '';
  // As nearly every client sends it.
  if (header === JSON_1_0) return header;
  const semicolon = header.indexOf(';');
  return (semicolon === -1 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}
