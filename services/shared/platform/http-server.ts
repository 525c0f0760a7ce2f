import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { must } from '../base/assert.ts';
import { SECOND_MS } from '../base/units.ts';
import type { HttpHandler, HttpResponse } from '../env/http.ts';
import type { Logger } from '../env/logger.ts';
import type { Metrics } from '../env/metrics.ts';
import { HttpBacklog } from './http-backlog.ts';
import { HttpBodyPace } from './http-body-pace.ts';
import type { HttpConnection } from './http-exchange.ts';
import { HttpExchange } from './http-exchange.ts';
import { framingOf, RawHttpHeaders } from './http-headers.ts';
import type { HttpLimits } from './http-limits.ts';
import { HttpLinger } from './http-linger.ts';
import type { HttpServerMetrics } from './http-metrics.ts';
import { httpServerMetrics } from './http-metrics.ts';
import { awaitsAnswer, PARSE_ERROR_STATUS } from './http-refusal.ts';
import { HttpStalls, STALL_LOOKS } from './http-stalls.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits: HttpLimits;
  readonly handler: HttpHandler;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Names the metrics: `stator_<process>_http_…`. */
  readonly process: string;
}

/** An HTTP/1.1 server that hands over whole requests. */
export interface HttpServer {
  /** Rejects when the address is in use. */
  listen(): Promise<void>;
  port(): number;
  /** Accepts nothing new; resolves when every request under way is answered and its connection closed. */
  drain(): Promise<void>;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** How often connections are checked against the time limits. */
const CHECK_INTERVAL_MS = SECOND_MS;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new NodeHttpServer(options);
}

class NodeHttpServer implements HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, HttpConnection>();
  /** Requests whose body did not come at once. */
  readonly #receiving = new HttpBacklog();
  /** Requests whose answer the network did not take at once. */
  readonly #sending = new HttpBacklog();
  readonly #stalls = new HttpStalls();
  readonly #pace: HttpBodyPace<HttpExchange>;
  readonly #linger: HttpLinger;
  readonly #metrics: HttpServerMetrics;
  #openConnections = 0;
  #draining = false;
  #sweep: NodeJS.Timeout | undefined;
  #stallLooks: NodeJS.Timeout | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { limits, metrics, process } = options;
    this.#pace = new HttpBodyPace(limits.longBodies);
    this.#linger = new HttpLinger(limits.lingering);
    this.#metrics = httpServerMetrics(metrics, process, () => ({
      openConnections: this.#openConnections,
      heldBodies: this.#pace.held,
      lingering: this.#linger.size,
    }));
    this.#server = createServer({
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytes,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      insecureHTTPParser: false,
      // Checked here (framingOf): Node would go on to take what follows such a request for another one.
      requireHostHeader: false,
      keepAlive: true,
    });
    this.#configure(limits);
  }

  async listen(): Promise<void> {
    const { port, host } = this.#options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#sweep = setInterval(() => this.#refuseSlowBodies(), CHECK_INTERVAL_MS);
    this.#sweep.unref();
    // Timers come before sockets in a turn of the loop: after a standstill nothing could be sent yet.
    this.#stallLooks = setInterval(() => setImmediate(() => this.#endStalled()), this.#options.limits.answerStallMs / STALL_LOOKS);
    this.#stallLooks.unref();
  }

  port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async drain(): Promise<void> {
    this.#draining = true;
    // Closes connections that are idle; those at work end with their answer.
    await this.#whenClosed();
  }

  async close(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#sweep);
    clearInterval(this.#stallLooks);
    const closed = this.#whenClosed();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Stops accepting; resolves when the last connection is closed, at once when the server is not listening. */
  #whenClosed(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #configure(limits: HttpLimits): void {
    const server = this.#server;
    server.maxConnections = limits.connections;
    server.maxRequestsPerSocket = limits.requestsPerConnection;
    // The number is bounded by headerBytes; Node would drop those beyond its limit silently.
    server.maxHeadersCount = 0;
    server.on('connection', (socket: Socket) => {
      this.#openConnections++;
      const connection: HttpConnection = { unanswered: 0, latest: undefined, refused: false, unread: new Set() };
      this.#connections.set(socket, connection);
      socket.once('close', () => {
        this.#openConnections--;
        // Node does not tell an answer that never had its turn that the connection is gone.
        for (const exchange of connection.unread) this.#sending.delete(exchange);
      });
    });
    server.on('drop', () => {
      this.#metrics.refused.add(1, { code: '0' });
      // Whoever keeps connections without using them must not keep others out: the next to come finds room.
      server.closeIdleConnections();
    });
    server.on('request', (message: IncomingMessage, response: ServerResponse) => this.#onRequest(message, response, false));
    server.on('checkContinue', (message: IncomingMessage, response: ServerResponse) => this.#onRequest(message, response, true));
    // For example no file descriptor left to accept with: the connections there are go on.
    server.on('error', (error) => this.#options.logger.error('http-server-failed', { error }));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#onClientError(error, socket as Socket));
  }

  #onRequest(message: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const connection = must(this.#connections.get(message.socket));
    if (connection.refused) return;
    connection.unanswered++;
    connection.latest = message;
    response.once('close', () => connection.unanswered--);
    const { rawHeaders } = message;
    const { bodyBytes, refusal } = framingOf(rawHeaders);
    const exchange = new HttpExchange(message, response, connection, new RawHttpHeaders(rawHeaders), bodyBytes);
    if (refusal !== undefined) this.#refuse(exchange, refusal);
    else if (bodyBytes > this.#options.limits.bodyBytes) this.#refuse(exchange, 413);
    else if (bodyBytes <= this.#options.limits.unaskedBodyBytes || !this.#answerEarly(exchange)) this.#receive(exchange, awaitsContinue);
  }

  #receive(exchange: HttpExchange, awaitsContinue: boolean): void {
    const { message, response } = exchange;
    if (awaitsContinue) response.writeContinue();
    const { bodyBytes, unaskedBodyBytes } = this.#options.limits;
    let isAsked = !exchange.isUnannounced;
    message.on('data', (chunk: Buffer) => {
      exchange.add(chunk);
      if (exchange.receivedBytes > bodyBytes) return this.#refuse(exchange, 413);
      if (!isAsked && exchange.receivedBytes > unaskedBodyBytes) {
        isAsked = true;
        if (this.#answerEarly(exchange)) return;
      }
      if (!message.complete || this.#receiving.has(exchange)) this.#watchBody(exchange, chunk.length);
    });
    message.on('end', () => {
      // An earlier request of a connection may come to its end only when a later one in the same packet was refused.
      if (!exchange.isDropped) this.#answer(exchange);
    });
  }

  /**
   * The body does not come at once: until it is complete or the client is gone it is held to the least rate, to its share of room and,
   * when it is long, to its share of time. When there is no room, whoever waits for that share has cost the least so far.
   */
  #watchBody(exchange: HttpExchange, bytes: number): void {
    const receiving = this.#receiving;
    if (!receiving.has(exchange)) exchange.message.once('close', () => this.#endBody(exchange));
    receiving.add(exchange, bytes);
    this.#pace.received(exchange, bytes, exchange.receivedBytes, exchange.isWhole);
    while (receiving.bytes > this.#options.limits.receivingBytes) this.#refuse(must(this.#pace.youngestHeld() ?? receiving.oldest()), 503);
  }

  #endBody(exchange: HttpExchange): void {
    this.#receiving.delete(exchange);
    this.#pace.forget(exchange);
  }

  #answer(exchange: HttpExchange): void {
    exchange.isOther = !this.#pace.has(exchange);
    if (exchange.isOther) this.#pace.began();
    this.#options.handler
      .handle(exchange.request())
      .then((answer) => {
        this.#endOther(exchange);
        this.#send(exchange, answer, this.#draining);
      })
      .catch((error: unknown) => this.#onHandlerFailed(exchange, error));
  }

  /**
   * Asks the handler whether the body can change the answer. When it cannot, the answer is sent, as the last one of its connection, for
   * what is left of the body would stand before the next request. Tells whether it was.
   */
  #answerEarly(exchange: HttpExchange): boolean {
    const answering = this.#options.handler.answerByHead?.(exchange.head());
    if (answering === undefined) return false;
    this.#metrics.answeredEarly.add();
    this.#stopReceiving(exchange);
    answering.then((answer) => this.#send(exchange, answer, true)).catch((error: unknown) => this.#onHandlerFailed(exchange, error));
    return true;
  }

  #send(exchange: HttpExchange, answer: HttpResponse, last: boolean): void {
    exchange.answer(answer, last);
    // An answer without a socket waits behind the answer to an earlier request of the same connection.
    if (exchange.response.socket === null || exchange.message.socket.writableLength > 0) this.#watchAnswer(exchange, answer.body.length);
  }

  #endOther(exchange: HttpExchange): void {
    if (exchange.isOther) this.#pace.ended();
    exchange.isOther = false;
  }

  /** The network did not take the whole answer: until it has, the client must go on reading, and the answer is held to its share of room. */
  #watchAnswer(exchange: HttpExchange, bytes: number): void {
    const sending = this.#sending;
    if (exchange.response.closed || exchange.message.socket.destroyed) return;
    exchange.connection.unread.add(exchange);
    exchange.response.once('close', () => {
      exchange.connection.unread.delete(exchange);
      sending.delete(exchange);
    });
    sending.add(exchange, bytes);
    while (sending.bytes > this.#options.limits.sendingBytes) this.#endReader(must(sending.oldest()));
  }

  #onHandlerFailed(exchange: HttpExchange, error: unknown): void {
    this.#endOther(exchange);
    this.#options.logger.error('http-handler-failed', { error });
    if (exchange.response.headersSent) exchange.message.socket.destroy();
    else exchange.answer({ status: 500, headers: {}, body: Buffer.alloc(0) }, true);
  }

  /** Answers without a handler, behind earlier answers on the connection, and ends the connection. */
  #refuse(exchange: HttpExchange, status: number): void {
    if (exchange.connection.refused) return;
    this.#metrics.refused.add(1, { code: String(status) });
    this.#stopReceiving(exchange);
    exchange.answer({ status, headers: {}, body: Buffer.alloc(0) }, true);
  }

  /** Nobody wants the body, nor anything behind it: it stays at its client until the answer is out, and the connection lingers then. */
  #stopReceiving(exchange: HttpExchange): void {
    const { message, connection } = exchange;
    connection.refused = true;
    this.#endBody(exchange);
    exchange.dropBody();
    this.#linger.afterAnswer(message.socket);
    message.removeAllListeners('data');
    message.pause();
  }

  #refuseSlowBodies(): void {
    const { bodyGraceMs, bodyBytesPerSecond, heldBodyMs } = this.#options.limits;
    for (const exchange of this.#pace.heldLongerThan(heldBodyMs)) this.#refuse(exchange, 503);
    for (const [exchange, elapsedMs] of this.#receiving.olderThan(bodyGraceMs)) {
      if ((exchange.receivedBytes / elapsedMs) * SECOND_MS < bodyBytesPerSecond) this.#refuse(exchange, 408);
    }
  }

  #endStalled(): void {
    for (const exchange of this.#stalls.look(this.#sending.exchanges())) this.#endReader(exchange);
  }

  /** The client does not read: nothing can be told to it any more. */
  #endReader(exchange: HttpExchange): void {
    const { connection, message } = exchange;
    for (const unread of connection.unread) this.#sending.delete(unread);
    connection.unread.clear();
    if (message.socket.destroyed) return;
    this.#metrics.unread.add();
    message.socket.destroy();
  }

  /** Node's parser gave up on the connection, or it broke. */
  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.refused || awaitsAnswer(connection) || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    connection.refused = true;
    const status = PARSE_ERROR_STATUS[error.code ?? ''] ?? 400;
    this.#metrics.refused.add(1, { code: String(status) });
    this.#linger.afterAnswer(socket);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.destroySoon();
  }
}
