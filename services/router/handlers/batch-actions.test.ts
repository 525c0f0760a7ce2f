import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION, signedRequest } from '../../../test/harness/api-client.ts';
import { READ_BYTES_HELD_MAX } from '../../shared/limits/api-limits.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const SERIALIZATION = 'com.amazon.coral.service#SerializationException';
const DUPLICATES = 'Provided list of item keys contains duplicates';
const NO_MATCH = 'The provided key element does not match the schema';

async function clientWithTables(): Promise<ApiClient> {
  const client = new ApiClient();
  await client.createTable('one');
  await client.createTable('two', 'N');
  return client;
}

const put = (pk: string, others: object = {}) => ({ PutRequest: { Item: { pk: { S: pk }, ...others } } });
const remove = (pk: string) => ({ DeleteRequest: { Key: { pk: { S: pk } } } });
const keys = (...names: string[]) => ({ Keys: names.map((pk) => ({ pk: { S: pk } })) });

test('puts and deletes in several tables, then gets', async () => {
  const client = await clientWithTables();
  await client.call('PutItem', { TableName: 'one', Item: { pk: { S: 'old' }, v: { S: 'x'.repeat(3000) } } });
  const written = await client.call('BatchWriteItem', {
    RequestItems: { one: [put('a', { v: { N: '01' } }), remove('old'), remove('absent')], two: [put('b', { sk: { N: '1' } })] },
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(written, {
    UnprocessedItems: {},
    ConsumedCapacity: [
      { TableName: 'one', CapacityUnits: 5 },
      { TableName: 'two', CapacityUnits: 1 },
    ],
  });
  const read = await client.call('BatchGetItem', {
    RequestItems: {
      one: { ...keys('a', 'old'), ConsistentRead: true, ProjectionExpression: '#v', ExpressionAttributeNames: { '#v': 'v' } },
      two: { Keys: [{ sk: { N: '1.0' }, pk: { S: 'b' } }] },
    },
    ReturnConsumedCapacity: 'INDEXES',
  });
  assert.deepEqual(read, {
    Responses: { one: [{ v: { N: '1' } }], two: [{ pk: { S: 'b' }, sk: { N: '1' } }] },
    UnprocessedKeys: {},
    ConsumedCapacity: [
      { TableName: 'one', CapacityUnits: 2, Table: { CapacityUnits: 2 } },
      { TableName: 'two', CapacityUnits: 0.5, Table: { CapacityUnits: 0.5 } },
    ],
  });
});

test('what nobody could take goes back, as it was sent', async () => {
  const client = await clientWithTables();
  const requests = [put('a', { n: { N: '01' } }), remove('b'), put('c')];
  for (const status of ['overloaded', 'unavailable'] as const) {
    client.storage.failures.push({ id: 0, status }, { id: 0, status: 'unknown-outcome' });
    assert.deepEqual(await client.call('BatchWriteItem', { RequestItems: { one: requests } }), {
      UnprocessedItems: { one: requests.slice(0, 2) },
    });
  }
  client.storage.failures.push({ id: 0, status: 'unavailable' });
  const wanted = { ...keys('x', 'c'), ConsistentRead: true, ProjectionExpression: '#p', ExpressionAttributeNames: { '#p': 'pk' } };
  assert.deepEqual(await client.call('BatchGetItem', { RequestItems: { one: wanted } }), {
    Responses: { one: [{ pk: { S: 'c' } }] },
    UnprocessedKeys: { one: { ...wanted, ...keys('x') } },
  });
});

test('a batch of which nothing was carried out is an error', async () => {
  const client = await clientWithTables();
  const failWith = (...statuses: ('overloaded' | 'unavailable' | 'unknown-outcome')[]) => {
    for (const status of statuses) client.storage.failures.push({ id: 0, status });
  };
  const typeOf = async (operation: string, input: object) => String((await client.send(operation, input)).json.__type);
  failWith('overloaded', 'overloaded');
  assert.equal(await typeOf('BatchGetItem', { RequestItems: { one: keys('a', 'b') } }), `${MODEL}ThrottlingException`);
  failWith('overloaded', 'overloaded');
  assert.equal(await typeOf('BatchWriteItem', { RequestItems: { one: [put('a'), put('b')] } }), `${MODEL}ThrottlingException`);
  for (const statuses of [['overloaded', 'unknown-outcome'] as const, ['unavailable', 'unknown-outcome'] as const]) {
    failWith(...statuses);
    assert.equal(await typeOf('BatchWriteItem', { RequestItems: { one: [put('a'), put('b')] } }), `${MODEL}InternalServerError`);
  }
  failWith('overloaded', 'unavailable');
  const outage = 'com.amazon.coral.service#ServiceUnavailable';
  assert.equal(await typeOf('BatchWriteItem', { RequestItems: { one: [put('a'), put('b')] } }), outage);
  failWith('unavailable', 'overloaded');
  assert.equal(await typeOf('BatchGetItem', { RequestItems: { one: keys('a', 'b') } }), outage);
});

test('an answer holds 16 MB of items; the keys of the rest go back', async () => {
  const client = await clientWithTables();
  const size = 409_600;
  const names = Array.from({ length: 45 }, (_, at) => `item${String(at).padStart(2, '0')}`);
  // "pk" and "v" are 3 bytes, the key is 6.
  for (const pk of names) await client.call('PutItem', { TableName: 'one', Item: { pk: { S: pk }, v: { S: 'x'.repeat(size - 9) } } });
  const read = (await client.call('BatchGetItem', { RequestItems: { one: keys(...names) } })) as {
    Responses: { one: unknown[] };
    UnprocessedKeys: { one: { Keys: unknown[] } };
  };
  const fitting = Math.floor((16 * 1024 * 1024) / size);
  assert.equal(read.Responses.one.length, fitting);
  assert.deepEqual(read.UnprocessedKeys, { one: keys(...names.slice(fitting)) });
});

test('keys whose nodes were lost go back unread; when that is all of them the batch fails', async () => {
  const client = await clientWithTables();
  await client.call('PutItem', { TableName: 'one', Item: { pk: { S: 'b' } } });
  const lost = { id: 0, status: 'unknown-outcome' } as const;
  client.storage.failures.push(lost);
  const read = await client.call('BatchGetItem', { RequestItems: { one: keys('a', 'b') } });
  assert.deepEqual(read, { Responses: { one: [{ pk: { S: 'b' } }] }, UnprocessedKeys: { one: keys('a') } });
  client.storage.failures.push(lost, lost);
  assert.equal((await client.send('BatchGetItem', { RequestItems: { one: keys('a', 'b') } })).status, 500);
});

test('items that come when all requests together hold too much are let go of, and their keys go back', async () => {
  const client = await clientWithTables();
  const item = Buffer.from(JSON.stringify({ pk: { S: 'a' }, v: { S: 'x'.repeat(400_000) } }));
  let heldMost = 0;
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  client.storage.execute = async () => {
    await held;
    heldMost = Math.max(heldMost, client.endpoint.heldBytes);
    return { id: 0, status: 'ok', item, oldSize: 400_003 };
  };
  const names = Array.from({ length: 16 }, (_, at) => `item${at}`);
  const body = Buffer.from(JSON.stringify({ RequestItems: { one: keys(...names) } }));
  const batches = Array.from({ length: 60 }, () => client.endpoint.handle(signedRequest('DynamoDB_20120810.BatchGetItem', body)));
  await new Promise((resolve) => setImmediate(resolve));
  release();
  const answers = await Promise.all(batches);
  assert.ok(heldMost <= READ_BYTES_HELD_MAX);
  for (const { status, body: text } of answers) assert.ok(status === 200 || text.includes('#ThrottlingException'));
  assert.ok(answers.some(({ status }) => status === 200));
  assert.equal(client.endpoint.heldBytes, 0);
});

test('no more is read than an answer holds, nor than all requests together may hold', async () => {
  const client = await clientWithTables();
  const item = Buffer.from(JSON.stringify({ pk: { S: 'a' }, v: { S: 'x'.repeat(400_000) } }));
  let reads = 0;
  let heldMost = 0;
  client.storage.execute = async () => {
    reads++;
    heldMost = Math.max(heldMost, client.endpoint.heldBytes);
    return { id: 0, status: 'ok', item, oldSize: 400_003 };
  };
  const names = Array.from({ length: 100 }, (_, at) => `item${at}`);
  const body = Buffer.from(JSON.stringify({ RequestItems: { one: keys(...names) } }));
  const batch = () => client.endpoint.handle(signedRequest('DynamoDB_20120810.BatchGetItem', body));
  assert.equal((await batch()).status, 200);
  assert.ok(reads < 60, `${reads} items of 400 KB read for 16 MB`);
  const answers = await Promise.all(Array.from({ length: 24 }, batch));
  // Where nothing bounds them it is 300 MB and more.
  assert.ok(heldMost <= READ_BYTES_HELD_MAX, `more was asked for with ${heldMost} bytes held`);
  for (const { status, body: text } of answers) assert.ok(status === 200 || text.includes('#ThrottlingException'));
  assert.equal(client.endpoint.heldBytes, 0);
  assert.equal((await batch()).status, 200);
});

test('nothing is written when any part of the batch is wrong', async () => {
  const client = await clientWithTables();
  const refuses = (RequestItems: object, message: string) => client.refuses('BatchWriteItem', { RequestItems }, message);
  await refuses({ one: [put('a'), remove('a')] }, DUPLICATES);
  await refuses({ one: [put('a')], two: [put('a')] }, NO_MATCH);
  await refuses({ one: [put('a'), { PutRequest: { Item: { pk: { N: '1' } } } }] }, NO_MATCH);
  await refuses({ one: [put('a'), { DeleteRequest: { Key: {} } }] }, NO_MATCH);
  await refuses(
    { one: [put('a'), put('b', { v: { SS: [] } })] },
    'One or more parameter values were invalid: An string set  may not be empty',
  );
  await refuses({ one: [put('a'), put('b', { v: { S: 'x'.repeat(409_600) } })] }, 'Item size has exceeded the maximum allowed size');
  await client.fails(
    'BatchWriteItem',
    { RequestItems: { one: [put('a')], absent: [put('a')] } },
    `${MODEL}ResourceNotFoundException`,
    'Requested resource not found',
  );
  assert.equal(client.storage.calls.length, 0);
});

test('the form of BatchWriteItem', async () => {
  const client = await clientWithTables();
  const refuses = (input: object, message: string) => client.refuses('BatchWriteItem', input, message);
  await refuses({}, "1 validation error detected: Value null at 'requestItems' failed to satisfy constraint: Member must not be null");
  await refuses({ RequestItems: {} }, 'The requestItems parameter is required for BatchWriteItem');
  const lengths = '[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]';
  await refuses(
    { RequestItems: { one: [] } },
    "1 validation error detected: Value '{one=[]}' at 'requestItems' failed to satisfy constraint: " +
      `Map value must satisfy constraint: ${lengths}`,
  );
  const many = Array.from({ length: 26 }, (_, at) => put(`item ${at}`));
  const { json } = await client.send('BatchWriteItem', { RequestItems: { one: many } });
  assert.match(
    String(json.message),
    /^1 validation error detected: Value '\{one=\[WriteRequest\(putRequest=PutRequest\(item=\{"pk":\{"S":"item 0"\}\}\)\), .*' at 'request/,
  );
  await refuses(
    { RequestItems: { one: many.slice(0, 20), two: many.slice(0, 6) } },
    'Too many items requested for the BatchWriteItem call',
  );
  await refuses(
    { RequestItems: { 'a b': [put('a')] } },
    `1 validation error detected: Value '{a b=[WriteRequest(putRequest=PutRequest(item={"pk":{"S":"a"}}))]}' at 'requestItems' ` +
      'failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, ' +
      'Member must have length ' +
      'greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]',
  );
  const noItem = "Value null at 'requestItems.one.member.1.member.putRequest.item' failed to satisfy constraint: Member must not be null";
  await refuses({ RequestItems: { one: [{ PutRequest: {} }] } }, `1 validation error detected: ${noItem}`);
  const oneOf = 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes';
  await refuses({ RequestItems: { one: [{}] } }, oneOf);
  await refuses({ RequestItems: { one: [null] } }, oneOf);
  await refuses({ RequestItems: { one: [{ ...put('a'), ...remove('a') }] } }, oneOf);
  const fails = (RequestItems: unknown, message: string) => client.fails('BatchWriteItem', { RequestItems }, SERIALIZATION, message);
  await fails('x', 'Unexpected field type');
  await fails(
    [],
    'Unrecognized collection type java.util.Map<java.lang.String, java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>',
  );
  await fails({ one: {} }, 'Start of structure or map found where not expected');
  await fails({ one: ['x'] }, 'Unexpected value type in payload');
  await fails({ one: [put('a', { v: { S: {} } })] }, 'Start of structure or map found where not expected');
  await fails({ one: 'x' }, /* a text of the service's Java runtime */ PARAMETERIZED);
});

const PARAMETERIZED =
  'class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class ' +
  "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')";

test('the form of BatchGetItem', async () => {
  const client = await clientWithTables();
  const refuses = (RequestItems: object, message: string) => client.refuses('BatchGetItem', { RequestItems }, message);
  await refuses({}, 'The requestItems parameter is required for BatchGetItem');
  const length = (text: string) =>
    `1 validation error detected: Value at 'RequestItems.one.member.Keys' failed to satisfy constraint: Member must have length ${text}`;
  const many = Array.from({ length: 101 }, (_, at) => `item ${at}`);
  await refuses({ one: keys(...many) }, length('less than or equal to 100'));
  await refuses({ one: keys() }, length('greater than or equal to 1'));
  const noKeys = "Value null at 'requestItems.one.member.keys' failed to satisfy constraint: Member must not be null";
  await refuses({ one: {} }, `1 validation error detected: ${noKeys}`);
  await refuses({ one: null }, `1 validation error detected: ${noKeys}`);
  await refuses({ one: keys('a', 'a') }, DUPLICATES);
  await refuses(
    {
      two: {
        Keys: [
          { pk: { S: 'a' }, sk: { N: '1' } },
          { sk: { N: '1.0' }, pk: { S: 'a' } },
        ],
      },
    },
    DUPLICATES,
  );
  await refuses({ one: { Keys: [{ id: { S: 'a' } }] } }, NO_MATCH);
  await refuses(
    { one: keys(...many.slice(0, 60)), two: { Keys: many.slice(0, 41).map((pk) => ({ pk: { S: pk }, sk: { N: '1' } })) } },
    'Too many items requested for the BatchGetItem call',
  );
  await refuses(
    { one: { ...keys('a'), ExpressionAttributeNames: { '#a': 'a' } } },
    'ExpressionAttributeNames can only be specified when using expressions',
  );
  const sorted = { Keys: [{ pk: { S: 'a' }, sk: { N: '1' } }] };
  for (const [one, two] of [
    [{ ProjectionExpression: 'a' }, { AttributesToGet: ['a'] }],
    [{ AttributesToGet: ['a'] }, { ProjectionExpression: 'a' }],
  ]) {
    await refuses(
      { one: { ...keys('a'), ...one }, two: { ...sorted, ...two } },
      'Can not use both expression and non-expression parameters in the same request: ' +
        'Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}',
    );
  }
  await client.call('BatchGetItem', {
    RequestItems: { one: { ...keys('a'), ExpressionAttributeValues: { ':a': { S: 'no member of the model' } } } },
  });
  await client.fails('BatchGetItem', { RequestItems: { one: { Keys: ['x'] } } }, SERIALIZATION, PARAMETERIZED);
  await client.fails(
    'BatchGetItem',
    { RequestItems: { absent: keys('a') } },
    `${MODEL}ResourceNotFoundException`,
    'Requested resource not found',
  );
});

test('a table that is named twice is one table', async () => {
  const client = await clientWithTables();
  const arn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/one`;
  await client.refuses('BatchWriteItem', { RequestItems: { one: [put('a')], [arn]: [remove('a')] } }, DUPLICATES);
  assert.deepEqual(await client.call('BatchWriteItem', { RequestItems: { one: [put('a')], [arn]: [remove('b')] } }), {
    UnprocessedItems: {},
  });
});
