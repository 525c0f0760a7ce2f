import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { must } from '../base/assert.ts';
import { nodeDigest } from '../platform/digest.ts';
import { chunkChecksum, decodeChunk, encodeChunk, recordsOfChunk } from './chunk.ts';
import { ChunkIndex } from './chunk-index.ts';
import { chunkKey, chunkPlace } from './wal-keys.ts';

const RECORDS = ['one', '', 'three'].map((record) => Buffer.from(record));
const PLACE = { group: 7, life: 3, first: 40 };

function encoded(): Buffer {
  return encodeChunk({ ...PLACE, batch: 5, previousChecksum: 0xfeed }, RECORDS, 0, 3, 8, nodeDigest);
}

describe('A chunk', () => {
  it('is read as it was written', () => {
    const bytes = encoded();
    const chunk = must(decodeChunk(bytes, PLACE, nodeDigest));
    const { batch, previousChecksum, checksum, last } = chunk;
    assert.deepEqual(
      { batch, previousChecksum, checksum, last },
      { batch: 5, previousChecksum: 0xfeed, checksum: chunkChecksum(bytes), last: 42 },
    );
    const records: Uint8Array[] = [];
    recordsOfChunk(chunk, 0, 100, records);
    assert.deepEqual(records, RECORDS);
    records.length = 0;
    recordsOfChunk(chunk, 41, 41, records);
    assert.deepEqual(records, [RECORDS[1]]);
  });

  it('is not read under another key, with any bit flipped, or with its end cut off', () => {
    const bytes = encoded();
    for (const other of [{ group: 8 }, { life: 4 }, { first: 41 }]) {
      assert.equal(decodeChunk(bytes, { ...PLACE, ...other }, nodeDigest), undefined);
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >>> 3] = must(bytes[bit >>> 3]) ^ (1 << (bit & 7));
      assert.equal(decodeChunk(flipped, PLACE, nodeDigest), undefined, `bit ${bit}`);
    }
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeChunk(bytes.subarray(0, length), PLACE, nodeDigest), undefined, `length ${length}`);
    }
  });

  it('has a key in the order of group, life and slot', () => {
    const places = [
      [1, 2, 3],
      [1, 2, 256],
      [1, 2, 2 ** 40],
      [1, 300, 1],
      [2, 1, 1],
      [70_000, 1, 1],
    ] as const;
    const keys = places.map(([group, life, first]) => chunkKey(group, life, first));
    assert.deepEqual([...keys].sort(Buffer.compare), keys);
    assert.deepEqual(
      keys.map(chunkPlace),
      places.map(([group, life, first]) => ({ group, life, first })),
    );
  });
});

describe('The index of chunks', () => {
  it('is a list of ranges that grows at one end, and shrinks at both', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(999), { maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (steps, repeats) => {
        const index = new ChunkIndex();
        let model: { first: number; last: number; size: number }[] = [];
        let next = 5;
        for (const step of steps) {
          if (step < 600) {
            // Many at once, so that the arrays are cut down at times.
            for (let count = 0; count < repeats; count++) {
              const last = next + (step % 3);
              index.push(next, last, step, next);
              model.push({ first: next, last, size: step });
              next = last + 1;
            }
          } else if (step < 950) {
            for (let count = 0; count < repeats && model.length > 0; count++) {
              index.dropOldest();
              model = model.slice(1);
            }
          } else if (model.length > 0) {
            const position = step % model.length;
            index.cutAt(position);
            next = must(model[position]).first;
            model = model.slice(0, position);
          }
          assert.equal(index.length, model.length);
          assert.equal(
            index.bytes,
            model.reduce((sum, { size }) => sum + size, 0),
          );
        }
        for (const [position, { first, last, size }] of model.entries()) {
          assert.equal(index.first(position), first);
          assert.equal(index.lastOf(position), last);
          assert.equal(index.size(position), size);
          assert.equal(index.checksum(position), first);
          for (let slot = first; slot <= last; slot++) assert.equal(index.find(slot), position);
        }
        assert.equal(index.lastChecksum, model.at(-1)?.first ?? 0);
      }),
      { numRuns: 50 },
    );
  });
});
