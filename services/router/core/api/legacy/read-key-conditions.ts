import type { LegacyCondition } from '../../../../shared/expression/legacy-condition.ts';
import { validationError } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import { readConditionMap } from './read-conditions.ts';

/** KeyConditions of a Query. Throws ValidationException or ItemError. */
export function readKeyConditions(input: JsonObject): readonly LegacyCondition[] {
  const conditions = readConditionMap(input, 'KeyConditions');
  if (conditions.length === 1 || conditions.length === 2) return conditions;
  throw validationError('Conditions can be of length 1 or 2 only');
}
