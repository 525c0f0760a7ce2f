import type { HttpHeaders } from '../../../shared/env/http.ts';
import { BODY_BYTES_MAX, GZIP_RATIO_MAX } from '../../../shared/limits/api-limits.ts';
import { notSupported, serializationError, validationError } from './api-error.ts';

/** Whether a request's body is compressed. Throws ValidationException for what is not undone here: it is never ignored. */
export function isBodyCompressed(headers: HttpHeaders): boolean {
  if (headers.get('content-encoding') === undefined) return false;
  const encodings = headers
    .all('content-encoding')
    .flatMap((value) => value.split(','))
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity');
  if (encodings.length === 0) return false;
  if (encodings.length === 1 && (encodings[0] === 'gzip' || encodings[0] === 'x-gzip')) return true;
  throw notSupported(`Content-Encoding '${encodings.join(', ').slice(0, 64)}'`);
}

/** What the original of a compressed body may come to: so much is set aside before it is made. */
export function originalBytesMax(compressedBytes: number): number {
  return Math.min(BODY_BYTES_MAX, compressedBytes * GZIP_RATIO_MAX);
}

/** The error for a body that was said to be compressed. */
export function compressionError(reason: 'damaged' | 'too-large'): Error {
  if (reason === 'damaged') return serializationError();
  return validationError(`The request body is larger than ${BODY_BYTES_MAX} bytes when it is decompressed`);
}

/** Whether the client takes gzip (RFC 9110, section 12.5.3). */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  return header.split(',').some((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return (name === 'gzip' || name === 'x-gzip') && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
