import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { items, values } from './arbitraries.test.ts';
import { bindCondition, evaluateCondition, parseCondition } from './condition.ts';
import { ExpressionError } from './errors.ts';
import { analyzeKeyCondition } from './key-condition.ts';
import { bindProjection, parseProjection, project } from './projection.ts';
import { refuses } from './support.test.ts';
import { applyUpdate, bindUpdate, parseUpdate, updatedAttributes } from './update.ts';

const WORDS = [
  'a',
  'b',
  'c',
  '#a',
  '#b',
  ':a',
  ':b',
  ':c',
  ':undefined',
  '#undefined',
  '0',
  '1',
  '99999999999',
  '.',
  '[',
  ']',
  '(',
  ')',
  ',',
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  '-',
  'AND',
  'or',
  'NOT',
  'BETWEEN',
  'IN',
  'SET',
  'REMOVE',
  'ADD',
  'DELETE',
  'size',
  'contains',
  'begins_with',
  'attribute_exists',
  'attribute_type',
  'if_not_exists',
  'list_append',
  'unknown',
  'status',
  '!',
  '_',
  '#',
  ':',
  'é',
];

const soups = fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }).map((words) => words.join(' '));

/** Sentences with one thing wrong come further than soup does. */
const broken = fc
  .tuple(
    fc.constantFrom(
      'a = :a AND (b BETWEEN :b AND :c OR NOT contains(#a, :a))',
      'SET a = b + :a, #b[0] = if_not_exists(c, :b) REMOVE c[1] ADD x :c',
      'attribute_type(a.b[1], :a) OR size(#b) IN (:b, :c)',
      'a, b[0].c, #a.#b',
      'DELETE a :c SET b = list_append(#a, :c)',
    ),
    fc.nat(60),
    fc.nat(12),
    fc.constantFrom('', ...WORDS),
  )
  .map(([text, at, length, word]) => text.slice(0, at) + word + text.slice(at + length));

const texts = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }), soups, broken);

/** Runs the action, which may throw an ExpressionError and nothing else. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    assert.ok(error instanceof ExpressionError, `${String(error)}`);
    assert.ok(error.message.length > 0);
    return undefined;
  }
}

/** Takes a text through everything that can be done with it. */
function exercise(text: string, item: Parameters<typeof project>[1], attributes: Readonly<Record<string, (typeof item)[string]>>): void {
  const names = { '#a': 'a', '#b': '__proto__' };
  for (const field of ['ConditionExpression', 'FilterExpression', 'KeyConditionExpression'] as const) {
    const bound = attempt(() => bindCondition(parseCondition(text, field), names, attributes));
    if (bound === undefined) continue;
    assert.equal(typeof evaluateCondition(bound, item), 'boolean');
    attempt(() => analyzeKeyCondition(bound, { partition: [{ name: 'a', type: 'S' }], sort: [{ name: 'b', type: 'N' }] }));
  }
  const projection = attempt(() => bindProjection(parseProjection(text), names));
  if (projection !== undefined) project(projection, item);
  attempt(() => {
    const result = applyUpdate(bindUpdate(parseUpdate(text), names, attributes), item);
    updatedAttributes(result, result.item);
  });
}

describe('expressions of any text', () => {
  it('throw nothing but ExpressionError', () => {
    fc.assert(
      fc.property(texts, items, values, values, values, (text, item, a, b, c) => {
        exercise(text, item, { ':a': a, ':b': b, ':c': c });
      }),
      { numRuns: 3000 },
    );
  });

  it('of the greatest length exhaust no stack', () => {
    const repeated = [
      '(',
      ')',
      'NOT ',
      'NOT(',
      'size(',
      'a.',
      'a[0].',
      '[',
      '-',
      'a AND ',
      'a=:a OR ',
      'a IN(',
      ':a,',
      'a,',
      'SET ',
      '+',
      '#',
      ':',
      '😀',
    ];
    for (const beginning of ['', 'a', 'SET a = ', 'REMOVE a', 'a IN (', 'a = ']) {
      for (const part of repeated) {
        for (const end of ['', 'a', ':a', ')'.repeat(500)]) {
          const count = Math.floor((4096 - beginning.length - end.length) / Buffer.byteLength(part));
          exercise(beginning + part.repeat(count) + end, { a: { L: [] } }, { ':a': { S: '' } });
        }
      }
    }
  });

  it('over the greatest length are refused unread', () => {
    refuses(
      () => parseProjection('('.repeat(10_000_000)),
      'Invalid ProjectionExpression: Expression size has exceeded the maximum allowed size; expression size: 10000000',
    );
  });

  it('compare the same bounds of BETWEEN once, and ask once what no item can change', () => {
    let reads = 0;
    const counted = (text: string): { readonly S: string } => ({
      get S() {
        reads += 1;
        return text;
      },
    });
    const readsOf = (action: () => void): number => {
      reads = 0;
      action();
      return reads;
    };
    const values = { ':low': counted('a'), ':high': counted('b'), ':a': { S: 'a' } };
    const between = (times: number) => () => {
      bindCondition(parseCondition(Array(times).fill('x BETWEEN :low AND :high').join(' OR '), 'FilterExpression'), undefined, values);
    };
    const once = readsOf(between(1));
    assert.ok(once > 0);
    assert.equal(readsOf(between(100)), once);
    const filter = bindCondition(parseCondition('NOT contains(:high, :a) AND x = :a', 'FilterExpression'), undefined, values);
    assert.ok(readsOf(() => assert.equal(evaluateCondition(filter, { x: { S: 'a' } }), true)) > 0);
    assert.equal(
      readsOf(() => assert.equal(evaluateCondition(filter, { x: { S: 'b' } }), false)),
      0,
    );
  });
});
