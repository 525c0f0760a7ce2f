import { open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { WAL_FOLDER } from '../../services/shared/platform/data-folder.ts';

/** Flips one bit in the middle of the largest log file of a stopped node's WAL store, and gives the file's name. */
export async function flipBitInWal(dataDir: string): Promise<string> {
  const folder = join(dataDir, WAL_FOLDER);
  let largest = { path: '', bytes: 0 };
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { size } = await stat(path);
    if (name.endsWith('.log') && size > largest.bytes) largest = { path, bytes: size };
  }
  if (largest.bytes === 0) throw new Error(`there is no log in ${folder}`);
  const file = await open(largest.path, 'r+');
  try {
    const at = Math.floor(largest.bytes / 2);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte.writeUInt8(byte.readUInt8() ^ 0x10);
    await file.write(byte, 0, 1, at);
    await file.sync();
  } finally {
    await file.close();
  }
  return largest.path;
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
