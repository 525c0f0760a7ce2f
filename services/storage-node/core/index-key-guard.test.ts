import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { nodeDigest, testEnvironment } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { type Answer, WriteEvaluator, type WriteOperation } from './write-evaluator.ts';

const SETTINGS: PartitionSettings = {
  version: 1,
  keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'S' } },
  localIndexes: [{ name: 'local', number: 1, sort: { name: 'a', type: 'S' }, projection: { kind: 'all' } }],
  globalIndexes: [
    {
      name: 'global',
      indexId: 'id',
      keys: { partition: [{ name: 'g', type: 'B' }], sort: [] },
      projection: { kind: 'all' },
      backfill: false,
    },
  ],
};
const KEY = { p: { S: 'p' }, s: { S: 's' } };
const key = encodeKey(SETTINGS.keys, KEY, nodeDigest);
const evaluator = new WriteEvaluator(nodeDigest, testEnvironment(new ManualTimers()).logger, 'local');

function answer(operation: WriteOperation, settings: PartitionSettings | undefined, old?: Uint8Array): Answer {
  return evaluator.evaluate(operation, old, { slot: 1, timeMs: 1, request: { life: 1, number: 1 }, settings }).answer;
}

function update(text: string, values: string): WriteOperation {
  const base = { kind: 'update' as const, key, keyAttributes: utf8(JSON.stringify(KEY)), returnValues: 'none' as const };
  return { ...base, update: text, values: utf8(values), number: 1, returnOldOnFailure: false };
}

function put(rest: Record<string, unknown>): WriteOperation {
  const item = utf8(JSON.stringify({ ...KEY, ...rest }));
  return { kind: 'put', key, item, itemSize: 20, returnOld: false, number: 1, returnOldOnFailure: false };
}

const MISMATCH = 'One or more parameter values were invalid: Type mismatch for Index Key';
const UPDATED =
  'One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is';

test('an update that would leave an index key attribute as it may not be is refused, and without the index it is not', () => {
  const refusals: [operation: WriteOperation, message: string][] = [
    [update('SET a = :v', '{":v":{"N":"1"}}'), `${MISMATCH} a Expected: S Actual: N IndexName: local`],
    [update('SET g = :v', '{":v":{"NULL":true}}'), `${MISMATCH} g Expected: B Actual: NULL IndexName: global`],
    [
      update('SET a = :v', '{":v":{"S":""}}'),
      `${UPDATED} not supported. The AttributeValue for a key attribute cannot contain an empty string value.`,
    ],
    [
      update('SET g = :v', '{":v":{"B":""}}'),
      `${UPDATED} not supported. The AttributeValue for a key attribute cannot contain an empty binary value.`,
    ],
    [
      update('SET a = :v', `{":v":{"S":"${'x'.repeat(1025)}"}}`),
      'One or more parameter values were invalid: Size limit exceeded for Index Key a Actual Size: 1025 bytes Max Size: 1024 bytes IndexName: local',
    ],
  ];
  for (const [operation, message] of refusals) {
    const { status, message: found } = answer(operation, SETTINGS);
    assert.deepEqual({ status, found }, { status: 'validation', found: message });
    assert.equal(answer(operation, undefined).status, 'ok');
    assert.equal(answer(operation, { ...SETTINGS, localIndexes: [], globalIndexes: [] }).status, 'ok');
  }
  assert.equal(answer(update('SET a = :v', '{":v":{"S":"x"}}'), SETTINGS).status, 'ok');
  assert.equal(answer(update('REMOVE a', '{}'), SETTINGS).status, 'ok');
});

test('an item that has the attribute wrong from before the index is refused until an update mends it', () => {
  const json = utf8(JSON.stringify({ ...KEY, g: { S: 'text' } }));
  const old = encodeStoredValue({ flags: 0, size: 20, slot: 1, timeMs: 1, originRegion: '', json }, key, nodeDigest);
  const other = answer(update('SET x = :v', '{":v":{"N":"1"}}'), SETTINGS, old);
  assert.equal(other.message, `${MISMATCH} g Expected: B Actual: S IndexName: global`);
  assert.equal(answer(update('REMOVE g', '{}'), SETTINGS, old).status, 'ok');
});

test('a put is looked at, too: a router may not know of an index yet', () => {
  assert.equal(answer(put({ a: { N: '1' } }), SETTINGS).message, `${MISMATCH} a Expected: S Actual: N IndexName: local`);
  assert.equal(
    answer(put({ a: { S: '' } }), SETTINGS).message,
    'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
      'The AttributeValue for a key attribute cannot contain an empty string value. IndexName: local, IndexKey: a',
  );
  assert.equal(answer(put({ a: { S: 'x' } }), SETTINGS).status, 'ok');
});
