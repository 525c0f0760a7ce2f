import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIB } from '../../shared/base/units.ts';
import { ItemError } from '../../shared/item/item-error.ts';
import type { Projection } from '../../shared/item/projection.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { refuseTooLong } from './written-size.ts';

function settingsOf(local: number, global: number, projection: Projection = { kind: 'all' }): PartitionSettings {
  const attribute = { name: 'a', type: 'S' as const };
  return {
    version: 1,
    keys: { partition: attribute },
    localIndexes: Array.from({ length: local }, (_, at) => ({ name: `l${at}`, number: at + 1, sort: attribute, projection })),
    globalIndexes: Array.from({ length: global }, (_, at) => {
      return { name: `g${at}`, indexId: `id-${at}`, keys: { partition: [attribute], sort: [] }, projection, backfill: false };
    }),
  };
}

const refused = (bytes: number, settings: PartitionSettings | undefined): boolean => {
  try {
    refuseTooLong(new Uint8Array(bytes), settings);
    return false;
  } catch (error) {
    assert.ok(error instanceof ItemError);
    return true;
  }
};

test('an item may be four megabytes long when it is written out, whatever it counts for', () => {
  assert.equal(refused(4 * MIB, undefined), false);
  assert.equal(refused(4 * MIB + 1, undefined), true);
});

test('with indexes all copies together are bounded, and ordinary items never meet the bound', () => {
  assert.equal(refused(4 * MIB, settingsOf(0, 3)), false);
  assert.equal(refused(4 * MIB, settingsOf(0, 4)), true);
  assert.equal(refused(4 * MIB, settingsOf(2, 2)), true);
  assert.equal(refused(4 * MIB, settingsOf(5, 20, { kind: 'keys-only' })), false);
  // 400 KB of text or of binaries, in Base64, in as many indexes as a table can have.
  assert.equal(refused(600_000, settingsOf(5, 20)), false);
});
