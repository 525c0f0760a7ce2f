import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ACCESS_KEY_ID, ACCOUNT, REGION, SECRET, signedRequest } from '../../test/harness/api-client.ts';
import type { SigningOptions } from '../../test/harness/api-client.ts';
import { FakeCluster } from '../../test/harness/fake-cluster.ts';
import { ManualTimers } from '../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../test/harness/test-environment.ts';
import { must } from '../shared/base/assert.ts';
import { REQUEST_TIMEOUT_MS } from '../shared/limits/api-limits.ts';
import type { Sealer } from '../shared/env/sealer.ts';
import { createSealer } from '../shared/platform/sealer.ts';
import type { HttpHandler } from '../shared/env/http.ts';
import type { CredentialRecord, RevokedCredentialRecord, TableRecord } from '../shared/placement/catalog-records.ts';
import { formatAmzDate } from './core/api/signature/amz-date.ts';
import { RouterService } from './service.ts';

interface Router {
  readonly service: RouterService;
  readonly timers: ManualTimers;
  /** What was asked of the front door, in order. */
  readonly door: string[];
  readonly send: (operation: string, input: object, options?: SigningOptions) => Promise<string>;
}

function routerOf(cluster: FakeCluster, timers: ManualTimers, sealer?: Sealer): Router {
  const door: string[] = [];
  let handler: HttpHandler | undefined;
  const note = (event: string) => async () => {
    door.push(event);
  };
  const service = new RouterService(
    testEnvironment(timers),
    cluster.network.transport('router:1', 'router-1', 7),
    {
      region: REGION,
      az: 'a',
      seeds: cluster.seeds,
      autoAdmins: ['admin:1'],
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      credentials: new Map([[ACCESS_KEY_ID, { secret: SECRET, account: ACCOUNT }]]),
      sealer,
    },
    (given) => {
      handler = given;
      return { listen: note('listen'), drain: note('drain'), close: note('close') };
    },
  );
  const send: Router['send'] = async (operation, input, options = {}) => {
    const signing = { date: formatAmzDate(timers.wallMs()), ...options };
    const request = signedRequest(`DynamoDB_20120810.${operation}`, Buffer.from(JSON.stringify(input)), signing);
    return (await timers.until(must(handler).handle(request))).body.toString();
  };
  return { service, timers, door, send };
}

const ALLOW_LISTING = JSON.stringify({ Statement: { Effect: 'Allow', Action: 'dynamodb:ListTables', Resource: '*' } });

function credentialOf(sealer: Sealer, policy: string | undefined): CredentialRecord {
  const accessKeyId = 'AKIAOTHER';
  return {
    accessKeyId,
    account: '2',
    userName: 'them',
    sealedSecret: sealer.seal('theirs', accessKeyId),
    sealing: sealer.name,
    ...(policy === undefined ? {} : { policy }),
    createdAtMs: 1,
    status: 'ACTIVE',
    generation: 1,
  };
}

const table: TableRecord = {
  account: ACCOUNT,
  region: REGION,
  name: 'cities',
  tableId: 't1',
  keys: { partition: { name: 'pk', type: 'S' } },
  billingMode: 'PAY_PER_REQUEST',
  createdAtMs: 5,
  generation: 1,
  status: 'ACTIVE',
};

test('the front door opens with the first catalog, and closes when the router drains', async () => {
  const timers = new ManualTimers();
  const cluster = new FakeCluster(timers);
  for (const node of cluster.nodes.values()) node.kill();
  const { service, door, send } = routerOf(cluster, timers);
  const running = service.run();
  await timers.advance(10_000);
  assert.deepEqual([door, service.notReady()], [[], 'the catalog has not been read yet']);
  for (const node of cluster.nodes.values()) node.start();
  cluster.registerNodes();
  cluster.putRecord(`table/${ACCOUNT}/${REGION}/cities`, table);
  await timers.until(running);
  assert.deepEqual([door, service.notReady()], [['listen'], undefined]);
  assert.equal(await send('ListTables', {}), '{"TableNames":["cities"]}');
  for (const node of cluster.nodes.values()) node.kill();
  await timers.advance(60_000);
  assert.equal(service.notReady(), undefined);
  assert.equal(await send('ListTables', {}), '{"TableNames":["cities"]}');
  await service.drain();
  assert.deepEqual([door, service.notReady()], [['listen', 'drain'], 'the router is stopping']);
  await service.stop();
  assert.deepEqual(door, ['listen', 'drain', 'close']);
});

test('a router that is stopped before it read a catalog never opens', async () => {
  const timers = new ManualTimers();
  const cluster = new FakeCluster(timers);
  for (const node of cluster.nodes.values()) node.kill();
  const { service, door } = routerOf(cluster, timers);
  const running = service.run();
  await timers.advance(100);
  await service.drain();
  await service.stop();
  await timers.until(running);
  assert.deepEqual(door, ['close']);
});

test('credentials come from the options and from the catalog, and go with the catalog', async () => {
  const timers = new ManualTimers();
  const cluster = new FakeCluster(timers);
  cluster.registerNodes();
  const sealer = createSealer(randomBytes(32));
  const { service, send } = routerOf(cluster, timers, sealer);
  await timers.until(service.run());
  const record = credentialOf(sealer, ALLOW_LISTING);
  const theirs = { accessKeyId: 'AKIAOTHER', secret: 'theirs' };
  assert.match(await send('ListTables', {}, theirs), /UnrecognizedClientException/);
  cluster.putRecord('credential/AKIAOTHER', record);
  await timers.advance(100);
  assert.equal(await send('ListTables', {}, theirs), '{"TableNames":[]}');
  cluster.putRecord('credential/AKIAOTHER', { ...record, policy: ALLOW_LISTING.replace('Allow', 'Deny'), generation: 2 });
  await timers.advance(100);
  assert.match(
    await send('ListTables', {}, theirs),
    /User: arn:aws:iam::2:user\/them is not authorized to perform: dynamodb:ListTables on resource: arn:aws:dynamodb:eu-test-1:2:table\/\* with an explicit deny in an identity-based policy/,
  );
  cluster.putRecord('credential/AKIAOTHER', credentialOf(sealer, undefined));
  await timers.advance(100);
  assert.match(await send('ListTables', {}, theirs), /AccessDeniedException.*because no identity-based policy allows/);
  const revoked: RevokedCredentialRecord = { accessKeyId: 'AKIAOTHER', status: 'REVOKED', generation: 4, revokedAtMs: 1 };
  cluster.putRecord('credential/AKIAOTHER', revoked);
  await timers.advance(100);
  assert.match(await send('ListTables', {}, theirs), /UnrecognizedClientException/);
  assert.equal(await send('ListTables', {}), '{"TableNames":[]}');
});

test('without the key that a secret is sealed with, or where it was damaged, nobody gets in by it', async () => {
  const sealer = createSealer(randomBytes(32));
  const theirs = { accessKeyId: 'AKIAOTHER', secret: 'theirs' };
  for (const own of [undefined, createSealer(randomBytes(32))]) {
    const timers = new ManualTimers();
    const cluster = new FakeCluster(timers);
    cluster.registerNodes();
    const { service, send } = routerOf(cluster, timers, own);
    await timers.until(service.run());
    cluster.putRecord('credential/AKIAOTHER', credentialOf(sealer, ALLOW_LISTING));
    await timers.advance(100);
    assert.match(await send('ListTables', {}, theirs), /ServiceUnavailable.*sealing key of this router is missing, or is not the one/);
    assert.match(await send('ListTables', {}, { ...theirs, secret: 'no such access key' }), /ServiceUnavailable/);
    assert.equal(await send('ListTables', {}), '{"TableNames":[]}');
  }
  const timers = new ManualTimers();
  const cluster = new FakeCluster(timers);
  cluster.registerNodes();
  const { service, send } = routerOf(cluster, timers, sealer);
  await timers.until(service.run());
  const record = credentialOf(sealer, ALLOW_LISTING);
  cluster.putRecord('credential/AKIAOTHER', { ...record, sealedSecret: sealer.seal('theirs', 'AKIASOMEBODYELSE') });
  await timers.advance(100);
  assert.match(await send('ListTables', {}, theirs), /ServiceUnavailable/);
  cluster.putRecord('credential/AKIAOTHER', { ...record, policy: '{"Statement":[{"Effect":"Allow"}]}' });
  await timers.advance(100);
  assert.match(await send('ListTables', {}, theirs), /AccessDeniedException/);
});
