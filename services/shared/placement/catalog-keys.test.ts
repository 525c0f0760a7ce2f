import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialKey, nodeKey, parseCatalogKey, partitionKey, tableKey } from './catalog-keys.ts';

test('keys are read back as what they name', () => {
  assert.deepEqual(parseCatalogKey(tableKey('000000000000', 'eu-north-1', 'Music.v2')), {
    kind: 'table',
    account: '000000000000',
    region: 'eu-north-1',
    name: 'Music.v2',
  });
  assert.deepEqual(parseCatalogKey(partitionKey('7d8f', 12)), { kind: 'partition', tableId: '7d8f', partitionId: 12 });
  assert.deepEqual(parseCatalogKey(nodeKey('node-a')), { kind: 'node', node: 'node-a' });
  assert.deepEqual(parseCatalogKey(credentialKey('AKID')), { kind: 'credential', accessKeyId: 'AKID' });
  assert.deepEqual(parseCatalogKey('counters'), { kind: 'counters' });
  assert.deepEqual(parseCatalogKey('auto-admin-lease'), { kind: 'auto-admin-lease' });
});

test('keys of a kind or form that this version does not know are left alone', () => {
  for (const key of ['', 'index/x', 'table/a/b', 'table/a/b/c/d', 'partition/x/01', 'partition/x/-1', 'node/', 'counters/1', 'node']) {
    assert.equal(parseCatalogKey(key), undefined, key);
  }
});
