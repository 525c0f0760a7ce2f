import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyItem, anyName, anyValue } from './arbitraries.test.ts';
import {
  attributeNames,
  copyAttributeMap,
  deleteAttribute,
  getAttribute,
  hasAttribute,
  parseItem,
  serializeItem,
  setAttribute,
  typeOf,
} from './attribute-map.ts';
import type { MutableAttributeMap } from './attribute-map.ts';
import type { AttributeValue } from './attribute-value.ts';

const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

test('names that objects inherit are absent until they are set', () => {
  for (const name of INHERITED) {
    const map: MutableAttributeMap = {};
    assert.equal(getAttribute(map, name), undefined, name);
    assert.equal(hasAttribute(map, name), false, name);
    setAttribute(map, name, { S: 'mine' });
    assert.deepEqual(getAttribute(map, name), { S: 'mine' });
    assert.equal(Object.getPrototypeOf(map), Object.prototype);
    assert.deepEqual(attributeNames(map), [name]);
    assert.deepEqual(attributeNames(copyAttributeMap(map)), [name]);
    assert.equal(serializeItem(map).toString(), `{"${name}":{"S":"mine"}}`);
    assert.deepEqual(getAttribute(parseItem(serializeItem(map)), name), { S: 'mine' });
    deleteAttribute(map, name);
    assert.equal(hasAttribute(map, name), false);
  }
  assert.equal(({} as { S?: string }).S, undefined);
});

test('a copy is independent of its source', () => {
  const source: MutableAttributeMap = {};
  setAttribute(source, '__proto__', { N: '1' });
  setAttribute(source, 'a', { N: '2' });
  const copy = copyAttributeMap(source);
  setAttribute(copy, '__proto__', { N: '3' });
  deleteAttribute(copy, 'a');
  assert.deepEqual(getAttribute(source, '__proto__'), { N: '1' });
  assert.deepEqual(getAttribute(source, 'a'), { N: '2' });
});

test('property: a map behaves as a Map does', () => {
  const step = fc.record({ name: anyName, value: fc.option(anyValue, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const map: MutableAttributeMap = {};
      const model = new Map<string, AttributeValue>();
      for (const { name, value } of steps) {
        if (value === undefined) deleteAttribute(map, name);
        else setAttribute(map, name, value);
        if (value === undefined) model.delete(name);
        else model.set(name, value);
      }
      assert.deepEqual(attributeNames(map).sort(), [...model.keys()].sort());
      for (const { name } of steps) assert.equal(getAttribute(map, name), model.get(name));
    }),
  );
});

test('property: what is written is read again', () => {
  fc.assert(fc.property(anyItem, (item) => assert.deepEqual(parseItem(serializeItem(item)), item)));
});

test('every type is told by its member', () => {
  assert.equal(typeOf({ S: '' }), 'S');
  assert.equal(typeOf({ NULL: true }), 'NULL');
  assert.equal(typeOf({ BS: [''] }), 'BS');
  assert.equal(typeOf({ M: {} }), 'M');
});
