import { bindCondition } from '../../../shared/expression/condition.ts';
import type { BoundCondition, ConditionField } from '../../../shared/expression/condition.ts';
import type { ExpressionCache } from './expression-cache.ts';
import type { JsonObject } from './json-object.ts';
import type { Placeholders } from './placeholders.ts';

/** The parsed and bound condition in this field, if the request has one. Throws ExpressionError. */
export function readCondition(
  input: JsonObject,
  field: ConditionField,
  { names, values }: Placeholders,
  cache: ExpressionCache,
): BoundCondition | undefined {
  const text = input[field] as string | null | undefined;
  if (text === undefined || text === null) return undefined;
  return bindCondition(cache.condition(text, field), names, values);
}
