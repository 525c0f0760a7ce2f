import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpHeaders } from '../../../../test/harness/api-client.ts';
import { acceptsGzip, isBodyCompressed } from './content-encoding.ts';

const compressed = (...values: string[]) => isBodyCompressed(httpHeaders(values.map((value) => ['Content-Encoding', value] as const)));

test('gzip is undone, identity is nothing, all else is refused by name', () => {
  assert.deepEqual([compressed(), compressed(''), compressed('identity'), compressed('Identity, ')], [false, false, false, false]);
  assert.deepEqual([compressed('gzip'), compressed('GZIP'), compressed(' x-gzip'), compressed('identity, gzip')], [true, true, true, true]);
  for (const values of [['deflate'], ['br'], ['zstd'], ['gzip, gzip'], ['gzip', 'deflate'], ['aws-chunked']]) {
    assert.throws(() => compressed(...values), { message: `Content-Encoding '${values.join(', ')}' is not supported by Stator yet` });
  }
});

test('gzip is taken where the client says so', () => {
  for (const header of ['gzip', 'GZIP', 'deflate, gzip;q=0.5', 'gzip; q=1.0, identity', 'x-gzip', 'br,gzip'])
    assert.ok(acceptsGzip(header), header);
  for (const header of [undefined, '', 'identity', 'gzip;q=0', 'gzip; q=0.000', 'br', 'gzipped', '*'])
    assert.ok(!acceptsGzip(header), header);
});
