import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { ApiClient } from '../../../test/harness/api-client.ts';
import { PAGE_BYTES_MAX, READ_BYTES_HELD_MAX } from '../../shared/limits/api-limits.ts';

const INVALID = 'One or more parameter values were invalid: ';

type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Page {
  readonly Items?: readonly Item[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: Item;
  readonly ConsumedCapacity?: object;
}

/** `sorted` holds partition `p` with sort keys 0 to 9 and partition `q` with one; `plain` holds 40 items. */
const client = new ApiClient();

before(async () => {
  await client.createTable('sorted', 'N');
  await client.createTable('plain');
  for (let sk = 0; sk < 10; sk++) {
    const parity = sk % 2 === 0 ? 'even' : 'odd';
    await client.call('PutItem', { TableName: 'sorted', Item: { pk: { S: 'p' }, sk: { N: String(sk) }, parity: { S: parity } } });
  }
  await client.call('PutItem', { TableName: 'sorted', Item: { pk: { S: 'q' }, sk: { N: '1' } } });
  for (let count = 0; count < 40; count++) await client.call('PutItem', { TableName: 'plain', Item: { pk: { S: `item ${count}` } } });
});

const partition = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'p' } } };

async function query(input: object): Promise<Page> {
  return (await client.call('Query', { TableName: 'sorted', ...input })) as unknown as Page;
}

async function scan(input: object): Promise<Page> {
  return (await client.call('Scan', { TableName: 'plain', ...input })) as unknown as Page;
}

function sortKeys({ Items = [] }: Page): number[] {
  return Items.map((item) => Number(item.sk?.N));
}

/** All pages of a Query or Scan. */
async function walk(read: (input: object) => Promise<Page>, input: object): Promise<Page[]> {
  const pages: Page[] = [];
  let start: object = {};
  for (;;) {
    const page = await read({ ...input, ...start });
    pages.push(page);
    if (page.LastEvaluatedKey === undefined) return pages;
    start = { ExclusiveStartKey: page.LastEvaluatedKey };
  }
}

const start = (sk: number | string, pk = 'p') => ({ ExclusiveStartKey: { pk: { S: pk }, sk: { N: String(sk) } } });

test('Query reads one partition in order, and in reverse', async () => {
  const page = await query(partition);
  assert.deepEqual(sortKeys(page), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([page.Count, page.ScannedCount, page.LastEvaluatedKey], [10, 10, undefined]);
  assert.deepEqual(sortKeys(await query({ ...partition, ScanIndexForward: false })), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  assert.deepEqual(sortKeys(await query({ ...partition, ScanIndexForward: true, ConsistentRead: true })).length, 10);
});

test('conditions on the sort key', async () => {
  const keys = async (condition: string, ...values: number[]) => {
    const numbers = values.map((value, at) => [`:v${at}`, { N: String(value) }]);
    return sortKeys(
      await query({
        KeyConditionExpression: `pk = :p AND ${condition}`,
        ExpressionAttributeValues: { ':p': { S: 'p' }, ...Object.fromEntries(numbers) },
      }),
    );
  };
  assert.deepEqual(await keys('sk = :v0', 3), [3]);
  assert.deepEqual(await keys('sk < :v0', 2), [0, 1]);
  assert.deepEqual(await keys('sk <= :v0', 2), [0, 1, 2]);
  assert.deepEqual(await keys('sk > :v0', 7), [8, 9]);
  assert.deepEqual(await keys(':v0 <= sk', 8), [8, 9]);
  assert.deepEqual(await keys('sk BETWEEN :v0 AND :v1', 3, 5), [3, 4, 5]);
});

test('a page ends at its limit, with a key to go on behind', async () => {
  const page = await query({ ...partition, Limit: 3 });
  assert.deepEqual(sortKeys(page), [0, 1, 2]);
  assert.deepEqual(page.LastEvaluatedKey, { pk: { S: 'p' }, sk: { N: '2' } });
  // The service does not look behind the limit: the last page has a key too.
  assert.deepEqual((await query({ ...partition, ...start(8), Limit: 1 })).LastEvaluatedKey, { pk: { S: 'p' }, sk: { N: '9' } });
  assert.deepEqual(await query({ ...partition, ...start(9), Limit: 1 }), { Items: [], Count: 0, ScannedCount: 0 });
});

test('walking by pages of any size, in slices of any size, finds every item once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.boolean(),
      async (limit, slice, forward, filtered) => {
        client.storage.sliceItems = slice;
        const filter = { FilterExpression: 'parity = :odd', ExpressionAttributeValues: { ':p': { S: 'p' }, ':odd': { S: 'odd' } } };
        const pages = await walk(query, { ...partition, ...(filtered ? filter : {}), Limit: limit, ScanIndexForward: forward });
        const expected = filtered ? [1, 3, 5, 7, 9] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert.deepEqual(pages.flatMap(sortKeys), forward ? expected : expected.reverse());
        assert.equal(
          pages.reduce((sum, page) => sum + page.ScannedCount, 0),
          10,
        );
        for (const page of pages) assert.ok(page.ScannedCount <= limit && page.Count === page.Items?.length);
      },
    ),
    { numRuns: 60 },
  );
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
});

test('a starting key that does not exist is a place as any', async () => {
  assert.deepEqual(sortKeys(await query({ ...partition, ...start('4.5') })), [5, 6, 7, 8, 9]);
  assert.deepEqual(sortKeys(await query({ ...partition, ...start('4.5'), ScanIndexForward: false })), [4, 3, 2, 1, 0]);
});

test('what is selected', async () => {
  const counted = await query({ ...partition, Select: 'COUNT' });
  assert.deepEqual(counted, { Count: 10, ScannedCount: 10 });
  const projected = await query({ ...partition, ProjectionExpression: 'sk', Limit: 1, Select: 'SPECIFIC_ATTRIBUTES' });
  assert.deepEqual(projected.Items, [{ sk: { N: '0' } }]);
  assert.equal((await query({ ...partition, Select: 'ALL_ATTRIBUTES' })).Count, 10);
  const filtered = await query({
    ...partition,
    FilterExpression: '#p = :even',
    ExpressionAttributeNames: { '#p': 'parity' },
    ExpressionAttributeValues: { ':p': { S: 'p' }, ':even': { S: 'even' } },
    Select: 'COUNT',
  });
  assert.deepEqual(filtered, { Count: 5, ScannedCount: 10 });
});

test('Query’s own refusals', async () => {
  const refuses = (input: object, message: string) => client.refuses('Query', { TableName: 'sorted', ...input }, message);
  await refuses({}, 'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  await refuses(
    { ...partition, Limit: 0 },
    "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
  );
  await refuses(
    { ...partition, Select: 'X' },
    "1 validation error detected: Value 'X' at 'select' failed to satisfy constraint: Member must satisfy enum value set: " +
      '[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]',
  );
  const values = (value: object) => ({ ExpressionAttributeValues: { ':v': value } });
  await refuses({ KeyConditionExpression: '', ...values({ S: 'p' }) }, 'Invalid KeyConditionExpression: The expression can not be empty;');
  await refuses({ KeyConditionExpression: 'sk = :v', ...values({ N: '1' }) }, 'Query condition missed key schema element: pk');
  await refuses({ KeyConditionExpression: 'pk > :v', ...values({ S: 'p' }) }, 'Query key condition not supported');
  await refuses(
    { KeyConditionExpression: 'pk = :v', ...values({ N: '1' }) },
    `${INVALID}Condition parameter type does not match schema type`,
  );
  await refuses(
    { ...partition, FilterExpression: 'sk = :p' },
    'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
  );
  await refuses(
    { ...partition, ExpressionAttributeNames: { '#u': 'u' } },
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#u}',
  );
  await refuses({ ...partition, IndexName: 'index' }, 'The table does not have the specified index: index');
});

test('Select against the projection: Query counts the error, Scan does not', async () => {
  const project = { ProjectionExpression: 'sk' };
  for (const [input, message] of [
    [
      { Select: 'SPECIFIC_ATTRIBUTES' },
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    ],
    [{ Select: 'COUNT', ...project }, 'Cannot specify the ProjectionExpression when choosing to get only the Count'],
    [{ Select: 'ALL_ATTRIBUTES', ...project }, 'Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES'],
    [{ Select: 'ALL_PROJECTED_ATTRIBUTES' }, 'ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName'],
  ] as const) {
    await client.refuses('Query', { TableName: 'sorted', ...partition, ...input }, `1 validation error detected: ${message}`);
    await client.refuses('Scan', { TableName: 'sorted', ...input }, message);
  }
});

test('starting keys that cannot be', async () => {
  const refuses = (input: object, message: string) => client.refuses('Query', { TableName: 'sorted', ...partition, ...input }, message);
  const invalid = 'The provided starting key is invalid';
  await refuses({ ExclusiveStartKey: {} }, invalid);
  await refuses({ ExclusiveStartKey: { pk: { S: 'p' } } }, invalid);
  await refuses({ ExclusiveStartKey: { pk: { S: 'p' }, sk: { S: '1' } } }, invalid);
  await refuses({ ExclusiveStartKey: { pk: { S: 'p' }, sk: { N: '1' }, v: { N: '1' } } }, invalid);
  await refuses(
    { ExclusiveStartKey: { pk: { S: 'p' }, sk: {} } },
    `${invalid}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`,
  );
  await refuses({ ExclusiveStartKey: { pk: { S: 'p' }, sk: { N: 'x' } } }, 'The parameter cannot be converted to a numeric value: x');
  await refuses(start(1, 'q'), 'The provided starting key is outside query boundaries based on provided conditions');
  const above = {
    KeyConditionExpression: 'pk = :p AND sk > :s',
    ExpressionAttributeValues: { ':p': { S: 'p' }, ':s': { N: '5' } },
  };
  await refuses({ ...above, ...start(5) }, 'The provided starting key does not match the range key predicate');
  await refuses({ ...above, ...start(6, 'q') }, 'The query can return at most one row and cannot be restarted');
  await client.refuses('Scan', { TableName: 'plain', ...start(1) }, `${invalid}: The provided key element does not match the schema`);
});

test('a condition on the key names no empty value', async () => {
  await client.createTable('named', 'S');
  const empty = (name: string) =>
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`;
  const refuses = (condition: string, values: object, name: string) =>
    client.refuses(
      'Query',
      { TableName: 'named', KeyConditionExpression: condition, ExpressionAttributeValues: { ':p': { S: 'p' }, ...values } },
      empty(name),
    );
  await refuses('pk = :p', { ':p': { S: '' } }, 'pk');
  for (const condition of ['sk = :s', 'sk > :s', 'begins_with(sk, :s)', 'sk BETWEEN :s AND :p']) {
    await refuses(`pk = :p AND ${condition}`, { ':s': { S: '' } }, 'sk');
  }
  const KeyConditions = {
    pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'p' }] },
    sk: { ComparisonOperator: 'GT', AttributeValueList: [{ S: '' }] },
  };
  await client.refuses('Query', { TableName: 'named', KeyConditions }, empty('sk'));
});

test('Scan finds everything once, whatever the pages, slices and segments', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 7 }),
      async (limit, slice, TotalSegments) => {
        client.storage.sliceItems = slice;
        const found: string[] = [];
        for (let Segment = 0; Segment < TotalSegments; Segment++) {
          for (const page of await walk(scan, { Limit: limit, Segment, TotalSegments })) {
            for (const item of page.Items ?? []) found.push(String(item.pk?.S));
          }
        }
        assert.deepEqual(found.sort(), Array.from({ length: 40 }, (_, at) => `item ${at}`).sort());
      },
    ),
    { numRuns: 30 },
  );
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
  assert.equal((await scan({ Segment: 999_999, TotalSegments: 1_000_000 })).Count, 0);
});

test('segments', async () => {
  const refuses = (input: object, message: string) => client.refuses('Scan', { TableName: 'plain', ...input }, message);
  await refuses(
    { Segment: 0 },
    'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
  );
  await refuses(
    { TotalSegments: 4 },
    'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
  );
  await refuses(
    { Segment: 5, TotalSegments: 5 },
    'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5',
  );
  const constraint = (value: string, path: string, text: string) =>
    `Value '${value}' at '${path}' failed to satisfy constraint: Member must have value ${text}`;
  await refuses(
    { Segment: -1, TotalSegments: 1_000_001, Limit: 0 },
    `3 validation errors detected: ${[
      constraint('1000001', 'totalSegments', 'less than or equal to 1000000'),
      constraint('-1', 'segment', 'greater than or equal to 0'),
      constraint('0', 'limit', 'greater than or equal to 1'),
    ].join('; ')}`,
  );
  const first = await scan({ Limit: 1 });
  const inWrongSegment = { Segment: 999_999, TotalSegments: 1_000_000, ExclusiveStartKey: first.LastEvaluatedKey };
  await refuses(
    inWrongSegment,
    'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ' +
      'TotalSegments: 1000000 Segment: 999999',
  );
});

test('Scan filters on keys too', async () => {
  const page = await scan({ FilterExpression: 'begins_with(pk, :b)', ExpressionAttributeValues: { ':b': { S: 'item 3' } } });
  assert.deepEqual([page.Count, page.ScannedCount], [11, 40]);
});

test('a page ends with the item that reaches 1 MB, and costs by what it read', async () => {
  await client.createTable('large', 'N');
  const size = 60_000;
  for (let sk = 1; sk <= 20; sk++) {
    // "pk", "p", "sk", "v" are 6 bytes, a number below 100 is 2.
    const item = { pk: { S: 'p' }, sk: { N: String(sk) }, v: { S: 'x'.repeat(size - 8) } };
    await client.call('PutItem', { TableName: 'large', Item: item });
  }
  const fitting = Math.ceil(PAGE_BYTES_MAX / size);
  client.storage.sliceItems = 4;
  const read = async (input: object) => (await client.call('Query', { TableName: 'large', ...input })) as unknown as Page;
  const pages = await walk(read, { ...partition, ConsistentRead: true, ReturnConsumedCapacity: 'TOTAL', Select: 'COUNT' });
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
  assert.deepEqual(
    pages.map((page) => page.Count),
    [fitting, 20 - fitting],
  );
  const units = (count: number) => ({ TableName: 'large', CapacityUnits: Math.ceil((count * size) / 4096) });
  assert.deepEqual(
    pages.map((page) => page.ConsumedCapacity),
    [units(fitting), units(20 - fitting)],
  );
});

test('a page ends early when all requests together hold too much', async () => {
  client.storage.sliceItems = 2;
  const { range } = client.storage;
  const item = Buffer.alloc(READ_BYTES_HELD_MAX + 1);
  let slices = 0;
  client.storage.range = async (view, operation) => {
    slices++;
    const read = await range.call(client.storage, view, operation);
    return slices === 1 && read.range !== undefined ? { ...read, range: { ...read.range, items: [item] } } : read;
  };
  const page = await query({ ...partition, Select: 'COUNT' });
  const again = await query({ ...partition, Select: 'COUNT' });
  client.storage.range = range;
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
  assert.deepEqual([page.Count, page.LastEvaluatedKey], [2, { pk: { S: 'p' }, sk: { N: '1' } }]);
  assert.ok(Number(again.Count) > 2, 'what was held is let go of');
});

for (const status of ['overloaded', 'unavailable'] as const)
  test(`a partition that is ${status} ends the page early, or fails it when nothing was read`, async () => {
    client.storage.sliceItems = 2;
    const { range } = client.storage;
    let calls = 0;
    client.storage.range = async (view, operation) => {
      calls++;
      return calls === 3 ? { id: 0, status } : range.call(client.storage, view, operation);
    };
    const page = await query(partition);
    client.storage.range = range;
    client.storage.sliceItems = Number.POSITIVE_INFINITY;
    assert.deepEqual([sortKeys(page), page.LastEvaluatedKey], [[0, 1, 2, 3], { pk: { S: 'p' }, sk: { N: '3' } }]);
    client.storage.failures.push({ id: 0, status });
    const type = String((await client.send('Query', { TableName: 'sorted', ...partition })).json.__type);
    assert.match(type, status === 'overloaded' ? /#ThrottlingException$/ : /#ServiceUnavailable$/);
  });
