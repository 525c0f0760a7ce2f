import type { Clock } from '../../../../shared/env/clock.ts';
import type { Digest } from '../../../../shared/env/digest.ts';
import type { HttpHeaders, HttpRequest, HttpRequestHead } from '../../../../shared/env/http.ts';
import { SIGNATURE_SKEW_MAX_MS, SIGNED_HEADERS_MAX } from '../../../../shared/limits/api-limits.ts';
import { protocolError, serviceUnavailable } from '../api-error.ts';
import type { Credential, CredentialLookup, Identity } from '../identity.ts';
import { RecentMap } from '../recent-map.ts';
import { formatAmzDate, parseAmzDate } from './amz-date.ts';
import { parseAuthorization } from './authorization-header.ts';
import { canonicalRequest } from './canonical-request.ts';
import { incompleteSignature, invalidSignature, unrecognizedClient } from './signature-error.ts';
import { SigningKeys } from './signing-keys.ts';

/** Where clients must say that they sign for. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** What an Authorization header says before its signature, found to be right for our region and service on its day. */
interface SigningContext {
  readonly accessKeyId: string;
  readonly day: string;
  readonly signedHeaders: string;
  readonly names: readonly string[];
}

/** All that the headers of a request say of its signature. */
interface SignedHead {
  readonly context: SigningContext;
  readonly date: string;
  readonly signature: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const TERMINATOR = 'aws4_request';
const SIGNATURE_PARAMETER = 'Signature=';
const SIGNATURE_CHARACTERS = 64;
const SIGNATURE_FORM = /^[0-9a-f]{64}$/;
/** Headers that decide what a request means: one value each, or nobody knows which one was meant. */
const SINGLE_HEADERS = [
  'authorization',
  'content-type',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-target',
];
/** Where present they must be signed, with their spelling in messages. */
const MUST_BE_SIGNED: readonly (readonly [string, string])[] = [
  ['x-amz-target', 'X-Amz-Target'],
  ['x-amz-content-sha256', 'X-Amz-Content-Sha256'],
  ['x-amz-security-token', 'X-Amz-Security-Token'],
];
/** Compared against when nobody has the access key, so that this takes as long as a wrong signature. */
const NOBODY: Credential = { secret: 'no such access key', account: '' };
/** A client sends the same header up to the signature all day. Longer ones are not kept. */
const CONTEXTS_CACHED = 2048;
const CACHED_CONTEXT_CHARACTERS_MAX = 512;
const UNREADABLE =
  'The credential of the request cannot be read here: the sealing key of this router is missing, or is not the one of the credential.';
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Verifies Signature Version 4 over the body as it was sent. The order of the checks and the texts are the service's (dynalite's
 * index.js records them); unlike the service's, answers never carry the canonical request back.
 */
export class SignatureVerifier {
  readonly #digest: Digest;
  readonly #clock: Clock;
  readonly #scope: SigningScope;
  readonly #credentials: CredentialLookup;
  readonly #keys: SigningKeys;
  readonly #contexts = new RecentMap<SigningContext>(CONTEXTS_CACHED);
  readonly #expected = Buffer.alloc(SIGNATURE_CHARACTERS);
  readonly #given = Buffer.alloc(SIGNATURE_CHARACTERS);
  /** The last x-amz-date understood. */
  #lastDate = '';
  #lastDateMs = 0;

  constructor(digest: Digest, clock: Clock, scope: SigningScope, credentials: CredentialLookup) {
    this.#digest = digest;
    this.#clock = clock;
    this.#scope = scope;
    this.#credentials = credentials;
    this.#keys = new SigningKeys(digest, scope.region, scope.service);
  }

  /** `query` is what stands behind the path's question mark, as sent. Throws ApiError. */
  verify(request: HttpRequest, query: string): Identity {
    return this.#checkSignature(request, query, this.#readHead(request.headers, query));
  }

  /**
   * Throws the ApiError that `verify` would throw whatever the body is. When it does not throw, the body decides: whether a signature
   * of the right form is that of the request is never told here.
   */
  checkHead(head: HttpRequestHead, query: string): void {
    const { context, signature } = this.#readHead(head.headers, query);
    knownCredential(this.#credentials(context.accessKeyId));
    if (!SIGNATURE_FORM.test(signature)) throw invalidSignature(MISMATCH);
  }

  #readHead(headers: HttpHeaders, query: string): SignedHead {
    for (const name of SINGLE_HEADERS) {
      if (headers.all(name).length > 1) throw incompleteSignature(`The '${name}' header must be present once only.`);
    }
    const authorization = authorizationHeader(headers, query);
    const dateHeader = headers.get('x-amz-date') === undefined ? 'date' : 'x-amz-date';
    const date = headers.get(dateHeader) ?? '';
    const signatureAt = authorization.length - SIGNATURE_CHARACTERS;
    const beforeSignature = authorization.slice(0, Math.max(0, signatureAt));
    let signature = authorization.slice(signatureAt);
    let context = date === '' ? undefined : this.#contexts.get(beforeSignature);
    if (context === undefined || context.day !== date.slice(0, 8)) {
      const parsed = parseAuthorization(authorization, date !== '', this.#digest);
      this.#checkDate(date);
      const names = parsed.signedHeaders.split(';');
      checkSigned(names, headers, dateHeader);
      if (parsed.algorithm !== ALGORITHM) {
        throw incompleteSignature(`Unsupported AWS 'algorithm': '${parsed.algorithm}' (only AWS4-HMAC-SHA256 for now). `);
      }
      signature = parsed.signature;
      context = { ...this.#checkCredential(parsed.credential, date), signedHeaders: parsed.signedHeaders, names };
      if (beforeSignature.endsWith(SIGNATURE_PARAMETER) && beforeSignature.length <= CACHED_CONTEXT_CHARACTERS_MAX) {
        this.#contexts.set(beforeSignature, context);
      }
    } else {
      this.#checkDate(date);
      checkSigned(context.names, headers, dateHeader);
    }
    return { context, date, signature };
  }

  #checkDate(date: string): void {
    if (date !== this.#lastDate) {
      const parsed = parseAmzDate(date);
      if (parsed === undefined) {
        const got = date.slice(0, 32);
        throw incompleteSignature(`Date must be in ISO-8601 'basic format'. Got '${got}'. See http://en.wikipedia.org/wiki/ISO_8601`);
      }
      this.#lastDate = date;
      this.#lastDateMs = parsed;
    }
    const signedAt = this.#lastDateMs;
    const now = this.#clock.wallMs();
    const minutes = SIGNATURE_SKEW_MAX_MS / 60_000;
    if (signedAt < now - SIGNATURE_SKEW_MAX_MS) {
      const bound = `${formatAmzDate(now - SIGNATURE_SKEW_MAX_MS)} (${formatAmzDate(now)} - ${minutes} min.)`;
      throw invalidSignature(`Signature expired: ${date} is now earlier than ${bound}`);
    }
    if (signedAt > now + SIGNATURE_SKEW_MAX_MS) {
      const bound = `${formatAmzDate(now + SIGNATURE_SKEW_MAX_MS)} (${formatAmzDate(now)} + ${minutes} min.)`;
      throw invalidSignature(`Signature not yet current: ${date} is still later than ${bound}`);
    }
  }

  /** The access key of a credential whose scope is ours and of the request's day. */
  #checkCredential(credential: string, date: string): { accessKeyId: string; day: string } {
    const day = date.slice(0, 8);
    const [accessKeyId, scopeDay, region, service, terminator, ...rest] = credential.replace(/\/+$/, '').split('/');
    if (accessKeyId === undefined || terminator === undefined || rest.length > 0) {
      const got = credential.slice(0, 256);
      throw incompleteSignature(
        `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${got}'`,
      );
    }
    const expected = this.#scope;
    let message = '';
    if (region !== expected.region) message += `Credential should be scoped to a valid region, not '${region}'. `;
    if (service !== expected.service) message += `Credential should be scoped to correct service: '${expected.service}'. `;
    if (terminator !== TERMINATOR) {
      message += `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${terminator}'. `;
    }
    if (scopeDay !== day) {
      message +=
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${scopeDay}' != '${day}', from '${date}'.`;
    }
    if (message !== '') throw invalidSignature(message);
    return { accessKeyId, day };
  }

  #checkSignature(request: HttpRequest, query: string, { context, date, signature }: SignedHead): Identity {
    const digest = this.#digest;
    const { accessKeyId, day } = context;
    const { region, service } = this.#scope;
    const found = this.#credentials(accessKeyId);
    const credential = found === undefined || found === 'unreadable' ? NOBODY : found;
    const bodyHash = request.bodySha256 ?? digest.sha256Hex(request.body);
    const canonical = canonicalRequest(request.method, query, request.headers, context.signedHeaders, context.names, bodyHash);
    const toSign = `${ALGORITHM}\n${date}\n${day}/${region}/${service}/${TERMINATOR}\n${digest.sha256Hex(canonical)}`;
    const expected = this.#keys.key(credential === NOBODY ? '' : accessKeyId, credential.secret, day).hex(toSign);
    const matches = SIGNATURE_FORM.test(signature) && this.#equal(expected, signature);
    const { account, user } = knownCredential(found);
    if (!matches || !declaresBody(request.headers, bodyHash)) throw invalidSignature(MISMATCH);
    if (request.headers.get('x-amz-security-token') !== undefined) throw unrecognizedClient();
    return { accessKeyId, account, user };
  }

  /** Both are 64 hexadecimal digits. */
  #equal(expected: string, given: string): boolean {
    this.#expected.write(expected, 'latin1');
    this.#given.write(given, 'latin1');
    return this.#digest.equalConstantTime(this.#expected, this.#given);
  }
}

/** The credential that was found; throws when nobody has the access key, and when this router cannot read who has. */
function knownCredential(found: Credential | 'unreadable' | undefined): Credential {
  if (found === undefined) throw unrecognizedClient();
  if (found === 'unreadable') throw serviceUnavailable(UNREADABLE);
  return found;
}

/** The hash of the body that the client declares, if it does, is that of the body it sent. Unsigned and streamed bodies never are. */
function declaresBody(headers: HttpHeaders, bodyHash: string): boolean {
  const declared = headers.get('x-amz-content-sha256');
  return declared === undefined || declared === bodyHash;
}

function authorizationHeader(headers: HttpHeaders, query: string): string {
  const header = headers.get('authorization');
  if (query !== '' && /(?:^|&)X-Amz-(?:Algorithm|Signature)=/i.test(query)) {
    if (header !== undefined) {
      throw invalidSignature("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
    }
    throw incompleteSignature(
      'Signatures in the query string (presigned requests) are not supported by Stator; sign with the Authorization header.',
    );
  }
  if (header === undefined || !header.startsWith('AWS4-')) {
    throw protocolError('MissingAuthenticationTokenException', 'Request is missing Authentication Token');
  }
  return header;
}

/** Some headers must be among the signed ones. */
function checkSigned(names: readonly string[], headers: HttpHeaders, dateHeader: string): void {
  if (names.length > SIGNED_HEADERS_MAX) throw incompleteSignature('Too many names in SignedHeaders.');
  if (!names.includes('host')) throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  if (!names.includes(dateHeader)) {
    throw invalidSignature(`'${dateHeader === 'date' ? 'Date' : 'X-Amz-Date'}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
  for (const [name, spelling] of MUST_BE_SIGNED) {
    if (headers.get(name) !== undefined && !names.includes(name)) {
      throw invalidSignature(`'${spelling}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
}
