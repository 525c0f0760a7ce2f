import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { bindCondition, parseCondition } from './condition.ts';
import { condition, refuses } from './support.test.ts';
import type { Names } from './support.test.ts';

const refusesBinding = (text: string, reason: string, values?: AttributeMap, names?: Names): void => {
  refuses(() => condition(text, values, names), `Invalid ConditionExpression: ${reason}`);
};

const ONE_OF_EACH_TYPE: readonly (readonly [string, AttributeValue])[] = [
  ['S', { S: 'a' }],
  ['N', { N: '1' }],
  ['B', { B: 'AA==' }],
  ['BOOL', { BOOL: true }],
  ['NULL', { NULL: true }],
  ['SS', { SS: ['a'] }],
  ['NS', { NS: ['1'] }],
  ['BS', { BS: ['AA=='] }],
  ['L', { L: [] }],
  ['M', { M: {} }],
];

const incorrectType = (operator: string, type: string): string =>
  `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`;

describe('bindCondition: placeholders', () => {
  it('resolves names and values', () => {
    const bound = condition('#a.b[1].#c = :v', { ':v': { S: 'x' } }, { '#a': 'status', '#c': '__proto__' });
    assert.deepEqual(bound.paths, [['status', 'b', 1, '__proto__']]);
    assert.deepEqual(bound.values, [{ S: 'x' }]);
  });

  it('shares one program between requests', () => {
    const program = parseCondition('#a = :v', 'FilterExpression');
    const one = bindCondition(program, { '#a': 'x' }, { ':v': { N: '1' } });
    const two = bindCondition(program, { '#a': 'y' }, { ':v': { N: '2' } });
    assert.deepEqual([one.paths, two.paths], [[['x']], [['y']]]);
    assert.deepEqual([one.values, two.values], [[{ N: '1' }], [{ N: '2' }]]);
  });

  it('refuses what is not defined, the first in the text', () => {
    const name = 'An expression attribute name used in the document path is not defined; attribute name: ';
    const value = 'An expression attribute value used in expression is not defined; attribute value: ';
    refusesBinding('a = :v', `${value}:v`);
    refusesBinding('a = :v', `${value}:v`, { ':w': { S: '' } });
    refusesBinding('#a = :v', `${name}#a`);
    refusesBinding('a = :v AND #b.#c = :w', `${name}#c`, { ':v': { S: '' } }, { '#b': 'x' });
    refusesBinding(':v = #b', `${value}:v`);
    refuses(
      () => condition('#missing = :v', { ':v': { S: 'x' } }, undefined, 'FilterExpression'),
      `Invalid FilterExpression: ${name}#missing`,
    );
  });

  it('is not misled by names that objects inherit', () => {
    refusesBinding(
      'a = :constructor',
      'An expression attribute value used in expression is not defined; attribute value: :constructor',
      {},
    );
  });

  it('checks one simple condition after another', () => {
    refusesBinding('begins_with(a, :n) AND #b = :n', incorrectType('begins_with', 'N'), { ':n': { N: '1' } });
  });
});

describe('bindCondition: operands', () => {
  it('counts the operands of functions', () => {
    const reason = (name: string, count: number): string =>
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`;
    refusesBinding('attribute_exists(a, b)', reason('attribute_exists', 2));
    refusesBinding('attribute_type(a)', reason('attribute_type', 1));
    refusesBinding('begins_with(a)', reason('begins_with', 1));
    refusesBinding('contains(a, b, c)', reason('contains', 3));
    refusesBinding('size(a, b) = c', reason('size', 2));
    refusesBinding('attribute_exists(a, :v)', 'An expression attribute value used in expression is not defined; attribute value: :v');
  });

  it('asks for a path where only a path makes sense', () => {
    const reason = 'Operator or function requires a document path; operator or function: ';
    refusesBinding('attribute_exists(:v)', `${reason}attribute_exists`, { ':v': { S: 'a' } });
    refusesBinding('attribute_not_exists(size(a))', `${reason}attribute_not_exists`);
  });

  it('wants the first operand distinct from the others', () => {
    const reason = (operator: string, path: string): string =>
      'The first operand must be distinct from the remaining operands for this operator or function; ' +
      `operator: ${operator}, first operand: ${path}`;
    refusesBinding('a = a', reason('=', '[a]'));
    refusesBinding('a.b[3] < #x.b[3]', reason('<', '[a, b, [3]]'), undefined, { '#x': 'a' });
    refusesBinding('contains(#d, #d)', reason('contains', '[data]'), undefined, { '#d': 'data' });
    refusesBinding('a BETWEEN :l AND a', reason('BETWEEN', '[a]'), { ':l': { N: '1' } });
    refusesBinding('a IN (b, a)', reason('IN', '[a]'));
  });

  it('takes the same value on both sides', () => {
    assert.ok(condition(':p = :p', { ':p': { S: 'a' } }));
  });
});

describe('bindCondition: types', () => {
  it('orders only strings, numbers and binaries', () => {
    for (const [type, value] of ONE_OF_EACH_TYPE) {
      for (const operator of ['<', '<=', '>', '>=']) {
        if (['S', 'N', 'B'].includes(type)) {
          assert.ok(condition(`a ${operator} :v`, { ':v': value }));
        } else {
          refusesBinding(`a ${operator} :v`, incorrectType(operator, type), { ':v': value });
          refusesBinding(`:v ${operator} a`, incorrectType(operator, type), { ':v': value });
        }
      }
      assert.ok(condition('a = :v AND b <> :v AND c IN (:v)', { ':v': value }));
    }
    refusesBinding('a BETWEEN :n AND :b', incorrectType('BETWEEN', 'BOOL'), { ':n': { N: '1' }, ':b': { BOOL: true } });
  });

  it('compares beginnings only of strings and binaries', () => {
    for (const [type, value] of ONE_OF_EACH_TYPE) {
      if (type === 'S' || type === 'B') assert.ok(condition('begins_with(a, :v)', { ':v': value }));
      else refusesBinding('begins_with(a, :v)', incorrectType('begins_with', type), { ':v': value });
    }
    refusesBinding('begins_with(size(a), :v)', incorrectType('begins_with', 'N'), { ':v': { S: 'a' } });
  });

  it('takes the size only of what has one', () => {
    for (const [type, value] of ONE_OF_EACH_TYPE) {
      if (['N', 'BOOL', 'NULL'].includes(type)) refusesBinding('size(:v) = a', incorrectType('size', type), { ':v': value });
      else assert.ok(condition('size(:v) = a', { ':v': value }));
    }
    refusesBinding('size(size(a)) = b', incorrectType('size', 'N'));
    refusesBinding('begins_with(a, :s) AND contains(a, size(:v))', incorrectType('size', 'N'), { ':s': { S: '' }, ':v': { N: '1' } });
  });

  it('checks the argument of attribute_type', () => {
    for (const [type] of ONE_OF_EACH_TYPE) assert.ok(condition('attribute_type(a, :t)', { ':t': { S: type } }));
    refusesBinding('attribute_type(a, :t)', incorrectType('attribute_type', 'N'), { ':t': { N: '1' } });
    refusesBinding('attribute_type(a, b)', incorrectType('attribute_type', '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}'));
    refusesBinding(
      'attribute_type(a, :t)',
      'Invalid attribute type name found; type: String, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
      { ':t': { S: 'String' } },
    );
  });

  it('wants the bounds of BETWEEN of one type and in order', () => {
    refusesBinding(
      'a BETWEEN :l AND :h',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ' +
        'lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:4}',
      { ':l': { N: '5' }, ':h': { N: '4' } },
    );
    refusesBinding(
      'a BETWEEN :l AND :h',
      'The BETWEEN operator requires same data type for lower and upper bounds; ' +
        'lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}',
      { ':l': { N: '1' }, ':h': { S: 'a' } },
    );
    assert.ok(condition('a BETWEEN :l AND :l', { ':l': { B: 'AA==' } }));
    assert.ok(condition('a BETWEEN :l AND b', { ':l': { S: 'z' } }));
  });
});
