import { AssertionError } from '../../shared/base/assert.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { HttpRequest, HttpResponse } from '../../shared/env/http.ts';
import type { MetricLabels } from '../../shared/env/metrics.ts';
import { ExpressionError } from '../../shared/expression/errors.ts';
import { ItemError } from '../../shared/item/item-error.ts';
import { REQUEST_BYTES_IN_FLIGHT_MAX, REQUESTS_IN_FLIGHT_MAX } from '../../shared/limits/api-limits.ts';
import { ApiError, internalServerError, notSupported, protocolError, serializationError, validationError } from '../core/api/api-error.ts';
import { ExpressionCache } from '../core/api/expression-cache.ts';
import { operationOf } from '../core/api/operations.ts';
import { parseBody } from '../core/api/request-body.ts';
import type { ParseElsewhere } from '../core/api/request-body.ts';
import { RequestContext } from '../core/api/request-context.ts';
import type { ApiServices } from '../core/api/request-context.ts';
import { RequestIds } from '../core/api/request-id.ts';
import { SignatureVerifier } from '../core/api/signature/signature-verifier.ts';
import type { CredentialLookup } from '../core/api/signature/signature-verifier.ts';
import { throttled } from '../core/api/storage-outcome.ts';
import type { StoragePort } from '../core/storage-port.ts';
import { routerMetrics } from '../metrics.ts';
import type { RouterMetrics } from '../metrics.ts';
import { actions } from './actions.ts';

export interface ApiEndpointOptions {
  readonly region: string;
  /** A request that is not answered after this is given up. */
  readonly requestTimeoutMs: number;
  readonly credentials: CredentialLookup;
  readonly parseElsewhere?: ParseElsewhere;
}

/** Not a request of this API at all: so the service answers, in XML. */
const NO_OPERATION = Buffer.from('<UnknownOperationException/>\n');
const JSON_1_0 = 'application/x-amz-json-1.0';
const JSON_TYPES = new Set([JSON_1_0, 'application/json']);

/**
 * Answers HTTP requests of the DynamoDB API. The checks come in the service's order: protocol, target, signature, then JSON,
 * types, constraints, semantics, table. Nothing is parsed before the signature is known to be right.
 */
export class ApiEndpoint {
  readonly #environment: Environment;
  readonly #services: ApiServices;
  readonly #options: ApiEndpointOptions;
  readonly #verifier: SignatureVerifier;
  readonly #requestIds: RequestIds;
  readonly #metrics: RouterMetrics;
  readonly #labels = new Map<string, { readonly counted: MetricLabels; readonly timed: MetricLabels }>();
  readonly #health: Buffer;
  #requests = 0;
  #bytes = 0;

  constructor(environment: Environment, storage: StoragePort, options: ApiEndpointOptions) {
    const { digest, clock, random } = environment;
    this.#environment = environment;
    this.#options = options;
    this.#services = { region: options.region, storage, expressions: new ExpressionCache(), digest, clock, random };
    this.#verifier = new SignatureVerifier(digest, clock, options.region, options.credentials);
    this.#requestIds = new RequestIds(random);
    this.#metrics = routerMetrics(environment.metrics, this);
    this.#health = Buffer.from(`healthy: dynamodb.${options.region}.amazonaws.com `);
  }

  /** Bytes of request bodies that are being worked on. */
  get bytesInFlight(): number {
    return this.#bytes;
  }

  /** Never rejects: whatever goes wrong with one request is that request's answer. */
  async handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.method === 'GET') return this.#response(200, 'text/plain', this.#health);
    const contentType = mediaType(request);
    const questionMark = request.path.indexOf('?');
    const path = questionMark === -1 ? request.path : request.path.slice(0, questionMark);
    if (request.method !== 'POST' || path !== '/' || (request.body.length > 0 && !JSON_TYPES.has(contentType))) {
      return this.#response(404, 'application/xml', NO_OPERATION);
    }
    const query = questionMark === -1 ? '' : request.path.slice(questionMark + 1);
    const operation = operationOf(request.headers.get('x-amz-target') ?? '');
    const startedMs = this.#environment.clock.monotonicMs();
    this.#requests++;
    this.#bytes += request.body.length;
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
    this.#bytes -= request.body.length;
    this.#count(operation ?? 'unknown', code, startedMs);
    return this.#response(status, contentType === 'application/json' ? contentType : JSON_1_0, body);
  }

  async #answer(request: HttpRequest, query: string, operation: string | undefined): Promise<Buffer> {
    if (operation === undefined) throw protocolError('UnknownOperationException');
    if (this.#requests > REQUESTS_IN_FLIGHT_MAX || this.#bytes > REQUEST_BYTES_IN_FLIGHT_MAX) throw throttled();
    const { account } = this.#verifier.verify(request, query);
    const action = actions.get(operation);
    if (action === undefined) throw notSupported(operation);
    const context = new RequestContext(this.#services, account, this.#options.requestTimeoutMs);
    const parsed = parseBody(request.body, this.#options.parseElsewhere);
    return action.answer(parsed instanceof Promise ? await parsed : parsed, context);
  }

  #failure(error: unknown, operation: string | undefined): ApiError {
    if (error instanceof ApiError) return error;
    if (error instanceof ItemError) return error.kind === 'validation' ? validationError(error.message) : serializationError(error.message);
    if (error instanceof ExpressionError) return validationError(error.message);
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

  #response(status: number, contentType: string, body: Buffer): HttpResponse {
    const headers = {
      'x-amzn-RequestId': this.#requestIds.next(),
      'x-amz-crc32': String(this.#services.digest.crc32(body)),
      'Content-Type': contentType,
    };
    return { status, headers, body };
  }
}

/** The Content-Type without its parameters. */
function mediaType(request: HttpRequest): string {
  const header = request.headers.get('content-type') ?? '';
  const semicolon = header.indexOf(';');
  return semicolon === -1 ? header : header.slice(0, semicolon).trim();
}
