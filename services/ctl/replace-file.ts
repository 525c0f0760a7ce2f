import { rename, writeFile } from 'node:fs/promises';

/** Replaces a file by rename: whoever reads it sees the old text or the new one, never half of it. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}
