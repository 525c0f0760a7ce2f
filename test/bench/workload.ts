/** What the bench asks of every target: the same table, items and requests, byte for byte but for host and signature. */

export const OPERATIONS = ['put', 'get-eventual', 'get-strong', 'update', 'query'] as const;
export type BenchOperation = (typeof OPERATIONS)[number];

export const TABLE_NAME = 'bench';
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

/** A table of user id (string) and entry (number), on demand. */
export function createTableRequest(): BenchRequest {
  const definition = {
    TableName: TABLE_NAME,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'user', AttributeType: 'S' },
      { AttributeName: 'entry', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'user', KeyType: 'HASH' },
      { AttributeName: 'entry', KeyType: 'RANGE' },
    ],
  };
  return { action: 'CreateTable', body: JSON.stringify(definition), leastAnswerBytes: 2 };
}

export function describeTableRequest(): BenchRequest {
  return { action: 'DescribeTable', body: JSON.stringify({ TableName: TABLE_NAME }), leastAnswerBytes: 2 };
}

/** The request of this kind for the item (for a query: the collection) with this number, counted from 0. */
export function benchRequest(operation: BenchOperation, itemNumber: number): BenchRequest {
  const Key = itemKey(itemNumber);
  switch (operation) {
    case 'put':
      return request('PutItem', { Item: item(itemNumber) }, 2);
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
  return { action, body: JSON.stringify({ TableName: TABLE_NAME, ...parameters }), leastAnswerBytes };
}

function itemKey(itemNumber: number): { user: { S: string }; entry: { N: string } } {
  const user = Math.floor(itemNumber / ITEMS_PER_COLLECTION);
  return { user: { S: `user-${String(user).padStart(8, '0')}` }, entry: { N: String(itemNumber % ITEMS_PER_COLLECTION) } };
}

/**
 * An item of 900 bytes as DynamoDB counts them (names and strings by their UTF-8 bytes, a number of one digit as two), shaped
 * like YCSB's: a key and ten fields of text, of which the last takes what is left.
 */
function item(itemNumber: number): Record<string, { S: string } | { N: string }> {
  const key = itemKey(itemNumber);
  const result: Record<string, { S: string } | { N: string }> = { ...key, hits: { N: '0' } };
  let left = ITEM_BYTES - ('user'.length + key.user.S.length + 'entry'.length + 2 + 'hits'.length + 2);
  const filler = text(itemNumber, ITEM_BYTES);
  for (let field = 0; field < FIELDS; field++) {
    const name = `field${field}`;
    const length = Math.ceil(left / (FIELDS - field)) - name.length;
    result[name] = { S: filler.slice(field * length, (field + 1) * length) };
    left -= name.length + length;
  }
  return result;
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
