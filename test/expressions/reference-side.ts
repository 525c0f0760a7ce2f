import type { ExpressionCase } from './case.ts';
import type { Answer, Outcome } from './outcome.ts';
import { bindCondition, holds } from './reference/condition.ts';
import { keyConditions } from './reference/key-condition.ts';
import { Placeholders } from './reference/placeholders.ts';
import { bindProjection, selected } from './reference/selection.ts';
import { bindUpdate, refusalsOf, updated } from './reference/update.ts';
import { readItem } from './reference/value.ts';

/** What the reference makes of a case. It knows nothing of services/shared/expression and services/shared/item. */
export function byReference(one: ExpressionCase): Outcome {
  const placeholders = new Placeholders(one.names, one.values);
  try {
    const gives = answer(one, placeholders);
    return { gives, used: [...placeholders.usedNames, ...placeholders.usedValues].sort() };
  } catch (error) {
    return { refused: refusalsOf(error) };
  }
}

function answer({ kind, text, item: wire, key }: ExpressionCase, placeholders: Placeholders): Answer {
  const item = readItem(wire);
  if (kind === 'projection') return { is: 'part', item: selected(bindProjection(text, placeholders), item) };
  if (kind === 'update') {
    const actions = bindUpdate(text, placeholders);
    const paths = actions.map(({ path }) => path);
    const result = updated(actions, item);
    const makesItem = actions.some(({ section }) => section === 'SET' || section === 'ADD');
    return { is: 'update', item: result, oldPart: selected(paths, item), newPart: selected(paths, result), makesItem };
  }
  const condition = bindCondition(text, placeholders);
  if (key === undefined) return { is: 'truth', truth: holds(condition, item) };
  return { is: 'key', conditions: keyConditions(condition, key) };
}
