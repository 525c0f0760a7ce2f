import { createHmac, hash } from 'node:crypto';
import { SECOND_MS } from '../../services/shared/base/units.ts';

/** Who signs, and for which region. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** One DynamoDB request, to be sent as POST / with AWS JSON 1.0. */
export interface UnsignedRequest {
  /** As in the Host header: `127.0.0.1:8000`. */
  readonly host: string;
  /** The operation: `PutItem`. */
  readonly action: string;
  readonly body: Buffer;
  /** Milliseconds since 1970; a service accepts it for fifteen minutes before and after. */
  readonly timeMs: number;
  /** Further headers to send and sign, names in lower case. */
  readonly extraHeaders?: Readonly<Record<string, string>>;
}

const TARGET_PREFIX = 'DynamoDB_20120810.';
const CONTENT_TYPE = 'application/x-amz-json-1.0';
/** What every request sends and signs, in the order of the alphabet. */
const USUAL_HEADERS = ['content-length', 'content-type', 'host', 'x-amz-date', 'x-amz-target'];
const SHA256_BLOCK_BYTES = 64;
const SHA256_BYTES = 32;
/** A string to sign has some 140 characters. */
const MESSAGE_BYTES_MAX = 1024;

/**
 * Signature Version 4 for DynamoDB's only shape of request, after AWS's documentation page "Create a signed AWS API
 * request". Independent of the router's own verification, so that each is a check of the other.
 */
export class SigV4Signer {
  readonly #credentials: SigningCredentials;
  #keyDate = '';
  #key = new HashedKey(Buffer.alloc(0));
  /** The second of the last request, in seconds since 1970 and in AWS's notation. */
  #second = Number.NaN;
  #timestamp = '';

  constructor(credentials: SigningCredentials) {
    this.#credentials = credentials;
  }

  /** The headers that make the request valid, host and content-length included; names in lower case. */
  headers(request: UnsignedRequest): Record<string, string> {
    const timestamp = this.#timestampOf(request.timeMs);
    const date = timestamp.slice(0, 8);
    const headers: Record<string, string> = {
      ...request.extraHeaders,
      host: request.host,
      'content-type': CONTENT_TYPE,
      'content-length': String(request.body.length),
      'x-amz-date': timestamp,
      'x-amz-target': TARGET_PREFIX + request.action,
    };
    const names = request.extraHeaders === undefined ? USUAL_HEADERS : Object.keys(headers).sort();
    const signedHeaders = names.join(';');
    let canonicalHeaders = '';
    for (const name of names) canonicalHeaders += `${name}:${headers[name]}\n`;
    const canonicalRequest = `POST\n/\n\n${canonicalHeaders}\n${signedHeaders}\n${sha256Hex(request.body)}`;
    const scope = `${date}/${this.#credentials.region}/dynamodb/aws4_request`;
    const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonicalRequest)}`;
    const signature = this.#signingKey(date).sign(stringToSign);
    const credential = `${this.#credentials.accessKeyId}/${scope}`;
    headers['authorization'] = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  }

  /** The whole HTTP/1.1 request, ready for a keep-alive connection. */
  http(request: UnsignedRequest): Buffer {
    let head = 'POST / HTTP/1.1\r\n';
    for (const [name, value] of Object.entries(this.headers(request))) head += `${name}: ${value}\r\n`;
    return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), request.body]);
  }

  #timestampOf(timeMs: number): string {
    const second = Math.floor(timeMs / SECOND_MS);
    if (second !== this.#second) {
      this.#timestamp = new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
      this.#second = second;
    }
    return this.#timestamp;
  }

  #signingKey(date: string): HashedKey {
    if (date !== this.#keyDate) {
      const dateKey = hmac(`AWS4${this.#credentials.secretAccessKey}`, date);
      const regionKey = hmac(dateKey, this.#credentials.region);
      this.#key = new HashedKey(hmac(hmac(regionKey, 'dynamodb'), 'aws4_request'));
      this.#keyDate = date;
    }
    return this.#key;
  }
}

/** One key for many messages: HMAC as RFC 2104 defines it, of two plain hashes, for a third of what an HMAC object takes. */
class HashedKey {
  /** The key xor 0x36, then the message. */
  readonly #inner = Buffer.alloc(SHA256_BLOCK_BYTES + MESSAGE_BYTES_MAX, 0x36);
  /** The key xor 0x5c, then the hash of the inner bytes. */
  readonly #outer = Buffer.alloc(SHA256_BLOCK_BYTES + SHA256_BYTES, 0x5c);

  /** At most one block long. */
  constructor(key: Buffer) {
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
  }

  /** Lower-case hexadecimal. The message is ASCII and at most 1,024 characters long. */
  sign(message: string): string {
    const end = SHA256_BLOCK_BYTES + this.#inner.write(message, SHA256_BLOCK_BYTES, 'latin1');
    this.#outer.write(sha256Hex(this.#inner.subarray(0, end)), SHA256_BLOCK_BYTES, 'hex');
    return sha256Hex(this.#outer);
  }
}

function sha256Hex(bytes: Buffer | string): string {
  return hash('sha256', bytes, 'hex');
}

function hmac(key: Buffer | string, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
