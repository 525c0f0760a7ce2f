import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type { HttpHandler, HttpRequest, HttpResponse } from '../env/http.ts';
import type { HttpLimits } from './http-limits.ts';
import { DEFAULT_HTTP_LIMITS } from './http-limits.ts';
import type { HttpServer } from './http-server.ts';
import { createHttpServer } from './http-server.ts';
import { PrometheusMetrics } from './metrics.ts';
import { RecordingLogger } from './transport.test-support.ts';

export interface Running {
  readonly server: HttpServer;
  readonly port: number;
  readonly requests: HttpRequest[];
  readonly logger: RecordingLogger;
  /** Requests refused with this status. */
  refused(status: number): Promise<number>;
  /** Connections ended because nobody read. */
  unread(): Promise<number>;
  /** Requests answered before their body was there. */
  answeredEarly(): Promise<number>;
}

export type Handler = (request: HttpRequest) => Promise<HttpResponse>;

/** Answers with method, path and body. */
export const echo: Handler = (request) => {
  const text = `${request.method} ${request.path} ${request.body.toString('latin1')}`;
  return Promise.resolve({ status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text, 'latin1') });
};

export async function start(
  context: TestContext,
  limits: Partial<HttpLimits> = {},
  handler: Handler = echo,
  answerByHead?: HttpHandler['answerByHead'],
): Promise<Running> {
  const requests: HttpRequest[] = [];
  const logger = new RecordingLogger();
  const metrics = new PrometheusMetrics({});
  const server = createHttpServer({
    host: '127.0.0.1',
    port: 0,
    limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
    handler: {
      handle: (request) => {
        requests.push(request);
        return handler(request);
      },
      ...(answerByHead === undefined ? undefined : { answerByHead }),
    },
    logger,
    metrics,
    process: 'test',
  });
  await server.listen();
  context.after(() => server.close());
  const value = async (series: string): Promise<number> => {
    const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`stator_test_http_${series} `));
    return Number(line?.split(' ')[1] ?? 0);
  };
  return {
    server,
    port: server.port(),
    requests,
    logger,
    refused: (status) => value(`refused_total{code="${status}"}`),
    unread: () => value('unread_total'),
    answeredEarly: () => value('answered_early_total'),
  };
}

/** A client that writes bytes as it likes and collects what comes back. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = '';
  #wake: () => void = () => {};
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
  }

  static async open(context: TestContext, port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    context.after(() => socket.destroy());
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  get received(): string {
    return this.#received;
  }

  /** Waits until what was received matches; fails when the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) await this.more();
    return this.#received;
  }

  /** Waits until so much was received; fails when the connection ends before. */
  async untilLength(characters: number): Promise<void> {
    while (this.#received.length < characters) await this.more();
  }

  /** Waits until more is received; fails when the connection ends. */
  async more(): Promise<void> {
    // A text that grows is put together whenever somebody looks into it: not for every piece of a long one.
    if (this.#ended) assert.fail(`the connection ended with ${JSON.stringify(this.#received.slice(-1000))}`);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

export function post(body: string, path = '/', extra = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

export function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1] as string);
}
