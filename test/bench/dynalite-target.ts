import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { RunningTarget, Target } from './target.ts';

/** dynalite (npm), one process without replication, sync or signature check: on disk when a folder is given, else in memory. */
export class DynaliteTarget implements Target {
  readonly name: string;
  readonly #port: number;
  readonly #folder: string | undefined;

  constructor(name: string, port: number, folder: string | undefined) {
    this.name = name;
    this.#port = port;
    this.#folder = folder;
  }

  async start(): Promise<RunningTarget> {
    const program = createRequire(import.meta.url).resolve('dynalite/cli.js');
    const options = ['--host', '127.0.0.1', '--port', String(this.#port), '--createTableMs', '0'];
    if (this.#folder !== undefined) {
      await rm(this.#folder, { recursive: true, force: true });
      options.push('--path', this.#folder);
    }
    const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    await listening(child);
    return {
      host: '127.0.0.1',
      port: this.#port,
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench', region: 'us-east-1' },
      processes: [{ name: 'dynalite', pid: child.pid ?? 0 }],
      stop: () => this.#stop(child),
    };
  }

  async #stop(child: ChildProcess): Promise<void> {
    const ended = child.exitCode !== null ? undefined : once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Resolves when dynalite says that it listens; rejects when it ends before, for example because the port is in use. */
async function listening(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('dynalite has no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('listening at')) return;
  }
  throw new Error('dynalite ended before it listened');
}
