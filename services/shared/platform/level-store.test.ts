import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { must } from '../base/assert.ts';
import { StoredDataDamagedError, StoreFailedError } from '../env/key-value-store.ts';
import { openLevelStore, TREE_STORE_OPTIONS, WAL_STORE_OPTIONS } from './level-store.ts';

// What all stores have in common is tested in test/contract.
describe('A LevelDB store', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-level-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('keeps its entries over a restart', async () => {
    const path = join(folder, 'restart');
    const store = await openLevelStore(path, WAL_STORE_OPTIONS);
    await store.write([{ kind: 'put', key: Buffer.from('key'), value: Buffer.from('value') }], { sync: true });
    await store.close();
    const again = await openLevelStore(path, WAL_STORE_OPTIONS);
    assert.deepEqual(await again.get(Buffer.from('key')), Buffer.from('value'));
    await again.close();
  });

  it('refuses to open what another one holds, and what is no folder', async () => {
    const path = join(folder, 'held');
    const store = await openLevelStore(path, WAL_STORE_OPTIONS);
    await assert.rejects(openLevelStore(path, WAL_STORE_OPTIONS), StoreFailedError);
    await store.close();
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(openLevelStore(join(folder, 'file'), WAL_STORE_OPTIONS), StoreFailedError);
  });

  it('loses what stands in a damaged block, and nothing else', async () => {
    const path = join(folder, 'damaged');
    const keyOf = (number: number): Buffer => Buffer.from(String(number).padStart(4, '0'));
    const store = await openLevelStore(path, TREE_STORE_OPTIONS);
    const puts = Array.from({ length: 100 }, (_, number) => ({
      kind: 'put' as const,
      key: keyOf(number),
      value: Buffer.alloc(1000, number),
    }));
    await store.write(puts, { sync: true });
    await store.close();
    // It turns its log into a table as it opens.
    await (await openLevelStore(path, TREE_STORE_OPTIONS)).close();
    const table = must((await readdir(path)).find((name) => name.endsWith('.ldb')));
    const file = await open(join(path, table), 'r+');
    await file.write(Buffer.alloc(4096, 0xff), 0, 4096, 0);
    await file.close();
    const again = await openLevelStore(path, TREE_STORE_OPTIONS);
    await assert.rejects(again.get(keyOf(0)), StoredDataDamagedError);
    const snapshot = again.snapshot();
    await assert.rejects(snapshot.get(keyOf(0)), StoredDataDamagedError);
    await snapshot.close();
    assert.deepEqual(await again.get(keyOf(99)), Buffer.alloc(1000, 99));
    await again.write([{ kind: 'put', key: keyOf(0), value: Buffer.from('new') }], { sync: true });
    assert.deepEqual(await again.get(keyOf(0)), Buffer.from('new'));
    await again.close();
  });

  it('refuses every call after a write failed', async () => {
    const path = join(folder, 'failing');
    const store = await openLevelStore(path, { ...WAL_STORE_OPTIONS, writeBufferBytes: 64 * 1024 });
    const write = (number: number): Promise<void> =>
      store.write([{ kind: 'put', key: Buffer.from([number]), value: Buffer.alloc(40_000) }], { sync: true });
    await write(0);
    // Without its folder LevelDB cannot begin the next log.
    await rm(path, { recursive: true });
    const failure = await firstFailure(write);
    assert.ok(failure instanceof StoreFailedError, String(failure));
    await assert.rejects(write(200), (error) => error === failure);
    await assert.rejects(store.get(Buffer.from([0])), (error) => error === failure);
    assert.throws(() => store.entries({}), StoreFailedError);
    assert.throws(() => store.snapshot(), StoreFailedError);
    await store.close();
  });
});

async function firstFailure(write: (number: number) => Promise<void>): Promise<unknown> {
  for (let number = 1; number < 100; number++) {
    try {
      await write(number);
    } catch (error) {
      return error;
    }
  }
  return undefined;
}
