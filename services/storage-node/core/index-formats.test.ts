import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { IndexSource, PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { type BackfillChunk, decodeBackfillChunk, encodeBackfillChunk } from './backfill-record.ts';
import { IndexCursors } from './index-cursors.ts';
import { IndexFeeds } from './index-feeds.ts';
import { decodeIndexPosition, encodeIndexPosition, type IndexPosition } from './index-position.ts';

const bytes = fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each));
const slot = fc.nat(Number.MAX_SAFE_INTEGER);
const position: fc.Arbitrary<IndexPosition> = fc.record({
  source: fc.nat(0xffff_ffff),
  previous: slot,
  slot,
  opens: fc.boolean(),
  changes: fc.array(fc.oneof(fc.record({ key: bytes, value: bytes }), fc.record({ key: bytes }))),
});
const chunk: fc.Arbitrary<BackfillChunk> = fc.record({
  indexId: fc.string(),
  from: bytes,
  next: fc.option(bytes, { nil: undefined }),
  items: slot,
  entries: fc.array(fc.record({ key: bytes, value: bytes })),
});

function plain<Value>(value: Value): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) => (each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each)),
  );
}

/** Every part of the bytes and every one with something behind it is refused. */
function refusesOthers(encoded: Buffer, decode: (payload: Uint8Array) => unknown): void {
  for (let length = 0; length < encoded.length; length++) assert.throws(() => decode(encoded.subarray(0, length)), MalformedBytesError);
  assert.throws(() => decode(Buffer.concat([encoded, Buffer.from([0])])), MalformedBytesError);
}

describe('records of indexes', () => {
  it('are read as they were written, and nothing else is', () => {
    fc.assert(
      fc.property(position, (each) => {
        assert.deepEqual(plain(decodeIndexPosition(encodeIndexPosition(each))), plain(each));
        refusesOthers(encodeIndexPosition(each), decodeIndexPosition);
      }),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(chunk, (each) => {
        assert.deepEqual(plain(decodeBackfillChunk(encodeBackfillChunk(each))), plain(each));
        refusesOthers(encodeBackfillChunk(each), decodeBackfillChunk);
      }),
      { numRuns: 50 },
    );
  });

  it('have the bytes that the README says', () => {
    const put = { key: Buffer.from('k'), value: Buffer.from('vv') };
    assert.equal(
      encodeIndexPosition({ source: 7, previous: 1, slot: 2, opens: true, changes: [put, { key: Buffer.from('d') }] }).toString('hex'),
      '0000000700000000000000010000000000000002010000000201000000016b00000002767600' + '0000000164',
    );
    assert.equal(
      encodeBackfillChunk({ indexId: 'i', from: Buffer.from('f'), next: Buffer.from('n'), items: 3, entries: [put] }).toString('hex'),
      '000000016900000001660100000001' + '6e000000000000000300000001000000016b000000027676',
    );
  });
});

describe('cursors of an index partition', () => {
  it('go on only from where they are, and begin only with an opening', () => {
    const cursors = new IndexCursors();
    assert.equal(cursors.advance({ source: 7, previous: 3, slot: 4, opens: false }), false);
    assert.equal(cursors.advance({ source: 7, previous: 3, slot: 3, opens: true }), true);
    assert.equal(cursors.advance({ source: 7, previous: 2, slot: 9, opens: true }), false, 'it is known already');
    assert.equal(cursors.advance({ source: 7, previous: 3, slot: 3, opens: true }), false, 'a repeated opening');
    assert.equal(cursors.advance({ source: 7, previous: 3, slot: 8, opens: false }), true);
    assert.equal(cursors.advance({ source: 7, previous: 3, slot: 8, opens: false }), false, 'a repeated step');
    assert.equal(cursors.advance({ source: 7, previous: 8, slot: 8, opens: false }), false, 'a step to nowhere');
    assert.equal(cursors.advance({ source: 9, previous: 1, slot: 5, opens: true }), true);
    const writer = new ByteWriter();
    cursors.encode(writer);
    const read = IndexCursors.decode(new ByteReader(writer.finish()));
    assert.deepEqual(read.all, [
      [7, 8],
      [9, 5],
    ]);
  });
});

describe('what a partition knows of the indexes that it feeds', () => {
  const source = (indexId: string, backfill: boolean): IndexSource => {
    return { name: indexId, indexId, keys: { partition: [{ name: 'a', type: 'S' }], sort: [] }, projection: { kind: 'all' }, backfill };
  };
  const settings = (...globalIndexes: IndexSource[]): PartitionSettings => {
    return { version: 1, keys: { partition: { name: 'p', type: 'S' } }, localIndexes: [], globalIndexes };
  };

  it('begins with the settings that name an index, and ends with those that do not', () => {
    const feeds = new IndexFeeds();
    feeds.follow(settings(source('x', false)), 5);
    feeds.follow(settings(source('x', true), source('y', true)), 9);
    assert.deepEqual(feeds.get('x'), { start: 5, backfill: { next: undefined, items: 0, slot: 0 } });
    assert.equal(feeds.get('y')?.start, 9);
    const key = Buffer.from('m');
    assert.equal(feeds.backfilled('y', Buffer.from('k'), { next: key, items: 1, slot: 10 }), false, 'it is not there yet');
    assert.equal(feeds.backfilled('y', Buffer.alloc(0), { next: key, items: 1, slot: 10 }), true);
    assert.equal(feeds.backfilled('y', Buffer.alloc(0), { next: key, items: 1, slot: 11 }), false, 'that was before');
    assert.equal(feeds.backfilled('x', Buffer.alloc(0), { next: key, items: 1, slot: 11 }), false, 'nothing is under way');
    const writer = new ByteWriter();
    feeds.encode(writer);
    const read = IndexFeeds.decode(new ByteReader(writer.finish()));
    assert.deepEqual([plain(read.get('x')), plain(read.get('y'))], [plain(feeds.get('x')), plain(feeds.get('y'))]);
    assert.equal(read.backfilled('y', key, { next: undefined, items: 2, slot: 12 }), true);
    assert.equal(read.get('y')?.backfill.next, undefined);
    read.follow(settings(source('y', true)), 20);
    assert.deepEqual([read.get('x'), read.get('y')?.start], [undefined, 9]);
  });
});
