import { BODY_DEPTH_MAX, BODY_STRUCTURE_BYTES_MAX, BODY_TOKENS_MAX } from '../../../shared/limits/api-limits.ts';

/** What the scan found wrong before any parsing was paid for. */
export type ScanFailure = 'too-deep' | 'too-many-tokens';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What a byte outside strings does: nothing, opens a string, is a token, opens or closes a bracket. */
const NOTHING = 0;
const STRING = 1;
const TOKEN = 2;
const OPEN = 3;
const CLOSE = 4;
const KINDS = new Uint8Array(256);
KINDS[QUOTE] = STRING;
for (const character of ',:') KINDS[character.charCodeAt(0)] = TOKEN;
for (const character of '{[') KINDS[character.charCodeAt(0)] = OPEN;
for (const character of '}]') KINDS[character.charCodeAt(0)] = CLOSE;
/** Strings are looked through byte by byte this far; a longer one is searched with `indexOf`, which is faster but dearer to call. */
const SHORT_STRING_BYTES = 48;

/**
 * Counts the nesting and the tokens of a JSON body in one pass, and gives the number of tokens, without allocating, so that JSON.parse only ever sees what it
 * handles in time (JSON.parse takes seconds for millions of tiny or deeply nested tokens). It does not check the grammar: text
 * that is no JSON gives any answer and fails in JSON.parse.
 */
export function scanJson(body: Buffer): number | ScanFailure {
  const length = body.length;
  let depth = 0;
  let tokens = 0;
  let structureEnd = BODY_STRUCTURE_BYTES_MAX;
  let at = 0;
  while (at < length) {
    const kind = KINDS[body[at++] as number];
    if (kind === NOTHING) {
      if (at > structureEnd) return 'too-many-tokens';
    } else if (kind === STRING) {
      const end = stringEnd(body, at);
      structureEnd += end - at;
      at = end;
    } else if (kind === CLOSE) {
      depth--;
    } else {
      if (kind === OPEN && ++depth > BODY_DEPTH_MAX) return 'too-deep';
      if (++tokens > BODY_TOKENS_MAX) return 'too-many-tokens';
    }
  }
  return tokens;
}

/** Position after the closing quote of a string whose first character is at `start`; the end of the body when it never closes. */
function stringEnd(body: Buffer, start: number): number {
  const length = body.length;
  const near = Math.min(length, start + SHORT_STRING_BYTES);
  let at = start;
  while (at < near) {
    const byte = body[at] as number;
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  // A quote ends the string unless an odd number of backslashes stands before it. The run is counted back to `at`, where an
  // escape is complete, so that no byte is looked at more than twice.
  while (at < length) {
    const quote = body.indexOf(QUOTE, at);
    if (quote === -1) return length;
    let before = quote;
    while (before > at && body[before - 1] === BACKSLASH) before--;
    if ((quote - before) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
  return length;
}
