import { serializationError, validationError } from './api-error.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { scanJson } from './json-scan.ts';

const TOO_DEEP = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
const TOO_MANY_TOKENS = 'The request has more values than can be processed at once';

/** The number of tokens in a body, found before anything is parsed. Throws ApiError when it is empty, too deep or has too many. */
export function checkBody(body: Buffer): number {
  if (body.length === 0) throw serializationError();
  const scanned = scanJson(body);
  if (typeof scanned === 'number') return scanned;
  throw validationError(scanned === 'too-deep' ? TOO_DEEP : TOO_MANY_TOKENS);
}

/** The JSON object of a checked body. Where a name comes twice in an object the last one counts. Throws ApiError. */
export function parseBody(body: Buffer): JsonObject {
  try {
    const value = parseText(body);
    if (isJsonObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw serializationError();
}

/** JSON text of the body's UTF-8. Bytes that are no UTF-8 come out as U+FFFD; only then it is worth looking whether they were sent. */
function parseText(body: Buffer): unknown {
  const text = body.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(body)) throw new SyntaxError('the body is not UTF-8');
  return JSON.parse(text);
}
