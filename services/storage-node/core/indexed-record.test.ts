import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeDigest } from '../../shared/platform/digest.ts';
import { encodeLogRecord } from '../../shared/wal/log-record.ts';
import { IndexedRecords } from './indexed-record.ts';

function record(bytes: number): Buffer {
  const identity = { kind: 'user' as const, name: '' };
  const key = Buffer.from('key');
  const fields = { type: 'write' as const, timeMs: 1, change: 'insert' as const, identity, oldSize: 0, payload: Buffer.alloc(0) };
  return encodeLogRecord({ ...fields, key, newValue: Buffer.alloc(bytes) }, nodeDigest);
}

test('a record is decoded once for all indexes that come to it: some small ones, and the last large one', () => {
  const records = new IndexedRecords(nodeDigest);
  const [small, large] = [record(100), record(100_000)];
  const first = records.at(1, small);
  const second = records.at(2, large);
  assert.equal(records.at(2, large), second);
  assert.equal(records.at(1, small), first);
  const third = records.at(3, large);
  assert.equal(records.at(3, large), third);
  assert.notEqual(records.at(2, large), second, 'one large record is kept, not all of them');
});

test('what is kept can be forgotten', () => {
  const records = new IndexedRecords(nodeDigest);
  for (const bytes of [record(100), record(100_000)]) {
    const kept = records.at(1, bytes);
    records.forget();
    assert.notEqual(records.at(1, bytes), kept);
    records.forget();
  }
});
