import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareBytes, utf8 } from '../base/bytes.ts';
import type { AttributeMap } from './attribute-value.ts';
import { dueSeconds, EXPIRY_AGE_MAX_SECONDS, expiryEntryKey, expiryPlace, expirySeconds, isDue, readExpiryEntry } from './expiry.ts';
import { EXPIRY_SPACE, LOCAL_SPACE_LOW, localKey, localSpaceEnd } from './local-space.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;

function expiresIn(item: AttributeMap, wallMs = NOW_MS): boolean {
  const seconds = expirySeconds(item, 'ttl');
  return seconds !== undefined && isDue(seconds, dueSeconds(wallMs));
}

describe('expiry of items', () => {
  it('is at the second of a top-level number', () => {
    assert.equal(expirySeconds({ ttl: { N: '1645119622' } }, 'ttl'), 1_645_119_622);
    assert.equal(expirySeconds({ ttl: { N: '0' } }, 'ttl'), 0);
    assert.equal(expirySeconds({ ttl: { N: '1645119622.999' } }, 'ttl'), 1_645_119_622);
    assert.equal(expirySeconds({ ttl: { N: '0.1' } }, 'ttl'), 0);
  });

  it('is never for anything else', () => {
    const others: AttributeMap[] = [
      {},
      { other: { N: '1645119622' } },
      { ttl: { S: '1645119622' } },
      { ttl: { NS: ['1645119622'] } },
      { ttl: { L: [{ N: '1645119622' }] } },
      { map: { M: { ttl: { N: '1645119622' } } } },
      { ttl: { N: '-1645119622' } },
      { ttl: { N: `1${'0'.repeat(30)}` } },
      { ttl: { NULL: true } },
    ];
    for (const item of others) assert.equal(expirySeconds(item, 'ttl'), undefined, JSON.stringify(item));
    assert.equal(expirySeconds({ ttl: { N: '1' } }, 'constructor'), undefined);
  });

  it('is due when its second is past, for five years', () => {
    const at = (seconds: number): AttributeMap => ({ ttl: { N: String(seconds) } });
    assert.equal(expiresIn(at(NOW)), false);
    assert.equal(expiresIn(at(NOW), NOW_MS + 999), false);
    assert.equal(expiresIn(at(NOW), NOW_MS + 1000), true);
    assert.equal(expiresIn(at(NOW - 1)), true);
    assert.equal(expiresIn(at(NOW - EXPIRY_AGE_MAX_SECONDS)), true);
    assert.equal(expiresIn(at(NOW - EXPIRY_AGE_MAX_SECONDS - 1)), false);
    assert.equal(expiresIn(at(NOW - 6 * 365 * 86_400)), false);
    // Milliseconds in the place of seconds: fifty thousand years from now.
    assert.equal(expiresIn(at(NOW_MS)), false);
    assert.deepEqual(dueSeconds(5000), { low: 0, high: 5 });
  });
});

describe('keys of entries', () => {
  const entries = fc.record({
    generation: fc.integer({ min: 1, max: 0xffffffff }),
    seconds: fc.nat(2 ** 48 - 1),
    itemKey: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  });

  it('sort by generation, time and key, within their space', () => {
    fc.assert(
      fc.property(entries, entries, (a, b) => {
        const keyOf = (entry: typeof a): Buffer => expiryEntryKey(entry.generation, entry.seconds, entry.itemKey);
        const expected = a.generation - b.generation || a.seconds - b.seconds || compareBytes(a.itemKey, b.itemKey);
        assert.equal(Math.sign(compareBytes(keyOf(a), keyOf(b))), Math.sign(expected));
        assert.deepEqual(readExpiryEntry(keyOf(a)), { ...a });
        for (const key of [keyOf(a), expiryPlace(a.generation, a.seconds)]) {
          assert(compareBytes(key, LOCAL_SPACE_LOW) > 0);
          assert(compareBytes(key, localSpaceEnd(EXPIRY_SPACE)) < 0);
        }
        const isBelow = compareBytes(keyOf(a), expiryPlace(b.generation, b.seconds)) < 0;
        assert.equal(isBelow, a.generation < b.generation || (a.generation === b.generation && a.seconds < b.seconds));
      }),
    );
  });

  it('are of no other space', () => {
    assert.throws(() => readExpiryEntry(localKey(1, utf8('0123456789 key'))));
  });
});
