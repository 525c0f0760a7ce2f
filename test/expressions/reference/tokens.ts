import { Refusal } from './refusal.ts';

export interface Token {
  readonly kind: 'word' | 'name' | 'value' | 'digits' | 'symbol' | 'strange' | 'end';
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const KINDS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['word', /[A-Za-z][A-Za-z0-9_]*/y],
  ['name', /#[A-Za-z0-9_]+/y],
  ['value', /:[A-Za-z0-9_]+/y],
  ['digits', /[0-9]+/y],
  ['symbol', /<=|<>|>=|[()[\],.=<>+-]/y],
  ['strange', /./suy],
];

const BLANK = /[ \t\r\n]*/y;

/** "Maximum expression string length" of the quotas, in bytes of UTF-8. */
const BYTES_MAX = 4096;

/** The words and signs of an expression, and its end. Throws Refusal when it is empty or too long. */
export function tokensOf(text: string): readonly Token[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > BYTES_MAX) throw new Refusal('size', String(bytes));
  const tokens: Token[] = [];
  for (let at = matchEnd(BLANK, text, 0); at < text.length; at = matchEnd(BLANK, text, at)) {
    for (const [kind, form] of KINDS) {
      const to = matchEnd(form, text, at);
      if (to === at) continue;
      tokens.push({ kind, text: text.slice(at, to), from: at, to });
      at = to;
      break;
    }
  }
  const last = tokens.at(-1);
  if (last === undefined) throw new Refusal('empty');
  return [...tokens, { kind: 'end', text: '<EOF>', from: last.to, to: last.to }];
}

/** Where a match that begins at `at` ends; `at` when there is none. */
function matchEnd(form: RegExp, text: string, at: number): number {
  form.lastIndex = at;
  return form.test(text) ? form.lastIndex : at;
}
