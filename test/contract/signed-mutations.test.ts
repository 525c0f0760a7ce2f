import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ApiEndpoint } from '../../services/router/handlers/api-endpoint.ts';
import { must } from '../../services/shared/base/assert.ts';
import { Prng } from '../../services/shared/base/prng.ts';
import type { HttpRequest } from '../../services/shared/env/http.ts';
import { REQUEST_TIMEOUT_MS } from '../../services/shared/limits/api-limits.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { ACCOUNT, apiEnvironment, httpHeaders, REGION } from '../harness/api-client.ts';
import { FakeStorage } from '../harness/fake-storage.ts';

/**
 * Requests signed by the unmodified SDK, and everything that its signature covers changed in turn: each change is refused, with the
 * error that says what is wrong, and none reaches the storage or ends the process.
 */

const REQUESTS = 1000;
/** Every so many is signed with a session token, which nobody here has issued. */
const WITH_TOKEN = 10;
const ACCESS_KEY_ID = 'AKIAMUTATIONS0000000';
const OTHER_KEY_ID = 'AKIASOMEBODYELSE0000';
const SECRET = 'a secret of the tests';

interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A request as it is sent: everything can be changed. */
interface Sent {
  method: string;
  target: string;
  headers: Map<string, string>;
  body: Buffer;
}

const INVALID = 'InvalidSignatureException';
const INCOMPLETE = 'IncompleteSignatureException';
const UNKNOWN_KEY = 'UnrecognizedClientException';
const MISSING = 'MissingAuthenticationTokenException';
/** Not a request of this API at all: 404. */
const NO_OPERATION = 'no operation';

/** What is changed, and what the answer is to be. */
type Mutation = readonly [name: string, change: (sent: Sent) => void, answer: string];

function changed(text: string, random: Prng): string {
  const at = random.below(text.length);
  const letter = text[at] === 'x' ? 'y' : 'x';
  return text.slice(0, at) + letter + text.slice(at + 1);
}

function put(part: Partial<Sent>): (sent: Sent) => void {
  return (sent) => void Object.assign(sent, part);
}

function setHeader(name: string, change: (value: string) => string): (sent: Sent) => void {
  return ({ headers }) => headers.set(name, change(must(headers.get(name))));
}

/** Changes one part of the Authorization header: `Credential`, `SignedHeaders`, `Signature`. */
function setPart(part: string, change: (value: string) => string): (sent: Sent) => void {
  return setHeader('authorization', (value) => value.replace(new RegExp(`(?<=${part}=)[^,]*`), change));
}

/** Changes one element of the credential's scope: 0 is the access key. */
function setScope(element: number, value: string): (sent: Sent) => void {
  return setPart('Credential', (credential) => credential.split('/').with(element, value).join('/'));
}

/** What holds of every request, whatever it signs. */
function commonMutations(random: Prng): Mutation[] {
  const flip = (digit: string): string => (digit === '0' ? '1' : '0');
  return [
    ['method', put({ method: 'PUT' }), NO_OPERATION],
    ['path', put({ target: '/x' }), NO_OPERATION],
    ['query', put({ target: '/?a=b' }), INVALID],
    ['query without a value', put({ target: '/?Action' }), INVALID],
    ['date of the scope', setScope(1, '20150830'), INVALID],
    ['region of the scope', setScope(2, 'mars-1'), INVALID],
    ['service of the scope', setScope(3, 's3'), INVALID],
    ['end of the scope', setScope(4, 'aws5_request'), INVALID],
    ['a scope with an element too few', setPart('Credential', (credential) => credential.split('/').slice(0, 4).join('/')), INCOMPLETE],
    ['a scope with an element too many', setPart('Credential', (credential) => `${credential}/x`), INCOMPLETE],
    ['access key that nobody has', setScope(0, changed(ACCESS_KEY_ID, random)), UNKNOWN_KEY],
    ['access key of somebody else', setScope(0, OTHER_KEY_ID), INVALID],
    ['no access key', setScope(0, ''), UNKNOWN_KEY],
    ['a digit of the signature', setPart('Signature', (hex) => hex.replace(/.(?=.{7}$)/, flip)), INVALID],
    ['the first digit of the signature', setPart('Signature', (hex) => hex.replace(/^./, flip)), INVALID],
    ['a signature in capitals', setPart('Signature', (hex) => `A${hex.slice(1).toUpperCase()}`), INVALID],
    ['a short signature', setPart('Signature', (hex) => hex.slice(1)), INVALID],
    ['a long signature', setPart('Signature', (hex) => `${hex}0`), INVALID],
    ['no signature', setPart('Signature', () => ''), INCOMPLETE],
    ['the name of the signature', setHeader('authorization', (value) => value.replace('Signature=', 'Signatur=')), INCOMPLETE],
    ['the algorithm', setHeader('authorization', (value) => value.replace('HMAC-SHA256', 'HMAC-SHA1')), INCOMPLETE],
    ['another scheme', setHeader('authorization', (value) => value.replace('AWS4-HMAC-SHA256', 'Bearer')), MISSING],
    ['no Authorization header', (sent) => void sent.headers.delete('authorization'), MISSING],
    ['a name fewer in SignedHeaders', setPart('SignedHeaders', (names) => names.replace(/;x-amz-target/, '')), INVALID],
    ['a name more in SignedHeaders', setPart('SignedHeaders', (names) => `${names};x-none`), INVALID],
    ['an unsigned session token', (sent) => void sent.headers.set('x-amz-security-token', 'token'), INVALID],
    ['an unsigned hash of the body', (sent) => void sent.headers.set('x-amz-content-sha256', 'UNSIGNED-PAYLOAD'), INVALID],
    ['a byte of the body', changeBody(random), INVALID],
    ['a byte more in the body', (sent) => put({ body: Buffer.concat([sent.body, Buffer.from(' ')]) })(sent), INVALID],
    ['an empty body', put({ body: Buffer.alloc(0) }), INVALID],
  ];
}

function changeBody(random: Prng): (sent: Sent) => void {
  return (sent) => {
    const body = Buffer.from(sent.body);
    const at = random.below(body.length);
    body[at] = (body[at] as number) ^ 1;
    sent.body = body;
  };
}

/** Each signed header with another value, and without one. */
function headerMutations({ headers }: Sent, random: Prng): Mutation[] {
  const names = must(/SignedHeaders=([^,]*)/.exec(must(headers.get('authorization')))?.[1]).split(';');
  return names.flatMap((name): Mutation[] => {
    const gone = (sent: Sent): void => void sent.headers.delete(name);
    switch (name) {
      case 'content-type':
        return [
          [name, setHeader(name, () => 'application/json'), INVALID],
          [`no ${name}`, gone, NO_OPERATION],
        ];
      case 'x-amz-target':
        return [
          [
            name,
            setHeader(name, (target) =>
              target.endsWith('.ListTables') ? target.replace('List', 'Delete').slice(0, -1) : target.replace(/\.\w+$/, '.ListTables'),
            ),
            INVALID,
          ],
          [`no ${name}`, gone, 'UnknownOperationException'],
        ];
      case 'x-amz-date':
        return [
          [name, setHeader(name, (date) => date.replace(/\d(?=Z$)/, (digit) => String((Number(digit) + 1) % 10))), INVALID],
          [`another day in ${name}`, setHeader(name, (date) => date.replace(/^\d{8}/, '20150830')), INVALID],
          [`no ${name}`, gone, INCOMPLETE],
        ];
      default:
        return [
          [name, setHeader(name, (value) => changed(value, random)), INVALID],
          [`no ${name}`, gone, INVALID],
        ];
    }
  });
}

/** One request of any kind, with a body that is like no other's. */
function commandOf(random: Prng) {
  const TableName = random.below(4) === 0 ? 'absent' : 'tab';
  const text = Array.from({ length: 1 + random.below(20) }, () => String.fromCharCode(0x20 + random.below(0x3000))).join('');
  const Key = { pk: { S: text } };
  const kinds = [
    () => new GetItemCommand({ TableName, Key }),
    () => new PutItemCommand({ TableName, Item: { ...Key, v: { N: String(random.below(1e6)) }, b: { B: Buffer.from(text) } } }),
    () => new DeleteItemCommand({ TableName, Key, ReturnValues: 'ALL_OLD' }),
    () => new QueryCommand({ TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: text } } }),
    () => new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key] } } }),
    () => new DescribeTableCommand({ TableName }),
    () => new ListTablesCommand({ Limit: 1 + random.below(100) }),
    () =>
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: 'ADD n :n',
        ExpressionAttributeValues: { ':n': { N: String(random.below(100)) } },
      }),
  ];
  return must(kinds[random.below(kinds.length)])();
}

class SignedRequests {
  readonly storage = new FakeStorage(nodeDigest);
  readonly #endpoint: ApiEndpoint;
  readonly #clients: readonly DynamoDBClient[];
  #last: SdkRequest | undefined;

  constructor() {
    const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
    const secrets = new Map([
      [ACCESS_KEY_ID, SECRET],
      [OTHER_KEY_ID, 'another secret'],
    ]);
    this.#endpoint = new ApiEndpoint({ ...apiEnvironment(), clock }, this.storage, {
      region: REGION,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      credentials: (id) => {
        const secret = secrets.get(id);
        return secret === undefined ? undefined : { secret, account: ACCOUNT };
      },
    });
    const requestHandler = {
      handle: async (request: SdkRequest) => {
        this.#last = request;
        return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: Readable.from(['{}']) } };
      },
    };
    const key = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET };
    this.#clients = [key, { ...key, sessionToken: 'a session token' }].map(
      (credentials) =>
        new DynamoDBClient({ region: REGION, endpoint: 'http://127.0.0.1:8000', credentials, requestHandler: requestHandler as never }),
    );
  }

  /** What the SDK sends for the command. */
  async sign(random: Prng, withToken: boolean): Promise<Sent> {
    await must(this.#clients[withToken ? 1 : 0]).send(commandOf(random) as never);
    const { method, path, headers, body } = must(this.#last);
    const lowerCase = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
    return { method, target: path, headers: new Map(lowerCase), body: Buffer.from(body ?? '') };
  }

  /** The error's name; `OK` when there is none. */
  async answer({ method, target, headers, body }: Sent): Promise<string> {
    const request: HttpRequest = { method, path: target, headers: httpHeaders([...headers]), body };
    const response = await this.#endpoint.handle(request);
    if (response.status === 404) return NO_OPERATION;
    const { __type: type } = JSON.parse(response.body.toString()) as { __type?: string };
    return type === undefined ? 'OK' : type.slice(type.indexOf('#') + 1);
  }
}

test(`${REQUESTS} requests signed by the SDK, and every change of what was signed`, async () => {
  const random = new Prng(20261126);
  const requests = new SignedRequests();
  await requests.storage.createTable({
    account: ACCOUNT,
    region: REGION,
    name: 'tab',
    tableId: 't1',
    keys: { partition: { name: 'pk', type: 'S' } },
    billingMode: 'PAY_PER_REQUEST',
    createdAtMs: 1,
  });
  let mutations = 0;
  for (let at = 0; at < REQUESTS; at++) {
    const withToken = at % WITH_TOKEN === 0;
    const sent = await requests.sign(random, withToken);
    const answer = await requests.answer(sent);
    if (withToken) assert.equal(answer, UNKNOWN_KEY);
    else assert.ok(['OK', 'ResourceNotFoundException'].includes(answer), answer);
    const { length } = requests.storage.calls;
    for (const [name, change, expected] of [...commonMutations(random), ...headerMutations(sent, random)]) {
      if (withToken && name === 'an unsigned session token') continue;
      const mutated = { ...sent, headers: new Map(sent.headers) };
      change(mutated);
      assert.equal(await requests.answer(mutated), expected, `request ${at}, ${name}: ${[...mutated.headers].join('\n')}`);
      mutations++;
    }
    assert.equal(requests.storage.calls.length, length);
  }
  assert.ok(mutations > 40 * REQUESTS, `${mutations} changes`);
});
