import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AssertionError } from '../base/assert.ts';
import { StoreFailedError } from '../env/key-value-store.ts';
import { MarkFileDamagedError } from '../env/mark-file.ts';
import { openMarkFile } from './mark-file.ts';

describe('The mark file', () => {
  let folder = '';
  let path = '';
  let count = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-mark-'));
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    count += 1;
    path = join(folder, `mark-${count}`);
  });

  /** Writes the marks in one life and reads in the next. */
  async function lives(...marks: number[]): Promise<void> {
    const file = await openMarkFile(path);
    for (const mark of marks) await file.write(mark);
    await file.close();
  }

  async function read(): Promise<number | undefined> {
    const file = await openMarkFile(path);
    try {
      return await file.read();
    } finally {
      await file.close();
    }
  }

  async function overwrite(offset: number, bytes: Uint8Array): Promise<void> {
    const handle = await open(path, 'r+');
    await handle.write(bytes, 0, bytes.length, offset);
    await handle.close();
  }

  it('gives the greatest number that was written, over any number of lives', async () => {
    assert.equal(await read(), undefined);
    await lives();
    assert.equal(await read(), undefined);
    await lives(0);
    assert.equal(await read(), 0);
    await lives(1);
    assert.equal(await read(), 1);
    await lives(2, 3, 4);
    assert.equal(await read(), 4);
    await lives(2 ** 53 - 1);
    assert.equal(await read(), 2 ** 53 - 1);
  });

  it('writes the slots in turn, also in the next life, so that a torn one leaves the number before', async () => {
    for (const [marks, next] of [
      [[5, 6], 7],
      [[5, 6, 7], 8],
    ] as const) {
      await rm(path, { force: true });
      await lives(...marks);
      const whole = await readFile(path);
      await lives(next);
      const written = await readFile(path);
      const at = whole.findIndex((byte, position) => byte !== written[position]);
      const slot = at < 4096 ? 0 : 4096;
      assert.deepEqual(written.subarray(4096 - slot, 4096 - slot + 16), whole.subarray(4096 - slot, 4096 - slot + 16));
      await overwrite(slot, Buffer.alloc(16, 0xaa));
      assert.equal(await read(), next - 1);
    }
  });

  it('finds any flipped bit of a slot', async () => {
    await lives(8, 9);
    const whole = await readFile(path);
    for (let bit = 0; bit < 16 * 8; bit++) {
      const torn = Buffer.from(whole);
      torn[bit >>> 3] = (whole[bit >>> 3] as number) ^ (1 << (bit & 7));
      await writeFile(path, torn);
      assert.equal(await read(), 9);
      torn[4096 + (bit >>> 3)] = (whole[4096 + (bit >>> 3)] as number) ^ (1 << (bit & 7));
      await writeFile(path, torn);
      await assert.rejects(read(), MarkFileDamagedError);
    }
  });

  it('takes a file whose creation was not finished for one never written', async () => {
    await writeFile(path, Buffer.alloc(100));
    assert.equal(await read(), undefined);
    assert.equal((await stat(path)).size, 8192);
  });

  it('can be written again after both slots went bad', async () => {
    await writeFile(path, Buffer.alloc(8192, 1));
    await assert.rejects(read(), MarkFileDamagedError);
    await lives(12);
    assert.equal(await read(), 12);
  });

  it('asserts that numbers grow and that one is written at a time, and refuses to go on after close', async () => {
    const file = await openMarkFile(path);
    await file.write(5);
    await assert.rejects(file.write(4), AssertionError);
    await file.close();
    await assert.rejects(file.write(6), StoreFailedError);
    const other = await openMarkFile(path);
    const writing = other.write(7);
    await assert.rejects(other.write(8), AssertionError);
    await writing;
    await other.close();
  });
});
