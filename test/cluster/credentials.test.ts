import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DynamoDBClient, GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { AUTO_ADMIN, ProcessCluster, ROUTER } from '../harness/process-cluster.ts';
import { until } from '../harness/until.ts';

const STATOR = fileURLToPath(new URL('../../services/ctl/main.js', import.meta.url));
const TABLE = 'Credentials';
const ARN = `arn:aws:dynamodb:us-east-1:123456789012:table/${TABLE}`;
const run = promisify(execFile);

interface MadeCredential {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
}

const allow = (action: string | readonly string[]): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: ARN }],
});

/** `stator credentials` as operators run it, and the SDK with what it made. */
describe('credentials of a running cluster', { timeout: 300_000 }, () => {
  let cluster: ProcessCluster;
  const clients: DynamoDBClient[] = [];

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE);
  });

  after(async () => {
    for (const client of clients) client.destroy();
    await cluster?.remove();
  });

  async function stator(...words: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [STATOR, 'credentials', ...words, '--dir', cluster.directory]);
    return stdout;
  }

  async function policyFile(policy: object): Promise<string> {
    const file = join(cluster.directory, 'policy.json');
    await writeFile(file, JSON.stringify(policy));
    return file;
  }

  async function make(name: string, policy: object, ...more: string[]): Promise<MadeCredential & { client: DynamoDBClient }> {
    const made = JSON.parse(
      await stator('create', '--name', name, '--policy', await policyFile(policy), '--json', ...more),
    ) as MadeCredential;
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = made;
    const endpoint = `http://127.0.0.1:${cluster.port}`;
    const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
    clients.push(client);
    return { ...made, client };
  }

  const put = (client: DynamoDBClient) => client.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: 'a' } } }));
  const get = (client: DynamoDBClient) => client.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: 'a' } } }));
  const nameOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error: Error) => error.name,
    );
  const untilAnswer = (work: () => Promise<unknown>, answer: string): Promise<unknown> =>
    until(answer, async () => (await nameOf(work())) === answer);

  test('a new credential may do what its policy says, until it says something else, or it is revoked', async () => {
    const { client, AccessKeyId, SecretAccessKey } = await make('ann', allow('dynamodb:GetItem'));
    await untilAnswer(() => get(client), 'done');
    await assert.rejects(put(client), {
      name: 'AccessDeniedException',
      message:
        `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: dynamodb:PutItem on resource: ${ARN} ` +
        'because no identity-based policy allows the dynamodb:PutItem action',
    });
    assert.ok((await cluster.metric(ROUTER, 'stator_router_access_denied_total')) >= 1);
    assert.equal(await nameOf(client.send(new ListTablesCommand({}))), 'AccessDeniedException');
    await stator('policy', AccessKeyId, '--set', await policyFile(allow(['dynamodb:PutItem'])));
    await untilAnswer(() => put(client), 'done');
    await untilAnswer(() => get(client), 'AccessDeniedException');
    assert.deepEqual(JSON.parse(await stator('policy', AccessKeyId)), allow(['dynamodb:PutItem']));
    await stator('policy', AccessKeyId, '--remove');
    await untilAnswer(() => put(client), 'AccessDeniedException');
    assert.match(await stator('list'), new RegExp(`${AccessKeyId} .*ann`));
    await stator('revoke', AccessKeyId);
    await untilAnswer(() => put(client), 'UnrecognizedClientException');
    assert.doesNotMatch(await stator('list'), new RegExp(AccessKeyId));
    await assert.rejects(stator('policy', AccessKeyId), { code: 1, stderr: `stator: There is no credential ${AccessKeyId}.\n` });
    for (const name of [ROUTER, AUTO_ADMIN]) assert.ok(!(await cluster.log(name)).includes(SecretAccessKey), `the log of ${name}`);
  });

  test('another account has tables of its own, and cannot reach these', async () => {
    const all = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
    const { client } = await make('eve', all, '--account', '111122223333');
    await untilAnswer(() => client.send(new ListTablesCommand({})), 'done');
    assert.deepEqual((await client.send(new ListTablesCommand({}))).TableNames, []);
    assert.equal(await nameOf(get(client)), 'ResourceNotFoundException');
    const named = client.send(new GetItemCommand({ TableName: ARN, Key: { pk: { S: 'a' } } }));
    await assert.rejects(named, {
      name: 'AccessDeniedException',
      message:
        `User: arn:aws:iam::111122223333:user/eve is not authorized to perform: dynamodb:GetItem on resource: ${ARN} ` +
        'because no resource-based policy allows the dynamodb:GetItem action',
    });
  });

  test('a router that starts while no auto-admin runs knows all credentials; one without the sealing key uses none of them', async () => {
    const { client, SecretAccessKey } = await make('carol', allow('dynamodb:*'));
    await untilAnswer(() => get(client), 'done');
    await cluster.stop(AUTO_ADMIN);
    await cluster.stop(ROUTER);
    await cluster.startOne(ROUTER);
    assert.equal(await nameOf(get(client)), 'done');
    assert.equal(await nameOf(get(cluster.client())), 'done');
    const file = join(cluster.directory, 'cluster.json');
    const settings = await readFile(file, 'utf8');
    assert.ok(!settings.includes(SecretAccessKey));
    await cluster.stop(ROUTER);
    await writeFile(file, JSON.stringify({ ...(JSON.parse(settings) as object), sealingKey: Buffer.alloc(32, 7).toString('base64') }));
    await cluster.startOne(ROUTER);
    assert.equal(await nameOf(get(client)), 'ServiceUnavailable');
    assert.equal(await nameOf(get(cluster.client())), 'done');
    assert.ok((await cluster.metric(ROUTER, 'stator_router_unreadable_credentials')) >= 1);
    assert.match(await cluster.log(ROUTER), /credentials-unreadable/);
    await cluster.stop(ROUTER);
    await writeFile(file, settings);
    await cluster.startOne(ROUTER);
    assert.equal(await nameOf(get(client)), 'done');
    await cluster.startOne(AUTO_ADMIN);
  });
});
