import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpHeaders, HttpRequest, HttpResponse } from '../env/http.ts';

/** What is known of a connection. */
export interface HttpConnection {
  /** Requests on it that are not answered yet, the one being received included. */
  unanswered: number;
  /** The last request that began. */
  latest: IncomingMessage | undefined;
  /** It was refused something and is being closed: nothing more on it is answered. */
  refused: boolean;
}

/** One request whose body is being received. */
export class HttpExchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: HttpConnection;
  readonly headers: HttpHeaders;
  /** When it showed that the body takes more than a moment; undefined until then. */
  startedMs: number | undefined;
  #chunks: Buffer[] | undefined;
  #body: Buffer | undefined;
  #receivedBytes = 0;

  constructor(message: IncomingMessage, response: ServerResponse, connection: HttpConnection, headers: HttpHeaders) {
    this.message = message;
    this.response = response;
    this.connection = connection;
    this.headers = headers;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  add(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    // Nearly every body comes in one piece.
    if (this.#body === undefined) this.#body = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#body, chunk];
    else this.#chunks.push(chunk);
  }

  request(): HttpRequest {
    const { method, url } = this.message;
    let body = this.#body ?? NO_BODY;
    if (this.#chunks !== undefined) body = Buffer.concat(this.#chunks, this.#receivedBytes);
    return { method: method as string, path: url as string, headers: this.headers, body };
  }

  /** Sends the answer; `last`: the connection ends with it. Does nothing when the client is gone. */
  answer(answer: HttpResponse, last: boolean): void {
    const headers: string[] = [];
    for (const name in answer.headers) headers.push(name, answer.headers[name] as string);
    headers.push('content-length', String(answer.body.length));
    if (last) headers.push('connection', 'close');
    this.response.writeHead(answer.status, headers);
    this.response.end(answer.body);
  }
}

const NO_BODY = Buffer.alloc(0);
