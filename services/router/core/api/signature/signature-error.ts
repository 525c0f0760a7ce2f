import { protocolError } from '../api-error.ts';
import type { ApiError } from '../api-error.ts';

/** The signature parameters are not all there, or not of their form. */
export function incompleteSignature(message: string): ApiError {
  return protocolError('IncompleteSignatureException', message);
}

/** They are there, but do not prove what they should. */
export function invalidSignature(message: string): ApiError {
  return protocolError('InvalidSignatureException', message);
}

/** Nobody has this access key, or it came with a session token that we did not issue. */
export function unrecognizedClient(): ApiError {
  return protocolError('UnrecognizedClientException', 'The security token included in the request is invalid.');
}
