import { MIB } from '../../services/shared/base/units.ts';

/** A body of PutItem or GetItem on the table `tab`, made to be deep, wide or long, and what the answer is. */
export interface HostileBody {
  readonly name: string;
  readonly operation: 'PutItem' | 'GetItem';
  body(): Buffer;
  readonly answer: RegExp;
  /** Whether the scan refuses it, so that JSON.parse never sees it. */
  readonly unparsed: boolean;
}

const DEEP = /ValidationException.*Nesting Levels have exceeded supported limits/;
const MANY = /ValidationException.*more values than can be processed at once/;
const NO_JSON = /^\{"__type":"com\.amazon\.coral\.service#SerializationException"\}$/;

export const HOSTILE_BODIES: readonly HostileBody[] = [
  scanned('millions of open lists', () => '['.repeat(4 * MIB), DEEP),
  scanned('a million open objects', () => '{"a":'.repeat(MIB), DEEP),
  scanned('an item of open maps', () => `{"TableName":"tab","Item":${'{"M":{"x":'.repeat(100_000)}`, DEEP),
  scanned('four million small objects', () => `[${'{},'.repeat(4 * MIB)}{}]`, MANY),
  scanned('a million names', () => `{${Array.from({ length: MIB }, (_, at) => `"k${at}":1`).join(',')}}`, MANY),
  scanned('millions of commas', () => ','.repeat(4 * MIB), MANY),
  scanned('sixteen megabytes of blanks', () => `{${' '.repeat(16 * MIB - 2)}}`, MANY),
  scanned('digits without an end', () => `{"a":${'9'.repeat(8 * MIB)}}`, MANY),
  parsed('a string that never ends', () => `{"TableName":"${'x'.repeat(8 * MIB)}`, NO_JSON),
  parsed('backslashes', () => `{"TableName":"${'\\'.repeat(8 * MIB)}"}`, /constraint|TableName/),
  parsed('quotes', () => `{"TableName":"${'\\"'.repeat(4 * MIB)}"}`, /constraint|TableName/),
  parsed('escapes that are none', () => `{"TableName":"${'\\u12'.repeat(MIB)}"}`, NO_JSON),
  parsed('nothing but quotes', () => '"'.repeat(8 * MIB), NO_JSON),
  parsed(
    'a number of a million digits',
    () => put(`{"pk":{"S":"a"},"n":{"N":"${'7'.repeat(MIB)}"}}`),
    /ValidationException.*(Number overflow|significant digits)/,
  ),
  parsed(
    'a number of a million zeros',
    () => put(`{"pk":{"S":"a"},"n":{"N":"0.${'0'.repeat(MIB)}1"}}`),
    /ValidationException.*Number underflow/,
  ),
  parsed(
    'an exponent of a million digits',
    () => put(`{"pk":{"S":"a"},"n":{"N":"1e${'9'.repeat(MIB)}"}}`),
    /ValidationException.*Number overflow/,
  ),
  parsed('a number that JSON cannot hold', () => put('{"pk":{"S":"a"},"n":{"N":1e400}}'), /SerializationException/),
  parsed('a pair torn apart', () => put('{"pk":{"S":"a"},"s":{"S":"\\ud83d"}}'), /ValidationException.*surrogate/),
  parsed(
    'a prototype for a request',
    () => '{"__proto__":{"TableName":"tab","Item":{"pk":{"S":"a"}}}}',
    /ValidationException.*(tableName|TableName)/,
  ),
  parsed('a prototype for an item', () => '{"TableName":"tab","Item":{"__proto__":{"pk":{"S":"a"}}}}', /ValidationException/),
  parsed('a prototype for a value', () => put('{"pk":{"__proto__":{"S":"a"}}}'), /ValidationException.*Supplied AttributeValue is empty/),
  parsed(
    'a name that comes many times',
    () => `{${'"TableName":"no",'.repeat(100_000)}"TableName":"tab","Item":{"pk":{"S":"a"}}}`,
    /^\{\}$/,
  ),
  parsed(
    'a set of the same',
    () => put(`{"pk":{"S":"a"},"s":{"SS":[${'"x",'.repeat(100_000)}"x"]}}`),
    /ValidationException.*Input collection \[x, x, /,
  ),
  parsed(
    'an expression of a megabyte',
    () => get({ ProjectionExpression: '('.repeat(MIB) }),
    /Expression size has exceeded the maximum allowed size; expression size: 1048576/,
  ),
  parsed(
    'a placeholder of a megabyte',
    () => get({ ProjectionExpression: 'a', ExpressionAttributeNames: { [`#${'x'.repeat(MIB)}`]: 'a' } }),
    /key that is too long; size of key: 1048577/,
  ),
  parsed(
    'a hundred thousand placeholders',
    () =>
      get({
        ProjectionExpression: 'a',
        ExpressionAttributeNames: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`#n${at}`, 'a'])),
      }),
    /unused in expressions: keys: \{#n0, /,
  ),
];

function scanned(name: string, text: () => string, answer: RegExp): HostileBody {
  return { name, operation: 'PutItem', body: () => Buffer.from(text()), answer, unparsed: true };
}

function parsed(name: string, text: () => string, answer: RegExp): HostileBody {
  const operation = /placeholder|expression/.test(name) ? 'GetItem' : 'PutItem';
  return { name, operation, body: () => Buffer.from(text()), answer, unparsed: false };
}

function put(item: string): string {
  return `{"TableName":"tab","Item":${item}}`;
}

function get(input: object): string {
  return JSON.stringify({ TableName: 'tab', Key: { pk: { S: 'a' } }, ...input });
}
