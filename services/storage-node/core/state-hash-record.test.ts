import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { decodeGroupMarks, encodeGroupMarks, type GroupMark } from '../groups/group-marks.ts';
import { decodeStateHashRecord, encodeStateHashRecord, type StateHashRecord } from './state-hash-record.ts';

const plain = { noNullPrototype: true };
const slot = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const number32 = fc.nat({ max: 0xffffffff });
const hash = fc.tuple(number32, number32).map((lanes) => lanes.map((lane) => lane.toString(16).padStart(8, '0')).join(''));

const records: fc.Arbitrary<StateHashRecord> = fc.oneof(
  fc.record({ kind: fc.constant('mark' as const), slot, hash }, plain),
  fc.record({ kind: fc.constant('verdict' as const), slot, replica: number32, hash }, plain),
  fc.record({ kind: fc.constant('halt' as const), slot }, plain),
  fc.record({ kind: fc.constant('resume' as const), slot }, plain),
);

test('every state-hash record comes back as it was', () => {
  fc.assert(fc.property(records, (record) => assert.deepEqual(decodeStateHashRecord(encodeStateHashRecord(record)), record)));
});

test('marks in an answer to a heartbeat come back as they were', () => {
  const mark: fc.Arbitrary<GroupMark> = fc.record({ group: number32, slot, hash }, plain);
  fc.assert(fc.property(fc.array(mark), (marks) => assert.deepEqual(decodeGroupMarks(encodeGroupMarks(marks)), marks)));
});

test('the form on the disk stays', () => {
  const bytes = encodeStateHashRecord({ kind: 'verdict', slot: 0x0102, replica: 3, hash: '00000004fffffff5' });
  assert.equal(bytes.toString('hex'), '0102000000000000010200000003' + '00000004fffffff5');
});

test('what this version does not know is refused, never skipped', () => {
  const bytes = encodeStateHashRecord({ kind: 'halt', slot: 1 });
  for (const [at, value] of [
    [0, 2],
    [1, 9],
  ] as const) {
    const other = Buffer.from(bytes);
    other[at] = value;
    assert.throws(() => decodeStateHashRecord(other), MalformedBytesError);
  }
  assert.throws(() => decodeStateHashRecord(bytes.subarray(1)), MalformedBytesError);
  assert.throws(() => decodeStateHashRecord(Buffer.concat([bytes, bytes])), MalformedBytesError);
});
