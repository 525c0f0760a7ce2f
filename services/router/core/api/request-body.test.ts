import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from './api-error.ts';
import { checkBody, parseBody } from './request-body.ts';

const NO_JSON = '{"__type":"com.amazon.coral.service#SerializationException"}';

function refusalOf(body: Buffer): ApiError {
  let accepted: unknown;
  try {
    checkBody(body);
    accepted = parseBody(body);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error;
  }
  return assert.fail(`${JSON.stringify(accepted)} was accepted`);
}

test('what is no JSON object is refused without a message', () => {
  for (const text of ['', '{', '[1]', '"a"', '1', 'null', 'true', '{"a":1}}', "{'a':1}", '{"a":NaN}', '{"a":1,}', '\ufeff{}']) {
    assert.equal(refusalOf(Buffer.from(text)).body, NO_JSON, text);
  }
});

test('bytes that are no UTF-8 are refused; U+FFFD itself is a character as any', () => {
  assert.equal(refusalOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])).body, NO_JSON);
  assert.equal(refusalOf(Buffer.from('7b22eda08022' + '3a317d', 'hex')).body, NO_JSON);
  assert.deepEqual(parseBody(Buffer.from('{"a":"\ufffd"}')), { a: '\ufffd' });
});

test('a million brackets and half a million tokens are refused before they are parsed', () => {
  assert.match(refusalOf(Buffer.alloc(1_000_000, '[')).message, /^Nesting Levels have exceeded supported limits/);
  assert.equal(refusalOf(Buffer.from(`[${'{},'.repeat(500_000)}1]`)).message, 'The request has more values than can be processed at once');
});

test('names that JavaScript knows are ordinary names', () => {
  const parsed = parseBody(Buffer.from('{"__proto__":{"TableName":"x"},"constructor":1}')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(parsed), ['__proto__', 'constructor']);
  assert.equal(parsed.TableName, undefined);
});

test('of a name that comes twice the last one counts', () => {
  assert.deepEqual(parseBody(Buffer.from('{"a":1,"a":2}')), { a: 2 });
});
