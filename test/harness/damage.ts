import { type FileHandle, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TREE_FOLDER, WAL_FOLDER } from '../../services/shared/platform/data-folder.ts';

/** Distance of flipped bits in a table file; every partition of a test's few megabytes then has some. */
const TABLE_STEP_BYTES = 100_003;
/** LevelDB's index and filter stand at the end of a table file; they are left alone. */
const TABLE_DATA_SHARE = 0.9;
const MANIFEST_BYTES = 40;

/** A log of LevelDB is made of blocks; at the end of one may be a few bytes that belong to no record. */
const LOG_BLOCK_BYTES = 32_768;
const LOG_BLOCK_END_BYTES = 7;

/** Flips one bit in the middle of the largest log file of a stopped node's WAL store. */
export async function flipBitInWal(dataDir: string): Promise<void> {
  const { path, bytes } = await largestFile(join(dataDir, WAL_FOLDER), '.log');
  const middle = Math.floor(bytes / 2);
  const atEndOfBlock = middle % LOG_BLOCK_BYTES >= LOG_BLOCK_BYTES - LOG_BLOCK_END_BYTES;
  await flipBits(path, [atEndOfBlock ? middle - LOG_BLOCK_END_BYTES : middle]);
}

/** Flips bits all over the largest table file of a stopped node's trees. Returns its path. */
export async function flipBitsInTrees(dataDir: string): Promise<string> {
  const { path, bytes } = await largestFile(join(dataDir, TREE_FOLDER), '.ldb');
  const positions: number[] = [];
  for (let at = TABLE_STEP_BYTES; at < bytes * TABLE_DATA_SHARE; at += TABLE_STEP_BYTES) positions.push(at);
  if (positions.length === 0) throw new Error(`${path} is too small`);
  await flipBits(path, positions);
  return path;
}

/**
 * The same in every table that is large enough: the largest may be one that a compaction was writing when the node was killed, which
 * belongs to nothing.
 */
export async function flipBitsInAllTables(dataDir: string): Promise<void> {
  const folder = join(dataDir, TREE_FOLDER);
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.ldb')) continue;
    const path = join(folder, name);
    const { size } = await stat(path);
    // The first block of a table begins with it.
    await flipBits(path, [Math.min(TABLE_STEP_BYTES, Math.floor(size / 4))]);
  }
}

async function largestFile(folder: string, suffix: string): Promise<{ path: string; bytes: number }> {
  let largest = { path: '', bytes: 0 };
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { size } = await stat(path);
    if (name.endsWith(suffix) && size > largest.bytes) largest = { path, bytes: size };
  }
  if (largest.bytes === 0) throw new Error(`there is no ${suffix} file in ${folder}`);
  return largest;
}

async function flipBits(path: string, positions: readonly number[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const at of positions) await flipBit(file, at);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flipBit(file: FileHandle, at: number): Promise<void> {
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 0x10);
  await file.write(byte, 0, 1, at);
}

/** Cuts the second half of the newest log off: the mark beside it names a batch that is gone, so every group of the node is damaged. */
export async function cutWal(dataDir: string): Promise<void> {
  const folder = join(dataDir, WAL_FOLDER);
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  for (const name of logs.reverse()) {
    const path = join(folder, name);
    const { size } = await stat(path);
    if (size === 0) continue;
    await truncate(path, Math.floor(size / 2));
    return;
  }
  throw new Error(`there is no log in ${folder}`);
}

/**
 * Inverts the beginning of the file that names all others of a stopped node's trees, so that LevelDB refuses to open them. Done
 * twice, it is as before.
 */
export async function damageManifest(dataDir: string): Promise<void> {
  const folder = join(dataDir, TREE_FOLDER);
  const current = (await readFile(join(folder, 'CURRENT'), 'utf8')).trim();
  const path = join(folder, current);
  const bytes = await readFile(path);
  for (let at = 0; at < Math.min(bytes.length, MANIFEST_BYTES); at++) bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  await writeFile(path, bytes);
}
