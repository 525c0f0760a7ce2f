import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, NOW_MS, REGION } from '../../../test/harness/api-client.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const INVALID = 'One or more parameter values were invalid: ';

const definition = (name: string, type = 'S') => ({ AttributeName: name, AttributeType: type });
const element = (name: string, keyType: string) => ({ AttributeName: name, KeyType: keyType });
const basic = {
  TableName: 'cities',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [definition('pk')],
  KeySchema: [element('pk', 'HASH')],
};
const ARN = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/cities`;

test('a table on demand, from its creation to its end', async () => {
  const client = new ApiClient();
  const created = (await client.call('CreateTable', basic)).TableDescription as Record<string, unknown>;
  assert.match(String(created.TableId), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(created.TableStatus, 'CREATING');
  assert.deepEqual(created.BillingModeSummary, { BillingMode: 'PAY_PER_REQUEST' });
  assert.equal('WarmThroughput' in created, false);
  await client.call('PutItem', { TableName: 'cities', Item: { pk: { S: 'Rome' } } });
  const described = (await client.call('DescribeTable', { TableName: 'cities' })).Table;
  assert.deepEqual(described, {
    AttributeDefinitions: [definition('pk')],
    TableName: 'cities',
    KeySchema: [element('pk', 'HASH')],
    TableStatus: 'ACTIVE',
    CreationDateTime: NOW_MS / 1000,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    TableSizeBytes: 6,
    ItemCount: 1,
    TableArn: ARN,
    TableId: created.TableId,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: NOW_MS / 1000 },
    DeletionProtectionEnabled: false,
    WarmThroughput: { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000, Status: 'ACTIVE' },
  });
  assert.deepEqual((await client.call('DescribeTable', { TableName: ARN })).Table, described);
  const deleted = (await client.call('DeleteTable', { TableName: 'cities' })).TableDescription as Record<string, unknown>;
  const told = [
    'BillingModeSummary',
    'DeletionProtectionEnabled',
    'ItemCount',
    'ProvisionedThroughput',
    'TableArn',
    'TableId',
    'TableName',
  ];
  assert.deepEqual(Object.keys(deleted).sort(), [...told, 'TableSizeBytes', 'TableStatus']);
  assert.deepEqual([deleted.TableStatus, deleted.ItemCount], ['DELETING', 1]);
  const gone = 'Requested resource not found: Table: cities not found';
  await client.fails('DescribeTable', { TableName: 'cities' }, `${MODEL}ResourceNotFoundException`, gone);
  await client.fails('DeleteTable', { TableName: 'cities' }, `${MODEL}ResourceNotFoundException`, gone);
});

test('a provisioned table with both keys', async () => {
  const client = new ApiClient();
  const created = await client.call('CreateTable', {
    ...basic,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 7 },
    AttributeDefinitions: [definition('sk', 'N'), definition('pk', 'B')],
    KeySchema: [element('pk', 'HASH'), element('sk', 'RANGE')],
  });
  const table = created.TableDescription as Record<string, unknown>;
  assert.deepEqual(table.KeySchema, [element('pk', 'HASH'), element('sk', 'RANGE')]);
  assert.deepEqual(table.AttributeDefinitions, [definition('pk', 'B'), definition('sk', 'N')]);
  assert.deepEqual(table.ProvisionedThroughput, { NumberOfDecreasesToday: 0, ReadCapacityUnits: 5, WriteCapacityUnits: 7 });
  assert.equal('BillingModeSummary' in table, false);
});

test('a name is taken once', async () => {
  const client = new ApiClient();
  await client.call('CreateTable', basic);
  await client.fails('CreateTable', basic, `${MODEL}ResourceInUseException`, 'Table already exists: cities');
  client.storage.hidden.add('cities');
  await client.fails('CreateTable', basic, `${MODEL}ResourceInUseException`, 'Table already exists: cities');
  for (const status of ['UPDATING', 'DELETING'] as const) {
    client.storage.setStatus(ACCOUNT, 'cities', status);
    await client.fails('CreateTable', basic, `${MODEL}ResourceInUseException`, 'Table already exists: cities');
  }
  client.storage.setStatus(ACCOUNT, 'cities', 'CREATING');
  const creating = 'Attempt to change a resource which is still in use: Table is being created: cities';
  await client.fails('CreateTable', basic, `${MODEL}ResourceInUseException`, creating);
  await client.refuses(
    'CreateTable',
    { ...basic, KeySchema: [element('pk', 'RANGE')] },
    'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
  );
});

test('refusals of the auto-admin', async () => {
  const client = new ApiClient();
  client.storage.createdAs = 'CREATING';
  await client.call('CreateTable', basic);
  client.storage.changeError = 'table-busy';
  const being = (what: string) => `Attempt to change a resource which is still in use: Table is being ${what}: cities`;
  await client.fails('DeleteTable', { TableName: 'cities' }, `${MODEL}ResourceInUseException`, being('created'));
  client.storage.setStatus(ACCOUNT, 'cities', 'DELETING');
  await client.fails('DeleteTable', { TableName: 'cities' }, `${MODEL}ResourceInUseException`, being('deleted'));
  client.storage.changeError = 'unavailable';
  const answer = await client.send('CreateTable', { ...basic, TableName: 'other' });
  const message =
    'No auto-admin answered in time: tables cannot be created or deleted now, while reads and writes go on. The request may be repeated.' +
    ' Reason: as the test wants it';
  assert.deepEqual([answer.status, answer.json], [500, { __type: `${MODEL}InternalServerError`, message }]);
  client.storage.changeError = 'table-too-large';
  const tooLarge = "The table's throughput is too large: as the test wants it";
  await client.fails('CreateTable', { ...basic, TableName: 'other' }, `${MODEL}LimitExceededException`, tooLarge);
});

test('a name that is taken after an answer was lost may be taken by the very table', async () => {
  const client = new ApiClient();
  client.storage.changeLost = true;
  for (const code of ['table-exists', 'name-changed']) {
    client.storage.changeError = code;
    const { status, json } = await client.send('CreateTable', basic);
    assert.deepEqual([status, json.__type], [500, `${MODEL}InternalServerError`]);
    assert.match(String(json.message), /^Whether the table was created is unknown/);
  }
});

test('while the catalog is out of reach no table is said to be missing, made or deleted', async () => {
  const client = new ApiClient();
  await client.call('CreateTable', basic);
  client.storage.catalogAnswers = false;
  const unknown = async (operation: string, input: object): Promise<void> => {
    const { status, json } = await client.send(operation, input);
    assert.deepEqual([status, json.__type], [503, 'com.amazon.coral.service#ServiceUnavailable'], operation);
    assert.match(String(json.message), /^The catalog could not be read in time/);
  };
  for (const TableName of ['cities', 'other']) {
    await unknown('CreateTable', { ...basic, TableName });
    await unknown('DeleteTable', { TableName });
  }
  await unknown('DescribeTable', { TableName: 'other' });
  await unknown('GetItem', { TableName: 'other', Key: { pk: { S: 'a' } } });
  await client.call('DescribeTable', { TableName: 'cities' });
});

test('a key attribute has a name that UTF-8 can spell', async () => {
  const surrogate = { ...basic, AttributeDefinitions: [definition('\ud800')], KeySchema: [element('\ud800', 'HASH')] };
  const message = `${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`;
  await new ApiClient().refuses('CreateTable', surrogate, message);
});

test('DescribeTable looks at the newest catalog before it says no', async () => {
  const client = new ApiClient();
  await client.call('CreateTable', basic);
  client.storage.refreshes = 0;
  client.storage.hidden.add('cities');
  await client.call('DescribeTable', { TableName: 'cities' });
  assert.equal(client.storage.refreshes, 1);
  await client.call('DescribeTable', { TableName: 'cities' });
  assert.equal(client.storage.refreshes, 1);
});

test('table names', async () => {
  const client = new ApiClient();
  const named = (TableName: unknown) => ({ ...basic, TableName });
  const constraint = (value: string, text: string) =>
    `1 validation error detected: Value '${value}' at 'tableName' failed to satisfy constraint: Member must ${text}`;
  const required = "The parameter 'TableName' is required but was not present in the request";
  for (const operation of ['CreateTable', 'DescribeTable', 'DeleteTable']) {
    await client.refuses(operation, {}, required);
    await client.refuses(operation, { TableName: null }, required);
    await client.refuses(operation, named('a/b'), constraint('a/b', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'));
    const long = 'a'.repeat(256);
    await client.refuses(operation, named(long), constraint(long, 'have length less than or equal to 255'));
  }
  await client.refuses('CreateTable', named('ab'), constraint('ab', 'have length greater than or equal to 3'));
  await client.refuses('CreateTable', named(ARN), constraint(ARN, 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+'));
  const empty = (text: string) => `Value '' at 'tableName' failed to satisfy constraint: Member must ${text}`;
  const both = [empty('have length greater than or equal to 3'), empty('satisfy regular expression pattern: [a-zA-Z0-9_.-]+')];
  for (const operation of ['CreateTable', 'DescribeTable', 'DeleteTable']) {
    await client.refuses(operation, named(''), `2 validation errors detected: ${both.join('; ')}`);
  }
  await client.call('CreateTable', named('__proto__'));
  await client.call('PutItem', { TableName: '__proto__', Item: { pk: { S: 'a' } } });
});

test('constraints of CreateTable are listed together', async () => {
  const client = new ApiClient();
  const at = (value: string, path: string, text: string) => `Value ${value} at '${path}' failed to satisfy constraint: Member must ${text}`;
  await client.refuses(
    'CreateTable',
    { TableName: 'abc' },
    `2 validation errors detected: ${at('null', 'attributeDefinitions', 'not be null')}; ${at('null', 'keySchema', 'not be null')}`,
  );
  await client.refuses(
    'CreateTable',
    {
      TableName: 'abc',
      BillingMode: 'FREE',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'X' }, {}],
      KeySchema: [element('a', 'HASH'), element('b', 'RANGE'), element('', 'NONE')],
      ProvisionedThroughput: { ReadCapacityUnits: 0 },
    },
    `9 validation errors detected: ${[
      at("'X'", 'attributeDefinitions.1.member.attributeType', 'satisfy enum value set: [B, N, S]'),
      at('null', 'attributeDefinitions.2.member.attributeType', 'not be null'),
      at('null', 'attributeDefinitions.2.member.attributeName', 'not be null'),
      at("'FREE'", 'billingMode', 'satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]'),
      at('null', 'provisionedThroughput.writeCapacityUnits', 'not be null'),
      at("'0'", 'provisionedThroughput.readCapacityUnits', 'have value greater than or equal to 1'),
      at(
        "'[KeySchemaElement(attributeName=a, keyType=HASH), KeySchemaElement(attributeName=b, keyType=RANGE), " +
          "KeySchemaElement(attributeName=, keyType=NONE)]'",
        'keySchema',
        'have length less than or equal to 2',
      ),
      at("''", 'keySchema.3.member.attributeName', 'have length greater than or equal to 1'),
      at("'NONE'", 'keySchema.3.member.keyType', 'satisfy enum value set: [HASH, RANGE]'),
    ].join('; ')}`,
  );
});

test('no more than ten broken constraints are listed', async () => {
  const { json } = await new ApiClient().send('CreateTable', { ...basic, AttributeDefinitions: Array(40).fill({}) });
  assert.match(String(json.message), /^10 validation errors detected: (Value null at '[^']*' failed [^;]*; ){9}Value[^;]*$/);
});

test('wrong types of CreateTable', async () => {
  const client = new ApiClient();
  const fails = (input: object, message: string) =>
    client.fails('CreateTable', { ...basic, ...input }, 'com.amazon.coral.service#SerializationException', message);
  await fails({ TableName: 1 }, 'NUMBER_VALUE cannot be converted to String');
  await fails({ TableName: 1.5 }, 'DECIMAL_VALUE cannot be converted to String');
  await fails({ TableName: true }, 'TRUE_VALUE cannot be converted to String');
  await fails({ TableName: [] }, 'Unrecognized collection type class java.lang.String');
  await fails({ TableName: {} }, 'Start of structure or map found where not expected');
  await fails({ KeySchema: 'x' }, 'Unexpected field type');
  await fails({ KeySchema: {} }, 'Start of structure or map found where not expected');
  await fails({ KeySchema: ['x'] }, 'Unexpected value type in payload');
  await fails({ KeySchema: [[]] }, 'Unrecognized collection type class com.amazonaws.dynamodb.v20120810.KeySchemaElement');
  await fails({ ProvisionedThroughput: 'x' }, 'Unexpected field type');
  await fails({ ProvisionedThroughput: { ReadCapacityUnits: '1' } }, 'STRING_VALUE cannot be converted to Long');
  await fails({ ProvisionedThroughput: { ReadCapacityUnits: false } }, 'FALSE_VALUE cannot be converted to Long');
});

test('rules of keys and capacity', async () => {
  const client = new ApiClient();
  const refuses = (input: object, message: string) => client.refuses('CreateTable', { ...basic, ...input }, message);
  const throughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
  await refuses(
    { ProvisionedThroughput: throughput },
    `${INVALID}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  );
  const both = `${INVALID}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`;
  await refuses({ BillingMode: 'PROVISIONED' }, both);
  await refuses({ BillingMode: undefined }, both);
  await refuses(
    { BillingMode: undefined, ProvisionedThroughput: { ...throughput, WriteCapacityUnits: 1_000_000_000_001 } },
    'Given value 1000000000001 for WriteCapacityUnits is out of bounds',
  );
  await refuses({ AttributeDefinitions: [] }, 'Invalid KeySchema: Some index key attribute have no definition');
  await refuses(
    { AttributeDefinitions: [definition('a'), definition('b')] },
    `${INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: [a, b]`,
  );
  await refuses({ AttributeDefinitions: [definition('pk'), definition('pk', 'N')] }, 'Attribute Name is duplicated: pk');
  const two = [definition('pk'), definition('sk')];
  await refuses(
    { AttributeDefinitions: two },
    `${INVALID}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
  );
  const keys = (first: [string, string], second: [string, string]) => ({
    AttributeDefinitions: two,
    KeySchema: [element(...first), element(...second)],
  });
  await refuses(keys(['pk', 'HASH'], ['pk', 'RANGE']), 'Both the Hash Key and the Range Key element in the KeySchema have the same name');
  await refuses(keys(['pk', 'RANGE'], ['sk', 'HASH']), 'Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  await refuses(keys(['pk', 'HASH'], ['sk', 'HASH']), 'Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
});

test('what tables do not have yet is refused by name; what asks for nothing is taken', async () => {
  const client = new ApiClient();
  const refused: Readonly<Record<string, unknown>> = {
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    ResourcePolicy: '{}',
    VectorIndexes: [],
    GlobalTableSourceArn: ARN,
  };
  for (const [name, value] of Object.entries(refused)) {
    await client.refuses('CreateTable', { ...basic, [name]: value }, `${name} is not supported by Stator yet`);
  }
  await client.call('CreateTable', {
    ...basic,
    StreamSpecification: { StreamEnabled: false },
    SSESpecification: { Enabled: false, SSEType: null },
    Tags: [],
    DeletionProtectionEnabled: false,
    OnDemandThroughput: {},
    GlobalSecondaryIndexes: null,
  });
});

test('ListTables goes page by page', async () => {
  const client = new ApiClient();
  for (const name of ['bbb', 'aaa', 'A.x', 'ccc']) await client.createTable(name);
  assert.deepEqual(await client.call('ListTables', {}), { TableNames: ['A.x', 'aaa', 'bbb', 'ccc'] });
  assert.deepEqual(await client.call('ListTables', { Limit: 2 }), { TableNames: ['A.x', 'aaa'], LastEvaluatedTableName: 'aaa' });
  assert.deepEqual(await client.call('ListTables', { Limit: 2, ExclusiveStartTableName: 'aaa' }), { TableNames: ['bbb', 'ccc'] });
  assert.deepEqual(await client.call('ListTables', { ExclusiveStartTableName: 'aab' }), { TableNames: ['bbb', 'ccc'] });
  assert.deepEqual(await client.call('ListTables', { ExclusiveStartTableName: 'zzz' }), { TableNames: [] });
  const bad = '89hls;;f;d';
  await client.refuses(
    'ListTables',
    { Limit: 101, ExclusiveStartTableName: bad },
    "2 validation errors detected: Value '101' at 'limit' failed to satisfy constraint: " +
      `Member must have value less than or equal to 100; Value '${bad}' at 'exclusiveStartTableName' failed to satisfy constraint: ` +
      'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+',
  );
});
