import { mkdir, open, readFile, rename, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KeyValueStore } from '../env/key-value-store.ts';
import type { MarkFile } from '../env/mark-file.ts';
import { scanLevelLogs } from './level-log-scan.ts';
import { openLevelStore, TREE_STORE_OPTIONS, WAL_STORE_OPTIONS } from './level-store.ts';
import { openMarkFile } from './mark-file.ts';

/** Names in a data folder; they are part of its format. */
export const IDENTITY_FILE = 'identity.json';
export const WAL_FOLDER = 'wal';
export const WAL_MARK_FILE = 'wal.mark';
export const TREE_FOLDER = 'tree';

/** The data folder of a storage node on a real disk. */
export class DataFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async readIdentity(): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#path, IDENTITY_FILE));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Replaces the file by rename, everything synced: after a power cut either the old or the new one is there. */
  async writeIdentity(bytes: Uint8Array): Promise<void> {
    await mkdir(this.#path, { recursive: true });
    await replaceFile(join(this.#path, IDENTITY_FILE), bytes);
  }

  /** LevelDB drops damaged blocks of its own log in silence, so they are looked at before it opens them. */
  async openWal(): Promise<{ store: KeyValueStore; mark: MarkFile; damage: string | undefined }> {
    const folder = join(this.#path, WAL_FOLDER);
    await mkdir(folder, { recursive: true });
    const damages = await scanLevelLogs(folder);
    const store = await openLevelStore(folder, WAL_STORE_OPTIONS);
    const mark = await openMarkFile(join(this.#path, WAL_MARK_FILE));
    const damage = damages.length === 0 ? undefined : damages.map((found) => JSON.stringify(found)).join('; ');
    return { store, mark, damage };
  }

  async openTree(): Promise<KeyValueStore> {
    const folder = join(this.#path, TREE_FOLDER);
    await mkdir(folder, { recursive: true });
    return openLevelStore(folder, TREE_STORE_OPTIONS);
  }

  /** Of the whole disk, and what of it this process may still write. */
  async space(): Promise<{ sizeBytes: number; freeBytes: number }> {
    await mkdir(this.#path, { recursive: true });
    const { blocks, bavail, bsize } = await statfs(this.#path);
    return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize };
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const staged = `${path}.new`;
  const file = await open(staged, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staged, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
