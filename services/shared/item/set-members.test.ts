import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyBase64, anyNumber, anyText } from './arbitraries.test.ts';
import { areMembersSorted, sortMembers } from './set-members.ts';
import type { SetType } from './set-members.ts';

const MEMBERS: readonly (readonly [SetType, fc.Arbitrary<string>])[] = [
  ['SS', anyText],
  ['NS', anyNumber],
  ['BS', anyBase64],
];

test('property: sorting keeps the members and puts them in the order of their values', () => {
  for (const [type, member] of MEMBERS) {
    fc.assert(
      fc.property(fc.uniqueArray(member, { maxLength: 12 }), (members) => {
        const sorted = sortMembers(type, members);
        assert.ok(areMembersSorted(type, sorted));
        assert.deepEqual(new Set(sorted), new Set(members));
        assert.equal(sorted.length, members.length);
        assert.deepEqual(sortMembers(type, members.toReversed()), sorted);
      }),
    );
  }
});

test('members that are there twice are not sorted', () => {
  assert.equal(areMembersSorted('SS', ['a', 'a']), false);
  assert.equal(areMembersSorted('NS', ['9', '10', '10']), false);
  assert.equal(areMembersSorted('NS', ['9', '10', '11.5']), true);
  assert.equal(areMembersSorted('NS', ['10', '9']), false);
});
