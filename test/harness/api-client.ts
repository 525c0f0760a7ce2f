import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Environment } from '../../services/shared/env/environment.ts';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../../services/shared/env/http.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { ApiEndpoint } from '../../services/router/handlers/api-endpoint.ts';
import type { ApiEndpointOptions } from '../../services/router/handlers/api-endpoint.ts';
import { REQUEST_TIMEOUT_MS } from '../../services/shared/limits/api-limits.ts';
import { FakeStorage } from './fake-storage.ts';

export const REGION = 'eu-test-1';
export const ACCOUNT = '123456789012';
export const ACCESS_KEY_ID = 'AKIATESTTESTTEST';
export const SECRET = 'a secret of forty characters, more or less';
/** 20 November 2026, 10:00:00 UTC. */
export const NOW_MS = 1_795_168_800_000;
export const NOW_DATE = '20261120T100000Z';

export type HeaderList = readonly (readonly [string, string])[];

/** Headers as a server would hand them over. */
export function httpHeaders(list: HeaderList): HttpHeaders {
  const all = (name: string): string[] => list.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
  return { get: (name) => all(name)[0], all };
}

export interface SigningOptions {
  readonly secret?: string;
  readonly accessKeyId?: string;
  readonly region?: string;
  readonly date?: string;
}

/** Signature Version 4 written down a second time, plainly, for the tests. Returns the value of the Authorization header. */
export function authorization(list: HeaderList, body: Buffer, options: SigningOptions = {}): string {
  const { secret = SECRET, accessKeyId = ACCESS_KEY_ID, region = REGION, date = NOW_DATE } = options;
  const sorted = list.map(([name, value]) => [name.toLowerCase(), value.trim()] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = sorted.map(([name]) => name).join(';');
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const canonical = ['POST', '/', '', ...sorted.map(([name, value]) => `${name}:${value}`), '', signed, bodyHash].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

export function signedRequest(target: string, body: Buffer, options: SigningOptions = {}): HttpRequest {
  const list: [string, string][] = [
    ['Host', '127.0.0.1:8000'],
    ['Content-Type', 'application/x-amz-json-1.0'],
    ['X-Amz-Target', target],
    ['X-Amz-Date', options.date ?? NOW_DATE],
  ];
  const headers = httpHeaders([...list, ['Authorization', authorization(list, body, options)]]);
  return { method: 'POST', path: '/', headers, body };
}

/** An environment whose clock stands at NOW_MS; whatever is logged as an error fails the test that does not expect it. */
export function apiEnvironment(onError = failOnError): Environment {
  const none = (): void => {};
  const logger = {
    debug: none,
    info: none,
    warn: none,
    error: onError,
    with: () => logger,
  };
  const unused = (): never => {
    throw new Error('not used by the API');
  };
  return {
    clock: { monotonicMs: () => 5_000, wallMs: () => NOW_MS },
    timers: { after: unused, endOfTurn: (callback) => void setImmediate(callback), sleep: unused },
    random: { uint32: unused, float: unused, bytes: (length) => randomBytes(length) },
    digest: nodeDigest,
    logger,
    metrics: { counter: () => ({ add: none }), gauge: () => ({ set: none }), histogram: () => ({ observe: none }) },
    fatal: (reason, cause) => {
      throw new Error(`fatal: ${reason}`, { cause });
    },
  };
}

function failOnError(event: string, fields?: unknown): void {
  throw new Error(`logged ${event}`, { cause: fields });
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** The endpoint over storage in memory, and a client that signs. */
export class ApiClient {
  readonly storage = new FakeStorage(nodeDigest);
  readonly endpoint: ApiEndpoint;

  constructor(options: Partial<ApiEndpointOptions> = {}, onError: (event: string) => void = failOnError) {
    this.endpoint = new ApiEndpoint(apiEnvironment(onError), this.storage, {
      region: REGION,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      credentials: (accessKeyId) => (accessKeyId === ACCESS_KEY_ID ? { secret: SECRET, account: ACCOUNT } : undefined),
      ...options,
    });
  }

  /** Sends bytes as they are. */
  async sendBytes(operation: string, body: Buffer): Promise<ApiAnswer> {
    return readAnswer(await this.endpoint.handle(signedRequest(`DynamoDB_20120810.${operation}`, body)));
  }

  async send(operation: string, input: unknown): Promise<ApiAnswer> {
    return this.sendBytes(operation, Buffer.from(JSON.stringify(input)));
  }

  /** The answer's JSON; the operation must succeed. */
  async call(operation: string, input: unknown): Promise<Record<string, unknown>> {
    const answer = await this.send(operation, input);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  /** The operation must be refused with this ValidationException. */
  async refuses(operation: string, input: unknown, message: string): Promise<void> {
    await this.fails(operation, input, 'com.amazon.coral.validate#ValidationException', message);
  }

  /** The operation must fail with this type and message. */
  async fails(operation: string, input: unknown, type: string, message: string): Promise<void> {
    const { json } = await this.send(operation, input);
    assert.deepEqual({ type: json.__type, message: json.message ?? json.Message }, { type, message });
  }

  /** A table with a string partition key `pk` and, when asked for, a sort key `sk` of a type. */
  async createTable(name: string, sortType?: 'S' | 'N' | 'B'): Promise<void> {
    const sort = sortType === undefined ? [] : [{ AttributeName: 'sk', AttributeType: sortType }];
    await this.call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }, ...sort],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, ...sort.map(({ AttributeName }) => ({ AttributeName, KeyType: 'RANGE' }))],
    });
  }
}

/** Checks what every answer must have. */
function readAnswer(response: HttpResponse): ApiAnswer {
  const text = response.body.toString();
  assert.match(response.headers['x-amzn-RequestId'] ?? '', /^[A-Z0-9]{52}$/);
  assert.equal(response.headers['x-amz-crc32'], String(crc32(response.body)));
  assert.equal(response.headers['Content-Type'], 'application/x-amz-json-1.0');
  return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text), text };
}
