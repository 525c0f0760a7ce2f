import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MIB } from '../../services/shared/base/units.ts';

/** What a fault may need beside Node: a right, a kernel's ability, a program of a Debian package. */
export type Tool = 'root' | 'nft' | 'faketime' | 'mkfs.ext4' | 'loop devices' | 'network namespaces';

const run = promisify(execFile);
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/lib64', '/lib', '/usr/local/lib'];
const FAKETIME_LIBRARY = 'libfaketime.so.1';
/** Where programs for administrators are, which a user's PATH may leave out. */
const PROGRAM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

const IS_THERE: Readonly<Record<Tool, () => Promise<boolean>>> = {
  root: async () => process.getuid?.() === 0,
  nft: () => programExists('nft'),
  faketime: async () => (await faketimeLibrary()) !== undefined,
  'mkfs.ext4': () => programExists('mkfs.ext4'),
  'loop devices': hasLoopDevices,
  'network namespaces': () => succeeds('unshare', ['--net', '--mount', 'true']),
};

/** Those of the tools that this machine does not have. */
export async function missingTools(tools: readonly Tool[]): Promise<Tool[]> {
  const there = await Promise.all(tools.map((tool) => IS_THERE[tool]()));
  return tools.filter((_, at) => there[at] === false);
}

/** The library of Debian's faketime, whose folder is named after the machine's architecture. */
export async function faketimeLibrary(): Promise<string | undefined> {
  for (const folder of LIBRARY_FOLDERS) {
    const subfolders = (await readdir(folder).catch(() => [])).filter((name) => name.includes('-linux-'));
    for (const subfolder of ['', ...subfolders]) {
      const path = join(folder, subfolder, 'faketime', FAKETIME_LIBRARY);
      if (await exists(path)) return path;
    }
  }
  return undefined;
}

/** Runs a program to its end and gives its output. */
export async function runTool(program: string, parameters: readonly string[]): Promise<string> {
  const PATH = `${process.env['PATH'] ?? ''}:${PROGRAM_FOLDERS.join(':')}`;
  const { stdout } = await run(program, [...parameters], { env: { ...process.env, PATH } });
  return stdout;
}

async function programExists(program: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), ...PROGRAM_FOLDERS];
  const found = await Promise.all(folders.map((folder) => exists(join(folder, program))));
  return found.includes(true);
}

async function succeeds(program: string, parameters: readonly string[]): Promise<boolean> {
  return runTool(program, parameters).then(
    () => true,
    () => false,
  );
}

/** Whether one can be had: that the kernel has a free one does not say that it can be reached from here. */
async function hasLoopDevices(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-loop-'));
  try {
    const file = join(folder, 'image');
    await writeFile(file, Buffer.alloc(MIB));
    const device = (await runTool('losetup', ['--find', '--show', file])).trim();
    return await succeeds('losetup', ['--detach', device]);
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
