import { bindCondition } from '../../../../shared/expression/condition.ts';
import type { BoundCondition } from '../../../../shared/expression/condition.ts';
import type { Condition } from '../../../../shared/expression/syntax-tree.ts';
import { getAttribute } from '../../../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue, KeyAttribute } from '../../../../shared/item/attribute-value.ts';
import { canonicalizeValue } from '../../../../shared/item/canonical-value.ts';
import type { TableRecord } from '../../../../shared/placement/catalog-records.ts';
import type { KeyValues } from '../../../../shared/policy/policy-evaluator.ts';
import type { ExpressionCache } from '../expression-cache.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven, readPlaceholders } from '../placeholders.ts';
import type { Requirement } from './requirements.ts';

/**
 * The values of the first partition key attribute that a request is about: the condition key `dynamodb:LeadingKeys`. Texts as they
 * are, numbers in their plain form, binary values in Base64. `unknown` where the key of the request does not fit the table: what is
 * wrong with it is not for those whom a policy keeps to some keys. Scan has none, as the Developer Guide warns.
 */
export function leadingKeys({ fields, keyed, action }: Requirement, table: TableRecord, expressions: ExpressionCache): KeyValues {
  if (action !== 'dynamodb:Query' && keyed.length === 0) return undefined;
  const attribute = leadingAttribute(table, fields.IndexName as string | null | undefined);
  if (attribute === undefined) return 'unknown';
  const values =
    action === 'dynamodb:Query' ? queriedValues(attribute, fields, expressions) : keyed.map((item) => valueIn(item, attribute));
  const texts = values.map((value) => (value === undefined ? undefined : textOf(value, attribute)));
  return texts.length > 0 && texts.every((text) => text !== undefined) ? [...new Set(texts)] : 'unknown';
}

/** Of the table, or of one of its indexes; undefined when it has no such index. */
function leadingAttribute({ keys, localIndexes = [], globalIndexes = [] }: TableRecord, index: string | null | undefined) {
  if (index === undefined || index === null) return keys.partition;
  if (localIndexes.some(({ name }) => name === index)) return keys.partition;
  return globalIndexes.find(({ name }) => name === index)?.keys.partition[0];
}

function valueIn(item: JsonObject, { name }: KeyAttribute): AttributeValue | undefined {
  const value = getAttribute(item as AttributeMap, name);
  return value === undefined ? undefined : canonicalizeValue(value);
}

/** The values that a Query asks for; more than one only where the condition is wrong. */
function queriedValues({ name }: KeyAttribute, fields: JsonObject, expressions: ExpressionCache): (AttributeValue | undefined)[] {
  if (isGiven(fields, 'KeyConditionExpression')) {
    const { names, values } = readPlaceholders(fields);
    const program = expressions.condition(fields.KeyConditionExpression as string, 'KeyConditionExpression');
    const bound = bindCondition(program, names, values);
    return equalTo(name, program.root, bound);
  }
  const conditions = (fields.KeyConditions ?? {}) as JsonObject;
  const condition = Object.hasOwn(conditions, name) ? (conditions[name] as JsonObject) : undefined;
  if (condition?.ComparisonOperator !== 'EQ') return [];
  return (condition.AttributeValueList as readonly unknown[]).map(canonicalizeValue);
}

/** What the attribute is to be equal to, by the terms that must all hold. */
function equalTo(name: string, condition: Condition, bound: BoundCondition): (AttributeValue | undefined)[] {
  if (condition.kind === 'and') return condition.terms.flatMap((term) => equalTo(name, term, bound));
  if (condition.kind !== 'comparison' || condition.operator !== '=') return [];
  const operands = [condition.left, condition.right];
  const path = operands.find((operand) => operand.kind === 'path');
  const value = operands.find((operand) => operand.kind === 'value');
  if (path === undefined || value === undefined) return [];
  const [first, ...deeper] = bound.paths[path.path.slot] ?? [];
  return first === name && deeper.length === 0 ? [bound.values[value.slot]] : [];
}

/** Undefined when it is of another type than the key. */
function textOf(value: AttributeValue, { type }: KeyAttribute): string | undefined {
  switch (type) {
    case 'S':
      return 'S' in value ? value.S : undefined;
    case 'N':
      return 'N' in value ? value.N : undefined;
    case 'B':
      return 'B' in value ? value.B : undefined;
  }
}
