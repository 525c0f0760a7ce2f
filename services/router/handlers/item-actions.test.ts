import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION } from '../../../test/harness/api-client.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const SERIALIZATION = 'com.amazon.coral.service#SerializationException';
const INVALID = 'One or more parameter values were invalid: ';
const NO_MATCH = 'The provided key element does not match the schema';

const ARN_FORM =
  "Valid ARN format is 'arn:<awsPartition>:<vendor>:<region>:<subscriber>:resourceType/resourceName', where Resource name must have " +
  'length less than or equal to 255, Resource name must have length greater than or equal to 3, Resource name must satisfy regular ' +
  'expression pattern: [a-zA-Z0-9_.-]+';

/** A client with the tables `plain` (pk) and `sorted` (pk, sk: number). */
async function clientWithTables(): Promise<ApiClient> {
  const client = new ApiClient();
  await client.createTable('plain');
  await client.createTable('sorted', 'N');
  return client;
}

const plain = (input: object) => ({ TableName: 'plain', ...input });
const key = (pk: string) => ({ Key: { pk: { S: pk } } });
const item = (pk: string, others: object = {}) => ({ Item: { pk: { S: pk }, ...others } });

test('every type goes in and comes out in its canonical form', async () => {
  const client = await clientWithTables();
  const values = {
    string: { S: 'é\u{1F600}' },
    number: { N: '-00012.3400e2' },
    binary: { B: 'AAE=' },
    yes: { BOOL: true },
    nothing: { NULL: true },
    strings: { SS: ['b', 'a'] },
    numbers: { NS: ['10', '9', '1e-1'] },
    binaries: { BS: ['/w==', 'AA=='] },
    list: { L: [{ S: '' }, { L: [] }] },
    map: { M: { 'a.b': { M: {} } } },
  };
  assert.deepEqual(await client.call('PutItem', plain(item('a', values))), {});
  assert.deepEqual(await client.call('GetItem', plain(key('a'))), {
    Item: {
      pk: { S: 'a' },
      ...values,
      number: { N: '-1234' },
      strings: { SS: ['a', 'b'] },
      numbers: { NS: ['0.1', '9', '10'] },
      binaries: { BS: ['AA==', '/w=='] },
    },
  });
  assert.deepEqual(await client.call('GetItem', plain(key('b'))), {});
});

test('old items come back when asked for', async () => {
  const client = await clientWithTables();
  const all = { ReturnValues: 'ALL_OLD' };
  assert.deepEqual(await client.call('PutItem', plain({ ...item('a', { v: { N: '1' } }), ...all })), {});
  assert.deepEqual(await client.call('PutItem', plain({ ...item('a', { v: { N: '2' } }), ...all })), {
    Attributes: { pk: { S: 'a' }, v: { N: '1' } },
  });
  assert.deepEqual(await client.call('PutItem', plain({ ...item('a'), ReturnValues: 'NONE' })), {});
  assert.deepEqual(await client.call('DeleteItem', plain({ ...key('a'), ...all })), { Attributes: { pk: { S: 'a' } } });
  assert.deepEqual(await client.call('DeleteItem', plain({ ...key('a'), ...all })), {});
});

test('UpdateItem returns what was asked for', async () => {
  const client = await clientWithTables();
  const update = (ReturnValues: string) =>
    client.call('UpdateItem', {
      ...plain(key('a')),
      UpdateExpression: 'SET #n = if_not_exists(#n, :zero) + :one REMOVE gone',
      ExpressionAttributeNames: { '#n': 'n' },
      ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' } },
      ReturnValues,
    });
  assert.deepEqual(await update('UPDATED_OLD'), {});
  assert.deepEqual(await update('UPDATED_NEW'), { Attributes: { n: { N: '2' } } });
  assert.deepEqual(await update('UPDATED_OLD'), { Attributes: { n: { N: '2' } } });
  assert.deepEqual(await update('ALL_OLD'), { Attributes: { pk: { S: 'a' }, n: { N: '3' } } });
  assert.deepEqual(await update('ALL_NEW'), { Attributes: { pk: { S: 'a' }, n: { N: '5' } } });
  assert.deepEqual(await update('NONE'), {});
  assert.deepEqual(await client.call('UpdateItem', plain({ ...key('new'), ReturnValues: 'ALL_NEW' })), {
    Attributes: { pk: { S: 'new' } },
  });
});

test('conditions', async () => {
  const client = await clientWithTables();
  const type = `${MODEL}ConditionalCheckFailedException`;
  const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
  await client.call('PutItem', plain({ ...item('a', { v: { N: '1' } }), ...absent }));
  await client.fails('PutItem', plain({ ...item('a'), ...absent }), type, 'The conditional request failed');
  const wrong = {
    ConditionExpression: '#v = :w',
    ExpressionAttributeNames: { '#v': 'v' },
    ExpressionAttributeValues: { ':w': { N: '2' } },
  };
  for (const [operation, input] of [
    ['PutItem', plain({ ...item('a'), ...wrong })],
    ['DeleteItem', plain({ ...key('a'), ...wrong })],
    ['UpdateItem', plain({ ...key('a'), ...wrong })],
  ] as const) {
    assert.deepEqual((await client.send(operation, input)).json, { __type: type, message: 'The conditional request failed' });
    assert.deepEqual((await client.send(operation, { ...input, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).json, {
      __type: type,
      message: 'The conditional request failed',
      Item: { pk: { S: 'a' }, v: { N: '1' } },
    });
  }
  assert.deepEqual(await client.call('GetItem', plain(key('a'))), { Item: { pk: { S: 'a' }, v: { N: '1' } } });
});

test('projections', async () => {
  const client = await clientWithTables();
  await client.call('PutItem', plain(item('a', { m: { M: { x: { N: '1' }, y: { N: '2' } } }, l: { L: [{ S: 'p' }, { S: 'q' }] } })));
  const get = (ProjectionExpression: string, names?: object) =>
    client.call(
      'GetItem',
      plain({ ...key('a'), ProjectionExpression, ...(names === undefined ? {} : { ExpressionAttributeNames: names }) }),
    );
  assert.deepEqual(await get('#m.y, l[1]', { '#m': 'm' }), { Item: { m: { M: { y: { N: '2' } } }, l: { L: [{ S: 'q' }] } } });
  assert.deepEqual(await get('nothing'), { Item: {} });
  const refused = (ProjectionExpression: string, message: string) =>
    client.refuses('GetItem', plain({ ...key('a'), ProjectionExpression }), message);
  await refused('', 'Invalid ProjectionExpression: The expression can not be empty;');
  await refused('pk.a', "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk");
  await refused(
    'm, m.x',
    'Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; ' +
      'path one: [m], path two: [m, x]',
  );
});

test('capacity units', async () => {
  const client = await clientWithTables();
  const units = async (operation: string, input: object) => {
    const total = await client.call(operation, plain({ ...input, ReturnConsumedCapacity: 'TOTAL' }));
    const { TableName, CapacityUnits } = total.ConsumedCapacity as Record<string, unknown>;
    assert.equal(TableName, 'plain');
    return CapacityUnits;
  };
  // "pk" and "a" are three bytes, the name "v" is one.
  const sized = (bytes: number) => item('a', { v: { S: 'x'.repeat(bytes - 4) } });
  assert.equal(await units('GetItem', key('a')), 0.5);
  assert.equal(await units('GetItem', { ...key('a'), ConsistentRead: true }), 1);
  assert.equal(await units('PutItem', sized(1024)), 1);
  assert.equal(await units('PutItem', sized(1025)), 2);
  assert.equal(await units('PutItem', sized(4097)), 5);
  assert.equal(await units('GetItem', key('a')), 1);
  assert.equal(await units('GetItem', { ...key('a'), ConsistentRead: true }), 2);
  assert.equal(await units('PutItem', sized(10)), 5);
  assert.equal(await units('UpdateItem', { ...key('a'), UpdateExpression: 'SET w = v' }), 1);
  assert.equal(await units('PutItem', sized(3000)), 3);
  assert.equal(await units('DeleteItem', key('a')), 3);
  assert.equal(await units('DeleteItem', key('a')), 1);
  const indexes = await client.call('GetItem', plain({ ...key('a'), ReturnConsumedCapacity: 'INDEXES', ConsistentRead: true }));
  assert.deepEqual(indexes, { ConsumedCapacity: { TableName: 'plain', CapacityUnits: 1, Table: { CapacityUnits: 1 } } });
  assert.deepEqual(await client.call('GetItem', plain({ ...key('a'), ReturnConsumedCapacity: 'NONE' })), {});
});

test('keys that do not fit the table', async () => {
  const client = await clientWithTables();
  const sorted = (Key: object) => ({ TableName: 'sorted', Key });
  for (const operation of ['GetItem', 'DeleteItem', 'UpdateItem']) {
    await client.refuses(operation, plain({ Key: {} }), NO_MATCH);
    await client.refuses(operation, plain({ Key: { id: { S: 'a' } } }), NO_MATCH);
    await client.refuses(operation, plain({ Key: { pk: { N: '1' } } }), NO_MATCH);
    await client.refuses(operation, plain({ Key: { pk: { S: 'a' }, sk: { N: '1' } } }), NO_MATCH);
    await client.refuses(operation, sorted({ pk: { S: 'a' } }), NO_MATCH);
    await client.refuses(operation, sorted({ pk: { S: 'a' }, sk: { S: '1' } }), NO_MATCH);
  }
  await client.refuses('PutItem', plain({ Item: {} }), `${INVALID}Missing the key pk in the item`);
  await client.refuses('PutItem', plain({ Item: { pk: { N: '1' } } }), `${INVALID}Type mismatch for key pk expected: S actual: N`);
  await client.refuses('PutItem', { TableName: 'sorted', ...item('a') }, `${INVALID}Missing the key sk in the item`);
  await client.refuses(
    'PutItem',
    plain(item('')),
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
  );
  await client.refuses(
    'PutItem',
    plain(item('x'.repeat(2049))),
    `${INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
  );
});

test('updates that the key, the expression or the item forbids', async () => {
  const client = await clientWithTables();
  const refuses = (UpdateExpression: string, message: string, values?: object) =>
    client.refuses(
      'UpdateItem',
      plain({ ...key('a'), UpdateExpression, ...(values === undefined ? {} : { ExpressionAttributeValues: values }) }),
      message,
    );
  const one = { ':one': { N: '1' } };
  await refuses('SET pk = :one', `${INVALID}Cannot update attribute pk. This attribute is part of the key`, one);
  await refuses('REMOVE pk', `${INVALID}Cannot update attribute pk. This attribute is part of the key`);
  await refuses('SET a = pk.b', "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk");
  await refuses('', 'Invalid UpdateExpression: The expression can not be empty;');
  await refuses('SET n = n + :one', 'The provided expression refers to an attribute that does not exist in the item', one);
  await refuses(
    'SET n = :one',
    'Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :one',
  );
  await client.call('PutItem', plain(item('a', { big: { S: 'x'.repeat(390_000) } })));
  await refuses('SET more = :text', 'Item size to update has exceeded the maximum allowed size', { ':text': { S: 'x'.repeat(20_000) } });
});

test('an item may have 409,600 bytes and not one more', async () => {
  const client = await clientWithTables();
  const sized = (bytes: number) => plain(item('a', { v: { S: 'x'.repeat(bytes - 4) } }));
  await client.call('PutItem', sized(409_600));
  await client.refuses('PutItem', sized(409_601), 'Item size has exceeded the maximum allowed size');
});

test('a wrong type anywhere wins over every other error', async () => {
  const client = await clientWithTables();
  const fails = (input: object, message: string) => client.fails('PutItem', input, SERIALIZATION, message);
  await fails({ Item: { pk: { S: 1 } } }, 'NUMBER_VALUE cannot be converted to String');
  await fails({ Item: { pk: { N: '' }, z: { BOOL: {} } } }, 'Start of structure or map found where not expected');
  await fails(
    { Item: [] },
    'Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>',
  );
  await fails({ Item: 'x' }, 'Unexpected field type');
  await fails(plain({ ...item('a'), Expected: { a: 1 } }), 'Unexpected value type in payload');
  await fails(
    plain({ ...item('a'), ConditionExpression: 'x', ExpressionAttributeValues: { ':a': { L: {} } } }),
    'Start of structure or map found where not expected',
  );
  await fails(plain({ ...item('a'), ExpressionAttributeNames: { '#a': 1 } }), 'NUMBER_VALUE cannot be converted to String');
  await client.fails('GetItem', plain({ ...key('a'), ConsistentRead: 1 }), SERIALIZATION, 'NUMBER_VALUE cannot be converted to Boolean');
  await client.fails('GetItem', plain({ ...key('a'), ConsistentRead: 'x' }), SERIALIZATION, 'Unexpected token received from parser');
  assert.deepEqual(await client.call('GetItem', plain({ ...key('a'), ConsistentRead: 'yes' })), {});
});

test('constraints come together, a wrong table name alone, both before the rules of the request', async () => {
  const client = await clientWithTables();
  const at = (value: string, path: string, text: string) => `Value ${value} at '${path}' failed to satisfy constraint: Member must ${text}`;
  const returns = 'satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]';
  await client.refuses(
    'PutItem',
    { ReturnValues: 'X', ReturnConsumedCapacity: 'Y', ReturnItemCollectionMetrics: 'Z' },
    `5 validation errors detected: ${[
      at("'Y'", 'returnConsumedCapacity', 'satisfy enum value set: [INDEXES, TOTAL, NONE]'),
      at('null', 'tableName', 'not be null'),
      at('null', 'item', 'not be null'),
      at("'X'", 'returnValues', returns),
      at("'Z'", 'returnItemCollectionMetrics', 'satisfy enum value set: [SIZE, NONE]'),
    ].join('; ')}`,
  );
  await client.refuses('PutItem', { Item: item('a').Item }, `1 validation error detected: ${at('null', 'tableName', 'not be null')}`);
  await client.refuses(
    'PutItem',
    { TableName: '', ReturnValues: 'X' },
    `1 validation error detected: ${at("''", 'tableName', 'have length greater than or equal to 1')}`,
  );
  const name = 'bad table!@#';
  await client.refuses(
    'PutItem',
    { TableName: name },
    `1 validation error detected: ${at(`'${name}'`, 'tableName', 'satisfy regular expression pattern: [a-zA-Z0-9_.-]+')}`,
  );
  await client.refuses('PutItem', plain({ ...item('a'), ReturnValues: 'ALL_NEW' }), 'ReturnValues can only be ALL_OLD or NONE');
  await client.refuses('DeleteItem', plain({ ...key('a'), ReturnValues: 'UPDATED_OLD' }), 'ReturnValues can only be ALL_OLD or NONE');
});

test('placeholders', async () => {
  const client = await clientWithTables();
  const refuses = (input: object, message: string) => client.refuses('PutItem', plain({ ...item('a'), ...input }), message);
  await refuses({ ExpressionAttributeNames: { '#a': 'a' } }, 'ExpressionAttributeNames can only be specified when using expressions');
  await refuses(
    { ExpressionAttributeValues: { ':v': { S: 'x' } } },
    'ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null',
  );
  await client.refuses(
    'UpdateItem',
    plain({ ...key('a'), ExpressionAttributeValues: { ':v': { S: 'x' } } }),
    'ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null',
  );
  const condition = { ConditionExpression: 'attribute_exists(a)' };
  await refuses({ ...condition, ExpressionAttributeNames: {} }, 'ExpressionAttributeNames must not be empty');
  await refuses({ ...condition, ExpressionAttributeValues: {} }, 'ExpressionAttributeValues must not be empty');
  const syntax = (field: string, name: string) => `${field} contains invalid key: Syntax error; key: "${name}"`;
  await refuses({ ...condition, ExpressionAttributeNames: { 'a-b': 'a' } }, syntax('ExpressionAttributeNames', 'a-b'));
  await refuses({ ...condition, ExpressionAttributeValues: { v: { S: 'x' } } }, syntax('ExpressionAttributeValues', 'v'));
  await refuses(
    { ...condition, ExpressionAttributeNames: { '#a': '' } },
    'ExpressionAttributeNames contains invalid value: Empty attribute name for key #a',
  );
  await refuses(
    { ...condition, ExpressionAttributeNames: { '#a': 'a\ud800' } },
    'ExpressionAttributeNames contains invalid value: Attribute name has a surrogate without its pair for key #a',
  );
  await refuses(
    { ...condition, ExpressionAttributeNames: { '#a': 'é'.repeat(32_768) } },
    'ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key #a',
  );
  await refuses(
    { ...condition, ExpressionAttributeValues: { ':a': { N: '1' }, ':b': { N: 'x' } } },
    'ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :b',
  );
  const unused = (field: string, names: string) => `Value provided in ${field} unused in expressions: keys: {${names}}`;
  await refuses({ ...condition, ExpressionAttributeNames: { '#a': 'a', '#b': 'b' } }, unused('ExpressionAttributeNames', '#a, #b'));
  await refuses({ ...condition, ExpressionAttributeValues: { ':c': { N: '1' } } }, unused('ExpressionAttributeValues', ':c'));
  const large = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`:v${at}`, { S: 'x'.repeat(100_000) }]));
  await refuses(
    { ...condition, ExpressionAttributeValues: large(20) },
    unused('ExpressionAttributeValues', Object.keys(large(20)).join(', ')),
  );
  await refuses({ ...condition, ExpressionAttributeValues: large(21) }, 'ExpressionAttributeValues exceeds max size');
  await refuses(
    { ...condition, ExpressionAttributeNames: { '#a': 'x'.repeat(2 * 1024 * 1024) } },
    'ExpressionAttributeNames exceeds max size',
  );
  // 2 MB to the byte: `:a` and `#a` count two bytes each, names and values are added up.
  const value = (length: number) => ({ ExpressionAttributeValues: { ':a': { S: 'x'.repeat(length) } } });
  const megabytes = 2 * 1024 * 1024;
  await refuses({ ...condition, ...value(megabytes - 2) }, unused('ExpressionAttributeValues', ':a'));
  await refuses({ ...condition, ...value(megabytes - 1) }, 'ExpressionAttributeValues exceeds max size');
  const name = { ExpressionAttributeNames: { '#a': 'é' } };
  await refuses({ ...condition, ...name, ...value(megabytes - 6) }, unused('ExpressionAttributeNames', '#a'));
  await refuses(
    { ...condition, ...name, ...value(megabytes - 5) },
    'Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size',
  );
  const long = (sign: string, length: number) => sign + 'x'.repeat(length - 1);
  const tooLong = (field: string) => `${field} contains invalid key: The expression attribute map contains a key that is too long;`;
  await refuses({ ...condition, ExpressionAttributeNames: { [long('#', 255)]: 'a' } }, unused('ExpressionAttributeNames', long('#', 255)));
  await refuses(
    { ...condition, ExpressionAttributeNames: { [long('#', 256)]: 'a' } },
    `${tooLong('ExpressionAttributeNames')} size of key: 256`,
  );
  await refuses(
    { ...condition, ExpressionAttributeNames: { ['é'.repeat(128)]: 'a' } },
    `${tooLong('ExpressionAttributeNames')} size of key: 256`,
  );
  await refuses(
    { ...condition, ExpressionAttributeValues: { [long(':', 255)]: { S: '' } } },
    unused('ExpressionAttributeValues', long(':', 255)),
  );
  await refuses({ ...condition, ExpressionAttributeValues: { [long(':', 256)]: { S: '' } } }, tooLong('ExpressionAttributeValues'));
  const both = { UpdateExpression: 'SET #a = :a', ConditionExpression: '#b = :b' };
  await client.call('UpdateItem', {
    ...plain(key('new')),
    ...both,
    ConditionExpression: 'attribute_not_exists(#b) OR #b = :b',
    ExpressionAttributeNames: { '#a': 'a', '#b': 'b' },
    ExpressionAttributeValues: { ':a': { N: '1' }, ':b': { N: '2' } },
  });
});

test('the two forms of parameters do not mix', async () => {
  const client = await clientWithTables();
  const mixed = 'Can not use both expression and non-expression parameters in the same request: ';
  await client.refuses(
    'PutItem',
    plain({ ...item('a'), Expected: { a: { Exists: false } }, ConditionExpression: 'attribute_exists(a)' }),
    `${mixed}Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}`,
  );
  await client.refuses(
    'UpdateItem',
    plain({ ...key('a'), AttributeUpdates: {}, UpdateExpression: 'REMOVE a' }),
    `${mixed}Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}`,
  );
  assert.deepEqual(await client.call('PutItem', plain({ ...item('a'), ReturnItemCollectionMetrics: 'SIZE' })), {});
});

test('a member that an operation does not have means nothing', async () => {
  const client = await clientWithTables();
  const values = { ExpressionAttributeValues: { ':a': { S: 'a' } } };
  assert.deepEqual(await client.call('GetItem', plain({ ...key('a'), ...values })), {});
  assert.deepEqual(await client.call('GetItem', plain({ ...key('a'), ...values, ProjectionExpression: 'a' })), {});
  assert.deepEqual(await client.call('PutItem', plain({ ...item('b'), UpdateExpression: 'SET' })), {});
});

test('tables that are not there, not ready, or elsewhere', async () => {
  const client = await clientWithTables();
  const type = `${MODEL}ResourceNotFoundException`;
  const message = 'Requested resource not found';
  for (const [operation, input] of [
    ['PutItem', item('a')],
    ['GetItem', key('a')],
    ['DeleteItem', key('a')],
    ['UpdateItem', key('a')],
  ] as const) {
    await client.fails(operation, { TableName: 'absent', ...input }, type, message);
    await client.fails(operation, { TableName: 'ab', ...input }, type, message);
    const foreign = `arn:aws:dynamodb:${REGION}:000000000001:table/plain`;
    const denial =
      `User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: dynamodb:${operation} on resource: ${foreign} ` +
      `because no resource-based policy allows the dynamodb:${operation} action`;
    await client.fails(operation, { TableName: foreign, ...input }, 'com.amazon.coral.service#AccessDeniedException', denial);
    const elsewhere = `arn:aws:dynamodb:mars-1:${ACCOUNT}:table/plain`;
    await client.refuses(
      operation,
      { TableName: elsewhere, ...input },
      `1 validation error detected: Invalid AWS region in '${elsewhere}'`,
    );
    for (const [arn, text] of [
      [`arn:aws-cn:dynamodb:${REGION}:${ACCOUNT}:table/plain`, 'Invalid AWS partition in'],
      [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:global-table/plain`, 'Invalid resource type in'],
    ] as const) {
      await client.refuses(operation, { TableName: arn, ...input }, `1 validation error detected: ${text} '${arn}'`);
    }
    for (const [arn, rule] of [
      [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/ab`, 'Table name of ARN must have length greater than or equal to 3'],
      [`arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/plain/index/i`, ARN_FORM],
      ['arn:aws:s3:::bucket', ARN_FORM],
    ] as const) {
      const text = `1 validation error detected: Value '${arn}' at 'tableName' failed to satisfy constraint: ${rule}`;
      await client.refuses(operation, { TableName: arn, ...input }, text);
    }
    await client.call(operation, { TableName: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/plain`, ...input });
  }
  client.storage.hidden.add('plain');
  await client.call('GetItem', plain(key('a')));
  client.storage.setStatus(ACCOUNT, 'plain', 'CREATING');
  await client.fails('GetItem', plain(key('a')), type, message);
});

test('GetItem passes consistency on, and every write its condition and numbers as they were sent', async () => {
  const client = await clientWithTables();
  await client.call('GetItem', plain(key('a')));
  await client.call('GetItem', plain({ ...key('a'), ConsistentRead: true }));
  assert.deepEqual(
    client.storage.calls.map((call) => 'consistent' in call && call.consistent),
    [false, true],
  );
});
