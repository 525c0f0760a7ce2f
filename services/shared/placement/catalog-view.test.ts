import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionError } from '../base/assert.ts';
import { utf8 } from '../base/bytes.ts';
import { credentialKey, nodeKey, partitionKey, tableKey } from './catalog-keys.ts';
import type { CredentialRecord, PartitionRecord, RevokedCredentialRecord, TableRecord } from './catalog-records.ts';
import { CatalogView } from './catalog-view.ts';
import { type CatalogRecord, serializeRecord } from './record-format.ts';

const entry = (key: string, record: CatalogRecord) => ({ key, value: serializeRecord(record) });

function table(name: string, tableId: string, changes: Partial<TableRecord> = {}): TableRecord {
  return {
    account: '1',
    region: 'r',
    name,
    tableId,
    keys: { partition: { name: 'id', type: 'S' } },
    billingMode: 'PAY_PER_REQUEST',
    createdAtMs: 5,
    generation: 1,
    status: 'CREATING',
    ...changes,
  };
}

function partition(tableId: string, partitionId: number, low: string, high: string): PartitionRecord {
  const replicas = [{ replica: 100 + partitionId, node: 'node-a', az: 'a' }];
  return { tableId, partitionId, group: 2 + partitionId, generation: 1, epoch: 1, low, high, configuration: 1, replicas };
}

function activeCredential(accessKeyId: string): CredentialRecord {
  const sealed = { sealedSecret: 's', sealing: 'none' };
  return { accessKeyId, account: '1', userName: 'ann', ...sealed, createdAtMs: 1, status: 'ACTIVE', generation: 1 };
}

function unexpected(key: string, error: Error): never {
  throw new Error(`${key}: ${error.message}`);
}

test('tables, partitions, nodes and credentials are found by what they are looked up by', () => {
  const view = new CatalogView();
  const credential = activeCredential('AKID');
  const entries = [
    entry(partitionKey('t1', 1), partition('t1', 1, '80', '')),
    entry(tableKey('1', 'r', 'Music'), table('Music', 't1')),
    entry(tableKey('1', 'r', 'Albums'), table('Albums', 't2')),
    entry(partitionKey('t1', 0), partition('t1', 0, '', '80')),
    entry(nodeKey('node-a'), { node: 'node-a', az: 'a', address: 'h:1', incarnation: 1, generation: 1 }),
    entry(credentialKey('AKID'), credential),
    entry('counters', { nextGroup: 4, nextReplica: 102, generation: 1 }),
    entry('auto-admin-lease', { holder: 'one', renewal: 1, generation: 1 }),
    { key: 'a-kind-of-the-future/x', value: utf8('?') },
  ];
  view.apply(7, entries, unexpected);
  assert.equal(view.slot, 7);
  assert.equal(view.table('1', 'r', 'Music')?.tableId, 't1');
  assert.equal(view.table('2', 'r', 'Music'), undefined);
  assert.equal(view.tableById('t2')?.name, 'Albums');
  assert.deepEqual(view.tableNames('1', 'r'), ['Albums', 'Music']);
  assert.deepEqual(
    view.partitions('t1').map(({ record }) => record.partitionId),
    [0, 1],
  );
  assert.equal(view.partitionMap('t1')?.find(Buffer.from('ff', 'hex'))?.record.partitionId, 1);
  assert.equal(view.node('node-a')?.address, 'h:1');
  assert.deepEqual(view.credential('AKID'), credential);
  assert.equal(view.counters?.nextGroup, 4);
  assert.equal(view.autoAdminLease?.holder, 'one');
  assert.equal([...view.nodes()].length, 1);
});

test('what a table that is gone left takes its place, until another table has the name or it is forgotten', () => {
  const view = new CatalogView();
  const key = tableKey('1', 'r', 'Music');
  const removed = { account: '1', region: 'r', name: 'Music', tableId: 't1', status: 'REMOVED', generation: 9, removedAtMs: 5 } as const;
  const seen = (): unknown[] => [view.tableNames('1', 'r'), view.tableById('t1'), view.removedTable('1', 'r', 'Music')?.generation];
  view.apply(1, [entry(key, table('Music', 't1'))], unexpected);
  view.apply(2, [entry(key, removed)], unexpected);
  assert.deepEqual(seen(), [[], undefined, 9]);
  assert.deepEqual([...view.removedTables()], [removed]);
  view.apply(3, [entry(key, table('Music', 't2'))], unexpected);
  assert.deepEqual(seen(), [['Music'], undefined, undefined]);
  view.apply(4, [entry(key, { ...removed, tableId: 't2' })], unexpected);
  view.apply(5, [{ key }], unexpected);
  assert.deepEqual([seen(), [...view.removedTables()]], [[[], undefined, undefined], []]);
});

test('changes replace and delete, and a name can be used again by another table', () => {
  const view = new CatalogView();
  view.apply(1, [entry(tableKey('1', 'r', 'Music'), table('Music', 't1'))], unexpected);
  view.apply(2, [entry(tableKey('1', 'r', 'Music'), table('Music', 't1', { status: 'ACTIVE', generation: 2 }))], unexpected);
  assert.equal(view.table('1', 'r', 'Music')?.status, 'ACTIVE');
  view.apply(3, [{ key: tableKey('1', 'r', 'Music') }, entry(tableKey('1', 'r', 'Music'), table('Music', 't9'))], unexpected);
  assert.equal(view.tableById('t1'), undefined);
  assert.equal(view.table('1', 'r', 'Music')?.tableId, 't9');
  view.apply(4, [{ key: tableKey('1', 'r', 'Music') }, { key: tableKey('1', 'r', 'Never') }], unexpected);
  assert.deepEqual(view.tableNames('1', 'r'), []);
  assert.deepEqual([...view.tables()], []);
});

test('partitions of a table that is gone can be listed', () => {
  const view = new CatalogView();
  view.apply(1, [entry(partitionKey('lost', 0), partition('lost', 0, '', ''))], unexpected);
  assert.deepEqual([...view.tableIdsWithPartitions()], ['lost']);
  view.apply(2, [{ key: partitionKey('lost', 0) }], unexpected);
  assert.deepEqual([...view.tableIdsWithPartitions()], []);
});

test('a malformed record is reported and the earlier one kept', () => {
  const view = new CatalogView();
  view.apply(1, [entry(tableKey('1', 'r', 'Music'), table('Music', 't1'))], unexpected);
  const reported: string[] = [];
  const wrongKey = entry(nodeKey('node-b'), { node: 'node-a', az: 'a', address: 'h:1', incarnation: 1, generation: 1 });
  view.apply(2, [{ key: tableKey('1', 'r', 'Music'), value: utf8('{}') }, wrongKey], (key) => reported.push(key));
  assert.deepEqual(reported, [tableKey('1', 'r', 'Music'), 'node/node-b']);
  assert.equal(view.table('1', 'r', 'Music')?.tableId, 't1');
  assert.equal(view.slot, 2);
});

test('a revoked credential, and one that cannot be read any more, is nobody’s', () => {
  const view = new CatalogView();
  const [first, second] = [activeCredential('AKID1'), activeCredential('AKID2')];
  view.apply(1, [entry(credentialKey('AKID1'), first), entry(credentialKey('AKID2'), second)], unexpected);
  assert.deepEqual([...view.credentials()], [first, second]);
  const revoked: RevokedCredentialRecord = { accessKeyId: 'AKID1', status: 'REVOKED', generation: 2, revokedAtMs: 5 };
  view.apply(2, [entry(credentialKey('AKID1'), revoked)], unexpected);
  assert.equal(view.credential('AKID1'), undefined);
  assert.deepEqual([...view.revokedCredentials()], [revoked]);
  view.apply(3, [{ key: credentialKey('AKID1') }], unexpected);
  assert.deepEqual([...view.revokedCredentials()], []);
  const reported: string[] = [];
  view.apply(4, [{ key: credentialKey('AKID2'), value: utf8('{"status":"PAUSED","generation":2}') }], (key) => reported.push(key));
  assert.deepEqual(reported, ['credential/AKID2']);
  assert.equal(view.credential('AKID2'), undefined);
});

test('the view never goes back', () => {
  const view = new CatalogView();
  view.apply(5, [], unexpected);
  assert.throws(() => view.apply(4, [], unexpected), AssertionError);
});
