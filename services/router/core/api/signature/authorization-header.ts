import type { Digest } from '../../../../shared/env/digest.ts';
import { AUTHORIZATION_BYTES_MAX } from '../../../../shared/limits/api-limits.ts';
import { incompleteSignature } from './signature-error.ts';

/** What an Authorization header of Signature Version 4 says. */
export interface AuthorizationHeader {
  readonly algorithm: string;
  readonly credential: string;
  /** As sent: lower-case names joined by semicolons. */
  readonly signedHeaders: string;
  readonly signature: string;
}

/**
 * Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. Throws IncompleteSignatureException; like the service,
 * messages name a bad header by its hash only, for it may hold a secret.
 */
export function parseAuthorization(header: string, hasDate: boolean, digest: Digest): AuthorizationHeader {
  if (header.length > AUTHORIZATION_BYTES_MAX) throw incompleteSignature('Authorization header is too long.');
  const space = header.indexOf(' ');
  const algorithm = space === -1 ? header : header.slice(0, space);
  if (algorithm.includes('=')) {
    throw incompleteSignature('Authorization header must begin with the algorithm name, which cannot include an equal-sign');
  }
  let credential = '';
  let signedHeaders = '';
  let signature = '';
  for (let at = algorithm.length; at < header.length; ) {
    const end = parameterEnd(header, at);
    if (end > at) {
      const equals = header.indexOf('=', at);
      if (equals === -1 || equals >= end) throw missingEqualSign(header, digest);
      const value = header.slice(equals + 1, end);
      if (header.startsWith('Credential', at) && equals - at === 10) credential = value;
      else if (header.startsWith('SignedHeaders', at) && equals - at === 13) signedHeaders = value;
      else if (header.startsWith('Signature', at) && equals - at === 9) signature = value;
    }
    at = end + 1;
  }
  if (credential === '' || signedHeaders === '' || signature === '' || !hasDate) {
    throw missingParameters({ Credential: credential, Signature: signature, SignedHeaders: signedHeaders }, hasDate, header, digest);
  }
  return { algorithm, credential, signedHeaders, signature };
}

/** Parameters are parted by commas, blanks or both. */
function parameterEnd(header: string, start: number): number {
  let at = start;
  while (at < header.length) {
    const unit = header.charCodeAt(at);
    if (unit === 0x2c || unit === 0x20 || unit === 0x09) break;
    at++;
  }
  return at;
}

function missingEqualSign(header: string, digest: Digest): Error {
  const hash = base64Hash(header, digest);
  return incompleteSignature(
    `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${hash}'.`,
  );
}

function missingParameters(found: Readonly<Record<string, string>>, hasDate: boolean, header: string, digest: Digest): Error {
  let message = '';
  for (const name of ['Credential', 'Signature', 'SignedHeaders']) {
    if (found[name] === '') message += `Authorization header requires '${name}' parameter. `;
  }
  if (!hasDate) message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  return incompleteSignature(`${message}(Hashed with SHA-256 and encoded with Base64) Authorization=${base64Hash(header, digest)}`);
}

function base64Hash(text: string, digest: Digest): string {
  return Buffer.from(digest.sha256Hex(text), 'hex').toString('base64');
}
