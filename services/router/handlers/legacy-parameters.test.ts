import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient, REGION } from '../../../test/harness/api-client.ts';

const FAILED = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
const SERIALIZATION = 'com.amazon.coral.service#SerializationException';
const INVALID = 'One or more parameter values were invalid: ';
const MIXED = 'Can not use both expression and non-expression parameters in the same request: ';

/** A client with the tables `plain` (pk) and `sorted` (pk, sk: number), and ten items in partition `p` of the latter. */
async function clientWithTables(): Promise<ApiClient> {
  const client = new ApiClient();
  await client.createTable('plain');
  await client.createTable('sorted', 'N');
  for (let sk = 0; sk < 10; sk++) {
    const parity = { S: sk % 2 === 0 ? 'even' : 'odd' };
    await client.call('PutItem', { TableName: 'sorted', Item: { pk: { S: 'p' }, sk: { N: String(sk) }, parity } });
  }
  return client;
}

const plain = (input: object) => ({ TableName: 'plain', ...input });
const key = { Key: { pk: { S: 'a' } } };
const list = (...values: object[]) => ({ AttributeValueList: values });
const isP = { pk: { ComparisonOperator: 'EQ', ...list({ S: 'p' }) } };

test('Expected is a condition, and ConditionalOperator joins its parts', async () => {
  const client = await clientWithTables();
  const write = (Expected: object, others: object = {}) =>
    client.send('PutItem', plain({ Item: { pk: { S: 'a' }, n: { N: '1' }, t: { S: 'text' } }, Expected, ...others }));
  assert.equal((await write({ pk: { Exists: false } })).status, 200);
  const refused = await write({ pk: { Exists: 'no' } }, { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  assert.deepEqual(refused.json, {
    __type: FAILED,
    message: 'The conditional request failed',
    Item: { pk: { S: 'a' }, n: { N: '1' }, t: { S: 'text' } },
  });
  assert.equal((await write({ n: { Value: { N: '1.0' } } })).status, 200);
  assert.equal((await write({ n: { Value: { N: '2' }, Exists: true } })).json.__type, FAILED);
  const one = { n: { ComparisonOperator: 'GT', ...list({ N: '5' }) }, t: { ComparisonOperator: 'BEGINS_WITH', Value: { S: 'te' } } };
  assert.equal((await write(one)).json.__type, FAILED);
  assert.equal((await write(one, { ConditionalOperator: 'OR' })).status, 200);
  assert.equal((await write(one, { ConditionalOperator: 'AND' })).json.__type, FAILED);
  assert.equal((await write({})).status, 200);
  await client.fails(
    'DeleteItem',
    plain({ ...key, Expected: { n: { ComparisonOperator: 'NULL' } } }),
    FAILED,
    'The conditional request failed',
  );
  await client.call('DeleteItem', plain({ ...key, Expected: { n: { ComparisonOperator: 'NOT_NULL' } } }));
  assert.deepEqual(await client.call('GetItem', plain(key)), {});
});

test('AttributeUpdates and Expected in one request', async () => {
  const client = await clientWithTables();
  const update = (input: object) => client.call('UpdateItem', plain({ ...key, ...input }));
  const changed = await update({
    AttributeUpdates: { n: { Action: 'ADD', Value: { N: '2' } }, t: { Value: { S: 'put is the default' } } },
    Expected: { pk: { Exists: false } },
    ReturnValues: 'ALL_NEW',
  });
  assert.deepEqual(changed, { Attributes: { pk: { S: 'a' }, n: { N: '2' }, t: { S: 'put is the default' } } });
  const updated = await update({
    AttributeUpdates: { n: { Action: 'ADD', Value: { N: '-5' } }, t: { Action: 'DELETE' } },
    ReturnValues: 'UPDATED_NEW',
  });
  assert.deepEqual(updated, { Attributes: { n: { N: '-3' } } });
  assert.deepEqual(await update({ AttributeUpdates: {}, ReturnValues: 'ALL_OLD' }), { Attributes: { pk: { S: 'a' }, n: { N: '-3' } } });
  await client.refuses(
    'UpdateItem',
    plain({ ...key, AttributeUpdates: { n: { Action: 'ADD', Value: { SS: ['x'] } } } }),
    'Type mismatch for attribute to update',
  );
  await client.refuses(
    'UpdateItem',
    plain({ ...key, AttributeUpdates: { pk: { Value: { S: 'b' } } } }),
    `${INVALID}Cannot update attribute pk. This attribute is part of the key`,
  );
});

test('an update that only deletes makes no item, in either form', async () => {
  const client = await clientWithTables();
  await client.call('UpdateItem', plain({ ...key, AttributeUpdates: { n: { Action: 'DELETE' } } }));
  await client.call('UpdateItem', plain({ ...key, UpdateExpression: 'REMOVE n' }));
  assert.deepEqual(await client.call('GetItem', plain(key)), {});
  await client.call('UpdateItem', plain({ ...key, AttributeUpdates: {} }));
  assert.deepEqual(await client.call('GetItem', plain(key)), { Item: { pk: { S: 'a' } } });
});

test('AttributesToGet is a projection, of top-level names whatever they hold', async () => {
  const client = await clientWithTables();
  await client.call('PutItem', plain({ Item: { pk: { S: 'a' }, 'a.b[0]': { N: '1' }, size: { N: '2' } } }));
  const get = { AttributesToGet: ['a.b[0]', 'size', 'nothing'] };
  const expected = { 'a.b[0]': { N: '1' }, size: { N: '2' } };
  assert.deepEqual(await client.call('GetItem', plain({ ...key, ...get })), { Item: expected });
  assert.deepEqual((await client.call('Scan', plain(get))).Items, [expected]);
  const batch = { RequestItems: { plain: { Keys: [key.Key], ...get } } };
  assert.deepEqual(await client.call('BatchGetItem', batch), { Responses: { plain: [expected] }, UnprocessedKeys: {} });
  client.storage.failures.push({ id: 0, status: 'overloaded' });
  const both = { RequestItems: { plain: { Keys: [key.Key, { pk: { S: 'b' } }], ...get } } };
  assert.deepEqual((await client.call('BatchGetItem', both)).UnprocessedKeys, { plain: { Keys: [key.Key], ...get } });
  await client.refuses(
    'GetItem',
    plain({ ...key, AttributesToGet: ['x', null] }),
    "1 validation error detected: Value '[x, null]' at 'attributesToGet' failed to satisfy constraint: " +
      'Member must satisfy constraint: [Member must not be null]',
  );
  await client.refuses('GetItem', plain({ ...key, AttributesToGet: ['x', 'y', 'x'] }), `${INVALID}Duplicate value in attribute name: x`);
  await client.refuses(
    'GetItem',
    plain({ ...key, AttributesToGet: [] }),
    "1 validation error detected: Value '[]' at 'attributesToGet' failed to satisfy constraint: " +
      'Member must have length greater than or equal to 1',
  );
});

test('KeyConditions and QueryFilter', async () => {
  const client = await clientWithTables();
  const query = async (input: object) => {
    const { Items } = await client.call('Query', { TableName: 'sorted', ...input });
    return (Items as { sk: { N: string } }[]).map(({ sk }) => Number(sk.N));
  };
  const on = (ComparisonOperator: string, ...values: string[]) => ({
    KeyConditions: { ...isP, sk: { ComparisonOperator, ...list(...values.map((N) => ({ N }))) } },
  });
  assert.deepEqual(await query({ KeyConditions: isP }), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(await query({ ...on('EQ', '4') }), [4]);
  assert.deepEqual(await query({ ...on('LT', '2'), ScanIndexForward: false }), [1, 0]);
  assert.deepEqual(await query({ ...on('LE', '2') }), [0, 1, 2]);
  assert.deepEqual(await query({ ...on('GT', '7') }), [8, 9]);
  assert.deepEqual(await query({ ...on('GE', '7') }), [7, 8, 9]);
  assert.deepEqual(await query({ ...on('BETWEEN', '3', '5') }), [3, 4, 5]);
  const odd = { QueryFilter: { parity: { ComparisonOperator: 'EQ', ...list({ S: 'odd' }) } } };
  assert.deepEqual(await query({ KeyConditions: isP, ...odd }), [1, 3, 5, 7, 9]);
  const filter = { FilterExpression: 'parity = :odd', ExpressionAttributeValues: { ':odd': { S: 'odd' } }, ProjectionExpression: 'sk' };
  assert.deepEqual(await query({ ...on('LT', '4'), ...filter }), [1, 3]);
  const selected = { Select: 'COUNT', KeyConditions: isP, ...odd };
  assert.deepEqual(await client.call('Query', { TableName: 'sorted', ...selected }), { Count: 5, ScannedCount: 10 });
});

test('refusals of KeyConditions and of filters', async () => {
  const client = await clientWithTables();
  const refuses = (input: object, message: string) => client.refuses('Query', { TableName: 'sorted', ...input }, message);
  const conditions = (others: object, hash: object = isP) => ({ KeyConditions: { ...hash, ...others } });
  const one = (ComparisonOperator: string, ...values: object[]) => ({ ComparisonOperator, ...list(...values) });
  await refuses({ KeyConditions: {} }, 'Conditions can be of length 1 or 2 only');
  await refuses(conditions({ a: one('NULL'), b: one('NULL') }), 'Conditions can be of length 1 or 2 only');
  await refuses(conditions({ a: one('EQ', { N: '1' }) }), 'Query condition missed key schema element: sk');
  await refuses(conditions({ sk: one('EQ', { N: '1' }) }, {}), 'Query condition missed key schema element: pk');
  await refuses(conditions({ sk: one('NE', { N: '1' }) }), 'Attempted conditional constraint is not an indexable operation');
  await refuses(conditions({ sk: one('EQ', { S: '1' }) }), `${INVALID}Condition parameter type does not match schema type`);
  await refuses(conditions({}, { pk: one('GT', { S: 'p' }) }), 'Query key condition not supported');
  await client.refuses('Query', plain(conditions({ sk: one('EQ', { N: '1' }) })), 'Query key condition not supported');
  await refuses(
    { KeyConditions: isP, QueryFilter: { sk: one('EQ', { N: '1' }) } },
    'QueryFilter can only contain non-primary key attributes: Primary key attribute: sk',
  );
  await refuses({ KeyConditions: { pk: {} } }, notNull('keyConditions.pk.member.comparisonOperator'));
  await client.refuses('Scan', plain({ ScanFilter: { a: list() } }), notNull('scanFilter.a.member.comparisonOperator'));
  const scan = (filter: object, message: string) => client.refuses('Scan', plain({ ScanFilter: { a: filter } }), message);
  await scan(one('EQ'), `${INVALID}Invalid number of argument(s) for the EQ ComparisonOperator`);
  await scan(one('IN'), `${INVALID}Invalid number of argument(s) for the IN ComparisonOperator`);
  await scan(one('NOT_NULL', { N: '1' }), `${INVALID}Invalid number of argument(s) for the NOT_NULL ComparisonOperator`);
  await scan(one('BETWEEN', { N: '1' }, { S: '1' }), `${INVALID}AttributeValues inside AttributeValueList must be of same type`);
  await scan(one('LT', { BOOL: true }), `${INVALID}ComparisonOperator LT is not valid for BOOL AttributeValue type`);
  await scan(one('BEGINS_WITH', { N: '1' }), `${INVALID}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type`);
  await scan(
    one('BETWEEN', { N: '10' }, { N: '9' }),
    'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
  );
  await scan(one('EQ', { N: 'x' }), 'The parameter cannot be converted to a numeric value: x');
});

test('refusals of Expected, AttributeUpdates and ConditionalOperator', async () => {
  const client = await clientWithTables();
  const expected = (a: object, message: string) => client.refuses('DeleteItem', plain({ ...key, Expected: { a } }), message);
  const v = { Value: { S: 'x' } };
  await expected({ ...v, ...list() }, `${INVALID}Value and AttributeValueList cannot be used together for Attribute: a`);
  await expected(list({ S: 'x' }), `${INVALID}AttributeValueList can only be used with a ComparisonOperator for Attribute: a`);
  await expected({}, `${INVALID}Value must be provided when Exists is null for Attribute: a`);
  await expected({ Exists: true }, `${INVALID}Value must be provided when Exists is true for Attribute: a`);
  await expected({ Exists: false, ...v }, `${INVALID}Value cannot be used when Exists is false for Attribute: a`);
  await expected(
    { Exists: true, ComparisonOperator: 'EQ', ...v },
    `${INVALID}Exists and ComparisonOperator cannot be used together for Attribute: a`,
  );
  await expected(
    { ComparisonOperator: 'LE' },
    `${INVALID}Value or AttributeValueList must be used with ComparisonOperator: LE for Attribute: a`,
  );
  const update = (a: object, message: string) => client.refuses('UpdateItem', plain({ ...key, AttributeUpdates: { a } }), message);
  await update({}, `${INVALID}Only DELETE action is allowed when no attribute value is specified`);
  await update({ Action: 'DELETE', ...v }, `${INVALID}DELETE action with value is not supported for the type S`);
  await update({ Action: 'ADD', ...v }, `${INVALID}ADD action is not supported for the type S`);
  await update({ Value: {} }, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  const operator = { ConditionalOperator: 'OR' };
  const alone = 'ConditionalOperator cannot be used without Filter or Expected';
  await client.refuses('PutItem', plain({ Item: key.Key, ...operator }), alone);
  await client.refuses('Scan', plain(operator), alone);
  await client.refuses(
    'UpdateItem',
    plain({ ...key, ...operator, Expected: { a: v } }),
    'ConditionalOperator can only be used when Filter or Expected has two or more elements',
  );
});

test('the values of older parameters have the bound of those of expressions', async () => {
  const client = await clientWithTables();
  const big = { S: 'x'.repeat(1024 * 1024) };
  const Expected = { a: { Value: big }, b: { Value: big } };
  const text = 'The values of the conditions and updates are larger than 2097152 bytes together';
  await client.refuses('DeleteItem', plain({ ...key, Expected }), text);
  await client.refuses('UpdateItem', plain({ ...key, AttributeUpdates: Expected }), text);
});

test('names in AttributeUpdates are names as in any item', async () => {
  const client = await clientWithTables();
  const refuses = (name: string, message: string) =>
    client.refuses('UpdateItem', plain({ ...key, AttributeUpdates: { [name]: { Value: { N: '1' } } } }), message);
  await refuses('', `${INVALID}Attribute name must not be empty`);
  await refuses('x'.repeat(65536), 'Attribute name is too large, must be less than 65536 bytes');
  await refuses('\ud800', `${INVALID}Attribute name has a surrogate without its pair and cannot be encoded as UTF-8`);
  await client.call('UpdateItem', plain({ ...key, AttributeUpdates: { ['x'.repeat(65535)]: { Value: { N: '1' } } } }));
});

test('forms that do not mix, and types of fields', async () => {
  const client = await clientWithTables();
  const mixed = (operation: string, input: object, older: string, newer: string) =>
    client.refuses(
      operation,
      { TableName: 'sorted', ...input },
      `${MIXED}Non-expression parameters: {${older}} Expression parameters: {${newer}}`,
    );
  const expression = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p' } } };
  await mixed('Query', { ...expression, KeyConditions: isP }, 'KeyConditions', 'KeyConditionExpression');
  await mixed(
    'Query',
    { ...expression, QueryFilter: {}, AttributesToGet: ['a'] },
    'AttributesToGet, QueryFilter',
    'KeyConditionExpression',
  );
  await mixed('Query', { KeyConditions: isP, QueryFilter: {}, FilterExpression: 'a = a' }, 'QueryFilter', 'FilterExpression');
  await mixed('Scan', { ScanFilter: {}, ProjectionExpression: 'a' }, 'ScanFilter', 'ProjectionExpression');
  await mixed(
    'PutItem',
    { Item: {}, ConditionalOperator: 'OR', ConditionExpression: 'a = a' },
    'ConditionalOperator',
    'ConditionExpression',
  );
  const fails = (input: object, message: string) => client.fails('UpdateItem', plain({ ...key, ...input }), SERIALIZATION, message);
  await fails(
    { AttributeUpdates: [] },
    'Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValueUpdate>',
  );
  await fails({ Expected: { a: 'x' } }, 'Unexpected value type in payload');
  await fails({ Expected: { a: { Value: 'x' } } }, 'Unexpected field type');
  await fails({ Expected: { a: list('x' as unknown as object) } }, 'Unexpected value type in payload');
  await fails({ Expected: { a: { Value: { S: 1 } } } }, 'NUMBER_VALUE cannot be converted to String');
  // A wrong type wins over every other mistake, wherever it is.
  await fails({ Expected: { a: { Exists: true }, b: { Value: { S: [] } } } }, 'Unrecognized collection type class java.lang.String');
});

test('a table named by its ARN is called so in answers', async () => {
  const client = await clientWithTables();
  const TableName = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/plain`;
  const capacity = { ConsumedCapacity: { TableName, CapacityUnits: 1 } };
  assert.deepEqual(await client.call('PutItem', { TableName, Item: key.Key, ReturnConsumedCapacity: 'TOTAL' }), capacity);
  assert.deepEqual((await client.call('Scan', { TableName, ReturnConsumedCapacity: 'TOTAL' })).ConsumedCapacity, {
    TableName,
    CapacityUnits: 0.5,
  });
});

function notNull(path: string): string {
  return `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`;
}
