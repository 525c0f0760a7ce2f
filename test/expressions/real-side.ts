import assert from 'node:assert/strict';
import { bindCondition, type ConditionField, evaluateCondition, parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionError } from '../../services/shared/expression/errors.ts';
import type { ExpressionProgram } from '../../services/shared/expression/expression-program.ts';
import { analyzeKeyCondition } from '../../services/shared/expression/key-condition.ts';
import { bindProjection, parseProjection, project } from '../../services/shared/expression/projection.ts';
import { applyUpdate, bindUpdate, createsItem, parseUpdate, updatedAttributes } from '../../services/shared/expression/update.ts';
import type { AttributeMap } from '../../services/shared/item/attribute-value.ts';
import type { IndexKeySchema } from '../../services/shared/item/index-key.ts';
import { canonicalizeItem } from '../../services/shared/item/canonical-value.ts';
import type { ExpressionCase, KeySchemaOfCase, Kind } from './case.ts';
import { refusedBy } from './messages.ts';
import type { Answer, Outcome } from './outcome.ts';
import { type Item, readItem, readValue, type Wire } from './reference/value.ts';

const FIELDS: Readonly<Record<Exclude<Kind, 'projection' | 'update'>, ConditionField>> = {
  condition: 'ConditionExpression',
  filter: 'FilterExpression',
  'key-condition': 'KeyConditionExpression',
};

/** What Stator makes of a case: the item and the values go the way of a request, through their canonical form. */
export function byStator(one: ExpressionCase): Outcome {
  const values = received(one.values);
  const item = received(one.item);
  const before = JSON.stringify(item);
  try {
    const { program, gives } = answer(one, values, item);
    assert.equal(JSON.stringify(item), before, 'the item was changed');
    return { gives, used: [...program.usedNames, ...program.usedValues].sort() };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { refused: [refusedBy(error.message)] };
  }
}

/** Read from JSON, as a request is: what the generator put into item and values alike is not one and the same object then. */
function received(wire: Wire): AttributeMap {
  return canonicalizeItem(JSON.parse(JSON.stringify(wire)));
}

function answer(
  { kind, text, names, key }: ExpressionCase,
  values: AttributeMap,
  item: AttributeMap,
): { program: ExpressionProgram; gives: Answer } {
  if (kind === 'projection') {
    const bound = bindProjection(parseProjection(text), names);
    return { program: bound.program, gives: { is: 'part', item: read(project(bound, item)) } };
  }
  if (kind === 'update') {
    const bound = bindUpdate(parseUpdate(text), names, values);
    const result = applyUpdate(bound, item);
    const gives: Answer = {
      is: 'update',
      item: read(result.item),
      oldPart: read(updatedAttributes(result, item)),
      newPart: read(updatedAttributes(result, result.item)),
      makesItem: createsItem(bound),
    };
    return { program: bound.program, gives };
  }
  const bound = bindCondition(parseCondition(text, FIELDS[kind]), names, values);
  if (key === undefined) {
    const truth = evaluateCondition(bound, item);
    // A filter meets one item after the other, and keeps what no item can change.
    assert.equal(evaluateCondition(bound, item), truth, 'asked again');
    return { program: bound.program, gives: { is: 'truth', truth } };
  }
  const { partition, sort } = analyzeKeyCondition(bound, schemaOf(key));
  const conditions = [...partition.map((value) => ({ operator: '=', values: [value] })), ...sort];
  return {
    program: bound.program,
    gives: { is: 'key', conditions: conditions.map((each) => ({ operator: each.operator, values: each.values.map(readValue) })) },
  };
}

function schemaOf({ partition, sort }: KeySchemaOfCase): IndexKeySchema {
  return { partition: [partition], sort: sort === undefined ? [] : [sort] };
}

/** Every item that comes out must have the only form that is ever stored. */
function read(item: AttributeMap): Item {
  assert.equal(canonicalizeItem(item), item, `not canonical: ${JSON.stringify(item)}`);
  return readItem(item);
}
