import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { IDENTITY_FILE, TREE_FOLDER, WAL_FOLDER, WAL_MARK_FILE } from '../shared/platform/data-folder.ts';
import { UserError } from './user-error.ts';

/**
 * A copy of a stopped node's data folder to look at, beside the original. Only a copy may be opened: LevelDB drops what is
 * damaged in its log as it opens a store, and with it the traces by which the node finds the damage itself.
 *
 * Throws UserError when the folder is no data folder or its node runs.
 */
export async function copyForInspection(folder: string): Promise<string> {
  await assertDataFolder(folder);
  for (const store of [WAL_FOLDER, TREE_FOLDER]) await assertUnlocked(join(folder, store));
  const copy = await mkdtemp(join(dirname(folder), `.${basename(folder)}-inspected-`));
  try {
    for (const store of [WAL_FOLDER, TREE_FOLDER]) await copyStore(join(folder, store), join(copy, store));
    for (const file of [IDENTITY_FILE, WAL_MARK_FILE]) await copyIfThere(join(folder, file), join(copy, file));
  } catch (error) {
    await removeCopy(copy);
    throw error;
  }
  return copy;
}

export async function removeCopy(copy: string): Promise<void> {
  await rm(copy, { recursive: true, force: true });
}

async function assertDataFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  if (names === undefined) throw new UserError(`There is no folder ${folder}.`);
  if (!names.includes(WAL_FOLDER) && !names.includes(IDENTITY_FILE)) {
    throw new UserError(`${folder} is no data folder of a storage node; \`stator status --json\` names them.`);
  }
}

/** LevelDB holds a lock on its LOCK file while a process has the store open (proc(5): /proc/locks). */
async function assertUnlocked(store: string): Promise<void> {
  const inode = await stat(join(store, 'LOCK')).then(
    ({ ino }) => ino,
    () => undefined,
  );
  if (inode === undefined) return;
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  const holder = locks.split('\n').find((line) => new RegExp(`:${inode}\\s`).test(line));
  if (holder !== undefined)
    throw new UserError(`The node runs (pid ${holder.trim().split(/\s+/)[4]}); stop it first: \`stator node stop NAME\`.`);
}

/** Table files never change, so a second name for them is enough; everything else is copied. */
async function copyStore(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from).catch(() => [])) {
    if (name === 'LOCK') continue;
    const source = join(from, name);
    const target = join(to, name);
    if (name.endsWith('.ldb')) await link(source, target).catch(() => copyFile(source, target));
    else await copyFile(source, target);
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
