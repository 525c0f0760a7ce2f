import assert from 'node:assert/strict';
import { bindCondition, type ConditionField, evaluateCondition, parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionError } from '../../services/shared/expression/errors.ts';
import type { ExpressionProgram } from '../../services/shared/expression/expression-program.ts';
import type { KeyCondition } from '../../services/shared/expression/conditions-on-key.ts';
import { analyzeKeyCondition } from '../../services/shared/expression/key-condition.ts';
import { bindProjection, parseProjection, project } from '../../services/shared/expression/projection.ts';
import {
  applyUpdate,
  type BoundUpdate,
  bindUpdate,
  createsItem,
  parseUpdate,
  updatedAttributes,
} from '../../services/shared/expression/update.ts';
import type { AttributeMap } from '../../services/shared/item/attribute-value.ts';
import { canonicalizeItem } from '../../services/shared/item/canonical-value.ts';
import type { ExpressionCase, Kind } from './case.ts';
import { refusedBy } from './messages.ts';
import type { Answer, Outcome, Refused } from './outcome.ts';
import { type Item, readItem, readValue, type Wire } from './reference/value.ts';

const FIELDS: Readonly<Record<Exclude<Kind, 'projection' | 'update'>, ConditionField>> = {
  condition: 'ConditionExpression',
  filter: 'FilterExpression',
  'key-condition': 'KeyConditionExpression',
};

/** What Stator makes of a case: items and values go the way of a request, through their canonical form. */
export function byStator(one: ExpressionCase): Outcome {
  const values = received(one.values);
  const items = one.items.map(received);
  const before = JSON.stringify(items);
  try {
    const { program, answer } = bound(one, values);
    const gives = items.map((item) => orRefused(() => answer(item)));
    assert.equal(JSON.stringify(items), before, 'an item was changed');
    return { gives, used: [...program.usedNames, ...program.usedValues].sort() };
  } catch (error) {
    return { refused: [refusalOf(error)] };
  }
}

function orRefused(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    return { is: 'refused', refused: [refusalOf(error)] };
  }
}

/** Throws what is no ExpressionError. */
function refusalOf(error: unknown): Refused {
  if (!(error instanceof ExpressionError)) throw error;
  return refusedBy(error.message);
}

/** Read from JSON, as a request is: what the generator put into item and values alike is not one and the same object then. */
function received(wire: Wire): AttributeMap {
  return canonicalizeItem(JSON.parse(JSON.stringify(wire)));
}

interface Bound {
  readonly program: ExpressionProgram;
  readonly answer: (item: AttributeMap) => Answer;
}

/** The expression with its names and values, to be asked about items. Throws ExpressionError. */
function bound({ kind, text, names, key }: ExpressionCase, values: AttributeMap): Bound {
  if (kind === 'projection') {
    const projection = bindProjection(parseProjection(text), names);
    return { program: projection.program, answer: (item) => ({ is: 'part', item: read(project(projection, item)) }) };
  }
  if (kind === 'update') return boundUpdate(bindUpdate(parseUpdate(text), names, values));
  const condition = bindCondition(parseCondition(text, FIELDS[kind]), names, values);
  if (key === undefined)
    return { program: condition.program, answer: (item) => ({ is: 'truth', truth: evaluateCondition(condition, item) }) };
  return { program: condition.program, answer: () => keyAnswer(analyzeKeyCondition(condition, key)) };
}

function boundUpdate(update: BoundUpdate): Bound {
  const answer = (item: AttributeMap): Answer => {
    const result = applyUpdate(update, item);
    return {
      is: 'update',
      item: read(result.item),
      oldPart: read(updatedAttributes(result, item)),
      newPart: read(updatedAttributes(result, result.item)),
      makesItem: createsItem(update),
    };
  };
  return { program: update.program, answer };
}

function keyAnswer({ partition, sort }: KeyCondition): Answer {
  const conditions = [...partition.map((value) => ({ operator: '=', values: [value] })), ...sort];
  return { is: 'key', conditions: conditions.map(({ operator, values }) => ({ operator, values: values.map(readValue) })) };
}

/** Every item that comes out must have the only form that is ever stored. */
function read(item: AttributeMap): Item {
  assert.equal(canonicalizeItem(item), item, `not canonical: ${JSON.stringify(item)}`);
  return readItem(item);
}
