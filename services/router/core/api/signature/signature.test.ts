import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ACCESS_KEY_ID,
  ACCOUNT,
  apiEnvironment,
  authorization,
  httpHeaders,
  NOW_DATE,
  NOW_MS,
  REGION,
  SECRET,
  signedRequest,
} from '../../../../../test/harness/api-client.ts';
import type { HeaderList } from '../../../../../test/harness/api-client.ts';
import type { HttpRequest } from '../../../../shared/env/http.ts';
import { nodeDigest } from '../../../../shared/platform/digest.ts';
import { ApiError } from '../api-error.ts';
import type { Credential } from '../identity.ts';
import { formatAmzDate, parseAmzDate } from './amz-date.ts';
import { canonicalRequest } from './canonical-request.ts';
import { HmacKey } from './hmac-key.ts';
import { SignatureVerifier } from './signature-verifier.ts';
import { SigningKeys } from './signing-keys.ts';

const TARGET = 'DynamoDB_20120810.GetItem';
const BODY = Buffer.from('{"TableName":"cities"}');
const SIGNED: HeaderList = [
  ['Host', 'db.example:8000'],
  ['Content-Type', 'application/x-amz-json-1.0'],
  ['X-Amz-Date', NOW_DATE],
  ['X-Amz-Target', TARGET],
];
const HASH = createHash('sha256').update(BODY).digest('hex');

function verifier(credentials: Readonly<Record<string, Credential>> = { [ACCESS_KEY_ID]: { secret: SECRET, account: ACCOUNT } }) {
  const { clock } = apiEnvironment();
  return new SignatureVerifier(nodeDigest, clock, { region: REGION, service: 'dynamodb' }, (id) =>
    Object.hasOwn(credentials, id) ? credentials[id] : undefined,
  );
}

function requestOf(headers: HeaderList, body = BODY): HttpRequest {
  return { method: 'POST', path: '/', headers: httpHeaders(headers), body };
}

/** The signed headers, perhaps others beside them, and an Authorization header. */
function request(authorizationHeader: string, others: HeaderList = [], signed = SIGNED): HttpRequest {
  return requestOf([...signed, ...others, ['Authorization', authorizationHeader]]);
}

function refusal(run: () => unknown): { name: string; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.status, 400);
    assert.match(error.type, /^com\.amazon\.coral\.service#/);
    return { name: error.code, message: error.message };
  }
  return assert.fail('the request was accepted');
}

function refuses(signed: HttpRequest, name: string, message: string, query = ''): void {
  assert.deepEqual(
    refusal(() => verifier().verify(signed, query)),
    { name, message },
  );
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing ' +
  'method. Consult the service documentation for details.';

test('the example of the IAM User Guide: canonical request, signing key and signature', () => {
  const headers = httpHeaders([
    ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ['Host', 'iam.amazonaws.com'],
    ['X-Amz-Date', '20150830T123600Z'],
  ]);
  const names = ['content-type', 'host', 'x-amz-date'];
  const empty = nodeDigest.sha256Hex('');
  const canonical = canonicalRequest('GET', 'Version=2010-05-08&Action=ListUsers', headers, names.join(';'), names, empty);
  assert.equal(nodeDigest.sha256Hex(canonical), 'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59');
  const keys = new SigningKeys(nodeDigest, 'us-east-1', 'iam');
  const key = keys.derive('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', '20150830');
  assert.equal(Buffer.from(key).toString('hex'), 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9');
  const toSign = ['AWS4-HMAC-SHA256', '20150830T123600Z', '20150830/us-east-1/iam/aws4_request', nodeDigest.sha256Hex(canonical)];
  assert.equal(new HmacKey(nodeDigest, key).hex(toSign.join('\n')), '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
});

test('canonical headers join values of one name and fold blanks; canonical queries are sorted by bytes', () => {
  const headers = httpHeaders([
    ['Host', 'x'],
    ['My-Header', '  a   b\tc '],
    ['my-header', 'd'],
  ]);
  const text = canonicalRequest('POST', 'b=2&a=%20&b=10&a', headers, 'host;my-header;absent', ['host', 'my-header', 'absent'], 'HASH');
  assert.equal(text, 'POST\n/\na=&a=%20&b=10&b=2\nhost:x\nmy-header:a b c,d\nabsent:\n\nhost;my-header;absent\nHASH');
});

test('HMAC over plain hashes is HMAC', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(fc.string({ unit: 'binary-ascii', maxLength: 400 })),
      (key, messages) => {
        const hmac = new HmacKey(nodeDigest, key);
        for (const message of messages) {
          assert.equal(hmac.hex(message), Buffer.from(nodeDigest.hmacSha256(key, message)).toString('hex'));
        }
      },
    ),
  );
});

test('dates go to milliseconds and back', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1600-01-01'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      const text = `${date.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
      assert.equal(formatAmzDate(date.getTime()), text);
      assert.equal(parseAmzDate(text), Math.floor(date.getTime() / 1000) * 1000);
    }),
  );
  for (const wrong of ['201', '20261120T100000', '2026-11-20T10:00:00Z', '20261320T100000Z', '20261120T240000Z', '20261100T100000Z']) {
    assert.equal(parseAmzDate(wrong), undefined, wrong);
  }
});

test('a rightly signed request is its account’s, the first time and from the caches', () => {
  const one = verifier();
  const identity = { accessKeyId: ACCESS_KEY_ID, account: ACCOUNT, user: undefined };
  for (const body of [BODY, BODY, Buffer.from('{}'), Buffer.alloc(0)]) {
    assert.deepEqual(one.verify(signedRequest(TARGET, body), ''), identity);
  }
  assert.deepEqual(one.verify(signedRequest(TARGET, BODY, { date: '20261120T101459Z' }), ''), identity);
  assert.deepEqual(one.verify(signedRequest(TARGET, BODY, { date: '20261120T094501Z' }), ''), identity);
});

test('a declared body hash is signed and right; an unsigned or streamed body is refused', () => {
  const declare = (hash: string) => {
    const signed: HeaderList = [...SIGNED, ['X-Amz-Content-Sha256', hash]];
    return request(authorization(signed, BODY), [], signed);
  };
  assert.equal(verifier().verify(declare(HASH), '').account, ACCOUNT);
  for (const hash of ['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', HASH.replace(/^./, 'x')]) {
    refuses(declare(hash), 'InvalidSignatureException', MISMATCH);
  }
});

test('every changed byte of body, signed header or signature is noticed', () => {
  const headers: [string, string][] = [
    ...SIGNED.map(([name, value]): [string, string] => [name, value]),
    ['Authorization', authorization(SIGNED, BODY)],
  ];
  const one = verifier();
  one.verify(requestOf(headers), '');
  fc.assert(
    fc.property(fc.nat(headers.length), fc.nat(), fc.integer({ min: 1, max: 25 }), (which, where, shift) => {
      const changed = headers.map(([name, value]): [string, string] => [name, value]);
      let body = BODY;
      const header = changed[which];
      if (header === undefined) {
        body = Buffer.from(BODY);
        body[where % body.length] = (body[where % body.length] as number) ^ shift;
      } else {
        const at = where % header[1].length;
        const letter = String.fromCharCode(97 + ((header[1].charCodeAt(at) + shift) % 26));
        if (letter === header[1][at]) return;
        header[1] = header[1].slice(0, at) + letter + header[1].slice(at + 1);
      }
      refusal(() => one.verify(requestOf(changed, body), ''));
    }),
    { numRuns: 1000 },
  );
});

test('requests without a signature', () => {
  const missing = ['MissingAuthenticationTokenException', 'Request is missing Authentication Token'] as const;
  refuses(requestOf(SIGNED), ...missing);
  refuses(request('Bearer abc'), ...missing);
  refuses(
    requestOf(SIGNED),
    'IncompleteSignatureException',
    'Signatures in the query string (presigned requests) are not supported by Stator; sign with the Authorization header.',
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00',
  );
  refuses(
    request(authorization(SIGNED, BODY)),
    'InvalidSignatureException',
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    'a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256',
  );
});

test('malformed Authorization headers are named by their hash', () => {
  const hashOf = (text: string) => createHash('sha256').update(text).digest('base64');
  const name = 'IncompleteSignatureException';
  const unequal = 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders, Signature=b';
  refuses(
    request(unequal),
    name,
    'Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): ' +
      `'${hashOf(unequal)}'.`,
  );
  const bare = 'AWS4-HMAC-SHA256';
  refuses(
    requestOf([
      ['Host', 'x'],
      ['Authorization', bare],
    ]),
    name,
    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
      "Authorization header requires 'SignedHeaders' parameter. " +
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
      `(Hashed with SHA-256 and encoded with Base64) Authorization=${hashOf(bare)}`,
  );
  refuses(
    request('AWS4-HMAC-SHA256=x Credential=a'),
    name,
    'Authorization header must begin with the algorithm name, which cannot include an equal-sign',
  );
  refuses(request(`AWS4-HMAC-SHA256 Credential=${'a'.repeat(5000)}`), name, 'Authorization header is too long.');
});

test('the date', () => {
  const at = (date: string) =>
    request(authorization(SIGNED, BODY, { date }), [], [...SIGNED.filter(([n]) => n !== 'X-Amz-Date'), ['X-Amz-Date', date]]);
  refuses(
    at('201'),
    'IncompleteSignatureException',
    "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
  );
  refuses(
    at('20261120T094459Z'),
    'InvalidSignatureException',
    'Signature expired: 20261120T094459Z is now earlier than 20261120T094500Z (20261120T100000Z - 15 min.)',
  );
  refuses(
    at('20261120T101501Z'),
    'InvalidSignatureException',
    'Signature not yet current: 20261120T101501Z is still later than 20261120T101500Z (20261120T100000Z + 15 min.)',
  );
  assert.equal(formatAmzDate(NOW_MS), NOW_DATE);
});

test('headers that must be signed', () => {
  const without = (name: string) => {
    const signed = SIGNED.filter(([one]) => one !== name);
    return request(authorization(signed, BODY), [], [...signed, ...SIGNED.filter(([one]) => one === name)]);
  };
  const message = (name: string) => `${name} must be a 'SignedHeader' in the AWS Authorization.`;
  refuses(without('Host'), 'InvalidSignatureException', message("'Host' or ':authority'"));
  refuses(without('X-Amz-Date'), 'InvalidSignatureException', message("'X-Amz-Date'"));
  refuses(without('X-Amz-Target'), 'InvalidSignatureException', message("'X-Amz-Target'"));
  const extra: HeaderList = [['X-Amz-Content-Sha256', HASH]];
  refuses(request(authorization(SIGNED, BODY), extra), 'InvalidSignatureException', message("'X-Amz-Content-Sha256'"));
  // A header that says nothing about the request may come unsigned.
  assert.equal(verifier().verify(request(authorization(SIGNED, BODY), [['User-Agent', 'x']]), '').account, ACCOUNT);
});

test('what decides the meaning of a request comes once', () => {
  for (const name of ['Host', 'X-Amz-Target', 'X-Amz-Date', 'Content-Type', 'Authorization']) {
    refuses(
      request(authorization(SIGNED, BODY), [[name, 'again']]),
      'IncompleteSignatureException',
      `The '${name.toLowerCase()}' header must be present once only.`,
    );
  }
});

test('the scope of the credential', () => {
  const good = authorization(SIGNED, BODY);
  refuses(
    request(good.replace('AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA25')),
    'IncompleteSignatureException',
    "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
  );
  refuses(
    request(good.replace(/Credential=[^,]*/, 'Credential=a/b/c/d')),
    'IncompleteSignatureException',
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'",
  );
  refuses(
    request(good.replace(/Credential=[^,]*/, 'Credential=a/b/c/d/e')),
    'InvalidSignatureException',
    "Credential should be scoped to a valid region, not 'c'. Credential should be scoped to correct service: 'dynamodb'. " +
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date in Credential scope does not match " +
      "YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20261120', from '20261120T100000Z'.",
  );
});

test('unknown keys, wrong secrets and foreign tokens', () => {
  const nobody = ['UnrecognizedClientException', 'The security token included in the request is invalid.'] as const;
  refuses(signedRequest(TARGET, BODY, { accessKeyId: 'AKIANOBODY' }), ...nobody);
  refuses(signedRequest(TARGET, BODY, { secret: 'wrong' }), 'InvalidSignatureException', MISMATCH);
  refuses(signedRequest(TARGET, BODY, { accessKeyId: '__proto__' }), ...nobody);
  const signed: HeaderList = [...SIGNED, ['X-Amz-Security-Token', 'token']];
  refuses(request(authorization(signed, BODY), [], signed), ...nobody);
  const upper = authorization(SIGNED, BODY).replace(/Signature=(.*)$/, (_, hex: string) => `Signature=${hex.toUpperCase()}`);
  refuses(request(upper), 'InvalidSignatureException', MISMATCH);
});

test('a secret that changed counts at once', () => {
  const credentials: Record<string, Credential> = { [ACCESS_KEY_ID]: { secret: SECRET, account: ACCOUNT } };
  const one = verifier(credentials);
  one.verify(signedRequest(TARGET, BODY), '');
  credentials[ACCESS_KEY_ID] = { secret: 'another', account: ACCOUNT };
  assert.equal(refusal(() => one.verify(signedRequest(TARGET, BODY), '')).name, 'InvalidSignatureException');
  assert.equal(one.verify(signedRequest(TARGET, BODY, { secret: 'another' }), '').account, ACCOUNT);
});
