import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyText } from './arbitraries.test.ts';
import { compareUtf8, isWellFormed, utf8Length } from './unicode.ts';

test('property: length and order are those of the UTF-8 bytes', () => {
  const longText = fc.tuple(anyText, fc.nat({ max: 40 })).map(([text, times]) => text.repeat(times));
  fc.assert(
    fc.property(fc.oneof(anyText, longText), fc.oneof(anyText, longText), (a, b) => {
      assert.equal(utf8Length(a), Buffer.from(a).length);
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 1000 },
  );
});

test('code points above U+FFFF come after U+E000 to U+FFFF', () => {
  assert.ok('\u{10000}' < '\uffff', 'JavaScript has it the other way round');
  assert.ok(compareUtf8('\u{10000}', '\uffff') > 0);
  assert.ok(compareUtf8('\ud7ff', '\u{10000}') < 0);
});

test('long texts are told apart wherever they differ', () => {
  for (const length of [1023, 1024, 1025, 2048, 5000]) {
    const text = 'é'.repeat(length);
    assert.equal(compareUtf8(text, text), 0);
    assert.ok(compareUtf8(text, `${text}a`) < 0 && compareUtf8(`${text}a`, text) > 0);
    for (const at of [0, 1023, 1024, 1025, length - 1].filter((place) => place < length)) {
      const [lower, higher] = ['\uffff', '\u{10000}'].map((other) => text.slice(0, at) + other + text.slice(at + 1));
      assert.ok(compareUtf8(lower ?? '', higher ?? '') < 0 && compareUtf8(higher ?? '', lower ?? '') > 0, `${length} ${at}`);
      assert.ok(compareUtf8(text, lower ?? '') < 0);
    }
  }
});

test('a surrogate without its pair is not well formed', () => {
  assert.equal(isWellFormed('\u{1f600}é'), true);
  assert.equal(isWellFormed('\ud83d'), false);
  assert.equal(isWellFormed('a\ude00'), false);
  assert.equal(isWellFormed('\ude00\ud83d'), false);
});
