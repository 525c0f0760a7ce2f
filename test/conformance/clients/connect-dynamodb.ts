import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import connectDynamoDb from 'connect-dynamodb';
import express from 'express';
import session from 'express-session';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

declare module 'express-session' {
  interface SessionData {
    basket: string[];
    user: string;
  }
}

interface Visit {
  readonly body: unknown;
  /** What the shop gave the browser, if anything. */
  readonly cookie: string | undefined;
}

const TABLE = 'shop-sessions';
const DynamoDbStore = connectDynamoDb(session);

function newStore(client: DynamoDBClient): connectDynamoDb.DynamoDBStore {
  return new DynamoDbStore({ client, table: TABLE, specialKeys: [{ name: 'user', type: 'S' }], skipThrowMissingSpecialKeys: true });
}

/** A shop that knows its customers by a cookie; each instance has a store of its own. */
async function startShop(store: connectDynamoDb.DynamoDBStore): Promise<Server> {
  const app = express();
  app.use(session({ store, secret: 'of the shop', resave: false, saveUninitialized: false, cookie: { maxAge: 3_600_000 } }));
  app.post('/basket/:article', (request, response) => {
    request.session.user = 'ada';
    request.session.basket = [...(request.session.basket ?? []), String(request.params['article'])];
    response.json(request.session.basket);
  });
  app.get('/basket', (request, response) => {
    response.json(request.session.basket ?? []);
  });
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error === null || error === undefined ? response.json('bye') : next(error)));
  });
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('connect-dynamodb', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let client: DynamoDBClient;
  let store: connectDynamoDb.DynamoDBStore;
  const shops: Server[] = [];

  before(async () => {
    cluster = await ConformanceCluster.shared();
    client = cluster.client();
    store = newStore(client);
    await store.initialize();
    await cluster.untilActive(TABLE);
    shops.push(await startShop(store), await startShop(newStore(client)));
  });

  after(async () => {
    for (const shop of shops) shop.close();
  });

  test('keeps a session over requests to two instances of an application', async () => {
    const first = await visit(0, 'POST', '/basket/engine');
    assert.deepEqual(first.body, ['engine']);
    const { cookie } = first;
    assert.ok(cookie !== undefined);
    assert.deepEqual((await visit(1, 'POST', '/basket/cards', cookie)).body, ['engine', 'cards']);
    assert.deepEqual((await visit(0, 'GET', '/basket', cookie)).body, ['engine', 'cards']);
    assert.deepEqual((await visit(0, 'GET', '/basket')).body, [], 'somebody else');
  });

  test('stores each session as an item with its expiry and special keys', async () => {
    const { Items } = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }));
    assert.equal(Items?.length, 1);
    const inAnHour = Date.now() / 1000 + 3600;
    const expires = Number(Items?.[0]?.['expires']?.N);
    assert.ok(expires > inAnHour - 300 && expires <= inAnHour);
    assert.deepEqual([Items?.[0]?.['type'], Items?.[0]?.['user']], [{ S: 'connect-session' }, { S: 'ada' }]);
  });

  test('touches a session: a later expiry, the same content', async () => {
    const cookie = { maxAge: 1000, originalMaxAge: 1000 };
    await call<void>((done) => store.set('touched', { cookie, basket: ['x'] } as never, done));
    const before = await expiryOf('touched');
    const touched = { cookie: { ...cookie, maxAge: 100_000 } };
    const { expires } = await call<{ expires: number }>((done) => store.touch('touched', touched as never, done as () => void));
    assert.ok(Number(expires) > before);
    assert.equal(await expiryOf('touched'), Number(expires));
    const read = await call<session.SessionData>((done) => store.get('touched', done as never));
    assert.deepEqual(read.basket, ['x']);
  });

  test('destroys a session when its user logs out', async () => {
    const { cookie } = await visit(0, 'POST', '/basket/loom');
    assert.equal((await visit(1, 'POST', '/logout', cookie)).body, 'bye');
    assert.deepEqual((await visit(0, 'GET', '/basket', cookie)).body, []);
  });

  test('gives no expired session, and reaps them with the older scan filter', async () => {
    const expired = Array.from({ length: 12 }, (_, at) => ({
      id: { S: `sess:expired-${at}` },
      expires: { N: '1000000000' },
      sess: { S: JSON.stringify({ basket: ['stale'] }) },
    }));
    await Promise.all(expired.map((Item) => client.send(new PutItemCommand({ TableName: TABLE, Item }))));
    assert.equal(await call((done) => store.get('expired-3', done as never)), null);
    // Its scan is eventually consistent, so it may find only some of them at first.
    const left = await until('the expired sessions are gone', async () => {
      await call<void>((done) => store.reap(done));
      const { Items } = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true }));
      return !Items?.some((item) => item['id']?.S?.startsWith('sess:expired')) && Items;
    });
    assert.equal(left.length, 2, 'those that are not due stay');
  });

  async function expiryOf(id: string): Promise<number> {
    const { Item } = await client.send(new GetItemCommand({ TableName: TABLE, Key: { id: { S: `sess:${id}` } }, ConsistentRead: true }));
    return Number(Item?.['expires']?.N);
  }

  /** `shop`: which of the two instances. */
  async function visit(shop: number, method: string, path: string, cookie?: string): Promise<Visit> {
    const { port } = (shops[shop] as Server).address() as AddressInfo;
    const headers = { connection: 'close', ...(cookie !== undefined && { cookie }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    assert.equal(response.status, 200);
    return { body: await response.json(), cookie: response.headers.get('set-cookie')?.split(';')[0] };
  }
});

/** A call of the store, whose last argument is a function of an error and a result. */
function call<Result>(start: (done: (error: Error | null | undefined, result?: Result) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null || error === undefined ? resolve(result as Result) : reject(error)));
  });
}
