import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { must } from '../base/assert.ts';
import { StoreDamagedError } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import { DataFolder, SET_ASIDE_PREFIX, TREE_DAMAGE_FILE, TREE_FOLDER, TREE_OPENING_FILE, WAL_FOLDER } from './data-folder.ts';

const CHILD = fileURLToPath(new URL('./trees-child.test-support.js', import.meta.url));
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => logger };

test('a data folder tells the size of the disk that holds it, before anything is in it', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'data-folder-'));
  try {
    const { sizeBytes: bytes, freeBytes } = await new DataFolder(join(parent, 'node'), logger).space();
    assert.ok(freeBytes > 0 && freeBytes < bytes);
    assert.ok(Number.isSafeInteger(bytes) && bytes >= (await stat(parent)).size, `${bytes} bytes`);
  } finally {
    await rm(parent, { recursive: true });
  }
});

test('a data folder without an identity is empty, or else refused', async () => {
  const path = await mkdtemp(join(tmpdir(), 'data-folder-'));
  const folder = new DataFolder(path, logger);
  try {
    assert.equal(await new DataFolder(join(path, 'none'), logger).readIdentity(), undefined);
    // What was staged when the power was cut is not yet there.
    await writeFile(join(path, 'identity.json.new'), '{');
    await folder.space();
    assert.equal(await folder.readIdentity(), undefined);
    for (const name of [WAL_FOLDER, 'wal.mark', TREE_FOLDER, `${SET_ASIDE_PREFIX}1`]) {
      await mkdir(join(path, name));
      await assert.rejects(folder.readIdentity(), (error: Error) => error.message.includes(` holds ${name}, but no identity.json`));
      await rm(join(path, name), { recursive: true });
    }
    await folder.writeIdentity(Buffer.from('whose it is'));
    await mkdir(join(path, WAL_FOLDER));
    assert.equal(String(await folder.readIdentity()), 'whose it is');
  } finally {
    await rm(path, { recursive: true });
  }
});

describe('the trees of a data folder', () => {
  let path: string;
  let folder: DataFolder;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'data-folder-'));
    folder = new DataFolder(path, logger);
    const { store, setAside } = await folder.openTree();
    assert.equal(setAside, undefined);
    await store.write([{ kind: 'put', key: Buffer.from('k'), value: Buffer.from('v') }], { sync: true });
    await store.close();
    await folder.noteTreesHold();
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
    await folder.noteTreesHold();
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
    await assert.rejects(new DataFolder(path, logger).openTree(), (error: unknown) => !(error instanceof StoreDamagedError));
    assert.deepEqual(await entries(), [TREE_FOLDER, TREE_OPENING_FILE]);
    await store.close();
  });

  /** A process ends while it has them open: what it said of them stays. */
  async function endWhileOpen(): Promise<void> {
    const { store, setAside } = await folder.openTree();
    assert.equal(setAside, undefined);
    await store.close();
    assert.deepEqual(await entries(), [TREE_FOLDER, TREE_OPENING_FILE]);
  }

  /** Flips a bit in the key of the only entry of the only table. */
  async function damageTable(): Promise<void> {
    const name = must((await readdir(join(path, TREE_FOLDER))).find((file) => file.endsWith('.ldb')));
    const bytes = await readFile(join(path, TREE_FOLDER, name));
    bytes.writeUInt8(bytes.readUInt8(3) ^ 1, 3);
    await writeFile(join(path, TREE_FOLDER, name), bytes);
  }

  test('that are sound stay, however often a process ends as it opens them', async () => {
    for (let time = 0; time < 3; time++) await endWhileOpen();
    assert.deepEqual(await open(), { value: 'v', setAside: undefined });
    assert.deepEqual(await entries(), [TREE_FOLDER]);
  });

  test('that are damaged are set aside when a process ended as it opened them, and only then', async () => {
    await endWhileOpen();
    await folder.noteTreesHold();
    await damageTable();
    assert.equal((await open()).setAside, undefined, 'nothing was said, and nobody looked');
    await endWhileOpen();
    const { value, setAside } = await open();
    assert.equal(value, undefined);
    assert.match(setAside ?? '', /^0+\d+\.ldb: the block at 0 is damaged: its checksum$/);
    assert.deepEqual(await entries(), [TREE_FOLDER, `${SET_ASIDE_PREFIX}1`]);
    assert.deepEqual(await open(), { value: undefined, setAside: undefined }, 'only once');
  });

  test('of which damage was noted are set aside without a look at them', async () => {
    await endWhileOpen();
    await folder.noteTreeDamage('reason');
    assert.deepEqual(await open(), { value: undefined, setAside: 'reason' });
  });

  /** How a process of its own ends that opens the trees and compacts them. */
  function child(): Promise<{ signal: string | null; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [CHILD, path], (error, stdout, stderr) => resolve({ signal: error?.signal ?? null, stdout, stderr }));
    });
  }

  test('by which LevelDB ends the process itself are set aside at the next start', async () => {
    const { store } = await folder.openTree();
    for (const key of ['l-page', 'm-page', 'n-page']) {
      await store.write([{ kind: 'put', key: Buffer.from(key), value: Buffer.alloc(100, key) }], { sync: true });
    }
    await store.close();
    // Opened again, LevelDB makes a table of what is in its log.
    await open();
    const table = must((await readdir(join(path, TREE_FOLDER))).sort().findLast((file) => file.endsWith('.ldb')));
    const bytes = await readFile(join(path, TREE_FOLDER, table));
    // The key m-page becomes e-page, behind l-page.
    const at = bytes.indexOf('m-page');
    assert.ok(at > 0);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 8, at);
    await writeFile(join(path, TREE_FOLDER, table), bytes);

    const aborted = await child();
    assert.equal(aborted.signal, 'SIGABRT');
    assert.match(aborted.stderr, /TableBuilder::Add.*Assertion/);
    assert.ok(!(await entries()).includes(TREE_DAMAGE_FILE), 'nothing could be noted');
    const next = await child();
    assert.equal(next.signal, null);
    assert.match(next.stdout, /^0+\d+\.ldb: the block at 0 is damaged/);
    assert.deepEqual(await entries(), [TREE_FOLDER, `${SET_ASIDE_PREFIX}1`]);
  });
});

test('a damaged write-ahead log is never set aside', async () => {
  const path = await mkdtemp(join(tmpdir(), 'data-folder-'));
  try {
    const folder = new DataFolder(path, logger);
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
