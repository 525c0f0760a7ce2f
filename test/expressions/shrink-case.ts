import { shrinkList } from '../sim/shrink.ts';
import type { ExpressionCase } from './case.ts';
import { compare, type Disagreement } from './fuzz.ts';
import type { Wire } from './reference/value.ts';

/** Each try costs a comparison, a fraction of a millisecond. */
const TRIES_MAX = 5000;

/** Tokens, or something like them: what is left when some are taken away need not be an expression. */
const TOKENS = /[#:]?\w+|<=|<>|>=|[^\s]/gu;

export type Judge = (one: ExpressionCase) => Disagreement | undefined;

/**
 * A smaller case about which both sides disagree in the same way: fewer tokens, fewer attributes and placeholders, simpler values.
 * `judge` compares; it is an argument so that this can be tested.
 */
export async function shrinkCase(found: Disagreement, judge: Judge = (one) => compare(one).disagreement): Promise<Disagreement> {
  let smallest = found;
  let tries = 0;
  const fails = (part: Partial<ExpressionCase>): Promise<boolean> => {
    tries += 1;
    const again = tries > TRIES_MAX ? undefined : judge({ ...smallest.one, ...part });
    if (again?.signature !== found.signature) return Promise.resolve(false);
    smallest = again;
    return Promise.resolve(true);
  };
  for (let before = ''; before !== JSON.stringify(smallest.one); ) {
    before = JSON.stringify(smallest.one);
    await shrinkTokens(smallest.one.text.match(TOKENS) ?? [], (tokens) => fails({ text: tokens.join(' ') }));
    for (const field of ['names', 'values'] as const) {
      await shrinkList(Object.entries(smallest.one[field]), (entries) => fails({ [field]: Object.fromEntries(entries) }));
    }
    await shrinkList(smallest.one.items, (items) => (items.length === 0 ? Promise.resolve(false) : fails({ items })));
    for (const at of smallest.one.items.keys()) {
      const withItem = (item: Wire): Promise<boolean> => fails({ items: smallest.one.items.with(at, item) });
      await shrinkList(Object.entries(smallest.one.items[at] ?? {}), (entries) => withItem(Object.fromEntries(entries) as Wire));
      await simplifyValues(() => smallest.one.items[at] ?? {}, withItem);
    }
    await simplifyValues(
      () => smallest.one.values,
      (values) => fails({ values }),
    );
  }
  return smallest;
}

/** Halves and other large parts first; then every row of tokens, since mostly just one of them leaves an expression: a term with its AND. */
async function shrinkTokens(whole: readonly string[], fails: (tokens: readonly string[]) => Promise<boolean>): Promise<void> {
  let tokens = await shrinkList(whole, fails);
  for (let length = tokens.length - 1; length > 0; length -= 1) {
    for (let from = 0; from + length <= tokens.length; from += 1) {
      const rest = [...tokens.slice(0, from), ...tokens.slice(from + length)];
      if (await fails(rest)) tokens = rest;
    }
  }
  for (let open = 0; open < tokens.length; open += 1) {
    for (let close = open + 1; close < tokens.length; close += 1) {
      const rest = tokens.filter((_, at) => at !== open && at !== close);
      if (tokens[open] === '(' && tokens[close] === ')' && (await fails(rest))) tokens = rest;
    }
  }
}

async function simplifyValues(current: () => Wire, fails: (simpler: Wire) => Promise<boolean>): Promise<void> {
  for (const name of Object.keys(current())) {
    for (const simpler of simplerThan(current()[name] as Wire)) if (await fails({ ...current(), [name]: simpler })) break;
  }
}

/** Values with less in them, the least first. */
function simplerThan(value: Wire): readonly Wire[] {
  const [type, content] = Object.entries(value)[0] as [string, unknown];
  const scalars: readonly Wire[] = [{ S: '' }, { N: '0' }, { N: '1' }].filter(
    (each) => JSON.stringify(each).length < JSON.stringify(value).length,
  );
  if (Array.isArray(content)) {
    const fewer = content
      .map((_, at) => ({ [type]: content.filter((_, other) => other !== at) }))
      .filter(({ [type]: left }) => type === 'L' || left?.length);
    const inner =
      type !== 'L' ? [] : content.flatMap((each, at) => simplerThan(each as Wire).map((simpler) => ({ L: content.with(at, simpler) })));
    return [...scalars, ...(type === 'L' ? (content as readonly Wire[]) : []), ...fewer, ...inner];
  }
  if (type !== 'M') return scalars;
  const entries = Object.entries(content as Wire) as [string, Wire][];
  const fewer = entries.map((_, at) => ({ M: Object.fromEntries(entries.filter((_, other) => other !== at)) }));
  const inner = entries.flatMap(([name, each], at) =>
    simplerThan(each).map((simpler) => ({ M: Object.fromEntries(entries.with(at, [name, simpler])) })),
  );
  return [...scalars, ...entries.map(([, each]) => each), ...fewer, ...inner];
}
