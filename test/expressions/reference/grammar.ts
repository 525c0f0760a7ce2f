import { must } from '../../../services/shared/base/assert.ts';
import { Refusal } from './refusal.ts';
import { type Token, tokensOf } from './tokens.ts';
import type { Operand, PathElement } from './tree.ts';

/** All that a rule can make of the tokens from some place on, each with the place behind it. */
export type Readings<T> = readonly Reading<T>[];

export interface Reading<T> {
  readonly of: T;
  readonly next: number;
}

/**
 * The rules that all expressions share, by descent that tries *every* alternative and looks no token ahead: slow, and without a
 * thought about which alternative it must be. The first token at which none of them could go on is the one that cannot stand where
 * it does.
 */
export abstract class Grammar {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #keywords: ReadonlySet<string>;
  readonly #known = new Map<string, Readings<unknown>>();
  #furthest = 0;

  /** `keywords` in capitals: these words are no names. */
  constructor(text: string, keywords: readonly string[]) {
    this.#text = text;
    this.#tokens = tokensOf(text);
    this.#keywords = new Set(keywords);
  }

  /** The one reading that takes the whole text. Throws Refusal. */
  protected whole<T>(readings: Readings<T>): T {
    const reading = readings.find(({ next }) => this.#take(next, (token) => token.kind === 'end').length > 0);
    if (reading !== undefined) return reading.of;
    const at = this.#furthest;
    const token = must(this.#tokens[at]);
    const near = this.#text.slice((this.#tokens[at - 1] ?? token).from, (this.#tokens[at + 1] ?? token).to);
    throw new Refusal('syntax', `${token.text} near ${near}`);
  }

  /** A rule's readings from a place are the same whoever asks. */
  protected once<T>(rule: string, at: number, read: () => Readings<T>): Readings<T> {
    const key = `${rule} ${at}`;
    const known = this.#known.get(key) as Readings<T> | undefined;
    if (known !== undefined) return known;
    const readings: Reading<T>[] = [];
    // Two readings of the same tokens say the same: `(a)` as a value to SET is an operand, and a value in parentheses.
    for (const reading of read()) if (!readings.some(({ next }) => next === reading.next)) readings.push(reading);
    this.#known.set(key, readings);
    return readings;
  }

  protected symbol(at: number, text: string): Readings<string> {
    return this.#take(at, (token) => token.kind === 'symbol' && token.text === text);
  }

  protected keyword(at: number, word: string): Readings<string> {
    return this.#take(at, (token) => token.kind === 'word' && token.text.toUpperCase() === word);
  }

  protected word(at: number): Readings<string> {
    return this.#take(at, (token) => token.kind === 'word' && !this.#keywords.has(token.text.toUpperCase()));
  }

  protected value(at: number): Readings<Operand> {
    return mapped(
      this.#take(at, ({ kind }) => kind === 'value'),
      (placeholder) => ({ is: 'value', placeholder }),
    );
  }

  protected path(at: number): Readings<Operand> {
    return this.once('path', at, () => chain(this.#name(at), (first, next) => this.#tails([first], next)));
  }

  protected operand(at: number): Readings<Operand> {
    return this.once('operand', at, () => [
      ...this.path(at),
      ...this.value(at),
      ...this.call(at),
      ...chain(
        this.inParentheses(at, (inside) => this.operand(inside)),
        (inner, next) => this.grouped(inner, next),
      ),
    ]);
  }

  protected call(at: number): Readings<Operand> {
    return this.once('call', at, () =>
      chain(this.word(at), (name, next) =>
        mapped(
          this.inParentheses(next, (inside) => this.list(inside, (each) => this.operand(each))),
          (operands) => ({ is: 'call', name, operands }) as const,
        ),
      ),
    );
  }

  /** An operand whose parentheses end at `next`; a path may go on there. */
  protected grouped(inner: Operand, next: number): Readings<Operand> {
    const group: Operand = { is: 'group', inner };
    if (inner.is !== 'path' && inner.is !== 'longer' && inner.is !== 'group') return [{ of: group, next }];
    if (inner.is === 'group' && !leadsToPath(inner)) return [{ of: group, next }];
    return mapped(this.#elements([], next), (elements) => (elements.length === 0 ? group : { is: 'longer', of: group, elements }));
  }

  protected inParentheses<T>(at: number, inside: (at: number) => Readings<T>): Readings<T> {
    return chain(this.symbol(at, '('), (_, next) => chain(inside(next), (inner, close) => mapped(this.symbol(close, ')'), () => inner)));
  }

  /** One or more with commas between them. */
  protected list<T>(at: number, each: (at: number) => Readings<T>): Readings<readonly T[]> {
    return this.separated(at, each, (comma) => this.symbol(comma, ','));
  }

  protected separated<T>(
    at: number,
    each: (at: number) => Readings<T>,
    separator: (at: number) => Readings<string>,
  ): Readings<readonly T[]> {
    const all: Reading<readonly T[]>[] = mapped(each(at), (first) => [first]).slice();
    for (let one = 0; one < all.length; one += 1) {
      const { of, next } = must(all[one]);
      all.push(...chain(separator(next), (_, after) => mapped(each(after), (another) => [...of, another])));
    }
    return all;
  }

  #take(at: number, fits: (token: Token) => boolean): Readings<string> {
    const token = must(this.#tokens[at]);
    if (fits(token)) return [{ of: token.text, next: at + 1 }];
    this.#furthest = Math.max(this.#furthest, at);
    return [];
  }

  #name(at: number): Readings<PathElement> {
    return [
      ...mapped(this.word(at), (name) => ({ name })),
      ...mapped(
        this.#take(at, ({ kind }) => kind === 'name'),
        (placeholder) => ({ placeholder }),
      ),
    ];
  }

  #tails(before: readonly PathElement[], at: number): Readings<Operand> {
    return mapped(this.#elements(before, at), (elements) => ({ is: 'path', elements }));
  }

  /** `.name` and `[index]`, as many as there are: a path that stops early leaves tokens that can follow nothing. */
  #elements(before: readonly PathElement[], at: number): Readings<readonly PathElement[]> {
    const more = [
      ...chain(this.symbol(at, '.'), (_, next) => this.#name(next)),
      ...chain(this.symbol(at, '['), (_, next) =>
        chain(
          this.#take(next, ({ kind }) => kind === 'digits'),
          (index, close) => mapped(this.symbol(close, ']'), () => ({ index })),
        ),
      ),
    ];
    return [
      { of: before, next: at },
      ...chain<PathElement, readonly PathElement[]>(more, (element, next) => this.#elements([...before, element], next)),
    ];
  }
}

function leadsToPath(operand: Operand): boolean {
  return operand.is === 'group' ? leadsToPath(operand.inner) : operand.is === 'path' || operand.is === 'longer';
}

export function mapped<A, B>(readings: Readings<A>, change: (of: A) => B): Readings<B> {
  return readings.map(({ of, next }) => ({ of: change(of), next }));
}

export function chain<A, B>(readings: Readings<A>, then: (of: A, next: number) => Readings<B>): Readings<B> {
  return readings.flatMap(({ of, next }) => then(of, next));
}
