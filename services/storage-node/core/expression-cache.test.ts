import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionCache } from './expression-cache.ts';

test('a text is compiled once while it is kept, and failures are not kept', () => {
  const compiled: string[] = [];
  const cache = new ExpressionCache((text) => {
    compiled.push(text);
    if (text === 'bad') throw new Error(text);
    return text.length;
  });
  assert.deepEqual([cache.get('abc'), cache.get('abc')], [3, 3]);
  assert.throws(() => cache.get('bad'));
  assert.throws(() => cache.get('bad'));
  assert.deepEqual(compiled, ['abc', 'bad', 'bad']);
  assert.deepEqual([cache.size, cache.characters], [1, 3]);
});

test('it is bounded by number and by characters, and the newest stay', () => {
  const cache = new ExpressionCache((text) => text);
  for (let at = 0; at < 3000; at++) cache.get(`short ${at}`);
  assert.equal(cache.size, 1000);
  for (let at = 0; at < 200; at++) cache.get(`${at}`.padEnd(4096, 'x'));
  assert.equal(cache.characters, 256 * 1024);
  assert.equal(cache.size, 64);
  cache.get('y'.repeat(512 * 1024));
  assert.deepEqual([cache.size, cache.characters], [0, 0], 'one that is too long is not kept');
});
