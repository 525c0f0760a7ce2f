import { invalidExpression } from './errors.ts';
import type { ExpressionField } from './errors.ts';

/**
 * `name` is a placeholder `#name`, `value` a placeholder `:value`, `symbol` an operator or bracket. `unknown` is a character
 * that begins no token: the parser refuses it where it stands, so that an earlier error is reported first.
 */
export type TokenKind = 'identifier' | 'name' | 'value' | 'number' | 'symbol' | 'unknown' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of the end: `<EOF>`, as the service calls it. */
  readonly text: string;
  /** Offsets into the expression, in UTF-16 code units; the end's are those of the end of the last token. */
  readonly start: number;
  readonly end: number;
}

/**
 * Splits an expression into tokens, the last of them the end. Linear: every character is looked at once. Refuses an empty
 * expression and one of more than `bytesMax`.
 */
export function tokenize(text: string, field: ExpressionField, bytesMax: number): readonly Token[] {
  checkSize(text, field, bytesMax);
  const tokens: Token[] = [];
  let position = 0;
  let lastEnd = 0;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (isSpace(code)) {
      position += 1;
      continue;
    }
    const kind = kindAt(text, position, code);
    lastEnd = endOfToken(text, position, kind);
    tokens.push({ kind, text: text.slice(position, lastEnd), start: position, end: lastEnd });
    position = lastEnd;
  }
  if (tokens.length === 0) throw invalidExpression(field, 'The expression can not be empty;');
  tokens.push({ kind: 'end', text: '<EOF>', start: lastEnd, end: lastEnd });
  return tokens;
}

function checkSize(text: string, field: ExpressionField, bytesMax: number): void {
  // A UTF-16 code unit becomes at most three bytes, so short texts need no count.
  if (text.length * 3 <= bytesMax) return;
  const size = Buffer.byteLength(text, 'utf8');
  if (size > bytesMax) {
    throw invalidExpression(field, `Expression size has exceeded the maximum allowed size; expression size: ${size}`);
  }
}

function kindAt(text: string, position: number, code: number): TokenKind {
  if (isLetter(code)) return 'identifier';
  if (isDigit(code)) return 'number';
  switch (code) {
    case 0x23: // #
      return isWordPart(text.charCodeAt(position + 1)) ? 'name' : 'unknown';
    case 0x3a: // :
      return isWordPart(text.charCodeAt(position + 1)) ? 'value' : 'unknown';
    case 0x28: // ( ) + , - .
    case 0x29:
    case 0x2b:
    case 0x2c:
    case 0x2d:
    case 0x2e:
    case 0x3c: // < = >
    case 0x3d:
    case 0x3e:
    case 0x5b: // [ ]
    case 0x5d:
      return 'symbol';
    default:
      return 'unknown';
  }
}

function endOfToken(text: string, start: number, kind: TokenKind): number {
  let end = start + 1;
  switch (kind) {
    case 'identifier':
    case 'name':
    case 'value':
      while (isWordPart(text.charCodeAt(end))) end += 1;
      return end;
    case 'number':
      while (isDigit(text.charCodeAt(end))) end += 1;
      return end;
    case 'symbol':
      return isTwoCharacterOperator(text.charCodeAt(start), text.charCodeAt(end)) ? end + 1 : end;
    default:
      // A character outside the basic plane is two code units; half of it must not reach an error text.
      return start + String.fromCodePoint(text.codePointAt(start) ?? 0).length;
  }
}

/** `<=`, `<>` and `>=`. */
function isTwoCharacterOperator(first: number, second: number): boolean {
  if (first === 0x3c) return second === 0x3d || second === 0x3e;
  return first === 0x3e && second === 0x3d;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

/** Letter, digit or underscore. The code past the end of a text is NaN, which is none of them. */
function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 0x5f;
}
