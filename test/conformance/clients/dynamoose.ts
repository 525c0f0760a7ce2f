import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import dynamoose from 'dynamoose';
import type { Item } from 'dynamoose/dist/Item.js';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

interface Ship extends Item {
  readonly harbour: string;
  readonly name: string;
  tons: number;
  readonly built: Date;
  crew: string[];
  readonly flags: Set<string>;
  readonly engine: { readonly kind: string; readonly power: number };
  logbook?: Buffer;
  active: boolean;
}

/** As its guide shows them; the model creates its table itself when it is first used. */
const schema = new dynamoose.Schema(
  {
    harbour: { type: String, hashKey: true },
    name: { type: String, rangeKey: true },
    tons: { type: Number, required: true, validate: (tons) => Number(tons) > 0 },
    built: Date,
    crew: { type: Array, schema: [String], default: [] },
    flags: { type: Set, schema: [String] },
    engine: { type: Object, schema: { kind: String, power: Number } },
    logbook: Buffer,
    active: { type: Boolean, default: true },
  },
  { timestamps: true },
);

describe('dynamoose', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let client: DynamoDB;
  const Ships = dynamoose.model<Ship>('Ships', schema);

  before(async () => {
    cluster = await ConformanceCluster.shared();
    const { endpoint, region, credentials } = cluster;
    client = new DynamoDB({ endpoint, region, credentials, maxAttempts: 1 });
    dynamoose.aws.ddb.set(client);
    const waitForActive = { enabled: true, check: { timeout: 60_000, frequency: 100 } };
    const table = new dynamoose.Table('Ships', [Ships], {
      throughput: 'ON_DEMAND',
      waitForActive,
      tags: { fleet: 'test' },
      initialize: false,
    });
    await table.initialize();
  });

  after(async () => {
    client?.destroy();
  });

  test('creates its table, with tags, and waits until it is active', async () => {
    const { Table } = await client.describeTable({ TableName: 'Ships' });
    assert.equal(Table?.TableStatus, 'ACTIVE');
    assert.equal(Table?.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST');
    const { Tags } = await client.listTagsOfResource({ ResourceArn: Table?.TableArn });
    assert.deepEqual(Tags, [{ Key: 'fleet', Value: 'test' }]);
  });

  test('creates documents of every type, reads them and refuses a second one of the same key', async () => {
    const ship = {
      harbour: 'Genova',
      name: 'Andrea',
      tons: 120.5,
      built: new Date('1912-05-01T00:00:00.000Z'),
      flags: new Set(['it', 'eu']),
      engine: { kind: 'steam', power: 4000 },
      logbook: Buffer.from([0, 1, 255]),
    };
    await Ships.create(ship);
    const read = await Ships.get({ harbour: 'Genova', name: 'Andrea' }, { consistent: true });
    assert.deepEqual([read.tons, read.built, read.flags, read.engine], [ship.tons, ship.built, ship.flags, ship.engine]);
    assert.deepEqual([Buffer.from(read.logbook ?? []), read.crew, read.active], [ship.logbook, [], true]);
    await assert.rejects(Ships.create(ship), { name: 'ConditionalCheckFailedException' });
    await assert.rejects(Ships.create({ ...ship, name: 'Weightless', tons: -1 }), { name: 'ValidationError' });
    assert.equal(await Ships.get({ harbour: 'Genova', name: 'Weightless' }, { consistent: true }), undefined);
  });

  test('updates by $SET, $ADD and $REMOVE, and only while a condition holds', async () => {
    const key = { harbour: 'Genova', name: 'Andrea' };
    const updated = await Ships.update(key, { $SET: { active: false }, $ADD: { tons: 10, crew: ['Ada', 'Grace'] }, $REMOVE: ['logbook'] });
    assert.deepEqual([updated.tons, updated.crew, updated.active, updated.logbook], [130.5, ['Ada', 'Grace'], false, undefined]);
    const heavy = new dynamoose.Condition().where('tons').gt(1000);
    await assert.rejects(Ships.update(key, { $SET: { active: true } }, { condition: heavy }), { name: 'ConditionalCheckFailedException' });
    const document = await Ships.get(key, { consistent: true });
    document.tons = 99;
    document.crew.push('Clara');
    await document.save();
    const read = await Ships.get(key, { consistent: true });
    assert.deepEqual([read.tons, read.crew], [99, ['Ada', 'Grace', 'Clara']]);
  });

  test('writes and reads batches', async () => {
    const fleet = Array.from({ length: 25 }, (_, at) => ({ harbour: 'Oslo', name: `Ship ${String(at).padStart(2, '0')}`, tons: at + 1 }));
    const { unprocessedItems } = await Ships.batchPut(fleet);
    assert.deepEqual(unprocessedItems, []);
    const found = await Ships.batchGet(
      fleet.map(({ harbour, name }) => ({ harbour, name })),
      { consistent: true },
    );
    assert.deepEqual(
      found.map(({ name }) => name).sort(),
      fleet.map(({ name }) => name),
    );
    assert.deepEqual(found.unprocessedKeys, []);
  });

  test('queries by range, backwards, filtered, counted and page by page', async () => {
    const some = await Ships.query('harbour').eq('Oslo').consistent().where('name').between('Ship 05', 'Ship 09').sort('descending').exec();
    assert.deepEqual(
      some.map(({ name }) => name),
      ['Ship 09', 'Ship 08', 'Ship 07', 'Ship 06', 'Ship 05'],
    );
    const filtered = await Ships.query('harbour').eq('Oslo').consistent().filter('tons').in([1, 2, 25, 26]).attributes(['name']).exec();
    assert.equal(filtered.length, 3);
    const { count } = await Ships.query('harbour').eq('Oslo').consistent().where('name').beginsWith('Ship 1').count().exec();
    assert.equal(count, 10);
    const pages: number[] = [];
    let lastKey: unknown;
    do {
      const query = Ships.query('harbour').eq('Oslo').consistent().limit(10);
      const page = await (lastKey === undefined ? query : query.startAt(lastKey as never)).exec();
      pages.push(page.length);
      lastKey = page.lastKey;
    } while (lastKey !== undefined);
    assert.deepEqual(pages, [10, 10, 5]);
  });

  test('scans everything, in parallel and by a filter', async () => {
    const everything = await Ships.scan().consistent().all().parallel(3).exec();
    assert.equal(everything.length, 26);
    const steamers = await Ships.scan('engine.kind').eq('steam').consistent().exec();
    assert.deepEqual(
      steamers.map(({ name }) => name),
      ['Andrea'],
    );
    const extremes = await Ships.scan().consistent().filter('tons').lt(3).or().filter('tons').ge(98).exec();
    assert.deepEqual(extremes.map(({ tons }) => tons).sort(), [1, 2, 99]);
    const owned = await Ships.scan().consistent().filter('flags').contains('it').and().filter('logbook').not().exists().exec();
    assert.equal(owned.length, 1);
  });

  test('deletes documents, one and many', async () => {
    await Ships.delete({ harbour: 'Genova', name: 'Andrea' });
    const keys = Array.from({ length: 25 }, (_, at) => ({ harbour: 'Oslo', name: `Ship ${String(at).padStart(2, '0')}` }));
    const { unprocessedItems } = await Ships.batchDelete(keys);
    assert.deepEqual(unprocessedItems, []);
    assert.equal((await Ships.scan().consistent().all().exec()).length, 0);
  });
});
