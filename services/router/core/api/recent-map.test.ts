import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentMap } from './recent-map.ts';

test('never holds more than its bound, and always what was used within half of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.array(fc.nat(20), { maxLength: 200 }), (bound, uses) => {
      const map = new RecentMap<number>(bound);
      uses.forEach((use, at) => {
        const name = String(use);
        const since = new Set(
          uses
            .slice(0, at)
            .reverse()
            .slice(0, uses.slice(0, at).reverse().indexOf(use) + 1),
        );
        const found = map.get(name);
        if (uses.slice(0, at).includes(use) && since.size <= Math.floor(bound / 2)) assert.equal(found, use);
        if (found === undefined) map.set(name, use);
        else assert.equal(found, use);
        assert.ok(map.size <= Math.max(2, bound));
      });
    }),
  );
});

test('long texts are fewer: the characters are bounded, too', () => {
  const map = new RecentMap<number>(1000, 100);
  for (let at = 0; at < 500; at++) {
    const name = String(at).padEnd(20, '.');
    map.set(name, at);
    assert.equal(map.get(name), at);
    assert.ok(map.size <= 5, `${map.size}`);
  }
  map.set('x'.repeat(1000), 7);
  assert.equal(map.get('x'.repeat(1000)), 7);
});
