import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { holds, refuses } from './support.test.ts';

const ITEM: AttributeMap = {
  text: { S: 'hello' },
  count: { N: '12' },
  bytes: { B: Buffer.from([1, 2, 3]).toString('base64') },
  yes: { BOOL: true },
  nothing: { NULL: true },
  tags: { SS: ['blue', 'red'] },
  primes: { NS: ['2', '3', '5'] },
  blobs: { BS: ['AA==', 'AQ=='] },
  list: { L: [{ S: 'x' }, { N: '7' }, { M: { deep: { S: 'down' } } }, { SS: ['a'] }] },
  map: { M: { core: { M: { leaf: { N: '0.5' } } }, 'with.dot': { S: 'dot' } } },
};

const NAMES = { '#count': 'count', '#text': 'text', '#list': 'list', '#map': 'map', '#bytes': 'bytes' };

const is = (text: string, values?: AttributeMap): boolean => {
  const names = Object.fromEntries(Object.entries(NAMES).filter(([key]) => text.includes(key)));
  return holds(text, ITEM, values, names);
};

describe('evaluateCondition: comparisons', () => {
  it('compares numbers by value, beyond what a double holds', () => {
    assert.equal(is('#count > :v', { ':v': { N: '9' } }), true);
    assert.equal(is('#count < :v', { ':v': { N: '100' } }), true);
    const big = { ':a': { N: '90071992547409930000000001' }, ':b': { N: '90071992547409930000000000' } };
    assert.equal(is(':a > :b', big), true);
    assert.equal(is(':a = :b', big), false);
  });

  it('compares strings by their UTF-8 bytes', () => {
    assert.equal(is('#text > :v', { ':v': { S: 'Zebra' } }), true);
    // In UTF-16 the surrogates of U+1F600 stand before U+FF5E, in UTF-8 behind.
    assert.equal(is(':a > :b', { ':a': { S: '\u{1F600}' }, ':b': { S: '\uFF5E' } }), true);
  });

  it('compares binaries by unsigned bytes', () => {
    assert.equal(is('#bytes < :v', { ':v': { B: Buffer.from([0x80]).toString('base64') } }), true);
    assert.equal(is('#bytes >= :v', { ':v': { B: Buffer.from([1, 2, 3]).toString('base64') } }), true);
  });

  it('finds nothing in common between types', () => {
    for (const operator of ['=', '<', '<=', '>', '>=']) assert.equal(is(`#count ${operator} :v`, { ':v': { S: '12' } }), false);
    assert.equal(is('#count <> :v', { ':v': { S: '12' } }), true);
    assert.equal(is('#count BETWEEN :a AND :b', { ':a': { S: '0' }, ':b': { S: '99' } }), false);
  });

  it('lets only <> hold for what is not there', () => {
    for (const operator of ['=', '<', '<=', '>', '>=']) {
      assert.equal(is(`absent ${operator} :v`, { ':v': { N: '1' } }), false);
      assert.equal(is(`:v ${operator} absent`, { ':v': { N: '1' } }), false);
    }
    assert.equal(is('absent <> :v', { ':v': { N: '1' } }), true);
    assert.equal(is('NOT absent < :v', { ':v': { N: '1' } }), true);
    assert.equal(is('absent IN (nobody)'), false);
  });

  it('compares documents and sets whole', () => {
    assert.equal(is('tags = :v', { ':v': { SS: ['blue', 'red'] } }), true);
    assert.equal(is('tags = :v', { ':v': { SS: ['blue'] } }), false);
    assert.equal(is('#map.core = :v', { ':v': { M: { leaf: { N: '0.5' } } } }), true);
    assert.equal(is('#list[2] <> :v', { ':v': { M: {} } }), true);
    assert.equal(is('nothing = :v', { ':v': { NULL: true } }), true);
    assert.equal(is('yes = :v', { ':v': { BOOL: false } }), false);
  });

  it('includes both bounds of BETWEEN', () => {
    assert.equal(is('#count BETWEEN :a AND :b', { ':a': { N: '12' }, ':b': { N: '13' } }), true);
    assert.equal(is('#count BETWEEN :a AND :b', { ':a': { N: '11' }, ':b': { N: '12' } }), true);
    assert.equal(is('#count BETWEEN :a AND :b', { ':a': { N: '13' }, ':b': { N: '14' } }), false);
    assert.equal(is(':v BETWEEN absent AND #count', { ':v': { N: '1' } }), false);
  });

  it('finds a candidate of IN', () => {
    assert.equal(is('#count IN (:a, :b)', { ':a': { S: '12' }, ':b': { N: '12' } }), true);
    assert.equal(is('#count IN (:a, absent)', { ':a': { N: '13' } }), false);
  });
});

describe('evaluateCondition: logic', () => {
  const yes = ':v = :v';
  const no = ':v <> :v';
  const VALUES = { ':v': { S: 'v' } };
  it('joins with AND, OR and NOT', () => {
    assert.equal(is(`${yes} AND ${yes}`, VALUES), true);
    assert.equal(is(`${yes} AND ${no}`, VALUES), false);
    assert.equal(is(`${no} OR ${yes}`, VALUES), true);
    assert.equal(is(`${no} OR ${no}`, VALUES), false);
    assert.equal(is(`NOT ${no} AND NOT ${no}`, VALUES), true);
    assert.equal(is(`NOT (${yes} OR ${no})`, VALUES), false);
    assert.equal(is(`${yes} OR ${yes} AND ${no}`, VALUES), true);
    assert.equal(is(`(${yes} OR ${yes}) AND ${no}`, VALUES), false);
  });
});

describe('evaluateCondition: functions', () => {
  it('looks along paths', () => {
    assert.equal(is('attribute_exists(#map.core.leaf)'), true);
    assert.equal(is('attribute_exists(#list[2].deep)'), true);
    assert.equal(is('attribute_not_exists(#list[4])'), true);
    assert.equal(is('attribute_exists(#text.core)'), false);
    assert.equal(is('attribute_exists(#map[0])'), false);
    assert.equal(is('attribute_exists(#list.x)'), false);
    assert.equal(holds('attribute_exists(#m.#d)', ITEM, undefined, { '#m': 'map', '#d': 'with.dot' }), true);
  });

  it('takes no item for an item without attributes', () => {
    assert.equal(holds('attribute_not_exists(pk)', undefined), true);
    assert.equal(holds('attribute_exists(pk)', undefined), false);
  });

  it('takes inherited names for ordinary ones', () => {
    assert.equal(holds('attribute_exists(#p) OR attribute_exists(toString.valueOf)', {}, undefined, { '#p': '__proto__' }), false);
    const item = JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"x"}}}}') as AttributeMap;
    assert.equal(holds('#p.#p = :v', item, { ':v': { S: 'x' } }, { '#p': '__proto__' }), true);
  });

  it('tells types', () => {
    const types = {
      text: 'S',
      count: 'N',
      bytes: 'B',
      yes: 'BOOL',
      nothing: 'NULL',
      tags: 'SS',
      primes: 'NS',
      blobs: 'BS',
      list: 'L',
      map: 'M',
    };
    for (const [name, type] of Object.entries(types)) {
      assert.equal(holds('attribute_type(#n, :t)', ITEM, { ':t': { S: type } }, { '#n': name }), true);
      assert.equal(holds('attribute_type(#n, :t)', ITEM, { ':t': { S: type === 'S' ? 'N' : 'S' } }, { '#n': name }), false);
    }
    assert.equal(is('attribute_type(absent, :t)', { ':t': { S: 'S' } }), false);
  });

  it('compares beginnings', () => {
    assert.equal(is('begins_with(#text, :v)', { ':v': { S: 'hel' } }), true);
    assert.equal(is('begins_with(#text, :v)', { ':v': { S: '' } }), true);
    assert.equal(is('begins_with(#text, :v)', { ':v': { S: 'hello!' } }), false);
    assert.equal(is('begins_with(#text, :v)', { ':v': { B: 'aGVs' } }), false);
    // Base64 of the first two bytes is no prefix of the base64 of all three.
    assert.equal(is('begins_with(#bytes, :v)', { ':v': { B: Buffer.from([1, 2]).toString('base64') } }), true);
    assert.equal(is('begins_with(#bytes, :v)', { ':v': { B: Buffer.from([2]).toString('base64') } }), false);
    assert.equal(is('begins_with(#count, :v)', { ':v': { S: '1' } }), false);
    assert.equal(is('begins_with(:v, #text)', { ':v': { S: 'hello world' } }), true);
  });

  it('finds parts, members and elements', () => {
    assert.equal(is('contains(#text, :v)', { ':v': { S: 'ell' } }), true);
    assert.equal(is('contains(#text, :v)', { ':v': { N: '1' } }), false);
    assert.equal(is('contains(#bytes, :v)', { ':v': { B: Buffer.from([2, 3]).toString('base64') } }), true);
    assert.equal(is('contains(#bytes, :v)', { ':v': { B: Buffer.from([1, 3]).toString('base64') } }), false);
    assert.equal(is('contains(tags, :v)', { ':v': { S: 'red' } }), true);
    assert.equal(is('contains(tags, :v)', { ':v': { S: 're' } }), false);
    assert.equal(is('contains(primes, :v)', { ':v': { N: '3' } }), true);
    assert.equal(is('contains(primes, :v)', { ':v': { S: '3' } }), false);
    assert.equal(is('contains(blobs, :v)', { ':v': { B: 'AQ==' } }), true);
    assert.equal(is('contains(#list, :v)', { ':v': { N: '7' } }), true);
    assert.equal(is('contains(#list, :v)', { ':v': { SS: ['a'] } }), true);
    assert.equal(is('contains(#list, :v)', { ':v': { M: { deep: { S: 'down' } } } }), true);
    assert.equal(is('contains(#map, :v)', { ':v': { S: 'core' } }), false);
    assert.equal(is('contains(:v, #text)', { ':v': { SS: ['hello'] } }), true);
    assert.equal(is('contains(absent, :v)', { ':v': { S: '' } }), false);
  });

  it('counts sizes: UTF-16 units, bytes, elements', () => {
    const sizes = { bytes: 3, tags: 2, primes: 3, blobs: 2, list: 4, map: 2 };
    for (const [name, size] of Object.entries(sizes)) {
      assert.equal(holds('size(#n) = :s', ITEM, { ':s': { N: String(size) } }, { '#n': name }), true, name);
    }
    assert.equal(is('size(:s) = :n', { ':s': { S: 'é\u{1D11E}' }, ':n': { N: '3' } }), true);
    assert.equal(is('size(#count) >= :n', { ':n': { N: '0' } }), false);
    assert.equal(is('size(absent) >= :n', { ':n': { N: '0' } }), false);
    assert.equal(is('size(tags) < size(primes)'), true);
    assert.equal(is('contains(primes, size(tags))'), true);
  });
});

describe('evaluateCondition: work', () => {
  const TOO_MUCH = 'The expression compares more data than one request may; repeat large operands less often';
  const nulls = (count: number): AttributeValue[] => new Array<AttributeValue>(count).fill({ NULL: true });
  const either = (condition: string, count: number): string => new Array<string>(count).fill(condition).join(' OR ');
  const wide: AttributeMap = {
    x: { L: nulls(100_000) },
    s: { SS: Array.from({ length: 60_000 }, (_, position) => String(position).padStart(6, '0')) },
    t: { S: 'a'.repeat(400_000) },
    m: { M: Object.fromEntries(Array.from({ length: 60_000 }, (_, position) => [`n${position}`, { NULL: true }])) },
  };
  const nearly: AttributeMap = { ':v': { L: [...nulls(99_999), { BOOL: true }] } };

  it('looks at the largest items many times', () => {
    assert.equal(holds(either('x = :v', 20), wide, nearly), false);
    assert.equal(holds(either('contains(t, :v)', 100), wide, { ':v': { S: 'b' } }), false);
    assert.equal(holds(either('contains(s, :v)', 20), wide, { ':v': { S: 'b' } }), false);
  });

  it('refuses what would hold up everybody else', () => {
    refuses(() => holds(either('x = :v', 150), wide, nearly), TOO_MUCH);
    refuses(() => holds(either('NOT x <> :v', 90), wide, nearly), TOO_MUCH);
    refuses(() => holds(either('contains(x, :v)', 150), wide, { ':v': { S: 'b' } }), TOO_MUCH);
    refuses(() => holds(either('contains(s, :v)', 150), wide, { ':v': { S: 'b' } }), TOO_MUCH);
    refuses(() => holds(either('contains(t, :v)', 40), wide, { ':v': { S: `b${'a'.repeat(100_000)}` } }), TOO_MUCH);
    refuses(() => holds(either('size(m) < :v', 100), wide, { ':v': { N: '1' } }), TOO_MUCH);
    refuses(() => holds(either('t BETWEEN :v AND :v', 150), wide, { ':v': { S: 'a'.repeat(399_999) } }), TOO_MUCH);
  });
});
