import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether the kernel's view of a process can be had: strace (a Debian package) is there and may trace. */
export async function canTrace(): Promise<boolean> {
  return run('strace', ['-qq', '-o', '/dev/null', 'true']).then(
    () => true,
    () => false,
  );
}

/** Runs a program of Node to its end. Returns its system calls of these names, as strace writes them, in the order in which they ended. */
export async function systemCallsOf(names: readonly string[], parameters: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-strace-'));
  const output = join(folder, 'calls');
  try {
    // -y: file descriptors with their paths.
    await run('strace', ['-f', '-y', '-qq', '-s', '200', '-e', `trace=${names.join(',')}`, '-o', output, process.execPath, ...parameters]);
    return inOrderOfEnds(await readFile(output, 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A call that others came in between stands in two lines, `… <unfinished ...>` and `<... name resumed>…`. */
function inOrderOfEnds(text: string): string[] {
  const begun = new Map<string, string>();
  const calls: string[] = [];
  for (const line of text.split('\n')) {
    const { thread, call } = /^(?<thread>\d+) +(?<call>.*)$/.exec(line)?.groups ?? {};
    if (thread === undefined || call === undefined) continue;
    const unfinished = / <unfinished \.\.\.>$/.exec(call);
    const resumed = /^<\.\.\. \w+ resumed>/.exec(call);
    if (unfinished !== null) begun.set(thread, call.slice(0, unfinished.index));
    else if (resumed !== null) calls.push((begun.get(thread) ?? '') + call.slice(resumed[0].length));
    else calls.push(call);
  }
  return calls;
}
