import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap } from '../item/attribute-value.ts';
import { refuses, update, updated } from './support.test.ts';
import { applyUpdate, updatedAttributes, updatedTopLevelNames } from './update.ts';

const list = (...texts: string[]): AttributeMap => ({ l: { L: texts.map((S) => ({ S })) } });

describe('applyUpdate: SET', () => {
  it('sets, replaces and copies', () => {
    assert.deepEqual(updated('SET a = :v, b = c', { c: { N: '1' } }, { ':v': { S: 'x' } }), {
      a: { S: 'x' },
      b: { N: '1' },
      c: { N: '1' },
    });
  });

  it('reads every operand from the old item', () => {
    assert.deepEqual(updated('SET a = b, b = a', { a: { S: '1' }, b: { S: '2' } }), { a: { S: '2' }, b: { S: '1' } });
    assert.deepEqual(updated('SET a = b REMOVE b', { b: { S: '2' } }), { a: { S: '2' } });
    assert.deepEqual(updated('ADD n :one SET m = n', { n: { N: '1' } }, { ':one': { N: '1' } }), { n: { N: '2' }, m: { N: '1' } });
  });

  it('adds and subtracts exactly', () => {
    const values = { ':v': { N: '0.1' } };
    assert.deepEqual(updated('SET n = n + :v', { n: { N: '0.2' } }, values), { n: { N: '0.3' } });
    assert.deepEqual(updated('SET n = :v - n', { n: { N: '0.2' } }, values), { n: { N: '-0.1' } });
    assert.deepEqual(updated('SET n = n + :one', { n: { N: '9007199254740993' } }, { ':one': { N: '1' } }), {
      n: { N: '9007199254740994' },
    });
    assert.deepEqual(updated('SET n = (n) - (n)', { n: { N: '5' } }), { n: { N: '0' } });
    assert.deepEqual(updated('SET n = (n + :v)', { n: { N: '1' } }, values), { n: { N: '1.1' } });
  });

  it('takes the default of if_not_exists only where nothing is', () => {
    const values = { ':zero': { N: '0' }, ':one': { N: '1' } };
    assert.deepEqual(updated('SET n = if_not_exists(n, :zero) + :one', {}, values), { n: { N: '1' } });
    assert.deepEqual(updated('SET n = if_not_exists(n, :zero) + :one', { n: { N: '4' } }, values), { n: { N: '5' } });
    assert.deepEqual(updated('SET n = if_not_exists(n, absent)', { n: { S: 'x' } }), { n: { S: 'x' } });
    assert.deepEqual(updated('SET x = if_not_exists(a.b, if_not_exists(c, :one))', { c: { S: 'c' } }, values).x, { S: 'c' });
  });

  it('joins lists', () => {
    const values = { ':l': { L: [{ S: 'new' }] }, ':none': { L: [] } };
    assert.deepEqual(updated('SET l = list_append(l, :l)', list('a'), values), list('a', 'new'));
    assert.deepEqual(updated('SET l = list_append(:l, l)', list('a'), values), list('new', 'a'));
    assert.deepEqual(updated('SET l = list_append(if_not_exists(l, :none), :l)', {}, values), list('new'));
  });

  it('sets inside maps and lists', () => {
    const item: AttributeMap = { m: { M: { a: { S: 'old' }, l: { L: [{ M: {} }] } } }, another: { S: 'kept' } };
    assert.deepEqual(updated('SET m.a = :v, m.b = :v, m.l[0].x = :v', item, { ':v': { S: 'v' } }), {
      m: { M: { a: { S: 'v' }, b: { S: 'v' }, l: { L: [{ M: { x: { S: 'v' } } }] } } },
      another: { S: 'kept' },
    });
  });

  it('appends what lies beyond the end, in the order of the indexes', () => {
    const values = { ':a': { S: 'A' }, ':b': { S: 'B' }, ':c': { S: 'C' } };
    assert.deepEqual(updated('SET l[7] = :a, l[0] = :b, l[5] = :c', list('0', '1'), values), list('B', '1', 'C', 'A'));
    assert.deepEqual(updated('SET l[2] = :a', list('0', '1'), values), list('0', '1', 'A'));
  });

  it('leaves the old item as it is', () => {
    const item: AttributeMap = { m: { M: { a: { S: 'old' } } }, ...list('0'), s: { SS: ['a'] } };
    const before = JSON.stringify(item);
    updated('SET m.a = :v, l[0] = :v ADD s :s', item, { ':v': { S: 'v' }, ':s': { SS: ['b'] } });
    assert.equal(JSON.stringify(item), before);
  });

  it('takes __proto__ for an ordinary name', () => {
    const result = updated('SET #p = :m, a.#p = :v', { a: { M: {} } }, { ':m': { M: {} }, ':v': { S: 'v' } }, { '#p': '__proto__' });
    assert.equal(JSON.stringify(result), '{"a":{"M":{"__proto__":{"S":"v"}}},"__proto__":{"M":{}}}');
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.equal(JSON.stringify(updated('REMOVE #p', result, undefined, { '#p': '__proto__' })), '{"a":{"M":{"__proto__":{"S":"v"}}}}');
  });
});

describe('applyUpdate: REMOVE', () => {
  it('removes attributes, and takes absent ones for removed', () => {
    assert.deepEqual(updated('REMOVE a, m.x, m.y, absent', { a: { S: '' }, b: { S: '' }, m: { M: { x: { S: '' } } } }), {
      b: { S: '' },
      m: { M: {} },
    });
  });

  it('takes indexes for those of the old list', () => {
    assert.deepEqual(updated('REMOVE l[0], l[2]', list('0', '1', '2', '3')), list('1', '3'));
    assert.deepEqual(updated('REMOVE l[2], l[0]', list('0', '1', '2', '3')), list('1', '3'));
    assert.deepEqual(updated('REMOVE l[9]', list('0')), list('0'));
    const values = { ':v': { S: 'new' }, ':w': { S: 'end' } };
    assert.deepEqual(updated('SET l[2] = :v, l[8] = :w REMOVE l[0]', list('0', '1', '2'), values), list('1', 'new', 'end'));
  });
});

describe('applyUpdate: ADD and DELETE', () => {
  it('adds numbers, to nothing as to zero', () => {
    const values = { ':v': { N: '-2.5' } };
    assert.deepEqual(updated('ADD n :v', { n: { N: '3' } }, values), { n: { N: '0.5' } });
    assert.deepEqual(updated('ADD n :v', {}, values), { n: { N: '-2.5' } });
    assert.deepEqual(updated('ADD m.n :v', { m: { M: {} } }, values), { m: { M: { n: { N: '-2.5' } } } });
    assert.deepEqual(updated('ADD l[0] :v, l[9] :v', { l: { L: [{ N: '1' }] } }, values), { l: { L: [{ N: '-1.5' }, { N: '-2.5' }] } });
  });

  it('unites sets, sorted and without duplicates', () => {
    assert.deepEqual(updated('ADD s :s', { s: { SS: ['b', 'd'] } }, { ':s': { SS: ['a', 'b', 'c', 'e'] } }), {
      s: { SS: ['a', 'b', 'c', 'd', 'e'] },
    });
    assert.deepEqual(updated('ADD s :s', { s: { NS: ['-1', '2', '10'] } }, { ':s': { NS: ['3', '10'] } }), {
      s: { NS: ['-1', '2', '3', '10'] },
    });
    const binary = (byte: number): string => Buffer.from([byte]).toString('base64');
    assert.deepEqual(updated('ADD s :s', { s: { BS: [binary(0xff)] } }, { ':s': { BS: [binary(0x01)] } }), {
      s: { BS: [binary(0x01), binary(0xff)] },
    });
    assert.deepEqual(updated('ADD s :s', {}, { ':s': { SS: ['a'] } }), { s: { SS: ['a'] } });
  });

  it('takes members from sets, and the set with the last', () => {
    assert.deepEqual(updated('DELETE s :s', { s: { SS: ['a', 'b', 'c'] } }, { ':s': { SS: ['b', 'x'] } }), { s: { SS: ['a', 'c'] } });
    assert.deepEqual(updated('DELETE s :s', { s: { NS: ['1'] } }, { ':s': { NS: ['1', '2'] } }), {});
    assert.deepEqual(updated('DELETE s :s', {}, { ':s': { BS: ['AA=='] } }), {});
    assert.deepEqual(updated('DELETE l[0] :s', { l: { L: [{ SS: ['a'] }, { S: 'x' }] } }, { ':s': { SS: ['a'] } }), {
      l: { L: [{ S: 'x' }] },
    });
  });
});

describe('applyUpdate: errors of the item', () => {
  it('refuses to read what is not there', () => {
    const message = 'The provided expression refers to an attribute that does not exist in the item';
    for (const text of [
      'SET a = b',
      'SET a = b + :n',
      'SET a = :n - b',
      'SET a = list_append(b, :l)',
      'SET a = if_not_exists(b, c)',
      'SET a = x.y',
      'SET a = x[1]',
    ]) {
      refuses(() => updated(text, { x: { S: '' } }, { ':n': { N: '1' }, ':l': { L: [] } }), message);
    }
  });

  it('refuses paths that lead through what is no map or list', () => {
    const message = 'The document path provided in the update expression is invalid for update';
    const item: AttributeMap = { s: { S: '' }, m: { M: {} }, l: { L: [] } };
    for (const text of [
      'SET x.y = :v',
      'SET s.y = :v',
      'SET m[0] = :v',
      'SET l.x = :v',
      'SET m.x.y = :v',
      'SET l[0].x = :v',
      'REMOVE x.y',
      'REMOVE s[0]',
      'ADD x.y :n',
      'DELETE x.y :s',
    ]) {
      refuses(() => updated(text, item, { ':v': { S: '' }, ':n': { N: '1' }, ':s': { SS: ['a'] } }), message);
    }
  });

  it('refuses operands of the wrong type', () => {
    const message = 'An operand in the update expression has an incorrect data type';
    const item: AttributeMap = { s: { S: '' }, n: { N: '1' }, ss: { SS: ['a'] }, l: { L: [] } };
    const texts = [
      'SET a = s + :n',
      'SET a = :n - s',
      'SET a = if_not_exists(s, :n) + :n',
      'SET a = list_append(s, :l)',
      'SET a = list_append(:l, n)',
      'SET a = list_append(l, :l) + :n',
      'ADD s :n',
      'ADD n :ss',
      'ADD ss :n',
      'ADD ss :ns',
      'ADD s :ss',
      'DELETE ss :ns',
      'DELETE n :ss',
    ];
    for (const text of texts) {
      refuses(() => updated(text, item, { ':n': { N: '1' }, ':l': { L: [] }, ':ss': { SS: ['b'] }, ':ns': { NS: ['1'] } }), message);
    }
  });

  it('refuses numbers that DynamoDB cannot hold', () => {
    const huge = { ':v': { N: `9${'0'.repeat(125)}` } };
    const message = 'Number overflow. Attempting to store a number with magnitude larger than supported range';
    refuses(() => updated('SET n = :v + :v', {}, huge), message);
    refuses(() => updated('ADD n :v', { n: huge[':v'] }, huge), message);
    refuses(
      () => updated('SET n = :v + :w', {}, { ':v': { N: '1' }, ':w': { N: `0.${'0'.repeat(39)}1` } }),
      'Attempting to store more than 38 significant digits in a Number',
    );
  });

  it('refuses to nest deeper than 32 levels', () => {
    let value: AttributeMap[string] = { S: 'x' };
    for (let level = 1; level < 32; level += 1) value = { L: [value] };
    const message = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
    assert.ok(updated('SET a = :v', {}, { ':v': value }));
    refuses(() => updated('SET m.a = :v', { m: { M: {} } }, { ':v': value }), message);
    refuses(() => updated('SET v[0] = v', { v: value }), message);
    assert.ok('L' in value);
    assert.ok(updated('SET m.a = v[0]', { m: { M: {} }, v: value }));
  });
});

describe('UPDATED_OLD, UPDATED_NEW and touched names', () => {
  it('answers only the touched paths, nested as in the item', () => {
    const item: AttributeMap = {
      a: { S: '1' },
      b: { S: '2' },
      m: { M: { x: { N: '1' }, y: { N: '2' } } },
      l: { L: [{ S: '0' }, { S: '1' }] },
    };
    const result = applyUpdate(update('SET a = :v, m.x = :v, l[1] = :v, fresh = :v REMOVE b', { ':v': { S: 'v' } }), item);
    assert.deepEqual(updatedAttributes(result, item), {
      a: { S: '1' },
      b: { S: '2' },
      m: { M: { x: { N: '1' } } },
      l: { L: [{ S: '1' }] },
    });
    assert.deepEqual(updatedAttributes(result, result.item), {
      a: { S: 'v' },
      m: { M: { x: { S: 'v' } } },
      l: { L: [{ S: 'v' }] },
      fresh: { S: 'v' },
    });
    assert.deepEqual(updatedAttributes(result, undefined), {});
  });

  it('names the attributes once', () => {
    const bound = update('SET a.x = b, a.y = b REMOVE #c, d[1]', undefined, { '#c': 'c' });
    assert.deepEqual(updatedTopLevelNames(bound).sort(), ['a', 'c', 'd']);
  });
});
