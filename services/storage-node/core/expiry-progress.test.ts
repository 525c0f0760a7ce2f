import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import { expiryEntryKey, expiryPlace } from '../../shared/item/expiry.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import {
  decodeExpiryRange,
  encodeExpiryRange,
  type ExpiryProgress,
  type ExpiryRange,
  expiryAfterRange,
  expiryAfterSettings,
  isDerived,
  isDropped,
  isNextRange,
  readExpiryProgress,
  writeExpiryProgress,
} from './expiry-progress.ts';

const FIRST_KEY = new Uint8Array(0);

function settings(version: number, ttlAttribute?: string): PartitionSettings {
  const keys = { partition: { name: 'pk', type: 'S' as const } };
  return { version, keys, localIndexes: [], globalIndexes: [], ...(ttlAttribute === undefined ? {} : { ttlAttribute }) };
}

function begun(): ExpiryProgress {
  const progress = expiryAfterSettings(undefined, settings(3), settings(4, 'ttl'));
  assert(progress !== undefined);
  return progress;
}

describe('progress of entries', () => {
  it('begins with the first attribute, and there is nothing to drop', () => {
    assert.equal(expiryAfterSettings(undefined, undefined, settings(1)), undefined);
    const progress = begun();
    assert.equal(progress.generation, 4);
    assert.equal(isDerived(progress), false);
    assert.equal(isDropped(progress), true);
  });

  it('is not touched by settings of the same attribute', () => {
    const progress = begun();
    assert.equal(expiryAfterSettings(progress, settings(4, 'ttl'), settings(9, 'ttl')), progress);
    assert.equal(expiryAfterSettings(undefined, settings(4), settings(5)), undefined);
  });

  it('begins anew with another attribute, and drops everything before', () => {
    const progress = expiryAfterSettings(begun(), settings(4, 'ttl'), settings(6, 'other'));
    assert(progress !== undefined);
    assert.equal(progress.generation, 6);
    assert.equal(isDerived(progress), false);
    assert.equal(isDropped(progress), false);
    const range: ExpiryRange = { kind: 'drop', generation: 6, low: progress.droppedTo, high: expiryPlace(6, 0) };
    assert.equal(isNextRange(progress, range), true);
    assert.equal(isDropped(expiryAfterRange(progress, range)), true);
  });

  it('has nothing to derive without an attribute', () => {
    const progress = expiryAfterSettings(begun(), settings(4, 'ttl'), settings(6));
    assert(progress !== undefined);
    assert.equal(isDerived(progress), true);
    assert.equal(isDropped(progress), false);
  });

  it('goes on range by range, and takes no other one', () => {
    const progress = begun();
    const range: ExpiryRange = { kind: 'derive', generation: 4, low: FIRST_KEY, high: utf8('m') };
    assert.equal(isNextRange(progress, { ...range, generation: 3 }), false);
    assert.equal(isNextRange(undefined, range), false);
    assert.equal(isNextRange(progress, range), true);
    const half = expiryAfterRange(progress, range);
    assert.equal(isNextRange(half, range), false);
    assert.equal(isDerived(half), false);
    const rest: ExpiryRange = { ...range, low: utf8('m'), high: LOCAL_SPACE_LOW };
    assert.equal(isNextRange(half, rest), true);
    assert.equal(isDerived(expiryAfterRange(half, rest)), true);
  });

  it('survives a checkpoint', () => {
    for (const progress of [undefined, begun(), { ...begun(), derivedTo: Buffer.from('m') }]) {
      const writer = new ByteWriter();
      writeExpiryProgress(writer, progress);
      const read = readExpiryProgress(new ByteReader(writer.finish()));
      assert.deepEqual(read === undefined ? undefined : JSON.stringify(buffers(read)), progress && JSON.stringify(buffers(progress)));
    }
  });
});

describe('records of ranges', () => {
  it('say what they were told', () => {
    for (const kind of ['derive', 'drop'] as const) {
      const range: ExpiryRange = { kind, generation: 7, low: Buffer.from('a'), high: expiryEntryKey(6, 5, utf8('item')) };
      assert.deepEqual(decodeExpiryRange(encodeExpiryRange(range)), range);
    }
  });

  it('are refused where this version does not know them', () => {
    const bytes = encodeExpiryRange({ kind: 'derive', generation: 1, low: FIRST_KEY, high: FIRST_KEY });
    for (const [at, value] of [
      [0, 2],
      [1, 3],
    ] as const) {
      const other = Buffer.from(bytes);
      other[at] = value;
      assert.throws(() => decodeExpiryRange(other), /expiry record/);
    }
    assert.throws(() => decodeExpiryRange(Buffer.concat([bytes, Buffer.of(0)])), /bytes behind/);
    assert.throws(() => decodeExpiryRange(bytes.subarray(0, 9)));
  });
});

function buffers({ generation, derivedTo, droppedTo }: ExpiryProgress): unknown {
  return [generation, Buffer.from(derivedTo).toString('hex'), Buffer.from(droppedTo).toString('hex')];
}
