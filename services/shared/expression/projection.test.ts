import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap } from '../item/attribute-value.ts';
import { bindProjection, parseProjection, project } from './projection.ts';
import { refuses } from './support.test.ts';
import type { Names } from './support.test.ts';

const ITEM: AttributeMap = {
  pk: { S: 'key' },
  n: { N: '1' },
  m: { M: { a: { S: 'A' }, b: { M: { c: { S: 'C' }, d: { S: 'D' } } } } },
  l: { L: [{ S: '0' }, { M: { x: { S: 'X' }, y: { S: 'Y' } } }, { L: [{ N: '20' }, { N: '21' }] }, { S: '3' }] },
};

const projected = (text: string, names?: Names, item = ITEM): AttributeMap => project(bindProjection(parseProjection(text), names), item);

const refusesText = (text: string, reason: string, names?: Names): void => {
  refuses(() => projected(text, names), `Invalid ProjectionExpression: ${reason}`);
};

describe('project', () => {
  it('picks attributes and leaves out what is not there', () => {
    assert.deepEqual(projected('pk, n, absent'), { pk: { S: 'key' }, n: { N: '1' } });
    assert.deepEqual(projected('absent'), {});
    assert.deepEqual(projected('#a,#b', { '#a': 'n', '#b': 'pk' }), { pk: { S: 'key' }, n: { N: '1' } });
  });

  it('keeps the way to nested values', () => {
    assert.deepEqual(projected('m.b.c'), { m: { M: { b: { M: { c: { S: 'C' } } } } } });
    assert.deepEqual(projected('m.b.d, m.a, m.b.c'), {
      m: { M: { a: { S: 'A' }, b: { M: { c: { S: 'C' }, d: { S: 'D' } } } } },
    });
    assert.deepEqual(projected('m.b'), { m: { M: { b: { M: { c: { S: 'C' }, d: { S: 'D' } } } } } });
  });

  it('closes up list elements in the order of the list', () => {
    assert.deepEqual(projected('l[3], l[1].y, l[0]'), { l: { L: [{ S: '0' }, { M: { y: { S: 'Y' } } }, { S: '3' }] } });
    assert.deepEqual(projected('l[2][1]'), { l: { L: [{ L: [{ N: '21' }] }] } });
    assert.deepEqual(projected('l[9], l[3]'), { l: { L: [{ S: '3' }] } });
    assert.deepEqual(projected('l[10], l[2]'), { l: { L: [{ L: [{ N: '20' }, { N: '21' }] }] } });
  });

  it('leaves out maps and lists in which nothing was found', () => {
    for (const path of ['m.b.x', 'l[7]', 'l[1].z', 'pk.x', 'pk[0]', 'm[0]', 'l.x']) assert.deepEqual(projected(path), {}, path);
  });

  it('takes __proto__ for an ordinary name', () => {
    const item = JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"x"},"y":{"S":"y"}}}}') as AttributeMap;
    const result = projected('#p.#p', { '#p': '__proto__' }, item);
    assert.equal(JSON.stringify(result), '{"__proto__":{"M":{"__proto__":{"S":"x"}}}}');
    assert.deepEqual(projected('#p', { '#p': '__proto__' }), {});
  });

  it('does not change the item', () => {
    const before = JSON.stringify(ITEM);
    projected('m.b.c, l[1].x');
    assert.equal(JSON.stringify(ITEM), before);
  });
});

describe('projection: errors', () => {
  it('refuses what is no list of paths', () => {
    refusesText('', 'The expression can not be empty;');
    refusesText('!!! INVALID !!!', 'Syntax error; token: "!", near: "!!"');
    refusesText('a b', 'Syntax error; token: "b", near: "a b"');
    refusesText('a,', 'Syntax error; token: "<EOF>", near: ","');
    refusesText('a,,b', 'Syntax error; token: ",", near: ",,b"');
    refusesText(':a', 'Syntax error; token: ":a", near: ":a"');
    refusesText('size(a)', 'Syntax error; token: "(", near: "size(a"');
    refusesText('a, 1b', 'Syntax error; token: "1", near: ", 1b"');
  });

  it('refuses reserved words, and no other keyword', () => {
    refusesText('pk, NAME', 'Attribute name is a reserved keyword; reserved keyword: NAME');
    refusesText('and', 'Attribute name is a reserved keyword; reserved keyword: and');
  });

  it('refuses undefined names', () => {
    refusesText('a, #b', 'An expression attribute name used in the document path is not defined; attribute name: #b', { '#a': 'x' });
  });

  const overlap = (one: string, two: string): string =>
    `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`;

  it('refuses paths that overlap', () => {
    refusesText('a, a', overlap('[a]', '[a]'));
    refusesText('a, a.b', overlap('[a]', '[a, b]'));
    refusesText('x, a.b.c, a.b.d, a.b', overlap('[a, b, c]', '[a, b]'));
    refusesText('a[1], b, a[1].c', overlap('[a, [1]]', '[a, [1], c]'));
    refusesText('#x, b, a', overlap('[a]', '[a]'), { '#x': 'a' });
    refusesText('a.b, #x', overlap('[a, b]', '[a]'), { '#x': 'a' });
    assert.deepEqual(projected('#x, a.b', { '#x': 'a.b' }), {});
  });

  it('refuses paths that take one value for a list and for a map, unless others overlap', () => {
    refusesText(
      'a.b, a[0]',
      'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]',
    );
    // An overlap is told before a conflict, also where one of its paths takes part in both.
    refusesText(
      'a.b, a[0], a[0]',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, [0]], path two: [a, [0]]',
    );
    refusesText('a.b, a[0], c, c', overlap('[c]', '[c]'));
  });
});
