import assert from 'node:assert/strict';
import type { AttributeMap } from '../item/attribute-value.ts';
import { bindCondition, evaluateCondition, parseCondition } from './condition.ts';
import type { BoundCondition, ConditionField } from './condition.ts';
import { ExpressionError } from './errors.ts';
import { applyUpdate, bindUpdate, parseUpdate } from './update.ts';
import type { BoundUpdate } from './update.ts';

/** What the tests of this folder share. */

export type Names = Readonly<Record<string, string>>;

/** Asserts that `action` throws an ExpressionError with exactly this message. */
export function refuses(action: () => unknown, message: string): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ExpressionError, String(error));
    assert.equal(error.message, message);
    return true;
  });
}

export function condition(
  text: string,
  values?: AttributeMap,
  names?: Names,
  field: ConditionField = 'ConditionExpression',
): BoundCondition {
  return bindCondition(parseCondition(text, field), names, values);
}

export function holds(text: string, item: AttributeMap | undefined, values?: AttributeMap, names?: Names): boolean {
  return evaluateCondition(condition(text, values, names), item);
}

export function update(text: string, values?: AttributeMap, names?: Names): BoundUpdate {
  return bindUpdate(parseUpdate(text), names, values);
}

export function updated(text: string, item: AttributeMap, values?: AttributeMap, names?: Names): AttributeMap {
  return applyUpdate(update(text, values, names), item).item;
}
