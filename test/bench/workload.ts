/** What the bench asks of every target: the same table, items and requests, byte for byte but for host and signature. */

type PlainOperation = 'put' | 'get-eventual' | 'get-strong' | 'update' | 'query';
/**
 * The puts with a kind and a number write into a table with so many indexes of that kind, which hold whole items; each put moves
 * its item in all of them. `put-indexes-0` writes the same items into a table without indexes.
 */
type MovingPut = 'put-indexes-0' | 'put-local-1' | 'put-local-5' | 'put-global-1' | 'put-global-5';
export type BenchOperation = PlainOperation | MovingPut;

const PLAIN_OPERATIONS: readonly PlainOperation[] = ['put', 'get-eventual', 'get-strong', 'update', 'query'];
const MOVING_PUTS: readonly MovingPut[] = ['put-indexes-0', 'put-local-1', 'put-local-5', 'put-global-1', 'put-global-5'];
export const OPERATIONS: readonly BenchOperation[] = [...PLAIN_OPERATIONS, ...MOVING_PUTS];

/** The table that an operation needs. */
export interface BenchTable {
  readonly name: string;
  readonly localIndexes: number;
  readonly globalIndexes: number;
}

const PLAIN_TABLE: BenchTable = { name: 'bench', localIndexes: 0, globalIndexes: 0 };
/** Each put of a moving item has one of so many values in the keys of the indexes, in turn. */
export const MOVES = 2;
const INDEXES_MAX = 5;
/** Items of one partition key, and so of one Query's answer. */
export const ITEMS_PER_COLLECTION = 10;
const ITEM_BYTES = 900;
const FIELDS = 10;

export interface BenchRequest {
  readonly action: string;
  readonly body: string;
  /** An answer with fewer bytes is not the one asked for: an empty GetItem must not count as a fast one. */
  readonly leastAnswerBytes: number;
}

export function tableOf(operation: BenchOperation): BenchTable {
  if (!moves(operation)) return PLAIN_TABLE;
  const [, kind, count] = operation.split('-');
  const indexes = { localIndexes: kind === 'local' ? Number(count) : 0, globalIndexes: kind === 'global' ? Number(count) : 0 };
  return { name: `bench-${kind}-${count}`, ...indexes };
}

/** Its items have other values in the keys of indexes with each put. */
export function moves(operation: BenchOperation): operation is MovingPut {
  return operation.startsWith('put-');
}

/** A table of user id (string) and entry (number), on demand, with indexes on `tag0` and so on. */
export function createTableRequest({ name, localIndexes, globalIndexes }: BenchTable): BenchRequest {
  const user = { AttributeName: 'user', KeyType: 'HASH' };
  const Projection = { ProjectionType: 'ALL' };
  const tags = Array.from({ length: localIndexes + globalIndexes }, (_, at) => `tag${at}`);
  const local = tags.slice(0, localIndexes).map((tag) => ({
    IndexName: `by-${tag}`,
    KeySchema: [user, { AttributeName: tag, KeyType: 'RANGE' }],
    Projection,
  }));
  const global = tags.slice(localIndexes).map((tag) => ({
    IndexName: `by-${tag}`,
    KeySchema: [{ AttributeName: tag, KeyType: 'HASH' }],
    Projection,
  }));
  const definition = {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'user', AttributeType: 'S' },
      { AttributeName: 'entry', AttributeType: 'N' },
      ...tags.map((tag) => ({ AttributeName: tag, AttributeType: 'S' })),
    ],
    KeySchema: [user, { AttributeName: 'entry', KeyType: 'RANGE' }],
    ...(local.length > 0 && { LocalSecondaryIndexes: local }),
    ...(global.length > 0 && { GlobalSecondaryIndexes: global }),
  };
  return { action: 'CreateTable', body: JSON.stringify(definition), leastAnswerBytes: 2 };
}

export function describeTableRequest({ name }: BenchTable): BenchRequest {
  return { action: 'DescribeTable', body: JSON.stringify({ TableName: name }), leastAnswerBytes: 2 };
}

/** The request of this kind for the item (for a query: the collection) with this number, counted from 0, in its move of that number. */
export function benchRequest(operation: BenchOperation, itemNumber: number, move: number): BenchRequest {
  if (!moves(operation)) return plainRequest(operation, itemNumber);
  return request('PutItem', { TableName: tableOf(operation).name, Item: item(itemNumber, tags(itemNumber, move)) }, 2);
}

function plainRequest(operation: PlainOperation, itemNumber: number): BenchRequest {
  const Key = itemKey(itemNumber);
  switch (operation) {
    case 'put':
      return request('PutItem', { Item: item(itemNumber, {}) }, 2);
    case 'get-eventual':
      return request('GetItem', { Key }, ITEM_BYTES);
    case 'get-strong':
      return request('GetItem', { Key, ConsistentRead: true }, ITEM_BYTES);
    case 'update':
      return request('UpdateItem', { Key, UpdateExpression: 'ADD hits :one', ExpressionAttributeValues: { ':one': { N: '1' } } }, 2);
    case 'query':
      return request(
        'Query',
        {
          KeyConditionExpression: '#u = :user',
          ExpressionAttributeNames: { '#u': 'user' },
          ExpressionAttributeValues: { ':user': Key.user },
        },
        ITEMS_PER_COLLECTION * ITEM_BYTES,
      );
  }
}

function request(action: string, parameters: object, leastAnswerBytes: number): BenchRequest {
  return { action, body: JSON.stringify({ TableName: PLAIN_TABLE.name, ...parameters }), leastAnswerBytes };
}

function itemKey(itemNumber: number): { user: { S: string }; entry: { N: string } } {
  const user = Math.floor(itemNumber / ITEMS_PER_COLLECTION);
  return { user: { S: `user-${String(user).padStart(8, '0')}` }, entry: { N: String(itemNumber % ITEMS_PER_COLLECTION) } };
}

/**
 * An item of 900 bytes as DynamoDB counts them (names and strings by their UTF-8 bytes, a number of one digit as two), shaped
 * like YCSB's: a key and ten fields of text, of which the last takes what is left.
 */
function item(itemNumber: number, more: Record<string, { S: string }>): Record<string, { S: string } | { N: string }> {
  const key = itemKey(itemNumber);
  const result: Record<string, { S: string } | { N: string }> = { ...key, hits: { N: '0' }, ...more };
  const moreBytes = Object.entries(more).reduce((bytes, [name, { S }]) => bytes + name.length + S.length, 0);
  let left = ITEM_BYTES - moreBytes - ('user'.length + key.user.S.length + 'entry'.length + 2 + 'hits'.length + 2);
  const filler = text(itemNumber, ITEM_BYTES);
  for (let field = 0; field < FIELDS; field++) {
    const name = `field${field}`;
    const length = Math.ceil(left / (FIELDS - field)) - name.length;
    result[name] = { S: filler.slice(field * length, (field + 1) * length) };
    left -= name.length + length;
  }
  return result;
}

function tags(itemNumber: number, move: number): Record<string, { S: string }> {
  return Object.fromEntries(Array.from({ length: INDEXES_MAX }, (_, at) => [`tag${at}`, { S: `${move}-${itemNumber}-${at}` }]));
}

/** Text that differs from item to item and does not compress to nothing. */
function text(seed: number, length: number): string {
  let state = (seed + 1) >>> 0;
  let result = '';
  while (result.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    result += state.toString(36);
  }
  return result.slice(0, length);
}
