import type { RefusalKind } from './reference/refusal.ts';
import { type Item, same, sameItem, shown, shownItem, type Value } from './reference/value.ts';

export interface Refused {
  readonly kind: RefusalKind;
  readonly detail: string;
}

/** What an expression comes to: refused before any item is read (for any of these reasons), or what it gives for each item. */
export type Outcome =
  | { readonly refused: readonly Refused[] }
  | {
      readonly gives: readonly Answer[];
      /** The placeholders that it used. */
      readonly used: readonly string[];
    };

export type Answer =
  | { readonly is: 'refused'; readonly refused: readonly Refused[] }
  | { readonly is: 'truth'; readonly truth: boolean }
  | { readonly is: 'part'; readonly item: Item }
  | { readonly is: 'update'; readonly item: Item; readonly oldPart: Item; readonly newPart: Item; readonly makesItem: boolean }
  | { readonly is: 'key'; readonly conditions: readonly { readonly operator: string; readonly values: readonly Value[] }[] };

/** What sets the outcomes apart, in words, and in kinds of outcome. */
export interface Difference {
  readonly message: string;
  /** What a smaller case must have in common with the first one. */
  readonly signature: string;
}

/** The first difference, if there is one. */
export function difference(real: Outcome, reference: Outcome): Difference | undefined {
  const [ours, theirs] = [answersOf(real), answersOf(reference)];
  for (let at = 0; at < Math.max(ours.length, theirs.length); at += 1) {
    const [one, two] = [ours[at], theirs[at]];
    if (one !== undefined && two !== undefined && sameAnswer(one, two)) continue;
    const [message, signature] = [told, nameOf].map((tell) => [one, two].map((each) => (each === undefined ? 'nothing' : tell(each))));
    return { message: `${message?.join(', by the reference ')} (item ${at})`, signature: signature?.join(' ') ?? '' };
  }
  if ('refused' in real || 'refused' in reference || real.used.join() === reference.used.join()) return undefined;
  return { message: `used ${real.used.join()}, by the reference ${reference.used.join()}`, signature: 'used' };
}

/** A refusal of the expression itself counts as one answer. */
export function answersOf(outcome: Outcome): readonly Answer[] {
  return 'refused' in outcome ? [{ is: 'refused', refused: outcome.refused }] : outcome.gives;
}

/** What an answer is, in a word. */
export function nameOf(answer: Answer): string {
  if (answer.is === 'refused') return answer.refused[0]?.kind ?? '';
  return answer.is === 'truth' ? String(answer.truth) : answer.is;
}

function sameRefusal(one: Refused, two: Refused): boolean {
  return one.kind === two.kind && one.detail === two.detail;
}

function sameAnswer(one: Answer, two: Answer): boolean {
  if (one.is === 'refused')
    return two.is === 'refused' && one.refused.some((each) => two.refused.some((other) => sameRefusal(each, other)));
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

function told(answer: Answer): string {
  switch (answer.is) {
    case 'refused':
      return `refused (${answer.refused.map(({ kind, detail }) => (detail === '' ? kind : `${kind}: ${detail}`)).join(' or ')})`;
    case 'truth':
      return String(answer.truth);
    case 'part':
      return shownItem(answer.item);
    case 'update':
      return `${shownItem(answer.item)} of old ${shownItem(answer.oldPart)} of new ${shownItem(answer.newPart)}${answer.makesItem ? '' : ' (makes no item)'}`;
    case 'key':
      return answer.conditions.map(({ operator, values }) => `${operator} ${values.map(shown).join(' ')}`).join(' and ');
  }
}
