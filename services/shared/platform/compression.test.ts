import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { nodeCompression } from './compression.ts';

test('what is compressed comes back, up to the limit and not a byte beyond', async () => {
  const original = Buffer.alloc(3_000_000, 'stator ');
  assert.deepEqual(gunzipSync(await nodeCompression.gzip(original)), original);
  const compressed = gzipSync(original);
  assert.deepEqual(await nodeCompression.gunzip(compressed, original.length), original);
  assert.equal(await nodeCompression.gunzip(compressed, original.length - 1), 'too-large');
});

test('what is no whole gzip stream is damaged', async () => {
  const compressed = gzipSync(Buffer.from('stator'));
  for (const bytes of [Buffer.from('stator'), Buffer.alloc(0), compressed.subarray(0, -3)]) {
    assert.equal(await nodeCompression.gunzip(bytes, 1000), 'damaged');
  }
});
