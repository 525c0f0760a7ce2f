import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { items, naiveValueAt, paths, values, Writer } from './arbitraries.test.ts';
import type { Path } from './arbitraries.test.ts';
import { bindCondition, evaluateCondition, parseCondition } from './condition.ts';
import { ExpressionError } from './errors.ts';

/** Random conditions, written out and evaluated, against an evaluation of their description that a reader can check by eye. */

type ModelOperand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: Path };

type Model =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Model[] }
  | { readonly kind: 'not'; readonly term: Model }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: ModelOperand; readonly right: ModelOperand }
  | { readonly kind: 'between' | 'in'; readonly operands: readonly ModelOperand[] }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly ModelOperand[] };

const pathOperands: fc.Arbitrary<ModelOperand> = paths.map((path) => ({ kind: 'path', path }));

const valueOperands: fc.Arbitrary<ModelOperand> = values.map((value) => ({ kind: 'value', value }));

const operands: fc.Arbitrary<ModelOperand> = fc.oneof(
  pathOperands,
  valueOperands,
  paths.map((of) => ({ kind: 'size' as const, of })),
);

const typeNames: fc.Arbitrary<ModelOperand> = fc
  .constantFrom('S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M')
  .map((S) => ({ kind: 'value', value: { S } }));

const leaves: fc.Arbitrary<Model> = fc.oneof(
  fc.record({
    kind: fc.constant('compare' as const),
    operator: fc.constantFrom('=', '<>', '<', '<=', '>', '>='),
    left: operands,
    right: operands,
  }),
  fc.record({ kind: fc.constant('between' as const), operands: fc.tuple(operands, operands, operands) }),
  fc.record({ kind: fc.constant('in' as const), operands: fc.array(operands, { minLength: 2, maxLength: 4 }) }),
  fc.record({
    kind: fc.constant('call' as const),
    name: fc.constantFrom('attribute_exists', 'attribute_not_exists'),
    operands: fc.tuple(pathOperands),
  }),
  fc.record({ kind: fc.constant('call' as const), name: fc.constant('attribute_type'), operands: fc.tuple(operands, typeNames) }),
  fc.record({
    kind: fc.constant('call' as const),
    name: fc.constantFrom('begins_with', 'contains'),
    operands: fc.tuple(operands, operands),
  }),
);

const { model: models } = fc.letrec<{ model: Model }>((tie) => ({
  model: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    tie('model').map((term) => ({ kind: 'not' as const, term })),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), terms: fc.array(tie('model'), { minLength: 2, maxLength: 3 }) }),
  ),
}));

const PRECEDENCE = { or: 1, and: 2, not: 3 };

function written(model: Model, writer: Writer, random: () => boolean, least = 0): string {
  const precedence = model.kind === 'or' || model.kind === 'and' || model.kind === 'not' ? PRECEDENCE[model.kind] : 4;
  const text = writtenBare(model, writer, random, precedence);
  return precedence < least || random() ? `(${text})` : text;
}

function writtenBare(model: Model, writer: Writer, random: () => boolean, precedence: number): string {
  const operand = (one: ModelOperand): string => {
    const bare = one.kind === 'value' ? writer.value(one.value) : writer.path(one.kind === 'path' ? one.path : one.of);
    const text = one.kind === 'size' ? `size(${bare})` : bare;
    return random() ? `(${text})` : text;
  };
  switch (model.kind) {
    case 'and':
    case 'or':
      return model.terms.map((term) => written(term, writer, random, precedence + 1)).join(` ${model.kind} `);
    case 'not':
      return `NOT ${written(model.term, writer, random, precedence)}`;
    case 'compare':
      return `${operand(model.left)} ${model.operator} ${operand(model.right)}`;
    case 'between': {
      const [value, low, high] = model.operands.map(operand);
      return `${value} BETWEEN ${low} AND ${high}`;
    }
    case 'in': {
      const [value, ...candidates] = model.operands.map(operand);
      return `${value} IN (${candidates.join(',')})`;
    }
    case 'call':
      return `${model.name}(${model.operands.map(operand).join(', ')})`;
  }
}

const sorted = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? value
    : Array.isArray(value)
      ? value.map(sorted)
      : Object.entries(value)
          .map(([name, inner]) => [name, sorted(inner)])
          .sort((one, two) => (String(one[0]) < String(two[0]) ? -1 : 1));

const isSame = (one: AttributeValue, two: AttributeValue): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(two));

function order(one: AttributeValue, two: AttributeValue): number | undefined {
  if ('N' in one && 'N' in two) return Number(one.N) - Number(two.N);
  if ('S' in one && 'S' in two) return Buffer.compare(Buffer.from(one.S), Buffer.from(two.S));
  if ('B' in one && 'B' in two) return Buffer.compare(Buffer.from(one.B, 'base64'), Buffer.from(two.B, 'base64'));
  return undefined;
}

function compares(operator: string, one: AttributeValue | undefined, two: AttributeValue | undefined): boolean {
  if (operator === '=') return one !== undefined && two !== undefined && isSame(one, two);
  if (operator === '<>') return !compares('=', one, two);
  const difference = one === undefined || two === undefined ? undefined : order(one, two);
  if (difference === undefined) return false;
  return (
    (difference < 0 && operator.includes('<')) || (difference > 0 && operator.includes('>')) || (difference === 0 && operator.includes('='))
  );
}

function naiveSize(value: AttributeValue | undefined): AttributeValue | undefined {
  const content: unknown = value === undefined ? undefined : Object.values(value)[0];
  if (value === undefined || 'N' in value || 'BOOL' in value || 'NULL' in value) return undefined;
  if ('B' in value) return { N: String(Buffer.from(value.B, 'base64').length) };
  if ('M' in value) return { N: String(Object.entries(value.M).length) };
  return { N: String((content as { readonly length: number }).length) };
}

function naivelyContains(value: AttributeValue, part: AttributeValue): boolean {
  if ('S' in value && 'S' in part) return value.S.includes(part.S);
  if ('B' in value && 'B' in part) {
    return Buffer.from(value.B, 'base64').toString('latin1').includes(Buffer.from(part.B, 'base64').toString('latin1'));
  }
  const members: AttributeValue[] =
    'SS' in value
      ? value.SS.map((S) => ({ S }))
      : 'NS' in value
        ? value.NS.map((N) => ({ N }))
        : 'BS' in value
          ? value.BS.map((B) => ({ B }))
          : 'L' in value
            ? [...value.L]
            : [];
  return members.some((member) => isSame(member, part));
}

function naivelyBegins(value: AttributeValue, prefix: AttributeValue): boolean {
  if ('S' in value && 'S' in prefix) return value.S.indexOf(prefix.S) === 0;
  if (!('B' in value) || !('B' in prefix)) return false;
  return Buffer.from(value.B, 'base64').toString('latin1').startsWith(Buffer.from(prefix.B, 'base64').toString('latin1'));
}

function naivelyTrue(model: Model, item: AttributeMap): boolean {
  const of = (operand: ModelOperand | undefined): AttributeValue | undefined => {
    assert.ok(operand);
    if (operand.kind === 'value') return operand.value;
    return operand.kind === 'path' ? naiveValueAt(item, operand.path) : naiveSize(naiveValueAt(item, operand.of));
  };
  switch (model.kind) {
    case 'and':
      return model.terms.every((term) => naivelyTrue(term, item));
    case 'or':
      return model.terms.some((term) => naivelyTrue(term, item));
    case 'not':
      return !naivelyTrue(model.term, item);
    case 'compare':
      return compares(model.operator, of(model.left), of(model.right));
    case 'between':
      return compares('>=', of(model.operands[0]), of(model.operands[1])) && compares('<=', of(model.operands[0]), of(model.operands[2]));
    case 'in':
      return model.operands.slice(1).some((candidate) => compares('=', of(model.operands[0]), of(candidate)));
    case 'call': {
      const [value, argument] = model.operands.map(of);
      if (model.name === 'attribute_exists') return value !== undefined;
      if (model.name === 'attribute_not_exists') return value === undefined;
      if (value === undefined || argument === undefined) return false;
      if (model.name === 'attribute_type') return 'S' in argument && Object.keys(value)[0] === argument.S;
      return model.name === 'contains' ? naivelyContains(value, argument) : naivelyBegins(value, argument);
    }
  }
}

describe('conditions against a naive reference', () => {
  it('agree on random conditions and items', () => {
    let evaluated = 0;
    let held = 0;
    fc.assert(
      fc.property(models, items, fc.infiniteStream(fc.nat(3)), (model, item, stream) => {
        const random = (): boolean => stream.next().value === 0;
        const writer = new Writer(random);
        const text = written(model, writer, random);
        let bound: ReturnType<typeof bindCondition>;
        try {
          bound = bindCondition(parseCondition(text, 'ConditionExpression'), writer.names, writer.values);
        } catch (error) {
          // Operands whose types are known to be wrong are refused; the reference knows nothing of that.
          assert.ok(error instanceof ExpressionError);
          assert.match(error.message, /Incorrect operand type|must be distinct|BETWEEN operator requires/);
          return;
        }
        const expected = naivelyTrue(model, item);
        assert.equal(evaluateCondition(bound, item), expected, text);
        evaluated += 1;
        if (expected) held += 1;
      }),
      { numRuns: 4000 },
    );
    // The comparison would be worth nothing if most conditions were refused, or all came out the same.
    assert.ok(evaluated > 2000 && held > evaluated / 10 && held < (evaluated * 9) / 10, `${evaluated} evaluated, ${held} held`);
  });
});
