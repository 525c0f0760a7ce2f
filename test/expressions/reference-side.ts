import type { ExpressionCase } from './case.ts';
import type { Answer, Outcome } from './outcome.ts';
import { bindCondition, holds } from './reference/condition.ts';
import { keyConditions } from './reference/key-condition.ts';
import { Placeholders } from './reference/placeholders.ts';
import { bindProjection, selected } from './reference/selection.ts';
import { refusalsOf } from './reference/refusal.ts';
import { bindUpdate, updated } from './reference/update.ts';
import { type Item, readItem } from './reference/value.ts';

/** What the reference makes of a case. It knows nothing of services/shared/expression and services/shared/item. */
export function byReference(one: ExpressionCase): Outcome {
  const placeholders = new Placeholders(one.names, one.values);
  try {
    const answer = bound(one, placeholders);
    return {
      gives: one.items.map((item) => orRefused(() => answer(readItem(item)))),
      used: [...placeholders.usedNames, ...placeholders.usedValues].sort(),
    };
  } catch (error) {
    return { refused: refusalsOf(error) };
  }
}

function orRefused(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    return { is: 'refused', refused: refusalsOf(error) };
  }
}

/** The expression with its names and values, to be asked about items. Throws Refusal. */
function bound({ kind, text, key }: ExpressionCase, placeholders: Placeholders): (item: Item) => Answer {
  if (kind === 'projection') {
    const paths = bindProjection(text, placeholders);
    return (item) => ({ is: 'part', item: selected(paths, item) });
  }
  if (kind === 'update') {
    const actions = bindUpdate(text, placeholders);
    const paths = actions.map(({ path }) => path);
    const makesItem = actions.some(({ section }) => section === 'SET' || section === 'ADD');
    return (item) => {
      const result = updated(actions, item);
      return { is: 'update', item: result, oldPart: selected(paths, item), newPart: selected(paths, result), makesItem };
    };
  }
  const condition = bindCondition(text, placeholders);
  if (key === undefined) return (item) => ({ is: 'truth', truth: holds(condition, item) });
  return () => ({ is: 'key', conditions: keyConditions(condition, key) });
}
