import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { must } from '../base/assert.ts';
import { KIB } from '../base/units.ts';
import { scanLevelLogs } from './level-log-scan.ts';
import { openLevelStore, WAL_STORE_OPTIONS } from './level-store.ts';

const BLOCK = 32 * KIB;
const HEADER = 7;

describe('The scan of LevelDB logs', () => {
  let root = '';
  let folder = '';
  let log: Buffer = Buffer.alloc(0);
  let count = 0;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'stator-scan-'));
    log = await logOf(join(root, 'real'), [500, 200_000, 3000, 3000, 3000, 40_000, 3000, 3000]);
  });
  after(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    count += 1;
    folder = join(root, String(count));
    await mkdir(folder);
  });

  /** The log that LevelDB itself writes for values of these sizes. */
  async function logOf(path: string, sizes: readonly number[]): Promise<Buffer> {
    const store = await openLevelStore(path, WAL_STORE_OPTIONS);
    for (const [number, size] of sizes.entries()) {
      await store.write([{ kind: 'put', key: Buffer.from([number]), value: Buffer.alloc(size, number + 1) }], { sync: true });
    }
    await store.close();
    const file = must((await readdir(path)).find((name) => name.endsWith('.log')));
    return readFile(join(path, file));
  }

  async function scan(...logs: readonly Buffer[]): Promise<string[]> {
    for (const [number, content] of logs.entries()) await writeFile(join(folder, `00000${number + 3}.log`), content);
    // Names that look alike: LevelDB's info log and a table file.
    await writeFile(join(folder, 'LOG'), 'not a log of records');
    await writeFile(join(folder, '000009.ldb'), 'a table');
    return (await scanLevelLogs(folder)).map(({ file, offset }) => `${file} ${offset}`);
  }

  /** Where LevelDB's records begin in the real log; a long record has several parts. */
  function parts(): { readonly at: number; readonly type: number; readonly end: number }[] {
    const found = [];
    for (let at = 0; at < log.length; ) {
      if (BLOCK - (at % BLOCK) < HEADER) {
        at += BLOCK - (at % BLOCK);
        continue;
      }
      const end = at + HEADER + log.readUInt16LE(at + 4);
      found.push({ at, type: must(log[at + 6]), end });
      at = end;
    }
    return found;
  }

  function changed(change: (bytes: Buffer) => void): Buffer {
    const copy = Buffer.from(log);
    change(copy);
    return copy;
  }

  it('finds nothing in what LevelDB wrote, nor where there is nothing', async () => {
    assert.deepEqual(await scan(log), []);
    assert.deepEqual(await scan(log, log), []);
    assert.deepEqual(await scan(Buffer.alloc(0)), []);
    assert.deepEqual(await scanLevelLogs(join(root, 'missing')), []);
  });

  it('takes an end that is torn anywhere for a crash', async () => {
    for (let length = 0; length < log.length; length += 1499) assert.deepEqual(await scan(log.subarray(0, length)), [], `${length}`);
    for (const { at } of parts()) {
      for (const more of [0, 1, 3, 6, 7, 8]) assert.deepEqual(await scan(log.subarray(0, at + more)), [], `${at} + ${more}`);
    }
  });

  it('takes an end of zeros for a crash', async () => {
    const beginnings = parts().filter(({ type }) => type <= 2);
    for (const { at } of beginnings) {
      assert.deepEqual(await scan(changed((bytes) => bytes.fill(0, at))), []);
      assert.deepEqual(await scan(Buffer.concat([log.subarray(0, at), Buffer.alloc(3 * BLOCK)])), []);
    }
  });

  it('takes a last record with a hole for a crash: its parts may reach the disk in any order', async () => {
    const long = parts().filter(({ end }) => end <= 202_000 && end > 600);
    assert.ok(long.length > 5);
    for (const { at, end } of long) {
      const torn = changed((bytes) => bytes.fill(0, at, end)).subarray(0, must(long.at(-1)).end);
      assert.deepEqual(await scan(torn), [], `${at}`);
      // One more record behind it, and it is none: that one was written after the long one had been synced.
      assert.equal((await scan(changed((bytes) => bytes.fill(0, at, end)))).length, 1, `${at}`);
    }
  });

  it('finds a flipped bit in any part of a record that another one follows', async () => {
    const all = parts();
    const lastBeginning = must(all.findLast(({ type }) => type <= 2)).at;
    for (const { at, end } of all.filter((part) => part.at < lastBeginning)) {
      for (const position of [at, at + 3, at + 6, at + HEADER, end - 1]) {
        const damaged = changed((bytes) => {
          bytes[position] = must(bytes[position]) ^ 4;
        });
        assert.deepEqual(await scan(damaged), [`000003.log ${at}`], `${position}`);
      }
    }
  });

  it('finds a wrong length, when a record begins in a later block', async () => {
    for (const { at } of parts().filter((part) => part.end < log.length - BLOCK)) {
      for (const position of [at + 4, at + 5]) {
        const damaged = changed((bytes) => {
          bytes[position] = must(bytes[position]) ^ 4;
        });
        assert.deepEqual(await scan(damaged), [`000003.log ${at}`], `${position}`);
      }
    }
  });

  it('finds a missing beginning and a missing end', async () => {
    const [, first] = parts();
    const middle = must(parts()[2]);
    assert.equal(must(first).type, 2);
    // Everything before the middle part is one whole block, so the rest is aligned as before.
    assert.deepEqual(await scan(log.subarray(middle.at - (middle.at % BLOCK))), ['000003.log 0']);
    const withoutEnd = Buffer.concat([log.subarray(0, 2 * BLOCK), log.subarray(0, BLOCK)]);
    assert.deepEqual(await scan(withoutEnd), [`000003.log ${must(first).at}`]);
  });

  it('takes no log but the last for torn', async () => {
    const torn = log.subarray(0, log.length - 1);
    const last = must(parts().findLast(({ type }) => type <= 2)).at;
    assert.deepEqual(await scan(torn, log), [`000003.log ${last}`]);
    assert.deepEqual(await scan(torn, Buffer.alloc(0)), []);
    assert.deepEqual(await scan(torn, Buffer.alloc(100)), []);
    assert.deepEqual(await scan(log, torn), []);
    assert.deepEqual(await scan(log.subarray(0, 3 * BLOCK), log), [`000003.log ${must(parts()[1]).at}`]);
  });
});
