import type { RefusalKind } from './reference/refusal.ts';
import { type Item, same, sameItem, shown, shownItem, type Value } from './reference/value.ts';

export interface Refused {
  readonly kind: RefusalKind;
  readonly detail: string;
}

/** What an expression comes to: refused (for any of these reasons), or what it gives, and the placeholders that it used. */
export type Outcome = { readonly refused: readonly Refused[] } | { readonly gives: Answer; readonly used: readonly string[] };

export type Answer =
  | { readonly is: 'truth'; readonly truth: boolean }
  | { readonly is: 'part'; readonly item: Item }
  | { readonly is: 'update'; readonly item: Item; readonly oldPart: Item; readonly newPart: Item; readonly makesItem: boolean }
  | { readonly is: 'key'; readonly conditions: readonly { readonly operator: string; readonly values: readonly Value[] }[] };

/** What sets the outcomes apart, in words; undefined: nothing. */
export function difference(real: Outcome, reference: Outcome): string | undefined {
  if ('refused' in real) {
    if ('refused' in reference && reference.refused.some((each) => real.refused.some((other) => sameRefusal(each, other))))
      return undefined;
  } else if ('gives' in reference && sameAnswer(real.gives, reference.gives)) {
    return real.used.join() === reference.used.join() ? undefined : `used ${real.used.join()}, by the reference ${reference.used.join()}`;
  }
  return `${told(real)}, by the reference ${told(reference)}`;
}

/** The kinds of two outcomes that differ: what a smaller case must have in common with the first one. */
export function signature(real: Outcome, reference: Outcome): string {
  return [real, reference].map((outcome) => ('refused' in outcome ? (outcome.refused[0]?.kind ?? '') : outcome.gives.is)).join(' ');
}

function sameRefusal(one: Refused, two: Refused): boolean {
  return one.kind === two.kind && one.detail === two.detail;
}

function sameAnswer(one: Answer, two: Answer): boolean {
  if (one.is === 'truth') return two.is === 'truth' && one.truth === two.truth;
  if (one.is === 'part') return two.is === 'part' && sameItem(one.item, two.item);
  if (one.is === 'update') {
    if (two.is !== 'update' || one.makesItem !== two.makesItem) return false;
    return sameItem(one.item, two.item) && sameItem(one.oldPart, two.oldPart) && sameItem(one.newPart, two.newPart);
  }
  return (
    two.is === 'key' &&
    one.conditions.length === two.conditions.length &&
    one.conditions.every((each, at) => sameCondition(each, two.conditions[at]))
  );
}

type PartCondition = Extract<Answer, { readonly is: 'key' }>['conditions'][number];

function sameCondition(one: PartCondition, two: PartCondition | undefined): boolean {
  if (two === undefined || one.operator !== two.operator || one.values.length !== two.values.length) return false;
  return one.values.every((value, at) => same(value, two.values[at] as Value));
}

function told(outcome: Outcome): string {
  if ('refused' in outcome)
    return `refused (${outcome.refused.map(({ kind, detail }) => (detail === '' ? kind : `${kind}: ${detail}`)).join(' or ')})`;
  const { gives } = outcome;
  switch (gives.is) {
    case 'truth':
      return String(gives.truth);
    case 'part':
      return shownItem(gives.item);
    case 'update':
      return `${shownItem(gives.item)} of old ${shownItem(gives.oldPart)} of new ${shownItem(gives.newPart)}${gives.makesItem ? '' : ' (makes no item)'}`;
    case 'key':
      return gives.conditions.map(({ operator, values }) => `${operator} ${values.map(shown).join(' ')}`).join(' and ');
  }
}
