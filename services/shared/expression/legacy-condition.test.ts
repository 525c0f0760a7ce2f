import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyValue } from '../item/arbitraries.test.ts';
import { getAttribute, typeOf } from '../item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { compareValues, equalValues } from '../item/value-order.ts';
import { bindCondition, evaluateCondition, parseCondition } from './condition.ts';
import { ROUTER_BOUNDS } from './expression-bounds.ts';
import { LEGACY_OPERATORS, writeLegacyCondition } from './legacy-condition.ts';
import type { LegacyCondition, LegacyOperator } from './legacy-condition.ts';
import { PlaceholderWriter } from './placeholder-writer.ts';

/** What the documentation says of each operator, evaluated without any expression. */
function meets({ name, operator, values }: LegacyCondition, item: AttributeMap): boolean {
  const value = getAttribute(item, name);
  const [first, second] = values as [AttributeValue, AttributeValue];
  if (operator === 'NULL') return value === undefined;
  if (operator === 'NE') return value === undefined || !equalValues(value, first);
  if (value === undefined) return false;
  const order = (to: AttributeValue): number => compareValues(value, to) ?? Number.NaN;
  const tests: Readonly<Record<Exclude<LegacyOperator, 'NULL' | 'NE'>, () => boolean>> = {
    NOT_NULL: () => true,
    EQ: () => equalValues(value, first),
    LT: () => order(first) < 0,
    LE: () => order(first) <= 0,
    GT: () => order(first) > 0,
    GE: () => order(first) >= 0,
    BETWEEN: () => order(first) >= 0 && order(second) <= 0,
    IN: () => values.some((candidate) => equalValues(value, candidate)),
    BEGINS_WITH: () => typeOf(value) === typeOf(first) && bytesOf(value).indexOf(bytesOf(first)) === 0,
    CONTAINS: () => hasPart(value, first),
    NOT_CONTAINS: () => !hasPart(value, first),
  };
  return tests[operator]();
}

function hasPart(value: AttributeValue, part: AttributeValue): boolean {
  if ('L' in value) return value.L.some((element) => equalValues(element, part));
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S);
  if ('NS' in value) return 'N' in part && value.NS.includes(part.N);
  if ('BS' in value) return 'B' in part && value.BS.includes(part.B);
  const textual = 'S' in value || 'B' in value;
  return textual && typeOf(value) === typeOf(part) && bytesOf(value).includes(bytesOf(part));
}

function bytesOf(value: AttributeValue): Buffer {
  return 'S' in value ? Buffer.from(value.S) : Buffer.from('B' in value ? value.B : '', 'base64');
}

const scalar = fc.oneof(
  fc.constantFrom('', 'a', 'ab', 'b').map((S) => ({ S })),
  fc.constantFrom('-1', '0', '1', '10').map((N) => ({ N })),
  fc.constantFrom('', 'YQ==', 'YWI=').map((B) => ({ B })),
);
const attribute: fc.Arbitrary<AttributeValue> = fc.oneof(
  scalar,
  fc.constantFrom<AttributeValue>({ SS: ['a', 'b'] }, { NS: ['1'] }, { BS: ['YQ=='] }, { L: [{ S: 'a' }, { N: '1' }] }, { BOOL: true }),
  anyValue,
);
const item = fc.record({ a: attribute, b: attribute }, { requiredKeys: [] });

const condition: fc.Arbitrary<LegacyCondition> = fc
  .record({
    name: fc.constantFrom('a', 'b'),
    operator: fc.constantFrom(...LEGACY_OPERATORS),
    operand: scalar,
    others: fc.array(scalar),
    any: attribute,
  })
  .map(({ name, operator, operand, others, any }) => {
    const alike = [operand, ...others.filter((other) => typeOf(other) === typeOf(operand))];
    const sorted = [...alike].sort((one, two) => compareValues(one, two) ?? 0);
    if (operator === 'NULL' || operator === 'NOT_NULL') return { name, operator, values: [] };
    if (operator === 'IN') return { name, operator, values: alike };
    if (operator === 'BETWEEN') return { name, operator, values: [sorted[0] as AttributeValue, sorted.at(-1) as AttributeValue] };
    if (operator === 'BEGINS_WITH') return { name, operator, values: ['N' in operand ? { S: operand.N } : operand] };
    return { name, operator, values: [operator === 'EQ' || operator === 'NE' ? any : operand] };
  });

test('a written condition holds where the older one does, joined either way', () => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('AND', 'OR'),
      item,
      (conditions, connective, stored) => {
        const writer = new PlaceholderWriter();
        const text = writeLegacyCondition(conditions, connective, writer);
        const bound = bindCondition(parseCondition(text, 'ConditionExpression', ROUTER_BOUNDS), writer.names, writer.values);
        const results = conditions.map((one) => meets(one, stored));
        const expected = connective === 'AND' ? results.every(Boolean) : results.some(Boolean);
        assert.equal(evaluateCondition(bound, stored), expected, text);
      },
    ),
    { numRuns: 2000 },
  );
});

test('there may be more conditions, and more values, than an expression may have', () => {
  const writer = new PlaceholderWriter();
  const values = Array.from({ length: 200 }, (_, at) => ({ N: String(at) }));
  const many = Array.from({ length: 800 }, (_, at) => ({ name: `attribute ${at}`, operator: 'NULL' as const, values: [] }));
  const text = writeLegacyCondition([{ name: 'n', operator: 'IN', values }, ...many], 'AND', writer);
  assert.throws(() => parseCondition(text, 'ConditionExpression'), /Expression size has exceeded the maximum allowed size/);
  const bound = bindCondition(parseCondition(text, 'ConditionExpression', ROUTER_BOUNDS), writer.names, writer.values);
  assert.equal(evaluateCondition(bound, { n: { N: '199' } }), true);
  assert.equal(evaluateCondition(bound, { n: { N: '200' } }), false);
  assert.equal(evaluateCondition(bound, { n: { N: '1' }, 'attribute 799': { N: '1' } }), false);
});
