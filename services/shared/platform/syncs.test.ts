import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canTrace, systemCallsOf } from './system-calls.test-support.ts';

const CALLS = ['fdatasync', 'fsync', 'openat', 'pwrite64', 'write'];
const CHILD = fileURLToPath(new URL('./syncs-child.test-support.js', import.meta.url));
/** Of each test, so that it counts as skipped. */
const skip = (await canTrace()) ? false : 'needs strace, and the right to trace';

/** Everything above relies on it, and no test but a power cut would notice: what a process is told to be durable was synced by the kernel. */
describe('before its answer', () => {
  let folder = '';
  let calls: readonly string[] = [];

  before(async () => {
    if (skip !== false) return;
    folder = await mkdtemp(join(tmpdir(), 'stator-syncs-'));
    calls = await systemCallsOf(CALLS, [CHILD, folder]);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** What ended from the beginning of a step to its answer. */
  function during(step: string): readonly string[] {
    const said = (what: string): number => calls.findIndex((call) => call.startsWith('write(1') && call.includes(`"${what} ${step}\\n"`));
    const [from, to] = [said('begin'), said('end')];
    assert.ok(from >= 0 && to > from, `${step} is not among ${calls.length} calls`);
    return calls.slice(from + 1, to);
  }
  const lastWriteTo = (file: RegExp, among: readonly string[]): number =>
    among.findLastIndex((call) => /^p?write(64)?\(/.test(call) && file.test(call));
  const syncsOf = (file: RegExp, among: readonly string[]): string[] =>
    among.filter((call) => /^f(data)?sync\(/.test(call) && file.test(call) && / = 0$/.test(call));

  const storeLog = /<[^>]*\/store\/\d+\.log>/;
  for (const step of ['write-synced', 'batch-synced']) {
    test(`${step}: the log of the store was written, then synced`, { skip }, () => {
      const among = during(step);
      const written = lastWriteTo(storeLog, among);
      assert.ok(written >= 0, among.join('\n'));
      assert.equal(syncsOf(storeLog, among.slice(written)).length, 1, among.join('\n'));
    });
  }

  for (const step of ['write-unsynced', 'batch-unsynced']) {
    test(`${step}: the log was written, and nothing synced`, { skip }, () => {
      const among = during(step);
      assert.ok(lastWriteTo(storeLog, among) >= 0, among.join('\n'));
      assert.deepEqual(syncsOf(/</, among), []);
    });
  }

  const markFile = /<[^>]*\/mark>/;
  for (const step of ['mark-1', 'mark-2']) {
    test(`${step}: the mark was written, and synced by that write or behind it`, { skip }, () => {
      const among = during(step);
      const written = lastWriteTo(markFile, among);
      const descriptor = /^\w+\((\d+)</.exec(among[written] ?? '')?.[1];
      assert.ok(descriptor !== undefined, among.join('\n'));
      const opened = calls.filter((call) => /^openat\(/.test(call) && call.includes(`= ${descriptor}<`) && markFile.test(call)).at(-1);
      const syncsItself = /\bO_D?SYNC\b/.test(opened ?? '');
      assert.ok(syncsItself || syncsOf(markFile, among.slice(written)).length > 0, [opened, ...among].join('\n'));
    });
  }
});
