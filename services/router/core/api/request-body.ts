import { INLINE_PARSE_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import { serializationError, validationError } from './api-error.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { scanJson } from './json-scan.ts';

/**
 * Parses bodies that would hold up the loop, somewhere else; rejects with SyntaxError for text that is no JSON. The router is
 * given one where the platform has worker threads.
 */
export type ParseElsewhere = (body: Buffer) => Promise<unknown>;

const TOO_DEEP = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
const TOO_MANY_TOKENS = 'The request has more values than can be processed at once';

/**
 * The JSON object of a body. Nesting and tokens are counted before anything is parsed. Where a name comes twice in an object the
 * last one counts. Throws ApiError.
 */
export function parseBody(body: Buffer, elsewhere: ParseElsewhere | undefined): JsonObject | Promise<JsonObject> {
  if (body.length === 0) throw serializationError();
  const failure = scanJson(body);
  if (failure !== undefined) throw validationError(failure === 'too-deep' ? TOO_DEEP : TOO_MANY_TOKENS);
  if (elsewhere !== undefined && body.length > INLINE_PARSE_BYTES_MAX) return parseLarge(body, elsewhere);
  return parsed(() => parseText(body));
}

async function parseLarge(body: Buffer, elsewhere: ParseElsewhere): Promise<JsonObject> {
  try {
    return objectOf(await elsewhere(body));
  } catch (error) {
    throw error instanceof SyntaxError ? serializationError() : error;
  }
}

function parsed(parse: () => unknown): JsonObject {
  try {
    return objectOf(parse());
  } catch (error) {
    throw error instanceof SyntaxError ? serializationError() : error;
  }
}

/** JSON text of the body's UTF-8. Bytes that are no UTF-8 come out as U+FFFD; only then it is worth looking whether they were sent. */
export function parseText(body: Buffer): unknown {
  const text = body.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(body)) throw new SyntaxError('the body is not UTF-8');
  return JSON.parse(text);
}

function objectOf(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw serializationError();
  return value;
}
