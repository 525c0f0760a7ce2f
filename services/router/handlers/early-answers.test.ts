import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { ACCESS_KEY_ID, ACCOUNT, ApiClient, authorization, httpHeaders, NOW_DATE, SECRET } from '../../../test/harness/api-client.ts';
import type { HttpRequest, HttpRequestHead, HttpResponse } from '../../shared/env/http.ts';
import { KIB } from '../../shared/base/units.ts';
import { nodeCompression } from '../../shared/platform/compression.ts';

/** A request before it is sent: what mistakes change. */
interface Draft {
  method: string;
  path: string;
  readonly headers: Map<string, string>;
  /** Sent again with another value. */
  readonly twice: string[];
}

type Mistake = (draft: Draft) => void;

const BODY = Buffer.from(`{"TableName":"cities"${' '.repeat(100 * KIB)}}`);
/** Whatever the body is: right and wrong JSON, and none that anybody signed. */
const BODIES = [BODY, Buffer.alloc(100 * KIB, '['), Buffer.alloc(100 * KIB)];
const TARGET = 'DynamoDB_20120810.DescribeTable';
const UNREADABLE_KEY = 'AKIAUNREADABLE';

const method = (value: string): Mistake => {
  return (draft) => {
    draft.method = value;
  };
};
const path = (value: string): Mistake => {
  return (draft) => {
    draft.path = value;
  };
};
const addQuery: Mistake = (draft) => {
  draft.path = `${draft.path}${draft.path.includes('?') ? '&' : '?'}a=b`;
};
const header =
  (name: string, value: string | undefined): Mistake =>
  ({ headers }) =>
    void (value === undefined ? headers.delete(name) : headers.set(name, value));
const authorizationWith =
  (pattern: RegExp | string, replacement: string): Mistake =>
  ({ headers }) =>
    void headers.set('Authorization', (headers.get('Authorization') ?? '').replace(pattern, replacement));
const twice =
  (name: string): Mistake =>
  (draft) =>
    void draft.twice.push(name);

/** No body makes these right. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  'another method': method('PUT'),
  'a question after health': method('GET'),
  'another path': path('/other'),
  'another type': header('Content-Type', 'text/plain'),
  'no type': header('Content-Type', undefined),
  'no target': header('X-Amz-Target', undefined),
  'an unknown target': header('X-Amz-Target', 'DynamoDB_20120810.Nothing'),
  'no signature': header('Authorization', undefined),
  'another scheme': header('Authorization', 'Bearer abc'),
  'presigned and signed': path('/?X-Amz-Algorithm=AWS4-HMAC-SHA256'),
  'a parameter without a value': authorizationWith(/SignedHeaders=[^,]*/, 'SignedHeaders'),
  'no credential': authorizationWith(/Credential=[^,]*,/, ''),
  'no signature in the header': authorizationWith(/, Signature=.*/, ''),
  'a signature that is none': authorizationWith(/Signature=.*/, 'Signature=0'),
  'a signature in upper case': authorizationWith(/Signature=.*/, `Signature=${'A'.repeat(64)}`),
  'a long header': authorizationWith('Credential=', `Credential=${'a'.repeat(5000)}`),
  'no date': header('X-Amz-Date', undefined),
  'a date that is none': header('X-Amz-Date', '201'),
  'an expired date': header('X-Amz-Date', '20261120T094459Z'),
  'a date to come': header('X-Amz-Date', '20261120T101501Z'),
  'host not signed': authorizationWith('host;', ''),
  'date not signed': authorizationWith('x-amz-date;', ''),
  'target not signed': authorizationWith(';x-amz-target', ''),
  'hash not signed': header('X-Amz-Content-Sha256', '0'.repeat(64)),
  'another algorithm': authorizationWith('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'),
  'a short credential': authorizationWith(/Credential=[^,]*/, 'Credential=a/b/c/d'),
  'another scope': authorizationWith(/Credential=[^,]*/, 'Credential=a/b/c/d/e'),
  'another scope, at length': authorizationWith(/\/dynamodb\//, `/${'s'.repeat(10)}/`),
  'another region, at length': authorizationWith(/\/eu-test-1\//, `/${'r'.repeat(3000)}/`),
  'an unknown key': authorizationWith(ACCESS_KEY_ID, 'AKIANOBODY'),
  'a key that is unreadable here': authorizationWith(ACCESS_KEY_ID, UNREADABLE_KEY),
  'two hosts': twice('Host'),
  'two targets': twice('X-Amz-Target'),
  'two dates': twice('X-Amz-Date'),
};

/** Beside a mistake they change what is answered, or nothing; alone they leave it to the body. */
const HARMLESS: Readonly<Record<string, Mistake>> = {
  origin: header('Origin', 'https://example.org'),
  compression: header('Accept-Encoding', 'gzip'),
  'another wrong signature': authorizationWith(/Signature=.*/, `Signature=${'0'.repeat(64)}`),
  'the plain type': header('Content-Type', 'application/json'),
  'a query': addQuery,
  'an operation without an action': header('X-Amz-Target', 'DynamoDB_20120810.ExecuteStatement'),
};

function headOf(...mistakes: readonly Mistake[]): HttpRequestHead {
  const signed = [
    ['Host', 'db.example'],
    ['Content-Type', 'application/x-amz-json-1.0'],
    ['X-Amz-Date', NOW_DATE],
    ['X-Amz-Target', TARGET],
  ] as const;
  const headers = new Map<string, string>([...signed, ['Authorization', authorization(signed, BODY)]]);
  const draft: Draft = { method: 'POST', path: '/', headers, twice: [] };
  for (const mistake of mistakes) mistake(draft);
  const again = draft.twice.map((name) => [name, 'again'] as const);
  return { method: draft.method, path: draft.path, headers: httpHeaders([...draft.headers, ...again]) };
}

function clientOf(): ApiClient {
  const known = new Map([[ACCESS_KEY_ID, { secret: SECRET, account: ACCOUNT }]]);
  return new ApiClient({
    compression: nodeCompression,
    credentials: (accessKeyId) => (accessKeyId === UNREADABLE_KEY ? 'unreadable' : known.get(accessKeyId)),
  });
}

/** All of an answer but its request's id. */
function withoutId({ status, headers, body }: HttpResponse): unknown {
  const { 'x-amzn-RequestId': id, ...others } = headers;
  assert.match(id ?? '', /^[A-Z0-9]{52}$/);
  return { status, headers: others, body: body.toString('latin1') };
}

/** What the head alone is answered with is what any whole request with it is answered with. Tells whether the head sufficed. */
async function agrees({ endpoint }: ApiClient, head: HttpRequestHead): Promise<boolean> {
  const early = await endpoint.answerByHead(head);
  if (early === undefined) return false;
  for (const body of BODIES) {
    const request: HttpRequest = { ...head, body };
    assert.deepEqual(withoutId(early), withoutId(await endpoint.handle(request)));
  }
  return true;
}

for (const [name, mistake] of Object.entries(MISTAKES)) {
  test(`no body is waited for: ${name}`, async () => {
    assert.ok(await agrees(clientOf(), headOf(mistake)));
  });
}

test('a request signed in its query', async () => {
  const presigned = headOf(MISTAKES['no signature'] as Mistake, path('/?X-Amz-Signature=00'));
  const answer = await clientOf().endpoint.answerByHead(presigned);
  assert.match(answer?.body.toString() ?? '', /presigned requests/);
  assert.ok(await agrees(clientOf(), presigned));
});

test('a browser that asks first', async () => {
  assert.ok(await agrees(clientOf(), headOf(HARMLESS['origin'] as Mistake, method('OPTIONS'))));
});

test('a long refusal is compressed as ever', async () => {
  const head = headOf(MISTAKES['another region, at length'] as Mistake, HARMLESS['compression'] as Mistake);
  const answer = await clientOf().endpoint.answerByHead(head);
  assert.equal(answer?.headers['Content-Encoding'], 'gzip');
  assert.match(gunzipSync(answer?.body ?? '').toString(), /not 'r{3000}'/);
});

test('the body decides about what may be right, and about which mistake is told first', async () => {
  const { endpoint } = clientOf();
  for (const [name, mistake] of Object.entries(HARMLESS)) {
    assert.equal(endpoint.answerByHead(headOf(mistake)), undefined, name);
  }
  assert.equal(endpoint.answerByHead(headOf()), undefined);
  const token = headOf(header('X-Amz-Security-Token', 'token'), authorizationWith('x-amz-target', 'x-amz-security-token;x-amz-target'));
  assert.equal(endpoint.answerByHead(token), undefined, 'a wrong signature is told before a foreign token');
});

test('whatever is wrong at once, an early answer is that to the whole request', async () => {
  const client = clientOf();
  const any = fc.array(fc.constantFrom(...Object.entries(MISTAKES), ...Object.entries(HARMLESS)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(any, async (chosen) => {
      await agrees(client, headOf(...chosen.map(([, mistake]) => mistake)));
    }),
    { numRuns: 500 },
  );
});
