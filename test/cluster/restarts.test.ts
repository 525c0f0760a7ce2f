import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CreateTableCommand, DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { whyNotReady } from '../../services/ctl/health.ts';
import { CheckedLoad } from '../harness/checked-load.ts';
import { AUTO_ADMIN, ProcessCluster, ROUTER, STORAGE_NODES } from '../harness/process-cluster.ts';
import { RawConnection } from '../harness/raw-http.ts';
import { SigV4Signer } from '../harness/sigv4-signer.ts';
import { until } from '../harness/until.ts';

const TABLE = 'Restarts';
const CONNECTIONS = 32;
const STRETCH = 200;
/** While a process starts the load need not be at its fastest. */
const REST_MS = 100;
const TIMEOUT_MS = 180_000;

describe('a cluster whose processes are stopped as their operator would', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  function newLoad(run: string): CheckedLoad {
    return new CheckedLoad(cluster.client(), TABLE, run, CONNECTIONS);
  }

  test('SIGTERM of each storage node in turn: its leaderships are handed over, and no request fails', { timeout: TIMEOUT_MS }, async () => {
    const load = newLoad('stop');
    await load.during(async () => {
      for (const name of STORAGE_NODES) {
        load.restMs = 0;
        await load.more(STRETCH);
        await cluster.stop(name);
        assert.match(await cluster.log(name), /"event":"stopped"/);
        await load.everyClientWrites();
        load.restMs = REST_MS;
        await cluster.startMissing();
      }
      await load.more(STRETCH);
    });
    assert.equal(load.figures.failed, 0, load.failures);
    await load.verify(cluster.client(5));
  });

  test('SIGTERM of the router: what it has begun to receive is still answered', { timeout: TIMEOUT_MS }, async () => {
    const signer = new SigV4Signer(cluster.credentials);
    const requests = Array.from({ length: 16 }, (_, at) => {
      const body = Buffer.from(JSON.stringify({ TableName: TABLE, Item: { pk: { S: `drained-${at}` } } }));
      return signer.http({ host: `127.0.0.1:${cluster.port}`, action: 'PutItem', body, timeMs: Date.now() });
    });
    const connections = await Promise.all(requests.map(() => RawConnection.open(cluster.port)));
    await Promise.all(connections.map((connection, at) => connection.write(requests[at]?.subarray(0, -10) ?? Buffer.alloc(0))));
    // The router has them all when it shows as many connections.
    await until(
      'all requests have arrived',
      async () => (await cluster.metric(ROUTER, 'stator_router_http_connections')) >= requests.length,
    );
    const { ports } = await cluster.status(ROUTER);
    await cluster.signal([ROUTER], 'SIGTERM');
    await until('the router drains', async () => (await whyNotReady(ports.metrics)) === 'draining');
    await assert.rejects(RawConnection.open(cluster.port), /ECONNREFUSED/);
    await Promise.all(connections.map((connection, at) => connection.write(requests[at]?.subarray(-10) ?? Buffer.alloc(0))));
    for (const connection of connections) {
      const answer = await connection.answer();
      assert.equal(answer?.status, 200, answer?.body);
      assert.equal(answer.headers.get('connection'), 'close');
    }
    await until('the router has ended', async () => !(await cluster.isRunning(ROUTER)));
    assert.match(await cluster.log(ROUTER), /"event":"stopped"/);
    await cluster.startMissing();
  });

  test('without an auto-admin reads, writes and failover go on, and a router and a storage node start', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await cluster.kill(AUTO_ADMIN);
    const load = newLoad('no-auto-admin');
    await load.during(async () => {
      await load.more(STRETCH);
      await cluster.kill('node-b');
      await load.everyClientWrites();
      load.restMs = REST_MS;
      await cluster.startOne('node-b');
      await load.everyClientWrites();
    });
    assert.ok(load.figures.failed <= load.figures.requests / 100, load.failures);

    await cluster.stop(ROUTER);
    await cluster.startOne(ROUTER);
    const behindNewRouter = newLoad('new-router');
    await behindNewRouter.during(() => behindNewRouter.more(STRETCH));
    assert.equal(behindNewRouter.figures.failed, 0, behindNewRouter.failures);
    await load.verify(cluster.client(5));
    await behindNewRouter.verify(cluster.client(5));
  });

  test('without an auto-admin CreateTable says so, and works again once it is back', { timeout: TIMEOUT_MS }, async () => {
    const table = new CreateTableCommand({
      TableName: 'Later',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
    const client = cluster.client();
    assert.equal(await cluster.isRunning(AUTO_ADMIN), false);
    await assert.rejects(client.send(table), /auto-admin/);
    await assert.rejects(client.send(new DescribeTableCommand({ TableName: 'Later' })), { name: 'ResourceNotFoundException' });
    await cluster.startMissing();
    await cluster.createTable('Later');
    await client.send(new PutItemCommand({ TableName: 'Later', Item: { pk: { S: 'x' } } }));
  });
});
