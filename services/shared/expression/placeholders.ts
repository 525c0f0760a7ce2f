import { attributeNames } from '../item/attribute-map.ts';
import type { AttributeMap } from '../item/attribute-value.ts';
import { LISTED_PLACEHOLDERS_CHARACTERS_MAX } from '../limits/expression-limits.ts';
import type { AttributeNames } from './binding.ts';
import type { ExpressionProgram } from './expression-program.ts';

/** The placeholders of names in an expression, with their `#`. */
export function usedNames(program: ExpressionProgram): ReadonlySet<string> {
  return program.usedNames;
}

/** The placeholders of values in an expression, with their `:`. */
export function usedValues(program: ExpressionProgram): ReadonlySet<string> {
  return program.usedValues;
}

/**
 * The service's text when names or values were sent that no expression uses; undefined when all are used. All expressions of
 * one request share its names and values, so `programs` is all of them.
 */
export function unusedPlaceholders(
  programs: readonly ExpressionProgram[],
  names: AttributeNames | undefined,
  values: AttributeMap | undefined,
): string | undefined {
  const isNameUsed = (name: string): boolean => programs.some((program) => program.usedNames.has(name));
  const isValueUsed = (value: string): boolean => programs.some((program) => program.usedValues.has(value));
  return (
    unusedText('ExpressionAttributeNames', names === undefined ? [] : Object.keys(names), isNameUsed) ??
    unusedText('ExpressionAttributeValues', values === undefined ? [] : attributeNames(values), isValueUsed)
  );
}

function unusedText(field: string, keys: readonly string[], isUsed: (key: string) => boolean): string | undefined {
  let listed = '';
  for (const key of keys) {
    if (isUsed(key)) continue;
    if (listed.length + key.length > LISTED_PLACEHOLDERS_CHARACTERS_MAX) {
      listed = listed === '' ? `${key.slice(0, LISTED_PLACEHOLDERS_CHARACTERS_MAX)}…` : `${listed}, …`;
      break;
    }
    listed = listed === '' ? key : `${listed}, ${key}`;
  }
  return listed === '' ? undefined : `Value provided in ${field} unused in expressions: keys: {${listed}}`;
}
