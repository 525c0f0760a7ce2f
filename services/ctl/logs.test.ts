import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { followLines, lastLines } from './logs.ts';

test('gives the last lines of a file of any size', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stator-logs-'));
  const path = join(folder, 'log');
  assert.deepEqual(await lastLines(path, 3), { lines: [], position: 0 });
  const lines = Array.from({ length: 5000 }, (_, number) => `${number} ${'ä'.repeat(30)}`);
  await writeFile(path, `${lines.join('\n')}\n`);
  for (const most of [1, 3, 2500, 5000, 9999]) assert.deepEqual((await lastLines(path, most)).lines, lines.slice(-most));
  await rm(folder, { recursive: true });
});

test('follows what is written, whole lines only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stator-logs-'));
  const path = join(folder, 'log');
  await writeFile(path, 'before\n');
  const stop = new AbortController();
  const seen: string[] = [];
  const { position } = await lastLines(path, 1);
  const following = followLines(path, position, stop.signal, (line) => {
    seen.push(line);
    if (seen.length === 2) stop.abort();
  });
  await appendFile(path, 'first\nsec');
  await appendFile(path, 'ond\n');
  await following;
  assert.deepEqual(seen, ['first', 'second']);
  await rm(folder, { recursive: true });
});
