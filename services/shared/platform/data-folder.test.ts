import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { StoreDamagedError } from '../env/key-value-store.ts';
import { DataFolder, SET_ASIDE_PREFIX, TREE_FOLDER, WAL_FOLDER } from './data-folder.ts';

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

describe('the trees of a data folder', () => {
  let path: string;
  let folder: DataFolder;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'data-folder-'));
    folder = new DataFolder(path);
    const { store, setAside } = await folder.openTree();
    assert.equal(setAside, undefined);
    await store.write([{ kind: 'put', key: Buffer.from('k'), value: Buffer.from('v') }], { sync: true });
    await store.close();
  });

  afterEach(() => rm(path, { recursive: true }));

  async function entries(): Promise<string[]> {
    return (await readdir(path)).sort();
  }

  /** Opens the trees; what they hold under the only key, and why older ones were set aside. */
  async function open(): Promise<{ value: string | undefined; setAside: string | undefined }> {
    const { store, setAside } = await folder.openTree();
    const value = await store.get(Buffer.from('k'));
    await store.close();
    return { value: value === undefined ? undefined : Buffer.from(value).toString(), setAside };
  }

  async function damageManifest(): Promise<void> {
    const manifest = (await readdir(join(path, TREE_FOLDER))).find((name) => name.startsWith('MANIFEST'));
    assert.ok(manifest !== undefined);
    const bytes = await readFile(join(path, TREE_FOLDER, manifest));
    bytes.fill(0xff, 0, Math.min(bytes.length, 40));
    await writeFile(join(path, TREE_FOLDER, manifest), bytes);
  }

  test('that LevelDB finds damaged are set aside, whole, and an empty store takes their place', async () => {
    await damageManifest();
    const first = await open();
    assert.equal(first.value, undefined);
    assert.match(first.setAside ?? '', /cannot open the store.*orruption/s);
    assert.deepEqual(await entries(), [TREE_FOLDER, `${SET_ASIDE_PREFIX}1`]);
    assert.ok((await readdir(join(path, `${SET_ASIDE_PREFIX}1`))).length > 0);
    assert.equal((await open()).setAside, undefined, 'only once');
  });

  test('of which damage was noted are set aside at the next start, each under a name of its own', async () => {
    await folder.noteTreeDamage('Corruption: block checksum mismatch');
    assert.deepEqual(await open(), { value: undefined, setAside: 'Corruption: block checksum mismatch' });
    await folder.noteTreeDamage('again');
    assert.deepEqual(await open(), { value: undefined, setAside: 'again' });
    assert.deepEqual(await entries(), [TREE_FOLDER, `${SET_ASIDE_PREFIX}1`, `${SET_ASIDE_PREFIX}2`]);
    await folder.removeSetAside();
    assert.deepEqual(await entries(), [TREE_FOLDER]);
  });

  test('were set aside when the process ended between that and forgetting the note', async () => {
    await folder.noteTreeDamage('reason');
    await rename(join(path, TREE_FOLDER), join(path, `${SET_ASIDE_PREFIX}1`));
    assert.deepEqual(await open(), { value: undefined, setAside: 'reason' });
    assert.deepEqual(await entries(), [TREE_FOLDER, `${SET_ASIDE_PREFIX}1`]);
  });

  test('that another process holds are not taken for damaged', async () => {
    const { store } = await folder.openTree();
    await assert.rejects(new DataFolder(path).openTree(), (error: unknown) => !(error instanceof StoreDamagedError));
    assert.deepEqual(await entries(), [TREE_FOLDER]);
    await store.close();
  });
});

test('a damaged write-ahead log is never set aside', async () => {
  const path = await mkdtemp(join(tmpdir(), 'data-folder-'));
  try {
    const folder = new DataFolder(path);
    const { store, mark } = await folder.openWal();
    await store.close();
    await mark.close();
    await writeFile(join(path, WAL_FOLDER, 'CURRENT'), 'nothing');
    await assert.rejects(folder.openWal());
    assert.ok((await readdir(path)).every((name) => !name.includes('set-aside')));
  } finally {
    await rm(path, { recursive: true });
  }
});
