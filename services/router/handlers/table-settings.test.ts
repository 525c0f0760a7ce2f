import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, NOW_MS, REGION } from '../../../test/harness/api-client.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const INVALID = 'One or more parameter values were invalid: ';
const ARN = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/cities`;

const basic = {
  TableName: 'cities',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
};
const capacity = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
});
const provisioned = { ...basic, BillingMode: 'PROVISIONED', ...capacity(5, 5) };

async function withTable(definition: object = basic): Promise<ApiClient> {
  const client = new ApiClient();
  await client.call('CreateTable', definition);
  return client;
}

async function described(client: ApiClient): Promise<Record<string, unknown>> {
  return (await client.call('DescribeTable', { TableName: 'cities' })).Table as Record<string, unknown>;
}

async function update(client: ApiClient, change: object): Promise<Record<string, unknown>> {
  return (await client.call('UpdateTable', { TableName: 'cities', ...change })).TableDescription as Record<string, unknown>;
}

const createRefuses = (input: object, message: string) => new ApiClient().refuses('CreateTable', { ...basic, ...input }, message);

test('a new table has the settings that it was given', async () => {
  const client = await withTable({
    ...basic,
    TableClass: 'STANDARD_INFREQUENT_ACCESS',
    DeletionProtectionEnabled: true,
    SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/own' },
    OnDemandThroughput: { MaxReadRequestUnits: 10 },
    WarmThroughput: { WriteUnitsPerSecond: 5000 },
    Tags: [{ Key: 'team', Value: 'maps' }],
  });
  const table = await described(client);
  assert.deepEqual(table.TableClassSummary, { TableClass: 'STANDARD_INFREQUENT_ACCESS' });
  assert.equal(table.DeletionProtectionEnabled, true);
  const KMSMasterKeyArn = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/own`;
  assert.deepEqual(table.SSEDescription, { Status: 'ENABLING', SSEType: 'KMS', KMSMasterKeyArn }, 'kept, not done');
  assert.deepEqual(table.OnDemandThroughput, { MaxReadRequestUnits: 10 });
  // The storage of this test gives every table four partitions.
  assert.deepEqual(table.WarmThroughput, { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 5000, Status: 'UPDATING' });
  const { Tags } = await client.call('ListTagsOfResource', { ResourceArn: ARN });
  assert.deepEqual(Tags, [{ Key: 'team', Value: 'maps' }]);
  const text = 'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.';
  await client.refuses('DeleteTable', { TableName: 'cities' }, text);
  assert.equal((await update(client, { DeletionProtectionEnabled: false })).DeletionProtectionEnabled, false);
  await client.call('DeleteTable', { TableName: 'cities' });
});

test('settings of a new table that are refused', async () => {
  await createRefuses(
    { TableClass: 'COLD' },
    'Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].',
  );
  const sse = (SSESpecification: object, text: string) => createRefuses({ SSESpecification }, INVALID + text);
  await sse({ Enabled: false, SSEType: 'KMS' }, 'SSEType can not be specified if Enabled is false');
  await sse({ Enabled: false, KMSMasterKeyId: 'k' }, 'KMSMasterKeyId can not be specified if Enabled is false');
  await sse({ Enabled: true, KMSMasterKeyId: 'k' }, 'SSEType KMS is required if KMSMasterKeyId is specified');
  await createRefuses(
    { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: '' } },
    "1 validation error detected: Value '' at 'sSESpecification.kMSMasterKeyId' failed to satisfy constraint: " +
      'Member must have length greater than or equal to 1',
  );
  await sse({ Enabled: true, SSEType: 'AES256' }, 'SSEType AES256 is not supported');
  const range = (name: string) => `${INVALID}Requested ${name} for OnDemandThroughput for table is outside of valid range`;
  await createRefuses({ OnDemandThroughput: { MaxReadRequestUnits: 0 } }, range('MaxReadRequestUnits'));
  await createRefuses({ OnDemandThroughput: { MaxWriteRequestUnits: -1 } }, range('MaxWriteRequestUnits'));
  await createRefuses(
    { ...provisioned, OnDemandThroughput: { MaxWriteRequestUnits: 5 } },
    `${INVALID}MaxWriteRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.`,
  );
  await createRefuses(
    { WarmThroughput: { ReadUnitsPerSecond: 11_999 } },
    `${INVALID}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: ` +
      'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial',
  );
  await createRefuses(
    { ...provisioned, WarmThroughput: { WriteUnitsPerSecond: 4 } },
    `${INVALID}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of ProvisionedThroughput`,
  );
  const stream = (StreamSpecification: object, text: string) => createRefuses({ StreamSpecification }, text);
  await stream({ StreamEnabled: true }, `${INVALID}Table is being created with a stream enabled, UpdateViewType is required`);
  await stream(
    { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' },
    `${INVALID}Table is being created with a stream disabled, UpdateViewType should not be specified`,
  );
});

test('UpdateTable changes capacity and billing mode, and says when', async () => {
  const client = await withTable(provisioned);
  const changed = await update(client, capacity(10, 4));
  assert.equal(changed.TableStatus, 'UPDATING');
  assert.deepEqual((await described(client)).ProvisionedThroughput, {
    LastIncreaseDateTime: NOW_MS / 1000,
    LastDecreaseDateTime: NOW_MS / 1000,
    NumberOfDecreasesToday: 1,
    ReadCapacityUnits: 10,
    WriteCapacityUnits: 4,
  });
  await update(client, { BillingMode: 'PAY_PER_REQUEST' });
  const table = await described(client);
  const LastUpdateToPayPerRequestDateTime = NOW_MS / 1000;
  assert.deepEqual(table.BillingModeSummary, { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime });
  assert.equal((table.ProvisionedThroughput as { ReadCapacityUnits: number }).ReadCapacityUnits, 0);
  await update(client, { BillingMode: 'PROVISIONED', ...capacity(1, 1), AttributeDefinitions: basic.AttributeDefinitions });
  assert.deepEqual((await described(client)).BillingModeSummary, { BillingMode: 'PROVISIONED', LastUpdateToPayPerRequestDateTime });
  await update(client, { TableClass: 'STANDARD_INFREQUENT_ACCESS' });
  assert.deepEqual((await described(client)).TableClassSummary, {
    TableClass: 'STANDARD_INFREQUENT_ACCESS',
    LastUpdateDateTime: NOW_MS / 1000,
  });
});

test('UpdateTable does one thing at a time', async () => {
  const client = await withTable();
  const refuses = (input: object, message: string) => client.refuses('UpdateTable', { TableName: 'cities', ...input }, message);
  await refuses(
    { AttributeDefinitions: [] },
    'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ' +
      'ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, ' +
      'OnDemandThroughput, WarmThroughput or TableClass is required',
  );
  const protect = { DeletionProtectionEnabled: true };
  const alone = (what: string) => `${INVALID}${what} must be the only operation in the request`;
  await refuses({ ...protect, SSESpecification: { Enabled: true } }, alone('Server-Side Encryption modification'));
  await refuses({ ...protect, TableClass: 'STANDARD' }, alone('TableClass modification'));
  await refuses({ ...protect, BillingMode: 'PAY_PER_REQUEST' }, alone('DeletionProtection modification'));
  await refuses({ WarmThroughput: { ReadUnitsPerSecond: 1 }, BillingMode: 'PAY_PER_REQUEST' }, alone('WarmThroughput'));
  const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } };
  await refuses(
    { ...stream, OnDemandThroughput: { MaxReadRequestUnits: 1 } },
    `${INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request`,
  );
  await refuses({ ...stream, ...capacity(1, 1) }, `${INVALID}You cannot modify stream status while updating table IOPS`);
  assert.equal(
    (await update(client, { WarmThroughput: {}, OnDemandThroughput: {}, DeletionProtectionEnabled: false })).TableStatus,
    'ACTIVE',
  );
  await refuses(
    { OnDemandThroughput: { MaxReadRequestUnits: null } },
    `${INVALID}OnDemandThroughput must have at least one of MaxReadRequestUnits or MaxWriteRequestUnits specified`,
  );
  await refuses(
    { WarmThroughput: {} },
    `${INVALID}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified`,
  );
  await refuses({ BillingMode: 'PROVISIONED' }, `${INVALID}ProvisionedThroughput must be specified when BillingMode is PROVISIONED`);
  await refuses(
    { BillingMode: 'PAY_PER_REQUEST', ...capacity(1, 1) },
    `${INVALID}ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST`,
  );
  await refuses(
    capacity(1, 1),
    `${INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  );
  await refuses({ StreamSpecification: { StreamEnabled: false } }, 'Table has no stream to disable: TableName: cities');
  await refuses(stream, 'StreamSpecification is not supported by Stator yet');
  for (const name of ['ReplicaUpdates', 'VectorIndexUpdates']) {
    await refuses({ [name]: [{}] }, `${name} is not supported by Stator yet`);
  }
  await refuses({}, /* as above */ (await client.send('UpdateTable', { TableName: 'cities' })).json.message as string);
  const gone = 'Requested resource not found: Table: towns not found';
  await client.fails('UpdateTable', { TableName: 'towns', ...protect }, `${MODEL}ResourceNotFoundException`, gone);
});

test('states that a table cannot be changed in', async () => {
  const client = await withTable();
  const busy = (operation: string, input: object, text: string) =>
    client.fails(
      operation,
      { TableName: 'cities', ...input },
      `${MODEL}ResourceInUseException`,
      `Attempt to change a resource which is still in use: ${text}`,
    );
  const change = { TableClass: 'STANDARD' };
  client.storage.setStatus(ACCOUNT, 'cities', 'CREATING');
  await busy('UpdateTable', change, 'Table is being created: cities');
  client.storage.setStatus(ACCOUNT, 'cities', 'DELETING');
  await busy('UpdateTable', change, 'Table is being deleted: cities');
  client.storage.setStatus(ACCOUNT, 'cities', 'UPDATING');
  await client.call('PutItem', { TableName: 'cities', Item: { pk: { S: 'Oslo' } } });
  client.storage.changeError = 'table-updating';
  await busy('UpdateTable', change, 'Table: cities is in the process of being updated.');
  await busy('DeleteTable', {}, 'Table: cities is in the process of being updated.');
  client.storage.changeError = 'table-iops-updating';
  await busy('UpdateTable', { BillingMode: 'PAY_PER_REQUEST' }, 'Table IOPS are currently being updated. Table: cities');
  client.storage.changeError = 'change-throttled';
  await client.fails('UpdateTable', { TableName: 'cities', ...change }, `${MODEL}ThrottlingException`, 'as the test wants it');
  client.storage.changeError = 'change-limit';
  await client.fails('UpdateTable', { TableName: 'cities', ...change }, `${MODEL}LimitExceededException`, 'as the test wants it');
});

test('tags are set, replaced, listed and removed', async () => {
  const client = await withTable();
  const list = async () => (await client.call('ListTagsOfResource', { ResourceArn: ARN })).Tags;
  const tag = async (Tags: object[]) => {
    const request = Buffer.from(JSON.stringify({ ResourceArn: ARN, Tags }));
    assert.deepEqual(await sentBody(client, 'TagResource', request), [200, '']);
  };
  assert.deepEqual(await list(), []);
  await tag([
    { Key: 'a', Value: '1' },
    { Key: 'ä ö:/=+-@._', Value: '' },
  ]);
  await tag([{ Key: 'a', Value: '2' }]);
  assert.deepEqual(await list(), [
    { Key: 'a', Value: '2' },
    { Key: 'ä ö:/=+-@._', Value: '' },
  ]);
  const keys = Buffer.from(JSON.stringify({ ResourceArn: ARN, TagKeys: ['a', 'never there'] }));
  assert.deepEqual(await sentBody(client, 'UntagResource', keys), [200, '']);
  assert.deepEqual(await list(), [{ Key: 'ä ö:/=+-@._', Value: '' }]);
});

test('tags that are refused, all or none', async () => {
  const client = await withTable();
  const refuses = (Tags: unknown, message: string) => client.refuses('TagResource', { ResourceArn: ARN, Tags }, message);
  const good = { Key: 'good', Value: '' };
  const long = 'k'.repeat(129);
  await refuses([], 'Atleast one Tag needs to be provided as Input.');
  await refuses(undefined, "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null");
  await refuses([good, { Key: long, Value: '' }], `The Tag Key provided is invalid, Key: ${long}`);
  await refuses([{ Key: '', Value: '' }], 'The Tag Key provided is invalid, Key: ');
  await refuses([{ Value: '' }], 'The Tag Key provided is invalid, Key: null');
  await refuses([{ Key: '#', Value: '' }], 'The Tag Key provided is invalid, Key: #');
  await refuses([{ Key: 'a' }], 'The Tag Value provided is invalid, Value: null');
  await refuses([good, { Key: 'aws:x', Value: '' }], 'Tag Key cannot be prefixed with aws:, Key: aws:x');
  await refuses([good, good], 'Duplicate Tag Keys provided as input: Duplicate Tag Key found good');
  const many = Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: '' }));
  await refuses(many, 'Number of Tags exceed the current limit for the provided ResourceArn');
  assert.deepEqual(await client.call('ListTagsOfResource', { ResourceArn: ARN }), { Tags: [] });
  await client.refuses('UntagResource', { ResourceArn: ARN, TagKeys: [] }, 'Atleast one Tag Key needs to be provided as Input.');
  await client.refuses(
    'CreateTable',
    { ...basic, TableName: 'towns', Tags: [{ Key: 'aws:x', Value: '' }] },
    'Tag Key cannot be prefixed with aws:, Key: aws:x',
  );
});

test('ARNs of what has no tags', async () => {
  const client = await withTable();
  const refuses = (ResourceArn: unknown, message: string) => client.refuses('ListTagsOfResource', { ResourceArn }, message);
  await refuses(undefined, 'Invalid TableArn');
  await refuses('cities', `${INVALID}ARNs must start with 'arn:': cities`);
  await refuses('arn:aws:s3:::bucket', `${INVALID}Provided Arn is not a DynamoDB resource arn: arn:aws:s3:::bucket`);
  const index = `${ARN}/index/by-name`;
  await refuses(index, `${INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${index}`);
  const backup = `${ARN}/backup/01791525400213-63b4d36a`;
  await refuses(backup, `${INVALID}Provided Arn is not a DynamoDB resource arn: ${backup}`);
  const stream = `${ARN}/stream/2026-10-09T05:53:25.330`;
  const noStream = `Requested resource not found: ResourceArn: ${stream} not found`;
  await client.fails('ListTagsOfResource', { ResourceArn: stream }, `${MODEL}ResourceNotFoundException`, noStream);
  const elsewhere = `arn:aws:dynamodb:mars-1:${ACCOUNT}:table/cities`;
  await refuses(elsewhere, `Invalid TableArn: Invalid ResourceArn provided as input ${elsewhere}`);
  const absent = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/towns`;
  const gone = `Requested resource not found: ResourceArn: ${absent} not found`;
  for (const [operation, input] of [
    ['ListTagsOfResource', {}],
    ['TagResource', { Tags: [{ Key: 'a', Value: '' }] }],
    ['UntagResource', { TagKeys: ['a'] }],
  ] as const) {
    await client.fails(operation, { ResourceArn: absent, ...input }, `${MODEL}ResourceNotFoundException`, gone);
  }
  const foreign = `arn:aws:dynamodb:${REGION}:000000000001:table/cities`;
  const { json } = await client.send('ListTagsOfResource', { ResourceArn: foreign });
  assert.equal(json.__type, 'com.amazon.coral.service#AccessDeniedException');
  assert.equal(json.Message, 'Access is denied');
});

test('limits and endpoints', async () => {
  const client = new ApiClient();
  const limits = await client.call('DescribeLimits', {});
  assert.deepEqual(limits, {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  });
  client.storage.quotas = { ...client.storage.quotas, tableUnitsMax: 7, accountUnitsMax: 8 };
  const { AccountMaxReadCapacityUnits, TableMaxWriteCapacityUnits } = await client.call('DescribeLimits', {});
  assert.deepEqual([AccountMaxReadCapacityUnits, TableMaxWriteCapacityUnits], [8, 7]);
  client.storage.changeError = 'unavailable';
  const { status, json } = await client.send('DescribeLimits', {});
  assert.deepEqual([status, json.message], [503, 'No auto-admin answered in time. Reason: as the test wants it']);
  client.storage.changeError = undefined;
  const { Endpoints } = await client.call('DescribeEndpoints', {});
  const [endpoint, ...more] = Endpoints as { Address: string; CachePeriodInMinutes: number }[];
  assert.deepEqual(more, []);
  assert.equal(endpoint?.CachePeriodInMinutes, 1440);
  assert.match(endpoint?.Address ?? '', /^[a-z0-9.:-]+$/);
});

/** Status and text of an answer that has no JSON. */
async function sentBody(client: ApiClient, operation: string, body: Buffer): Promise<[number, string]> {
  const { status, text } = await client.sendBytes(operation, body);
  return [status, text];
}
