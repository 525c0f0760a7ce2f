import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { ACCOUNT, ApiClient } from '../../../test/harness/api-client.ts';
import type { RangeOperation } from '../../shared/wire/storage-operations.ts';

const INVALID = 'One or more parameter values were invalid: ';

type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Page {
  readonly Items?: readonly Item[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: Item;
  readonly ConsumedCapacity?: object;
}

/**
 * `matches`: two local indexes and global ones of all kinds over 24 matches of tournaments, each with a score of which several are
 * equal; four more items are in no index but the table itself.
 */
const client = new ApiClient();

const definition = (name: string, type = 'S') => ({ AttributeName: name, AttributeType: type });
const key = (...parts: string[]) =>
  parts.map((part) => ({ AttributeName: part.replace(/^[<>]/, ''), KeyType: part.startsWith('>') ? 'RANGE' : 'HASH' }));
const projecting = (ProjectionType: string, ...names: string[]) => ({
  Projection: { ProjectionType, ...(names.length === 0 ? {} : { NonKeyAttributes: names }) },
});

const ATTRIBUTES = [
  definition('player'),
  definition('id', 'N'),
  definition('score', 'N'),
  definition('area'),
  definition('cup'),
  definition('round', 'N'),
];

before(async () => {
  await client.call('CreateTable', {
    TableName: 'matches',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ATTRIBUTES,
    KeySchema: key('player', '>id'),
    LocalSecondaryIndexes: [
      { IndexName: 'scores', KeySchema: key('player', '>score'), ...projecting('INCLUDE', 'note') },
      { IndexName: 'all-scores', KeySchema: key('player', '>score'), ...projecting('ALL') },
    ],
    GlobalSecondaryIndexes: [
      { IndexName: 'rounds', KeySchema: key('cup', 'area', '>round', '>score'), ...projecting('ALL') },
      { IndexName: 'areas', KeySchema: key('area'), ...projecting('KEYS_ONLY') },
      { IndexName: 'notes', KeySchema: key('area', '>score'), ...projecting('INCLUDE', 'note') },
    ],
  });
  for (const item of matches()) await client.call('PutItem', { TableName: 'matches', Item: item });
  for (let id = 100; id < 104; id++)
    await client.call('PutItem', { TableName: 'matches', Item: { player: { S: 'ann' }, id: { N: `${id}` } } });
});

function matches(): Item[] {
  return Array.from({ length: 24 }, (_, at) => ({
    player: { S: at % 3 === 0 ? 'bob' : 'ann' },
    id: { N: `${at}` },
    score: { N: `${at % 5}` },
    area: { S: at % 2 === 0 ? 'north' : 'south' },
    cup: { S: 'winter' },
    round: { N: `${Math.floor(at / 6)}` },
    note: { S: `note ${at}` },
    text: { S: 'x'.repeat(at) },
  }));
}

async function query(IndexName: string, condition: string, values: object, input: object = {}): Promise<Page> {
  const asked = { TableName: 'matches', IndexName, KeyConditionExpression: condition, ExpressionAttributeValues: values, ...input };
  return (await client.call('Query', asked)) as unknown as Page;
}

const scan = async (IndexName: string, input: object = {}) =>
  (await client.call('Scan', { TableName: 'matches', IndexName, ...input })) as unknown as Page;

const ids = ({ Items = [] }: Page): number[] => Items.map((item) => Number(item.id?.N));
const ANN = { ':p': { S: 'ann' } };
const NORTH = { ':r': { S: 'north' } };

function lastRange(): RangeOperation {
  const call = client.storage.calls.at(-1);
  assert.ok(call?.kind === 'range');
  return call;
}

test('a local index is sorted by its own key, then by the table’s, both ways', async () => {
  const sorted = matches()
    .filter((item) => item.player?.S === 'ann')
    .sort((a, b) => Number(a.score?.N) - Number(b.score?.N) || Number(a.id?.N) - Number(b.id?.N))
    .map((item) => Number(item.id?.N));
  assert.deepEqual(ids(await query('scores', 'player = :p', ANN)), sorted);
  assert.deepEqual(
    ids(await query('scores', 'player = :p', ANN, { ScanIndexForward: false, ConsistentRead: true })),
    [...sorted].reverse(),
  );
  const between = await query('scores', 'player = :p AND score BETWEEN :a AND :b', { ...ANN, ':a': { N: '1' }, ':b': { N: '2' } });
  assert.deepEqual(ids(between), [1, 11, 16, 2, 7, 17, 22]);
});

test('a global index of several attributes is asked from left to right', async () => {
  const winter = { ':c': { S: 'winter' }, ...NORTH };
  const partition = 'cup = :c AND area = :r';
  assert.equal((await query('rounds', partition, winter)).Count, 12);
  assert.deepEqual(ids(await query('rounds', `${partition} AND round = :n`, { ...winter, ':n': { N: '2' } })), [16, 12, 14]);
  const above = await query('rounds', `${partition} AND round = :n AND score > :s`, { ...winter, ':n': { N: '2' }, ':s': { N: '1' } });
  assert.deepEqual(ids(above), [12, 14]);
  const rounds = await query('rounds', `round >= :n AND ${partition}`, { ...winter, ':n': { N: '3' } }, { ScanIndexForward: false });
  assert.deepEqual(ids(rounds), [18, 22, 20]);
  const refuses = (condition: string, message: string) =>
    client.refuses(
      'Query',
      {
        TableName: 'matches',
        IndexName: 'rounds',
        KeyConditionExpression: condition,
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries({ ...winter, ':n': { N: '1' } }).filter(([name]) => condition.includes(name)),
        ),
      },
      message,
    );
  await refuses('cup = :c', 'Query condition missed key schema element: area');
  const unequal =
    'RANGE key attributes round must have equality conditions specified in the query because a condition is present on key attribute score';
  await refuses(`${partition} AND score = :n`, unequal);
  await refuses(`${partition} AND round > :n AND score = :n`, unequal);
  await refuses(`${partition} AND id = :n`, 'Query condition missed key schema element: round');
  await refuses('cup = :n AND area = :r', `${INVALID}Condition parameter type does not match schema type`);
});

test('KeyConditions ask an index, too', async () => {
  const condition = (ComparisonOperator: string, value: object) => ({ ComparisonOperator, AttributeValueList: [value] });
  const KeyConditions = {
    round: condition('EQ', { N: '2' }),
    cup: condition('EQ', { S: 'winter' }),
    score: condition('GE', { N: '4' }),
    area: condition('EQ', { S: 'north' }),
  };
  const page = (await client.call('Query', { TableName: 'matches', IndexName: 'rounds', KeyConditions })) as unknown as Page;
  assert.deepEqual(ids(page), [14]);
  await client.refuses('Query', { TableName: 'matches', IndexName: 'scores', KeyConditions }, 'Conditions can be of length 1 or 2 only');
  await client.refuses('Query', { TableName: 'matches', KeyConditions }, 'Conditions can be of length 1 or 2 only');
});

const INDEXES = ['scores', 'all-scores', 'rounds', 'areas', 'notes'];

/** All pages of a Query or Scan. */
async function walk(read: (input: object) => Promise<Page>): Promise<Page[]> {
  const pages: Page[] = [];
  let start: object = {};
  for (;;) {
    const page = await read(start);
    pages.push(page);
    if (page.LastEvaluatedKey === undefined) return pages;
    start = { ExclusiveStartKey: page.LastEvaluatedKey };
  }
}

test('walking an index by pages of any size, in slices of any size, finds every entry once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...INDEXES),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      async (index, limit, slice, forward, TotalSegments) => {
        client.storage.sliceItems = slice;
        const found: number[] = [];
        for (let Segment = 0; Segment < TotalSegments; Segment++) {
          for (const page of await walk((start) => scan(index, { ...start, Limit: limit, Segment, TotalSegments })))
            found.push(...ids(page));
        }
        assert.deepEqual(
          found.sort((a, b) => a - b),
          Array.from({ length: 24 }, (_, at) => at),
        );
        const [condition, values] = index.endsWith('scores')
          ? ['player = :p', ANN]
          : index === 'rounds'
            ? ['cup = :c AND area = :r', { ':c': { S: 'winter' }, ...NORTH }]
            : ['area = :r', NORTH];
        const whole = ids(await query(index, condition, values, { ScanIndexForward: forward }));
        const pages = await walk((start) => query(index, condition, values, { ...start, Limit: limit, ScanIndexForward: forward }));
        assert.deepEqual(pages.flatMap(ids), whole);
      },
    ),
    { numRuns: 60 },
  );
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
});

test('a key to go on behind holds both keys', async () => {
  const { LastEvaluatedKey } = await query('scores', 'player = :p', ANN, { Limit: 1 });
  assert.deepEqual(LastEvaluatedKey, { player: { S: 'ann' }, id: { N: '5' }, score: { N: '0' } });
  const page = await scan('rounds', { Limit: 1 });
  assert.deepEqual(Object.keys(page.LastEvaluatedKey ?? {}).sort(), ['area', 'cup', 'id', 'player', 'round', 'score']);
});

test('starting keys of an index that cannot be', async () => {
  const invalid = 'The provided starting key is invalid';
  const input = { TableName: 'matches', IndexName: 'notes', KeyConditionExpression: 'area = :r', ExpressionAttributeValues: NORTH };
  const good = { player: { S: 'ann' }, id: { N: '2' }, area: { S: 'north' }, score: { N: '2' } };
  const refuses = (start: object, message: string, more: object = {}) =>
    client.refuses('Query', { ...input, ...more, ExclusiveStartKey: start }, message);
  const { score: _score, ...short } = good;
  await refuses(short, invalid);
  await refuses({ ...short, other: { N: '2' } }, invalid);
  await refuses({ ...good, other: { N: '2' } }, invalid);
  await refuses({ ...good, score: { S: '2' } }, invalid);
  await refuses({ ...good, id: { S: '2' } }, invalid);
  await refuses({ ...good, area: { S: 'south' } }, 'The provided starting key is outside query boundaries based on provided conditions');
  const above = { KeyConditionExpression: 'area = :r AND score > :s', ExpressionAttributeValues: { ...NORTH, ':s': { N: '2' } } };
  await refuses(good, 'The provided starting key does not match the range key predicate', above);
  await refuses({ ...good, area: { S: 'south' } }, 'The query can return at most one row and cannot be restarted', above);
  for (const start of [short, { ...good, other: { N: '1' } }, { ...good, score: { S: '2' } }, { ...good, id: { S: '2' } }]) {
    await client.refuses('Scan', { TableName: 'matches', IndexName: 'notes', ExclusiveStartKey: start }, invalid);
  }
  // A place as any, though no entry stands there.
  assert.deepEqual(
    ids(await query('notes', 'area = :r', NORTH, { ExclusiveStartKey: { ...good, id: { N: '2.5' }, score: { N: '3.9' } } })),
    [4, 14],
  );
});

test('what is selected from a local index is fetched where it is not projected', async () => {
  const attributes = (page: Page) => Object.keys(page.Items?.[0] ?? {}).sort();
  const one = { Limit: 1 };
  const projected = ['id', 'note', 'player', 'score'];
  assert.deepEqual(attributes(await query('scores', 'player = :p', ANN, one)), projected);
  assert.deepEqual(attributes(await query('scores', 'player = :p', ANN, { ...one, Select: 'ALL_PROJECTED_ATTRIBUTES' })), projected);
  assert.deepEqual([lastRange().index, lastRange().fetchItems], [1, undefined]);
  const all = await query('scores', 'player = :p', ANN, { ...one, Select: 'ALL_ATTRIBUTES' });
  assert.deepEqual(all.Items, [matches()[5]]);
  assert.equal(lastRange().fetchItems, true);
  const some = await query('scores', 'player = :p', ANN, { ...one, ProjectionExpression: 'note, score' });
  assert.deepEqual([some.Items, lastRange().fetchItems], [[{ note: { S: 'note 5' }, score: { N: '0' } }], undefined]);
  const fetched = await query('scores', 'player = :p', ANN, { ...one, ProjectionExpression: 'id, cup' });
  assert.deepEqual([fetched.Items, lastRange().fetchItems], [[{ id: { N: '5' }, cup: { S: 'winter' } }], true]);
  await scan('all-scores', { Select: 'ALL_ATTRIBUTES' });
  assert.deepEqual([lastRange().index, lastRange().fetchItems], [2, undefined]);
  assert.deepEqual(await query('scores', 'player = :p', ANN, { Select: 'COUNT' }), { Count: 16, ScannedCount: 16 });
});

test('items fetched for a local index fill a page as those of the table do', async () => {
  const large = new ApiClient();
  await large.call('CreateTable', {
    TableName: 'large',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ATTRIBUTES.slice(0, 3),
    KeySchema: key('player', '>id'),
    LocalSecondaryIndexes: [{ IndexName: 'scores', KeySchema: key('player', '>score'), ...projecting('KEYS_ONLY') }],
  });
  const note = { S: 'x'.repeat(300_000) };
  for (let id = 0; id < 10; id++) {
    await large.call('PutItem', { TableName: 'large', Item: { player: { S: 'ann' }, id: { N: `${id}` }, score: { N: `${id}` }, note } });
  }
  const asked = { TableName: 'large', IndexName: 'scores', KeyConditionExpression: 'player = :p', ExpressionAttributeValues: ANN };
  for (const more of [{ Select: 'ALL_ATTRIBUTES' }, { ProjectionExpression: 'id, note' }]) {
    const counts: number[] = [];
    let start: object | undefined;
    do {
      const page = await large.call('Query', { ...asked, ...more, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
      counts.push(page.Count as number);
      start = page.LastEvaluatedKey as object | undefined;
    } while (start !== undefined);
    assert.deepEqual(counts, [4, 4, 2]);
  }
});

test('a global index gives what it holds', async () => {
  assert.deepEqual(
    (await query('areas', 'area = :r', NORTH, { Limit: 1 })).Items?.map((item) => Object.keys(item).sort()),
    [['area', 'id', 'player']],
  );
  const refuses = async (index: string, input: object, message: string) => {
    const asked = { TableName: 'matches', IndexName: index, ...input };
    await client.refuses('Scan', asked, INVALID + message);
    const condition = { KeyConditionExpression: 'area = :r', ExpressionAttributeValues: NORTH };
    const { ExpressionAttributeValues: values = {} } = input as { ExpressionAttributeValues?: object };
    await client.refuses('Query', { ...asked, ...condition, ExpressionAttributeValues: { ...NORTH, ...values } }, INVALID + message);
  };
  await refuses(
    'areas',
    { Select: 'ALL_ATTRIBUTES' },
    'Select type ALL_ATTRIBUTES is not supported for global secondary index areas because its projection type is not ALL',
  );
  await refuses('notes', { ProjectionExpression: 'cup, note, round' }, 'Global secondary index notes does not project [cup, round]');
  const filter = {
    FilterExpression: 'round > :n OR begins_with(cup, :c)',
    ExpressionAttributeValues: { ':n': { N: '1' }, ':c': { S: 'w' } },
  };
  await refuses('notes', filter, 'Secondary index notes does not project one or more filter attributes: [cup, round]');
  const noted = { FilterExpression: 'note = :n', ExpressionAttributeValues: { ':n': { S: 'note 4' } } };
  assert.deepEqual(ids(await scan('notes', noted)), [4]);
  const { FilterExpression, ExpressionAttributeValues } = filter;
  await client.refuses(
    'Query',
    {
      TableName: 'matches',
      IndexName: 'scores',
      KeyConditionExpression: 'player = :p',
      FilterExpression,
      ExpressionAttributeValues: { ...ANN, ...ExpressionAttributeValues },
    },
    `${INVALID}Secondary index scores does not project one or more filter attributes: [cup, round]`,
  );
});

test('a filter of a Query may look at the table’s key, but not at the index’s', async () => {
  const values = { ...NORTH, ':n': { N: '10' } };
  assert.deepEqual(ids(await query('notes', 'area = :r', values, { FilterExpression: 'id < :n' })), [0, 6, 2, 8, 4]);
  const input = { TableName: 'matches', IndexName: 'notes', KeyConditionExpression: 'area = :r', ExpressionAttributeValues: values };
  await client.refuses(
    'Query',
    { ...input, FilterExpression: 'score < :n' },
    'Filter Expression can only contain non-primary key attributes: Primary key attribute: score',
  );
  const scored = await scan('notes', { FilterExpression: 'score = :n', ExpressionAttributeValues: { ':n': { N: '4' } } });
  assert.deepEqual(
    ids(scored).sort((a, b) => a - b),
    [4, 9, 14, 19],
  );
});

test('no expression looks inside a key attribute of an index', async () => {
  const scalar = (name: string) => `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${name}`;
  const item = { TableName: 'matches', Key: { player: { S: 'ann' }, id: { N: '1' } } };
  await client.refuses('GetItem', { ...item, ProjectionExpression: 'player.a' }, scalar('Key: player'));
  await client.refuses('GetItem', { ...item, ProjectionExpression: 'cup[1]' }, scalar('IndexKey: cup'));
  await client.refuses('DeleteItem', { ...item, ConditionExpression: 'attribute_exists(score.a)' }, scalar('IndexKey: score'));
  await client.refuses('Scan', { TableName: 'matches', ProjectionExpression: 'round.a' }, scalar('IndexKey: round'));
  await client.call('GetItem', { ...item, ProjectionExpression: 'note.a' });
});

test('strong reads of a global index are refused', async () => {
  const message = 'Consistent reads are not supported on global secondary indexes';
  const input = { TableName: 'matches', IndexName: 'areas', ConsistentRead: true };
  await client.refuses('Scan', input, message);
  await client.refuses('Query', { ...input, KeyConditionExpression: 'area = :r', ExpressionAttributeValues: NORTH }, message);
  await client.call('Scan', { ...input, ConsistentRead: false });
});

test('values of an index’s key that no key has', async () => {
  const refuses = (value: object, message: string) =>
    client.refuses(
      'Query',
      { TableName: 'matches', IndexName: 'notes', KeyConditionExpression: 'area = :r', ExpressionAttributeValues: { ':r': value } },
      message,
    );
  await refuses(
    { S: '' },
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. ' +
      'IndexName: notes, IndexKey: area',
  );
  await refuses({ S: 'x'.repeat(2049) }, `${INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes`);
});

test('units are those of the index, and of the table for what was fetched', async () => {
  const capacity = { ReturnConsumedCapacity: 'INDEXES' };
  const global = await scan('areas', capacity);
  const half = { CapacityUnits: 0.5 };
  assert.deepEqual(global.ConsumedCapacity, {
    TableName: 'matches',
    ...half,
    Table: { CapacityUnits: 0 },
    GlobalSecondaryIndexes: { areas: half },
  });
  const local = await query('scores', 'player = :p', ANN, { ...capacity, Select: 'ALL_ATTRIBUTES', ConsistentRead: true, Limit: 5 });
  assert.deepEqual(local.ConsumedCapacity, {
    TableName: 'matches',
    CapacityUnits: 6,
    Table: { CapacityUnits: 5 },
    LocalSecondaryIndexes: { scores: { CapacityUnits: 1 } },
  });
  client.storage.sliceItems = 2;
  const total = await query('scores', 'player = :p', ANN, { ReturnConsumedCapacity: 'TOTAL', Select: 'ALL_ATTRIBUTES' });
  client.storage.sliceItems = Number.POSITIVE_INFINITY;
  assert.deepEqual(total.ConsumedCapacity, { TableName: 'matches', CapacityUnits: 8.5 });
});

test('an index that is not there, or is not built yet', async () => {
  const fresh = new ApiClient();
  await fresh.createTable('plain', 'S');
  const input = { TableName: 'plain', IndexName: 'by-sk' };
  const unknown = 'The table does not have the specified index: by-sk';
  await fresh.refuses('Scan', input, unknown);
  assert.equal(fresh.storage.refreshes, 2, 'the newest catalog was looked at, after the one for the creation');
  fresh.storage.catalogAnswers = false;
  const { status } = await fresh.send('Scan', input);
  assert.equal(status, 503);
  fresh.storage.catalogAnswers = true;

  const record = fresh.storage.table(ACCOUNT, 'plain')?.record ?? assert.fail('no table');
  const index = {
    name: 'by-sk',
    indexId: 'i',
    keys: { partition: [{ name: 'sk', type: 'S' }], sort: [] },
    projection: { kind: 'all' },
  } as const;
  fresh.storage.put({ ...record, status: 'UPDATING', globalIndexes: [{ ...index, status: 'CREATING', backfilling: true }] });
  await fresh.refuses('Scan', input, 'Cannot read from backfilling global secondary index: by-sk');
  fresh.storage.put({ ...record, status: 'UPDATING', globalIndexes: [{ ...index, status: 'DELETING' }] });
  await fresh.refuses('Scan', input, unknown);
  fresh.storage.put({ ...record, globalIndexes: [{ ...index, status: 'UPDATING' }] });
  await fresh.call('Scan', input);
});
