import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 64 * 1024;
const FOLLOW_MS = 300;
const NEWLINE = 0x0a;

/** The end of a file, and the position in bytes from which to follow it. */
export interface FileEnd {
  readonly lines: readonly string[];
  readonly position: number;
}

/** The last `most` lines of a file; none when it does not exist. */
export async function lastLines(path: string, most: number): Promise<FileEnd> {
  const file = await openIfThere(path);
  if (file === undefined) return { lines: [], position: 0 };
  try {
    const position = (await file.stat()).size;
    let start = position;
    let bytes = Buffer.alloc(0);
    while (start > 0 && countLines(bytes) <= most) {
      const length = Math.min(CHUNK_BYTES, start);
      start -= length;
      const chunk = Buffer.alloc(length);
      await file.read(chunk, 0, length, start);
      bytes = Buffer.concat([chunk, bytes]);
    }
    const lines = bytes.toString('utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return { lines: lines.slice(-most), position };
  } finally {
    await file.close();
  }
}

/** Calls back with each line written behind `start`, until the signal is given. */
export async function followLines(path: string, start: number, signal: AbortSignal, line: (text: string) => void): Promise<void> {
  let position = start;
  let partial = '';
  while (!signal.aborted) {
    const size = await sizeOf(path);
    // A file that shrank was begun anew.
    if (size < position) position = 0;
    if (size > position) {
      const text = await readFrom(path, position, size);
      position = size;
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const each of lines) line(each);
    }
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
  }
}

async function readFrom(path: string, start: number, end: number): Promise<string> {
  const file = await openIfThere(path);
  if (file === undefined) return '';
  try {
    const bytes = Buffer.alloc(end - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await openIfThere(path);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count++;
  return count;
}
