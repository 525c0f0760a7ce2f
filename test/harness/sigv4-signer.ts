import { createHmac, hash } from 'node:crypto';

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

/**
 * Signature Version 4 for DynamoDB's only shape of request, after AWS's documentation page "Create a signed AWS API
 * request". Independent of the router's own verification, so that each is a check of the other.
 */
export class SigV4Signer {
  readonly #credentials: SigningCredentials;
  #keyDate = '';
  #key: Buffer = Buffer.alloc(0);

  constructor(credentials: SigningCredentials) {
    this.#credentials = credentials;
  }

  /** The headers that make the request valid, host and content-length included; names in lower case. */
  headers(request: UnsignedRequest): Record<string, string> {
    const timestamp = new Date(request.timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const date = timestamp.slice(0, 8);
    const headers: Record<string, string> = {
      ...request.extraHeaders,
      host: request.host,
      'content-type': CONTENT_TYPE,
      'content-length': String(request.body.length),
      'x-amz-date': timestamp,
      'x-amz-target': TARGET_PREFIX + request.action,
    };
    const names = Object.keys(headers).sort();
    const signedHeaders = names.join(';');
    const canonicalHeaders = names.map((name) => `${name}:${headers[name]}\n`).join('');
    const canonicalRequest = `POST\n/\n\n${canonicalHeaders}\n${signedHeaders}\n${sha256Hex(request.body)}`;
    const scope = `${date}/${this.#credentials.region}/dynamodb/aws4_request`;
    const stringToSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Hex(canonicalRequest)}`;
    const signature = hmac(this.#signingKey(date), stringToSign).toString('hex');
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

  #signingKey(date: string): Buffer {
    if (date !== this.#keyDate) {
      const dateKey = hmac(`AWS4${this.#credentials.secretAccessKey}`, date);
      const regionKey = hmac(dateKey, this.#credentials.region);
      this.#key = hmac(hmac(regionKey, 'dynamodb'), 'aws4_request');
      this.#keyDate = date;
    }
    return this.#key;
  }
}

function sha256Hex(bytes: Buffer | string): string {
  return hash('sha256', bytes, 'hex');
}

function hmac(key: Buffer | string, message: string): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
