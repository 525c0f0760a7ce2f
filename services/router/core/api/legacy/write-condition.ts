import type { LegacyCondition } from '../../../../shared/expression/legacy-condition.ts';
import { writeLegacyCondition } from '../../../../shared/expression/legacy-condition.ts';
import { PlaceholderWriter } from '../../../../shared/expression/placeholder-writer.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { readConditionMap, readConnective, readExpected } from './read-conditions.ts';

/** Whether a write brings its condition in the older form, be it wrong or empty. */
export function hasExpected(input: JsonObject): boolean {
  return isGiven(input, 'Expected') || isGiven(input, 'ConditionalOperator');
}

/** The condition expression that says what Expected says; undefined when that is nothing. Throws ValidationException or ItemError. */
export function writeExpected(input: JsonObject, writer: PlaceholderWriter): string | undefined {
  return joined(input, readExpected(input), writer);
}

/** What QueryFilter or ScanFilter says. */
export interface WrittenFilter {
  /** Undefined: nothing, so that all items pass. */
  readonly text: string | undefined;
  /** The attributes that it looks at. */
  readonly attributes: readonly string[];
  /** The names and values of the text. */
  readonly placeholders: PlaceholderWriter;
}

/** The filter in the older form, when the request has it. Throws ValidationException or ItemError. */
export function writeFilter(input: JsonObject, field: 'QueryFilter' | 'ScanFilter'): WrittenFilter | undefined {
  if (!isGiven(input, field) && !isGiven(input, 'ConditionalOperator')) return undefined;
  const conditions = readConditionMap(input, field);
  const placeholders = new PlaceholderWriter();
  const text = joined(input, conditions, placeholders);
  return { text, attributes: conditions.map(({ name }) => name), placeholders };
}

function joined(input: JsonObject, conditions: readonly LegacyCondition[], writer: PlaceholderWriter): string | undefined {
  const connective = readConnective(input, conditions.length);
  return conditions.length === 0 ? undefined : writeLegacyCondition(conditions, connective, writer);
}
