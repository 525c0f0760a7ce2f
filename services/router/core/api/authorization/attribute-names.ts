import type { AttributeNames } from '../../../../shared/expression/binding.ts';
import type { ExpressionProgram } from '../../../../shared/expression/expression-program.ts';
import type { ExpressionCache } from '../expression-cache.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import type { Requirement } from './requirements.ts';

/** The older parameters that are maps by attribute. */
const MAPS = ['AttributeUpdates', 'Expected', 'KeyConditions', 'QueryFilter', 'ScanFilter'];
const CONDITIONS = ['ConditionExpression', 'FilterExpression', 'KeyConditionExpression'] as const;

/**
 * Every top-level attribute that a request names, in items, keys, expressions and the older parameters: what the condition key
 * `dynamodb:Attributes` stands for ("Using IAM policy conditions for fine-grained access control" of the Developer Guide).
 */
export function attributesNamed({ fields, keyed }: Requirement, expressions: ExpressionCache): readonly string[] {
  const names = new Set<string>();
  const add = (name: string): void => void names.add(name);
  for (const item of keyed) Object.keys(item).forEach(add);
  if (isGiven(fields, 'AttributesToGet')) (fields.AttributesToGet as readonly string[]).forEach(add);
  for (const map of MAPS) {
    if (isGiven(fields, map)) Object.keys(fields[map] as JsonObject).forEach(add);
  }
  for (const program of programsOf(fields, expressions)) {
    for (const name of topLevelNames(program, fields.ExpressionAttributeNames as AttributeNames | null | undefined)) add(name);
  }
  return [...names];
}

/** The request was found right, so that its expressions parse, and their placeholders are there. */
function programsOf(fields: JsonObject, expressions: ExpressionCache): ExpressionProgram[] {
  const programs: ExpressionProgram[] = [];
  if (isGiven(fields, 'ProjectionExpression')) programs.push(expressions.projection(fields.ProjectionExpression as string));
  if (isGiven(fields, 'UpdateExpression')) programs.push(expressions.update(fields.UpdateExpression as string));
  for (const field of CONDITIONS) {
    if (isGiven(fields, field)) programs.push(expressions.condition(fields[field] as string, field));
  }
  return programs;
}

function topLevelNames({ paths }: ExpressionProgram, names: AttributeNames | null | undefined): string[] {
  return paths.map(({ elements: [first] }) => {
    if (typeof first === 'string') return first;
    // A path begins with a name or with a placeholder for one, and that begins with `#`.
    return names?.[(first as { readonly placeholder: string }).placeholder] as string;
  });
}
