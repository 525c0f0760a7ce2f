import { mkdir, open, readdir, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type KeyValueStore, StoreDamagedError } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import type { MarkFile } from '../env/mark-file.ts';
import { scanLevelLogs } from './level-log-scan.ts';
import { openLevelStore, TREE_STORE_OPTIONS, WAL_STORE_OPTIONS } from './level-store.ts';
import { scanLevelTables } from './level-table-scan.ts';
import { openMarkFile } from './mark-file.ts';

/** Names in a data folder; they are part of its format. */
export const IDENTITY_FILE = 'identity.json';
export const WAL_FOLDER = 'wal';
export const WAL_MARK_FILE = 'wal.mark';
export const TREE_FOLDER = 'tree';
/** Says that the trees are damaged beyond use, and why. */
export const TREE_DAMAGE_FILE = 'tree.damaged';
/** Says that a process opened the trees and has not shown yet that it survives this. */
export const TREE_OPENING_FILE = 'tree.opening';
/** With a number behind it: trees that were set aside. */
export const SET_ASIDE_PREFIX = 'tree.set-aside-';
const DATA_NAMES: ReadonlySet<string> = new Set([WAL_FOLDER, WAL_MARK_FILE, TREE_FOLDER]);

export class IdentityMissingError extends Error {
  override readonly name = 'IdentityMissingError';

  constructor(path: string, found: string) {
    super(
      `the data folder ${path} holds ${found}, but no ${IDENTITY_FILE} that says whose it is: put the file back, or give the node an ` +
        'empty folder, and the others of its cluster bring it what it should have',
    );
  }
}

/** The data folder of a storage node on a real disk. */
export class DataFolder {
  readonly #path: string;
  readonly #logger: Logger;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /**
   * Undefined: the folder is empty. Nothing is written before the identity, so that stores without one lost theirs: rejects with
   * IdentityMissingError, for whoever took them for nothing would forget what they promised.
   */
  async readIdentity(): Promise<Uint8Array | undefined> {
    const identity = await readIfThere(join(this.#path, IDENTITY_FILE));
    if (identity !== undefined) return identity;
    for (const name of await namesIn(this.#path)) {
      if (DATA_NAMES.has(name) || name.startsWith(SET_ASIDE_PREFIX)) throw new IdentityMissingError(this.#path, name);
    }
    return undefined;
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

  /**
   * The trees' store. When LevelDB finds it damaged, or it was noted as damaged, the folder is set aside and an empty one takes its
   * place: `setAside` then says why. The write-ahead log is never treated so, for nobody else knows what this node promised.
   *
   * Damage may also end the process within LevelDB, where nothing can be noted. So a file beside the store says that it is being opened,
   * until `noteTreesHold`; whoever finds it there checks all tables first. Nothing is set aside without such a proof, however often a
   * process ends. To be called after `openWal`, whose lock keeps other processes away meanwhile.
   */
  async openTree(): Promise<{ store: KeyValueStore; setAside: string | undefined }> {
    const folder = join(this.#path, TREE_FOLDER);
    const setAside = (await this.#notedDamage()) ?? (await this.#damageThatEndedTheProcess());
    if (setAside !== undefined) await this.#setTreeAside();
    await mkdir(folder, { recursive: true });
    await replaceFile(join(this.#path, TREE_OPENING_FILE), new Uint8Array(0));
    try {
      return { store: await openLevelStore(folder, TREE_STORE_OPTIONS), setAside };
    } catch (error) {
      if (!(error instanceof StoreDamagedError)) throw error;
      await this.noteTreeDamage(error.message);
      await this.#setTreeAside();
      await mkdir(folder, { recursive: true });
      return { store: await openLevelStore(folder, TREE_STORE_OPTIONS), setAside: error.message };
    }
  }

  async #notedDamage(): Promise<string | undefined> {
    return (await readIfThere(join(this.#path, TREE_DAMAGE_FILE)))?.toString('utf8');
  }

  /** Looked for only when an earlier life of the process ended while it opened the trees, or soon after: it reads all of them. */
  async #damageThatEndedTheProcess(): Promise<string | undefined> {
    if ((await readIfThere(join(this.#path, TREE_OPENING_FILE))) === undefined) return undefined;
    return scanLevelTables(join(this.#path, TREE_FOLDER), this.#logger);
  }

  /** The trees have been open for a while and the process lives, or it closed them: whoever opens them next need not check them. */
  noteTreesHold(): Promise<void> {
    return rm(join(this.#path, TREE_OPENING_FILE), { force: true });
  }

  /** Whoever opens the trees next sets them aside, be it after a crash. */
  noteTreeDamage(reason: string): Promise<void> {
    return replaceFile(join(this.#path, TREE_DAMAGE_FILE), Buffer.from(reason, 'utf8'));
  }

  async removeSetAside(): Promise<void> {
    for (const name of await this.#namesSetAside()) await rm(join(this.#path, name), { recursive: true, force: true });
  }

  /** After a crash at any point the note is still there, or the trees are aside. */
  async #setTreeAside(): Promise<void> {
    const numbers = (await this.#namesSetAside()).map((name) => Number(name.slice(SET_ASIDE_PREFIX.length)));
    const next = Math.max(0, ...numbers) + 1;
    await rename(join(this.#path, TREE_FOLDER), join(this.#path, `${SET_ASIDE_PREFIX}${next}`)).catch(ignoreMissing);
    await syncFolder(this.#path);
    await rm(join(this.#path, TREE_DAMAGE_FILE), { force: true });
    await syncFolder(this.#path);
  }

  async #namesSetAside(): Promise<string[]> {
    return (await readdir(this.#path)).filter(
      (name) => name.startsWith(SET_ASIDE_PREFIX) && /^\d+$/.test(name.slice(SET_ASIDE_PREFIX.length)),
    );
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
  await syncFolder(dirname(path));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
