import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KIB } from '../base/units.ts';
import type { HttpHeaders, HttpRequest, HttpRequestHead, HttpResponse } from '../env/http.ts';
import type { PacedBody } from './http-body-pace.ts';

/** What is known of a connection. */
export interface HttpConnection {
  /** Requests on it that are not answered yet, the one being received included. */
  unanswered: number;
  /** The last request that began. */
  latest: IncomingMessage | undefined;
  /** It was refused something and is being closed: nothing more on it is answered. */
  refused: boolean;
  /** Answers on it that the network has not taken. */
  readonly unread: Set<HttpExchange>;
}

/** One request whose body is being received. */
export class HttpExchange implements PacedBody {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: HttpConnection;
  readonly headers: HttpHeaders;
  /** It counts among those that long bodies give way to. */
  isOther = false;
  /** Nobody wants its body any more. */
  isDropped = false;
  readonly #announcedBytes: number;
  /** The body, or the room for it, filled up to `receivedBytes`. */
  #body: Buffer = NO_BODY;
  #hash: Hash | undefined;
  #receivedBytes = 0;

  /** `announcedBytes`: the length of the body that the headers tell; 0 when they tell none. */
  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    connection: HttpConnection,
    headers: HttpHeaders,
    announcedBytes: number,
  ) {
    this.message = message;
    this.response = response;
    this.connection = connection;
    this.headers = headers;
    this.#announcedBytes = announcedBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** All that was announced is there. */
  get isWhole(): boolean {
    return this.#receivedBytes === this.#announcedBytes;
  }

  hold(): void {
    this.message.pause();
  }

  goOn(): void {
    this.message.resume();
  }

  /** Growing piece by piece leaves buffers behind, which cost more to collect than to fill. */
  makeRoom(): void {
    if (this.#hash !== undefined && this.#body.length < this.#announcedBytes) this.#body = this.#moved(this.#announcedBytes);
  }

  /**
   * Nearly every body comes in one piece. A longer one is copied and hashed as it comes: a client that sends a byte at a time costs
   * a byte each time, and no turn of the loop has all of a long body to do.
   */
  add(chunk: Buffer): void {
    const received = this.#receivedBytes;
    this.#receivedBytes += chunk.length;
    if (received === 0) {
      this.#body = chunk;
      return;
    }
    if (this.#hash === undefined) {
      this.#hash = createHash('sha256').update(this.#body);
      // The first piece lies in a buffer of the socket.
      this.#body = this.#withRoom(received);
    } else if (this.#receivedBytes > this.#body.length) {
      this.#body = this.#withRoom(received);
    }
    this.#hash.update(chunk);
    this.#body.set(chunk, received);
  }

  /** The body comes in chunks, or there is none. */
  get isUnannounced(): boolean {
    return this.#announcedBytes === 0;
  }

  head(): HttpRequestHead {
    const { method, url } = this.message;
    return { method: method as string, path: url as string, headers: this.headers };
  }

  request(): HttpRequest {
    const { method, url } = this.message;
    const { headers } = this;
    const request = { method: method as string, path: url as string, headers, body: this.#body };
    if (this.#hash === undefined) return request;
    const body = this.#body.subarray(0, this.#receivedBytes);
    return { ...request, body, bodySha256: this.#hash.digest('hex') };
  }

  /** Forgets the body of a request that is refused, or answered without it. */
  dropBody(): void {
    this.isDropped = true;
    this.#body = NO_BODY;
  }

  /** A buffer with the first bytes and room for what came now: doubled, and in the end of the length that was announced. */
  #withRoom(received: number): Buffer {
    const doubled = Math.max(2 * received, this.#receivedBytes, LEAST_ROOM_BYTES);
    return this.#moved(this.#announcedBytes >= this.#receivedBytes ? Math.min(doubled, this.#announcedBytes) : doubled, received);
  }

  /** What came so far, in a buffer of its own of so many bytes. */
  #moved(bytes: number, received = this.#receivedBytes): Buffer {
    const roomy = Buffer.allocUnsafeSlow(bytes);
    roomy.set(this.#body.subarray(0, received));
    return roomy;
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
const LEAST_ROOM_BYTES = 4 * KIB;
