import type { LegacyUpdate } from '../../../../shared/expression/legacy-update.ts';
import { typeOf } from '../../../../shared/item/attribute-map.ts';
import type { AttributeType } from '../../../../shared/item/attribute-value.ts';
import { canonicalizeValue, checkAttributeName } from '../../../../shared/item/canonical-value.ts';
import { validationError } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { INVALID } from './condition-rules.ts';

const SETS: readonly AttributeType[] = ['SS', 'NS', 'BS'];
const ADDED: readonly AttributeType[] = ['N', 'L', ...SETS];

/** AttributeUpdates of UpdateItem. Throws ValidationException or ItemError. */
export function readAttributeUpdates(input: JsonObject): readonly LegacyUpdate[] {
  const updates = (input.AttributeUpdates ?? {}) as JsonObject;
  return Object.keys(updates).map((name) => readUpdate(name, (updates[name] ?? {}) as JsonObject));
}

function readUpdate(name: string, update: JsonObject): LegacyUpdate {
  checkAttributeName(name);
  const action = (update.Action ?? 'PUT') as LegacyUpdate['action'];
  if (!isGiven(update, 'Value')) {
    if (action !== 'DELETE') throw validationError(`${INVALID}Only DELETE action is allowed when no attribute value is specified`);
    return { name, action, value: undefined };
  }
  const value = canonicalizeValue(update.Value);
  const type = typeOf(value);
  if (action === 'DELETE' && !SETS.includes(type)) {
    throw validationError(`${INVALID}DELETE action with value is not supported for the type ${type}`);
  }
  if (action === 'ADD' && !ADDED.includes(type)) throw validationError(`${INVALID}ADD action is not supported for the type ${type}`);
  return { name, action, value };
}
