import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../services/router/core/api/api-error.ts';
import { parseAmzDate } from '../../services/router/core/api/signature/amz-date.ts';
import { canonicalRequest } from '../../services/router/core/api/signature/canonical-request.ts';
import { SignatureVerifier } from '../../services/router/core/api/signature/signature-verifier.ts';
import { SigningKeys } from '../../services/router/core/api/signature/signing-keys.ts';
import { must } from '../../services/shared/base/assert.ts';
import type { HttpRequest } from '../../services/shared/env/http.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { ApiClient, httpHeaders } from '../harness/api-client.ts';
import { readSigV4Cases, type SigV4Case, type SignedForm } from './sigv4-case-file.ts';

const DATE = '20150830T123600Z';
const SCOPE = { region: 'us-east-1', service: 'service' };
const ACCESS_KEY_ID = 'AKIDEXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const ACCOUNT = '123456789012';
const CREDENTIAL = `${ACCESS_KEY_ID}/20150830/us-east-1/service/aws4_request`;

const cases = readSigV4Cases('test/contract/sigv4-cases.txt');
const [atRoot, elsewhere] = [cases.filter(isAtRoot), cases.filter((one) => !isAtRoot(one))];

/** Requests of this API have the path `/`: what others are signed as does not concern it. */
function isAtRoot({ target }: SigV4Case): boolean {
  return target === '/' || target.startsWith('/?');
}

/** A request target as an HTTP server hands it over: each byte a character. */
function queryOf({ target }: SigV4Case): string {
  return Buffer.from(target.slice(2), 'utf8').toString('latin1');
}

function canonicalParts({ canonical }: SignedForm) {
  const bodyHash = must(canonical.at(-1));
  const signedHeaders = must(canonical.at(-2));
  return { bodyHash, signedHeaders, names: signedHeaders.split(';'), query: must(canonical[2]) };
}

/** The headers of the request, with those that signing added. */
function sentHeaders({ headers, byHeader }: SigV4Case): [string, string][] {
  const added = byHeader.canonical.filter((line) => line.startsWith('x-amz-') && line.includes(':'));
  return [...headers.map(([name, value]): [string, string] => [name, value]), ...added.map(splitHeader)];
}

function splitHeader(line: string): [string, string] {
  return [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)];
}

function signedRequest(one: SigV4Case, more: readonly [string, string][] = []): HttpRequest {
  const { signedHeaders } = canonicalParts(one.byHeader);
  const authorization = `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=${signedHeaders}, Signature=${one.byHeader.signature}`;
  const headers = httpHeaders([...sentHeaders(one), ...more, ['Authorization', authorization]]);
  return { method: one.method, path: one.target, headers, body: Buffer.from(one.body) };
}

function verifier(): SignatureVerifier {
  const clock = { monotonicMs: () => 0, wallMs: () => must(parseAmzDate(DATE)) };
  return new SignatureVerifier(nodeDigest, clock, SCOPE, (id) => (id === ACCESS_KEY_ID ? { secret: SECRET, account: ACCOUNT } : undefined));
}

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return `${error.code}: ${error.message}`;
  }
  return 'accepted';
}

function signatureOf(canonical: string): string {
  const hash = nodeDigest.sha256Hex(canonical);
  const toSign = ['AWS4-HMAC-SHA256', DATE, '20150830/us-east-1/service/aws4_request', hash].join('\n');
  return new SigningKeys(nodeDigest, SCOPE.region, SCOPE.service).key(ACCESS_KEY_ID, SECRET, '20150830').hex(toSign);
}

test('the file has every case of the suite', () => {
  assert.equal(cases.length, 38);
  assert.deepEqual([atRoot.length, elsewhere.length], [22, 16]);
  for (const { name, byHeader, byQuery } of cases) {
    for (const { signature, canonical } of [byHeader, byQuery]) {
      assert.match(signature, /^[0-9a-f]{64}$/, name);
      assert.equal(signatureOf(canonical.join('\n')), signature, name);
    }
  }
});

for (const one of atRoot) {
  test(`${one.name}: canonical form and signature, in a header and in the query`, () => {
    const headers = httpHeaders(sentHeaders(one));
    const inHeader = canonicalParts(one.byHeader);
    const bodyHash = nodeDigest.sha256Hex(Buffer.from(one.body));
    const canonical = canonicalRequest(one.method, queryOf(one), headers, inHeader.signedHeaders, inHeader.names, bodyHash);
    assert.equal(canonical, one.byHeader.canonical.join('\n'));
    assert.equal(signatureOf(canonical), one.byHeader.signature);
    const inQuery = canonicalParts(one.byQuery);
    // As a client sends them: its own parameters first, then those of the signature, in no order.
    const presigned = [
      queryOf(one),
      ...inQuery.query
        .split('&')
        .filter((parameter) => parameter.startsWith('X-Amz-'))
        .reverse(),
    ];
    const query = presigned.filter((parameter) => parameter !== '').join('&');
    const byQuery = canonicalRequest(one.method, query, headers, inQuery.signedHeaders, inQuery.names, bodyHash);
    assert.equal(byQuery, one.byQuery.canonical.join('\n'));
    assert.equal(signatureOf(byQuery), one.byQuery.signature);
    const request = { ...signedRequest(one), headers: httpHeaders(one.headers) };
    const refusal = errorOf(() => verifier().verify(request, `${query}&X-Amz-Signature=${one.byQuery.signature}`));
    assert.match(refusal, /^IncompleteSignatureException: Signatures in the query string \(presigned requests\) are not supported/);
  });

  test(`${one.name}: the verifier's answer`, () => {
    const query = queryOf(one);
    if (one.token === undefined) {
      const identity = { accessKeyId: ACCESS_KEY_ID, account: ACCOUNT, user: undefined };
      assert.deepEqual(verifier().verify(signedRequest(one), query), identity);
    } else if (one.tokenUnsigned) {
      const request = signedRequest(one, [['X-Amz-Security-Token', one.token]]);
      const expected = "InvalidSignatureException: 'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization.";
      assert.equal(
        errorOf(() => verifier().verify(request, query)),
        expected,
      );
    } else {
      // Rightly signed; but tokens are issued by nobody here, and only whoever signs rightly is told that.
      const refusal = 'UnrecognizedClientException: The security token included in the request is invalid.';
      assert.equal(
        errorOf(() => verifier().verify(signedRequest(one), query)),
        refusal,
      );
    }
    const wrong = {
      ...one,
      byHeader: { ...one.byHeader, signature: one.byHeader.signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) },
    };
    const more: [string, string][] = one.token !== undefined && one.tokenUnsigned ? [['X-Amz-Security-Token', one.token]] : [];
    assert.match(
      errorOf(() => verifier().verify(signedRequest(wrong, more), query)),
      /^InvalidSignatureException/,
    );
  });
}

test('requests for other paths are none of this API, whatever they are signed as', async () => {
  const client = new ApiClient();
  for (const one of elsewhere) {
    const { status, body } = await client.endpoint.handle({ ...signedRequest(one), method: 'POST' });
    assert.deepEqual([status, body.toString()], [404, '<UnknownOperationException/>\n'], one.name);
  }
});
