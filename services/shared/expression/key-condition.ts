import { unreachable } from '../base/assert.ts';
import { typeOf } from '../item/attribute-map.ts';
import type { AttributeValue, KeyAttribute } from '../item/attribute-value.ts';
import type { IndexKeySchema } from '../item/index-key.ts';
import { boundPath, boundValue } from './binding.ts';
import type { BoundCondition } from './condition.ts';
import { conditionsOnKey } from './conditions-on-key.ts';
import type { AttributeCondition, KeyCondition, SortKeyOperator } from './conditions-on-key.ts';
import type { DocumentPath } from './document-path.ts';
import { ExpressionError, invalidExpression } from './errors.ts';
import { operandsOf } from './syntax-tree.ts';
import type { ComparisonOperator, Condition, FunctionCall, Operand } from './syntax-tree.ts';

/** An operator read from right to left: `:v < a` is `a > :v`. */
const MIRRORED: Readonly<Record<Exclude<ComparisonOperator, '<>'>, Exclude<ComparisonOperator, '<>'>>> = {
  '=': '=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/**
 * Reads a bound KeyConditionExpression as conditions on the key of a table or index. Throws ExpressionError with the
 * service's texts, first for what is wrong with the condition as such, then for what does not fit the key.
 */
export function analyzeKeyCondition(bound: BoundCondition, schema: IndexKeySchema): KeyCondition {
  const conditions = new Map<string, AttributeCondition>();
  collect(bound.program.root, bound, conditions);
  return conditionsOnKey(schema, conditions.size, (attribute) => conditionOn(attribute, conditions));
}

function conditionOn(attribute: KeyAttribute, conditions: ReadonlyMap<string, AttributeCondition>): AttributeCondition | undefined {
  const condition = conditions.get(attribute.name);
  if (condition?.values.some((value) => typeOf(value) !== attribute.type)) {
    throw new ExpressionError('One or more parameter values were invalid: Condition parameter type does not match schema type');
  }
  return condition;
}

function collect(condition: Condition, bound: BoundCondition, conditions: Map<string, AttributeCondition>): void {
  switch (condition.kind) {
    case 'and':
      for (const term of condition.terms) collect(term, bound, conditions);
      return;
    case 'or':
    case 'not':
      throw invalidOperator(condition.kind.toUpperCase());
    case 'in':
      throw invalidOperator('IN');
    case 'comparison':
      if (condition.operator === '<>') throw invalidOperator('<>');
      add(comparisonOf(condition.operator, condition.left, condition.right, bound), conditions);
      return;
    case 'between':
      if (condition.operand.kind !== 'path') throw notFirst('BETWEEN');
      add(conditionOf('between', operandsOf(condition), bound), conditions);
      return;
    case 'function':
      add(prefixOf(condition, bound), conditions);
      return;
    default:
      unreachable(condition);
  }
}

interface Named extends AttributeCondition {
  readonly name: string;
}

function add({ name, operator, values }: Named, conditions: Map<string, AttributeCondition>): void {
  if (conditions.has(name)) throw wrongExpression('KeyConditionExpressions must only contain one condition per key');
  conditions.set(name, { operator, values });
}

function comparisonOf(operator: Exclude<ComparisonOperator, '<>'>, left: Operand, right: Operand, bound: BoundCondition): Named {
  return conditionOf(left.kind === 'path' ? operator : MIRRORED[operator], [left, right], bound);
}

function prefixOf(call: FunctionCall, bound: BoundCondition): Named {
  if (call.name !== 'begins_with') throw invalidOperator(call.name);
  if (call.operands[0]?.kind !== 'path') throw notFirst('begins_with');
  return conditionOf('begins_with', call.operands, bound);
}

/** The condition of one attribute and values; every other mixture of operands has a text of its own. */
function conditionOf(operator: SortKeyOperator, operands: readonly Operand[], bound: BoundCondition): Named {
  let name: string | undefined;
  const values: AttributeValue[] = [];
  for (const operand of operands) {
    switch (operand.kind) {
      case 'path':
        if (name !== undefined) throw invalidCondition('Multiple attribute names used in one condition');
        name = topLevelName(boundPath(bound, operand.path));
        break;
      case 'value':
        values.push(boundValue(bound, operand));
        break;
      case 'function':
        throw new ExpressionError('KeyConditionExpressions cannot contain nested operations');
      default:
        unreachable(operand);
    }
  }
  if (name === undefined) throw invalidCondition('No key attribute specified');
  return { name, operator, values };
}

function topLevelName(path: DocumentPath): string {
  const [name] = path;
  if (path.length > 1 || typeof name !== 'string') {
    throw wrongExpression('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return name;
}

/**
 * The service puts the parameter's name before two of its texts since 2026 (pull request 127 of nubo-db/dynoxide, 3531 of
 * aws-amplify/amplify-category-api); dynalite recorded them without it.
 */
function wrongExpression(reason: string): ExpressionError {
  return invalidExpression('KeyConditionExpression', reason);
}

function invalidOperator(operator: string): ExpressionError {
  return new ExpressionError(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function invalidCondition(reason: string): ExpressionError {
  return new ExpressionError(`Invalid condition in KeyConditionExpression: ${reason}`);
}

function notFirst(operator: string): ExpressionError {
  return invalidCondition(`${operator} operator must have the key attribute as its first operand`);
}
