import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import type { Clients, Json } from './clients.ts';
import type { SimCluster } from './cluster.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { type Machine, playOnce } from './story.ts';
import { createTable } from './table.ts';

const SEEDS = [1, 2, 3];
const SPARES = 3;
const TABLE = 'indexed';
/** A member of which there is no trace is replaced soon. */
const SETTINGS: ClusterSettings = { ...DEFAULT_SETTINGS, replacement: { ...DEFAULT_SETTINGS.replacement, lostAfterMs: 1000 } };
const THROUGHPUT = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
const ATTRIBUTES = { AttributeDefinitions: ['pk', 'a'].map((name) => ({ AttributeName: name, AttributeType: 'S' })) };
const INDEX = {
  IndexName: 'by-a',
  KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
  ProvisionedThroughput: THROUGHPUT,
};

interface TableDescription {
  readonly TableStatus: string;
  readonly GlobalSecondaryIndexes?: readonly { readonly IndexStatus: string }[];
}

async function untilActive(cluster: SimCluster, clients: Clients, indexes: number): Promise<void> {
  await cluster.until(`the table is active with ${indexes} indexes`, 60_000, async () => {
    const answer = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
    const { TableStatus, GlobalSecondaryIndexes = [] } = answer['Table'] as TableDescription;
    const areActive = GlobalSecondaryIndexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE');
    return TableStatus === 'ACTIVE' && areActive && GlobalSecondaryIndexes.length === indexes;
  });
}

async function changeIndex(clients: Clients, update: object): Promise<void> {
  await clients.insist({ action: 'UpdateTable', input: { TableName: TABLE, ...ATTRIBUTES, GlobalSecondaryIndexUpdates: [update] } });
}

async function put(clients: Clients, count: number): Promise<Json> {
  const Item = { pk: { S: `item-${count}` }, a: { S: 'same' } };
  return clients.insist({ action: 'PutItem', input: { TableName: TABLE, Item } });
}

/** Nodes with a replica of a partition that stands under this id. */
function holders(cluster: SimCluster, id: string): Machine[] {
  return cluster.nodes.filter((node) => [...cluster.groupsOf(node)].some(({ identity }) => identity.tableId === id));
}

/** The table lies on the seeds, which hold the catalog, too, and its index on the spare nodes. The id of the index. */
async function createIndexedTable(cluster: SimCluster, clients: Clients): Promise<string> {
  // The first table, which every story has, went to the seeds, and this one goes to the other nodes.
  await createTable(cluster, clients, 'other');
  const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }];
  const indexes = { GlobalSecondaryIndexes: [INDEX] };
  const input = { TableName: TABLE, ...ATTRIBUTES, KeySchema, ProvisionedThroughput: THROUGHPUT, ...indexes };
  await clients.insist({ action: 'CreateTable', input });
  await untilActive(cluster, clients, 1);
  for (let count = 0; count < 10; count++) await put(clients, count);
  const settings = cluster.nodes.flatMap((node) => [...cluster.groupsOf(node)]).map(({ state }) => state.settings);
  const { indexId } = must(settings.flatMap((one) => one?.globalIndexes ?? [])[0]);
  const names = holders(cluster, indexId).map(({ name }) => name);
  assert.deepEqual(names, ['spare-1', 'spare-2', 'spare-3']);
  return indexId;
}

/** The auto-admin tells of so many retired partitions, and of so many replicas of theirs. */
async function untilFigures(cluster: SimCluster, partitions: number, replicas: number): Promise<void> {
  const read = (what: string): number | undefined => cluster.autoAdmin.life?.metrics.read(`stator_auto_admin_retired_${what}_count`);
  await cluster.until(`${replicas} replicas are left`, 10_000, () => read('partitions') === partitions && read('replicas') === replicas);
}

async function untilGone(cluster: SimCluster, id: string): Promise<void> {
  await cluster.until('nothing of the index is left on any node', 60_000, () => holders(cluster, id).length === 0);
}

/** An index is deleted while two of the three nodes that have a part of it are down; the third has nothing of it any more. */
async function deletedWithTwoDown(
  cluster: SimCluster,
  clients: Clients,
): Promise<{ former: string; first: Machine; second: Machine; third: Machine }> {
  const former = await createIndexedTable(cluster, clients);
  const [first, second, third] = holders(cluster, former) as [Machine, Machine, Machine];
  for (const node of [first, second]) node.cutPower();
  await changeIndex(clients, { Delete: { IndexName: INDEX.IndexName } });
  await untilActive(cluster, clients, 0);
  await cluster.until('the node that is up has nothing of it', 30_000, () => !holders(cluster, former).includes(third));
  return { former, first, second, third };
}

test('an index that two dead nodes have a part of is deleted, and made again, without them, and what they have goes when they are back', async () => {
  const story = async (cluster: SimCluster, clients: Clients): Promise<void> => {
    const { former, first, second } = await deletedWithTwoDown(cluster, clients);
    for (let count = 10; count < 20; count++) await put(clients, count);
    await changeIndex(clients, { Create: INDEX });
    await untilActive(cluster, clients, 1);
    for (const node of [first, second]) node.start();
    await untilGone(cluster, former);
    const query = { ExpressionAttributeValues: { ':a': { S: 'same' } }, KeyConditionExpression: 'a = :a' };
    const { Count } = await clients.insist({ action: 'Query', input: { TableName: TABLE, IndexName: INDEX.IndexName, ...query } });
    assert.equal(Count, 20);
    await clients.insist({ action: 'DeleteTable', input: { TableName: TABLE } });
  };
  for (const seed of SEEDS) await playOnce(seed, story, SETTINGS, SPARES);
});

test('a quorum of an index that is gone comes back and finds nobody to join it, however long it is left alone', async () => {
  const story = async (cluster: SimCluster, clients: Clients): Promise<void> => {
    const { former, first, second, third } = await deletedWithTwoDown(cluster, clients);
    await untilFigures(cluster, 1, 2);
    cluster.autoAdmin.cutPower();
    first.start();
    await cluster.until('a node is ready with what nobody else has any more', 30_000, () => first.life?.service.notReady() === undefined);
    second.start();
    const leads = (node: Machine): boolean =>
      [...cluster.groupsOf(node)].some(({ identity, paxos }) => identity.tableId === former && paxos.serves);
    await cluster.until('one of the two leads', 30_000, () => leads(first) || leads(second));
    await cluster.sleep(20_000);
    assert.deepEqual(holders(cluster, former), [first, second]);
    assert.equal(third.life?.service.notReady(), undefined, 'a node without its replica of an index that is gone is whole');
    cluster.autoAdmin.start();
    await untilGone(cluster, former);
    await cluster.sleep(10_000);
    assert.deepEqual(holders(cluster, former), []);
    await untilFigures(cluster, 0, 0);
  };
  for (const seed of SEEDS) await playOnce(seed, story, SETTINGS, SPARES);
});
