import type { LegacyCondition } from '../../../../shared/expression/legacy-condition.ts';
import { INDEX_KEY_ATTRIBUTES_MAX } from '../../../../shared/limits/table-limits.ts';
import { validationError } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { readConditionMap } from './read-conditions.ts';

/** As many attributes as the key of a table has, and that of an index, which says itself how many it has. */
const TABLE_KEY_ATTRIBUTES = 2;
const INDEX_KEY_ATTRIBUTES = 2 * INDEX_KEY_ATTRIBUTES_MAX;

/** KeyConditions of a Query. Throws ValidationException or ItemError. */
export function readKeyConditions(input: JsonObject): readonly LegacyCondition[] {
  const conditions = readConditionMap(input, 'KeyConditions');
  const most = isGiven(input, 'IndexName') ? INDEX_KEY_ATTRIBUTES : TABLE_KEY_ATTRIBUTES;
  if (conditions.length >= 1 && conditions.length <= most) return conditions;
  throw validationError('Conditions can be of length 1 or 2 only');
}
