import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestTarget } from './request-target.ts';

test('targets in origin form and in absolute form', () => {
  for (const [target, path, query] of [
    ['/', '/', ''],
    ['/?', '/', ''],
    ['/?a=b?c', '/', 'a=b?c'],
    ['http://host', '/', ''],
    ['http://host/', '/', ''],
    ['HTTPS://host:8000/?a=b', '/', 'a=b'],
    ['http://host?a=b', '/', 'a=b'],
    ['http://[::1]:8000/x', '/x', ''],
    ['/http://host/', '/http://host/', ''],
    ['*', '*', ''],
    ['ftp://host/', 'ftp://host/', ''],
    ['', '', ''],
  ] as const) {
    assert.deepEqual(requestTarget(target), { path, query }, target);
  }
});
