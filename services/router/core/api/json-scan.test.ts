import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BODY_DEPTH_MAX, BODY_STRUCTURE_BYTES_MAX, BODY_TOKENS_MAX } from '../../../shared/limits/api-limits.ts';
import { scanJson } from './json-scan.ts';

function nested(depth: number): string {
  return `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
}

test('nesting is counted to the level', () => {
  assert.equal(scanJson(Buffer.from(nested(BODY_DEPTH_MAX))), 1.5 * BODY_DEPTH_MAX);
  assert.equal(scanJson(Buffer.from(`[${nested(BODY_DEPTH_MAX)}]`)), 'too-deep');
  assert.equal(typeof scanJson(Buffer.from(`[${nested(BODY_DEPTH_MAX - 2)},${nested(BODY_DEPTH_MAX - 2)}]`)), 'number');
  assert.equal(scanJson(Buffer.alloc(1_000_000, '[')), 'too-deep');
  assert.equal(scanJson(Buffer.alloc(1_000_000, '{"a":')), 'too-deep');
});

test('tokens and the bytes outside strings are counted', () => {
  const list = (elements: number) => Buffer.from(`[${'1,'.repeat(elements)}1]`);
  assert.equal(scanJson(list(BODY_TOKENS_MAX - 1)), BODY_TOKENS_MAX);
  assert.equal(scanJson(list(BODY_TOKENS_MAX)), 'too-many-tokens');
  const padded = (blanks: number) => Buffer.from(`"${'x'.repeat(100_000)}"${' '.repeat(blanks)}`);
  assert.equal(typeof scanJson(padded(BODY_STRUCTURE_BYTES_MAX - 1)), 'number');
  assert.equal(scanJson(padded(BODY_STRUCTURE_BYTES_MAX)), 'too-many-tokens');
});

test('what stands in strings counts for nothing, however long they are and whatever is escaped', () => {
  const brackets = '[{'.repeat(10_000);
  for (const text of [
    brackets,
    `${brackets}"`,
    `${'\\'.repeat(101)}${brackets}"`,
    `"${'\\'.repeat(100)}${brackets}`,
    `${'"'.repeat(200)}${brackets}`,
  ]) {
    assert.equal(typeof scanJson(Buffer.from(JSON.stringify([text, text]))), 'number');
    assert.equal(scanJson(Buffer.from(`${JSON.stringify(text)}${nested(BODY_DEPTH_MAX + 2)}`)), 'too-deep');
  }
});

test('the end of a string is found where JSON.parse finds it', () => {
  const special = fc.constantFrom('\\', '"', '[', 'é', '\u{1F600}', '\n', '\u2028');
  const anyPart = fc.oneof(special, fc.string({ unit: 'binary', maxLength: 70 }));
  fc.assert(
    fc.property(fc.array(anyPart, { maxLength: 12 }), fc.boolean(), (parts, deep) => {
      const text = JSON.stringify(parts.join(''));
      const body = Buffer.from(`${text}${deep ? nested(BODY_DEPTH_MAX + 2) : ''}`);
      assert.equal(scanJson(body) === 'too-deep', deep);
    }),
  );
});

test('text that is no JSON is looked at once and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      scanJson(Buffer.from(bytes));
    }),
  );
  for (const text of ['"', '"\\', `"${'a'.repeat(60)}`, `"${'a'.repeat(60)}\\"`, '}}}}', ''])
    assert.equal(typeof scanJson(Buffer.from(text)), 'number');
});
