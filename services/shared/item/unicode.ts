/** What DynamoDB counts and orders are the UTF-8 bytes of a string; JavaScript's own order is that of UTF-16 units. */

/** Strings up to this length are counted here: the call into the runtime costs more than the loop. */
const SHORT_TEXT_UNITS = 32;

/** In the runtime since Node 20, in TypeScript's library only from ES2024 on. */
interface WellFormedText {
  isWellFormed(): boolean;
}

/** False when the text holds a surrogate without its other half: such a text has no UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormedText).isWellFormed();
}

/** Number of bytes of the UTF-8 form. */
export function utf8Length(text: string): number {
  const units = text.length;
  if (units > SHORT_TEXT_UNITS) return Buffer.byteLength(text, 'utf8');
  for (let at = 0; at < units; at++) {
    if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text, 'utf8');
  }
  return units;
}

/** Order of the UTF-8 bytes of two well-formed texts: negative, zero or positive. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let at = equalStart(a, b, shared); at < shared; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

const COMPARED_AT_ONCE = 1024;

/**
 * How far two texts are seen to be equal from their start, up to `end`: the runtime compares a thousand units in the time that a loop
 * takes for some thirty, and an expression can compare texts of 400 KB a hundred times.
 */
export function equalStart(a: string, b: string, end: number): number {
  let at = 0;
  while (at + COMPARED_AT_ONCE < end && a.slice(at, at + COMPARED_AT_ONCE) === b.slice(at, at + COMPARED_AT_ONCE)) at += COMPARED_AT_ONCE;
  return at;
}

/**
 * UTF-8 bytes sort as code points do. Surrogates stand for the code points above U+FFFF, yet as UTF-16 units they lie
 * below U+E000 to U+FFFF, so they are moved above those.
 */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
