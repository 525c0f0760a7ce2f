import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareKeys, shortestSeparator } from './key-order.ts';
import {
  copyKey,
  emptyLeaf,
  entryChecksum,
  entryInlineValue,
  entryItemBytes,
  entryKey,
  entryOverflowId,
  entryValueBytes,
  findEntry,
  joinLeaves,
  keysAscend,
  leafCuts,
  leafDefect,
  leafTotals,
  lowerBound,
  replaceEntry,
  sliceLeaf,
} from './leaf-image.ts';
import type { LeafEntry } from './leaf-image.ts';
import { PageBuffers } from './page-buffers.ts';
import { testDigest } from './memory-store.fixture.ts';
import { PAGE_BYTES, pageCount, seal } from './page-format.ts';

const buffers = new PageBuffers();

function entry(key: Uint8Array, valueBytes: number, overflowId = 0): LeafEntry {
  return { key, value: Buffer.alloc(valueBytes, 0x76), overflowId, valueBytes, checksum: 0xdeadbeef, itemBytes: 3_000_000_000 };
}

const entries = fc
  .uniqueArray(
    fc.record({
      key: fc.uint8Array({ maxLength: 40 }),
      valueBytes: fc.integer({ min: 0, max: 1500 }),
      overflowId: fc.constantFrom(0, 0, 2 ** 40 + 5),
    }),
    { selector: ({ key }) => Buffer.from(key).toString('hex'), maxLength: 40 },
  )
  .map((list) =>
    list.map(({ key, valueBytes, overflowId }) => entry(key, overflowId === 0 ? valueBytes : valueBytes + 400_000, overflowId)),
  );

/** A leaf of the entries, put in one by one in the order given. Not split, so it stays under 64 KiB. */
function leafOf(list: readonly LeafEntry[], id = 6): Buffer {
  let image = emptyLeaf(id, buffers);
  for (const one of list) image = replaceEntry(image, lowerBound(image, one.key), 0, one, buffers);
  return image;
}

function contents(image: Buffer): unknown[] {
  return Array.from({ length: pageCount(image) }, (_, index) => [
    entryKey(image, index).toString('hex'),
    entryOverflowId(image, index) === 0 ? entryInlineValue(image, index).toString('hex') : entryOverflowId(image, index),
    entryValueBytes(image, index),
    entryChecksum(image, index),
    entryItemBytes(image, index),
  ]);
}

describe('leaf image', () => {
  it('is the format that README.md draws', () => {
    const image = leafOf([entry(Buffer.from('b'), 2), entry(Buffer.from('a'), 70_000, 0x0102_0304_0506)]);
    assert.equal(
      seal(image, testDigest).toString('hex'),
      [
        '309651c7',
        '01',
        '00',
        '0002',
        '0000000000000006',
        '0014',
        '002b',
        ['0001', '80011170', 'deadbeef', 'b2d05e00', '61', '0000010203040506'].join(''),
        ['0001', '00000002', 'deadbeef', 'b2d05e00', '62', '7676'].join(''),
      ].join(''),
    );
  });

  it('holds what was put in, in the order of the keys, and finds it', () => {
    fc.assert(
      fc.property(entries, fc.uint8Array({ maxLength: 40 }), (list, other) => {
        const image = leafOf(list);
        const sorted = [...list].sort((a, b) => compareKeys(a.key, b.key));
        assert.equal(leafDefect(image), undefined);
        assert.ok(keysAscend(image));
        assert.deepEqual(contents(image).length, sorted.length);
        sorted.forEach((one, index) => {
          assert.equal(findEntry(image, one.key), index);
          assert.deepEqual(entryKey(image, index), Buffer.from(one.key));
          assert.equal(entryOverflowId(image, index), one.overflowId);
          assert.equal(entryValueBytes(image, index), one.valueBytes);
        });
        const absent = sorted.filter(({ key }) => compareKeys(key, other) < 0).length;
        assert.equal(lowerBound(image, other), absent);
        assert.deepEqual(leafTotals(image).items, sorted.length);
        assert.deepEqual(leafTotals(image).itemBytes, sorted.length * 3_000_000_000);
      }),
    );
  });

  it('loses and replaces one entry and nothing else', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 0, max: 1500 }), (list, at, valueBytes) => {
        fc.pre(list.length > 0);
        const index = at % list.length;
        const without = contents(leafOf(list)).filter((_, other) => other !== index);
        const removed = replaceEntry(leafOf(list), index, 1, undefined, buffers);
        assert.deepEqual(contents(removed), without);
        assert.equal(leafDefect(removed), undefined);
        const one = entry(copyKey(leafOf(list), index), valueBytes);
        const replaced = replaceEntry(leafOf(list), index, 1, one, buffers);
        assert.deepEqual(contents(replaced), contents(replaceEntry(removed, index, 0, one, buffers)));
        assert.equal(leafDefect(replaced), undefined);
      }),
    );
  });

  it('is cut into pieces that fit and join to the same again', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, at) => {
        const image = leafOf(list);
        const run = list.length > 0 && at % 3 === 0 ? at % list.length : -1;
        const cuts = leafCuts(image, run);
        let joined: Buffer | undefined;
        for (let piece = 0; piece <= cuts.length; piece++) {
          const slice = sliceLeaf(image, cuts[piece - 1] ?? 0, cuts[piece] ?? list.length, 6, buffers);
          assert.equal(leafDefect(slice), undefined);
          assert.ok(slice.length <= PAGE_BYTES || pageCount(slice) === 1);
          assert.ok(pageCount(slice) > 0 || list.length === 0);
          joined = joined === undefined ? slice : joinLeaves(joined, slice, buffers);
        }
        // The first four bytes are the checksum's, which comes later.
        assert.equal(joined?.toString('hex', 4), image.toString('hex', 4));
        if (image.length <= PAGE_BYTES) assert.deepEqual(cuts, []);
      }),
    );
  });

  it('is cut in the middle, or where a run goes on', () => {
    const image = leafOf(Array.from({ length: 40 }, (_, number) => entry(Buffer.from([number]), 100)));
    const [middle] = leafCuts(image, -1);
    assert.ok(middle === 20 || middle === 21 || middle === 19);
    const run = leafOf(Array.from({ length: 35 }, (_, number) => entry(Buffer.from([number]), 100)));
    assert.deepEqual(leafCuts(run, 34), [34]);
    assert.deepEqual(leafCuts(run, 30), [31]);
  });

  it('shows a directory or an entry that does not fit', () => {
    const sound = leafOf([entry(Buffer.from('a'), 10), entry(Buffer.from('b'), 10)]);
    for (const [at, value] of [
      [7, 200],
      [17, 21],
      [19, 0],
      [21, 9],
      [25, 200],
    ] as const) {
      const image = Buffer.from(sound);
      image[at] = value;
      assert.notEqual(leafDefect(image), undefined, `byte ${at}`);
    }
    assert.notEqual(leafDefect(sound.subarray(0, sound.length - 1)), undefined);
  });
});

describe('shortestSeparator', () => {
  it('lies between its keys and is no longer than it must be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8, max: 3 }), fc.uint8Array({ maxLength: 8, max: 3 }), (a, b) => {
        fc.pre(compareKeys(a, b) !== 0);
        const [left, right] = compareKeys(a, b) < 0 ? [a, b] : [b, a];
        const separator = shortestSeparator(left, right);
        assert.ok(compareKeys(left, separator) < 0 && compareKeys(separator, right) <= 0);
        const shorter = separator.subarray(0, separator.length - 1);
        assert.ok(compareKeys(left, shorter) >= 0);
      }),
    );
  });
});

describe('compareKeys', () => {
  it('agrees with Buffer.compare', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6, max: 2 }), fc.uint8Array({ maxLength: 6, max: 2 }), (a, b) => {
        assert.equal(Math.sign(compareKeys(a, b)), Buffer.compare(a, b));
      }),
    );
  });
});
