import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, gunzipSync, gzipSync } from 'node:zlib';
import { ACCOUNT, ApiClient, authorization, httpHeaders, NOW_DATE, REGION, signedRequest } from '../../../test/harness/api-client.ts';
import { BODY_BYTES_MAX } from '../../shared/limits/api-limits.ts';
import { nodeCompression } from '../../shared/platform/compression.ts';
import type { HttpRequest, HttpResponse } from '../../shared/env/http.ts';

const LIST_TABLES = 'DynamoDB_20120810.ListTables';
const VALIDATION = 'com.amazon.coral.validate#ValidationException';
const SERIALIZATION = 'com.amazon.coral.service#SerializationException';

function withHeaders(request: HttpRequest, list: readonly (readonly [string, string])[]): HttpRequest {
  return { ...request, headers: httpHeaders(list) };
}

async function answerTo(request: HttpRequest, client = new ApiClient()): Promise<HttpResponse & { text: string }> {
  const response = await client.endpoint.handle(request);
  assert.match(response.headers['x-amzn-RequestId'] ?? '', /^[A-Z0-9]{52}$/);
  assert.equal(response.headers['x-amz-crc32'], String(crc32(response.body)));
  return { ...response, text: response.body.toString() };
}

const plain: HttpRequest = { method: 'POST', path: '/', headers: httpHeaders([['Host', 'any.host']]), body: Buffer.alloc(0) };

test('GET answers the health text', async () => {
  const answer = await answerTo({ ...plain, method: 'GET', path: '/anything' });
  assert.deepEqual([answer.status, answer.text], [200, `healthy: dynamodb.${REGION}.amazonaws.com `]);
});

test('a browser may send requests from any site', async () => {
  const { endpoint } = new ApiClient();
  const asked = [
    ['Origin', 'https://example.org'],
    ['Access-Control-Request-Method', 'POST'],
    ['Access-Control-Request-Headers', 'authorization,x-amz-target'],
  ] as const;
  const { status, headers, body } = await endpoint.handle({ ...plain, method: 'OPTIONS', headers: httpHeaders(asked) });
  const { 'x-amzn-RequestId': id, ...others } = headers;
  assert.match(id ?? '', /^[A-Z0-9]{52}$/);
  assert.deepEqual([status, body.length], [200, 0]);
  assert.deepEqual(others, {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'authorization,x-amz-target',
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Max-Age': '172800',
  });
  const origin = asked.slice(0, 1);
  for (const [request, expected] of [
    [{ ...plain, method: 'GET' }, 200],
    [{ ...plain, method: 'PUT' }, 404],
    [plain, 400],
  ] as const) {
    const answer = await answerTo(withHeaders(request, origin));
    assert.deepEqual([answer.status, answer.headers['Access-Control-Allow-Origin']], [expected, '*']);
    assert.equal('Access-Control-Allow-Origin' in (await answerTo(request)).headers, false);
  }
  const unasked = await answerTo({ ...plain, method: 'OPTIONS' });
  assert.equal(unasked.status, 404, 'without an origin it is no question of a browser');
});

test('what is not a POST of JSON to / is no operation at all', async () => {
  const signed = signedRequest(LIST_TABLES, Buffer.from('{}'));
  const typed = (type: string) =>
    withHeaders(signed, [
      ['Host', 'x'],
      ['Content-Type', type],
    ]);
  for (const request of [
    { ...plain, method: 'PUT' },
    { ...signed, method: 'DELETE' },
    { ...signed, path: '/other' },
    typed('text/plain'),
    { ...plain, body: Buffer.from('{}') },
  ]) {
    const answer = await answerTo(request);
    assert.deepEqual([answer.status, answer.text], [404, '<UnknownOperationException/>\n']);
  }
});

test('both JSON types are taken and given back', async () => {
  const body = Buffer.from('{}');
  for (const [type, answered] of [
    ['application/json', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/x-amz-json-1.0', 'application/x-amz-json-1.0'],
    ['Application/X-Amz-Json-1.0; charset=utf-8', 'application/x-amz-json-1.0'],
    ['APPLICATION/JSON ', 'application/json'],
  ] as const) {
    const list = [
      ['Host', 'x'],
      ['Content-Type', type],
      ['X-Amz-Date', NOW_DATE],
      ['X-Amz-Target', LIST_TABLES],
    ] as const;
    const answer = await answerTo({ ...plain, body, headers: httpHeaders([...list, ['Authorization', authorization(list, body)]]) });
    assert.deepEqual([answer.status, answer.headers['Content-Type'], answer.text], [200, answered, '{"TableNames":[]}']);
  }
});

test('the target comes before the signature, the signature before the body', async () => {
  for (const target of [
    '',
    'ListTables',
    'DynamoDB_20120810.',
    'DynamoDB_20120810.Nothing',
    'DynamoDB_20111205.ListTables',
    'DynamoDB_20120810.ListStreams',
    'DynamoDB_20120810.__proto__',
  ]) {
    const answer = await answerTo(signedRequest(target, Buffer.from('no JSON')));
    assert.deepEqual([answer.status, answer.text], [400, '{"__type":"com.amazon.coral.service#UnknownOperationException"}'], target);
  }
  const unsigned = withHeaders(signedRequest(LIST_TABLES, Buffer.from('no JSON')), [
    ['Content-Type', 'application/x-amz-json-1.0'],
    ['X-Amz-Target', LIST_TABLES],
  ]);
  assert.match((await answerTo(unsigned)).text, /MissingAuthenticationTokenException/);
  assert.equal((await answerTo(signedRequest(LIST_TABLES, Buffer.from('no JSON')))).text, `{"__type":"${SERIALIZATION}"}`);
  assert.equal((await answerTo(signedRequest(LIST_TABLES, Buffer.alloc(0)))).text, `{"__type":"${SERIALIZATION}"}`);
});

test('operations that are not built yet are refused by name', async () => {
  const client = new ApiClient();
  for (const operation of ['TransactWriteItems', 'ExecuteStatement', 'PutResourcePolicy', 'CreateBackup', 'SearchVectors']) {
    await client.refuses(operation, {}, `${operation} is not supported by Stator yet`);
  }
  const stream = await answerTo(signedRequest('DynamoDBStreams_20120810.GetRecords', Buffer.from('{}')), client);
  assert.equal(stream.text, `{"__type":"${VALIDATION}","message":"GetRecords is not supported by Stator yet"}`);
});

test('a request id is never given twice', async () => {
  const client = new ApiClient();
  const ids = new Set<string>();
  for (let count = 0; count < 300; count++) ids.add((await client.send('ListTables', {})).headers['x-amzn-RequestId'] as string);
  assert.equal(ids.size, 300);
});

test('accounts do not see each other’s tables', async () => {
  const credentials = (id: string) => ({ secret: `secret of ${id}`, account: id === 'one' ? ACCOUNT : '999999999999' });
  const client = new ApiClient({ credentials });
  const as = async (accessKeyId: string, operation: string, input: object) =>
    (
      await answerTo(
        signedRequest(`DynamoDB_20120810.${operation}`, Buffer.from(JSON.stringify(input)), {
          accessKeyId,
          secret: `secret of ${accessKeyId}`,
        }),
        client,
      )
    ).text;
  const table = {
    TableName: 'mine',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  };
  assert.match(await as('one', 'CreateTable', table), /arn:aws:dynamodb:eu-test-1:123456789012:table\/mine/);
  assert.equal(await as('one', 'ListTables', {}), '{"TableNames":["mine"]}');
  assert.equal(await as('two', 'ListTables', {}), '{"TableNames":[]}');
  assert.match(await as('two', 'GetItem', { TableName: 'mine', Key: { pk: { S: 'a' } } }), /ResourceNotFoundException/);
  const foreign = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/mine`;
  assert.match(
    await as('two', 'GetItem', { TableName: foreign, Key: { pk: { S: 'a' } } }),
    /AccessDeniedException.*no resource-based policy/,
  );
  assert.equal(await as('one', 'GetItem', { TableName: foreign, Key: { pk: { S: 'a' } } }), '{}');
});

test('hostile JSON is refused and harms nobody', async () => {
  const client = new ApiClient();
  await client.createTable('tab');
  const put = (item: string) => client.sendBytes('PutItem', Buffer.from(`{"TableName":"tab","Item":${item}}`));
  const refused = async (item: string, type: string, message: RegExp) => {
    const { json } = await put(item);
    assert.equal(json.__type, type, item.slice(0, 100));
    assert.match(String(json.message ?? json.Message), message, item.slice(0, 100));
  };
  const levels = (count: number) => `{"pk":{"S":"a"},"v":${'{"L":['.repeat(count - 1)}{"S":"x"}${']}'.repeat(count - 1)}}`;
  assert.equal((await put(levels(32))).status, 200);
  await refused(levels(33), VALIDATION, /^Nesting Levels have exceeded supported limits/);
  await refused(levels(5000), VALIDATION, /^Nesting Levels have exceeded supported limits/);
  await refused('{"pk":{"S":"\\ud800"}}', VALIDATION, /surrogate/);
  await refused('{"pk":{"N":1e400}}', SERIALIZATION, /cannot be converted to String/);
  await refused('{"pk":{"N":"1e400"}}', VALIDATION, /^Number overflow/);
  await refused(`{"pk":{"N":"${'9'.repeat(100_000)}"}}`, VALIDATION, /Number overflow|significant digits/);
  await refused('{"pk":{"__proto__":{"S":"a"}}}', VALIDATION, /^Supplied AttributeValue is empty/);
  await refused('{"pk":{"constructor":"a"}}', VALIDATION, /^Supplied AttributeValue is empty/);
  await refused('{"__proto__":{"S":"a"}}', VALIDATION, /Missing the key pk in the item/);
  assert.equal((await put('{"pk":{"S":"b"},"__proto__":{"S":"mine"},"toString":{"N":"1"}}')).text, '{}');
  const read = await client.send('GetItem', { TableName: 'tab', Key: { pk: { S: 'b' } } });
  assert.equal(read.text, '{"Item":{"pk":{"S":"b"},"__proto__":{"S":"mine"},"toString":{"N":"1"}}}');
});

test('a storage failure is told as what it is', async () => {
  const client = new ApiClient();
  await client.createTable('tab');
  const model = 'com.amazonaws.dynamodb.v20120810#';
  const overloaded = 'The cluster cannot take this request now: it is overloaded. Nothing was changed.';
  const unknown = 'The outcome of the request is unknown: a write may have been carried out, or may yet be.';
  const put = { TableName: 'tab', Item: { pk: { S: 'a' } } };
  client.storage.failures.push({ id: 0, status: 'overloaded' });
  await client.fails('PutItem', put, `${model}ThrottlingException`, overloaded);
  client.storage.failures.push({ id: 0, status: 'unavailable' });
  const outage = await client.send('PutItem', put);
  const unavailable =
    'No storage node could serve this request in time: the partition has no leader, or its nodes are out of reach. Nothing was changed.';
  assert.deepEqual([outage.status, outage.json], [503, { __type: 'com.amazon.coral.service#ServiceUnavailable', message: unavailable }]);
  for (const status of ['unknown-outcome', 'number-refused'] as const) {
    client.storage.failures.push({ id: 0, status });
    const answer = await client.send('PutItem', put);
    assert.deepEqual([answer.status, answer.json], [500, { __type: `${model}InternalServerError`, message: unknown }]);
  }
  client.storage.failures.push({ id: 0, status: 'validation', message: 'as the item shows' });
  await client.refuses('PutItem', put, 'as the item shows');
});

test('a target in absolute form is the same request', async () => {
  const signed = signedRequest(LIST_TABLES, Buffer.from('{}'));
  for (const path of ['http://127.0.0.1:8000/', 'HTTP://another.host', 'https://127.0.0.1:8000/?']) {
    const answer = await answerTo({ ...signed, path });
    assert.deepEqual([answer.status, answer.text], [200, '{"TableNames":[]}'], path);
  }
  assert.equal((await answerTo({ ...signed, path: 'http://127.0.0.1:8000/other' })).status, 404);
});

const GZIPPED = new ApiClient({ compression: nodeCompression });

/** A signed request of the compressed body. */
function compressedRequest(body: Buffer, extra: readonly (readonly [string, string])[] = [['Content-Encoding', 'gzip']]): HttpRequest {
  const list = [
    ['Host', 'x'],
    ['Content-Type', 'application/x-amz-json-1.0'],
    ['X-Amz-Date', NOW_DATE],
    ['X-Amz-Target', 'DynamoDB_20120810.PutItem'],
    ...extra,
  ] as const;
  return { ...plain, body, headers: httpHeaders([...list, ['Authorization', authorization(list, body)]]) };
}

test('a compressed body is signed as it was sent, and undone within bounds', async () => {
  await GZIPPED.createTable('compressed');
  const item = { pk: { S: 'a' }, text: { S: 'x'.repeat(10_000) } };
  const body = gzipSync(JSON.stringify({ TableName: 'compressed', Item: item }));
  assert.deepEqual((await answerTo(compressedRequest(body), GZIPPED)).text, '{}');
  assert.deepEqual(await GZIPPED.call('GetItem', { TableName: 'compressed', Key: { pk: { S: 'a' } } }), { Item: item });
  const bomb = await answerTo(compressedRequest(gzipSync(Buffer.alloc(BODY_BYTES_MAX + 1, ' '))), GZIPPED);
  assert.match(bomb.text, /ValidationException.*larger than 16777216 bytes when it is decompressed/);
  const damaged = await answerTo(compressedRequest(body.subarray(0, -9)), GZIPPED);
  assert.match(damaged.text, /SerializationException/);
  const foreign = await answerTo(compressedRequest(body, [['Content-Encoding', 'br']]), GZIPPED);
  assert.match(foreign.text, /ValidationException.*Content-Encoding 'br' is not supported/);
  const without = await answerTo(compressedRequest(body));
  assert.match(without.text, /ValidationException.*Content-Encoding 'gzip' is not supported/);
  assert.equal(GZIPPED.endpoint.bytesInFlight, 0);
});

test('many compressed bodies at once are refused before the memory for their originals is there', async () => {
  const body = gzipSync(Buffer.alloc(BODY_BYTES_MAX, ' '));
  const answers = await Promise.all(Array.from({ length: 24 }, () => answerTo(compressedRequest(body), GZIPPED)));
  const refused = answers.filter(({ text }) => text.includes('ThrottlingException')).length;
  assert.ok(refused >= 8 && refused < 24, `${refused} refused`);
  assert.equal(GZIPPED.endpoint.bytesInFlight, 0);
});

test('a long answer is compressed for who takes it, with the checksum of what is sent', async () => {
  await GZIPPED.createTable('long');
  await GZIPPED.call('PutItem', { TableName: 'long', Item: { pk: { S: 'a' }, text: { S: 'x'.repeat(10_000) } } });
  const get = (acceptEncoding: string) => {
    const body = Buffer.from(JSON.stringify({ TableName: 'long', Key: { pk: { S: 'a' } } }));
    const request = signedRequest('DynamoDB_20120810.GetItem', body);
    const headers = {
      get: (name: string) => (name === 'accept-encoding' ? acceptEncoding : request.headers.get(name)),
      all: request.headers.all,
    };
    return answerTo({ ...request, headers }, GZIPPED);
  };
  const plainly = await get('identity');
  assert.equal(plainly.headers['Content-Encoding'], undefined);
  const compressed = await get('gzip, deflate');
  assert.equal(compressed.headers['Content-Encoding'], 'gzip');
  assert.ok(compressed.body.length < 1000);
  assert.equal(gunzipSync(compressed.body).toString(), plainly.text);
});

test('no message carries a long request back', async () => {
  const client = new ApiClient();
  await client.createTable('messages');
  const long = 'x'.repeat(100_000);
  const condition = { ConditionExpression: 'pk BETWEEN :a AND :b' };
  for (const input of [
    { ...condition, ExpressionAttributeNames: { [`#${long}!`]: 'a' } },
    { ...condition, ExpressionAttributeValues: { ':a': { S: `b${long}` }, ':b': { S: `a${long}` } } },
    { ...condition, ExpressionAttributeValues: { ':a': { N: long } } },
    { ...condition, ExpressionAttributeValues: { ':a': { SS: [long, long] } } },
    { ...condition, ExpressionAttributeValues: { [`:${long}`]: { S: '' }, ':a': { S: '' }, ':b': { S: '' } } },
    { Item: { pk: { [long]: '' } } },
    { ReturnValues: long },
    { TableName: long },
  ]) {
    const { status, text } = await client.send('PutItem', { TableName: 'messages', Item: { pk: { S: 'a' } }, ...input });
    assert.equal(status, 400);
    assert.ok(text.length < 10_000, `${text.length} characters: ${text.slice(0, 100)}`);
  }
});

test('answers that wait to be compressed count as held, and beyond that they are sent as they are', async () => {
  const waiting: (() => void)[] = [];
  const compression = {
    ...nodeCompression,
    gzip: (bytes: Uint8Array) => new Promise<Buffer>((resolve) => waiting.push(() => resolve(gzipSync(bytes)))),
  };
  const client = new ApiClient({ compression });
  await client.createTable('held');
  const item = Buffer.from(JSON.stringify({ pk: { S: 'a' }, v: { S: 'x'.repeat(40 * 2 ** 20) } }));
  client.storage.execute = async () => ({ id: 0, status: 'ok', item, oldSize: 4 });
  const body = Buffer.from(JSON.stringify({ TableName: 'held', Key: { pk: { S: 'a' } } }));
  const request = signedRequest('DynamoDB_20120810.GetItem', body);
  const headers = {
    get: (name: string) => (name === 'accept-encoding' ? 'gzip' : request.headers.get(name)),
    all: request.headers.all,
  };
  const get = () => client.endpoint.handle({ ...request, headers });
  const answers = Array.from({ length: 8 }, get);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(waiting.length, 6, '256 MiB of them');
  assert.ok(client.endpoint.heldBytes > 240 * 2 ** 20);
  for (const done of waiting) done();
  const encodings = (await Promise.all(answers)).map(({ headers }) => headers['Content-Encoding'] ?? 'none');
  assert.deepEqual(encodings.sort(), [...Array(6).fill('gzip'), 'none', 'none']);
  assert.equal(client.endpoint.heldBytes, 0);
});
