/**
 * Number of operands of each function of conditions. Source: AWS documentation "Condition and filter expressions, operators,
 * and functions in DynamoDB".
 */
export const CONDITION_FUNCTION_OPERANDS: ReadonlyMap<string, number> = new Map([
  ['attribute_exists', 1],
  ['attribute_not_exists', 1],
  ['attribute_type', 2],
  ['begins_with', 2],
  ['contains', 2],
  ['size', 1],
]);

/** Number of operands of each function of updates. Source: AWS documentation "Using update expressions in DynamoDB". */
export const UPDATE_FUNCTION_OPERANDS: ReadonlyMap<string, number> = new Map([
  ['if_not_exists', 2],
  ['list_append', 2],
]);

export const CONDITION_FUNCTIONS: ReadonlySet<string> = new Set(CONDITION_FUNCTION_OPERANDS.keys());

export const UPDATE_FUNCTIONS: ReadonlySet<string> = new Set(UPDATE_FUNCTION_OPERANDS.keys());
