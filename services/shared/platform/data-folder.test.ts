import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DataFolder } from './data-folder.ts';

test('a data folder tells the size of the disk that holds it, before anything is in it', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'data-folder-'));
  try {
    const { sizeBytes: bytes, freeBytes } = await new DataFolder(join(parent, 'node')).space();
    assert.ok(freeBytes > 0 && freeBytes < bytes);
    assert.ok(Number.isSafeInteger(bytes) && bytes >= (await stat(parent)).size, `${bytes} bytes`);
  } finally {
    await rm(parent, { recursive: true });
  }
});
