import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { compareBytes } from '../base/bytes.ts';
import type { KeySchema } from './attribute-value.ts';
import { localIndexKey } from './index-key.ts';
import { encodeKey } from './key-encoding.ts';
import { EXPIRY_SPACE, LOCAL_PREFIX_BYTES, LOCAL_SPACE_LOW, localKey, localSpaceEnd, withoutSpace } from './local-space.ts';

const KEYS: KeySchema = { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'N' } };

test('the bytes of a local key never change', () => {
  const item = { p: { S: 'part' }, s: { N: '7' }, a: { S: 'x' } };
  const key = encodeKey(KEYS, item, nodeDigest);
  const indexKey = localIndexKey(KEYS, { name: 'a', type: 'S' }, item, key);
  assert(indexKey);
  assert.equal(LOCAL_SPACE_LOW.toString('hex'), 'ff'.repeat(9));
  assert.equal(EXPIRY_SPACE, 0xe0);
  assert.equal(localKey(3, indexKey).toString('hex'), GOLDEN);
  assert.equal(localSpaceEnd(3).toString('hex'), `${'ff'.repeat(9)}04`);
  assert.deepEqual(withoutSpace(localKey(3, indexKey)), indexKey);
});

test('every key of an item is below the local spaces, and these follow each other by their numbers', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 20 });
  const number = fc.integer({ min: 1, max: 0xfd });
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer(), number, bytes, bytes, (p, s, space, one, other) => {
      const key = encodeKey(KEYS, { p: { S: `p${p}` }, s: { N: String(s) } }, nodeDigest);
      // Whatever the hash is: the type byte behind it decides.
      const highest = Buffer.concat([Buffer.alloc(8, 0xff), key.subarray(8)]);
      assert(compareBytes(highest, LOCAL_SPACE_LOW) < 0);
      const local = localKey(space, one);
      assert(compareBytes(local, LOCAL_SPACE_LOW) > 0);
      assert(compareBytes(local, localSpaceEnd(space)) < 0);
      assert(compareBytes(local, localKey(space + 1, other)) < 0);
      assert.equal(Math.sign(compareBytes(local, localKey(space, other))), Math.sign(compareBytes(one, other)));
      assert.equal(local.length, LOCAL_PREFIX_BYTES + one.length);
    }),
  );
});

const GOLDEN = 'ffffffffffffffffff037feaaa9f9281eabb20706172740020780012824700';
