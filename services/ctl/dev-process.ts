import { spawn } from 'node:child_process';
import { access, mkdir, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { address, type DevProcess, HOST } from './dev-topology.ts';
import { commandLine, holdsResources, listenerOf } from './process-table.ts';
import { replaceFile } from './replace-file.ts';
import { UserError } from './user-error.ts';

/** The thread pool syncs LevelDB: with Node's own four threads synced writes run at half the speed. */
const THREAD_POOL_SIZE = '16';
const POLL_MS = 20;

/** Keeps the processes of one cluster's folder: starts them detached, finds them again by pid file, ends them. */
export class DevProcesses {
  readonly #directory: string;
  readonly #programOf: (process: DevProcess) => string;

  constructor(directory: string, programOf: (process: DevProcess) => string) {
    this.#directory = directory;
    this.#programOf = programOf;
  }

  /** The process id while it runs. A pid file whose number now belongs to another process counts for nothing. */
  async runningPid(process: DevProcess): Promise<number | undefined> {
    const pid = Number(await readFile(this.#pidFile(process), 'utf8').catch(() => ''));
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    return this.#isOurs(process, await commandLine(pid)) ? pid : undefined;
  }

  /** Throws UserError when the program is not built or one of its ports is taken. */
  async assertStartable(process: DevProcess): Promise<void> {
    const program = this.#programOf(process);
    await access(program).catch(() => {
      throw new UserError(`${program} is missing: build first, with \`make build\`.`);
    });
    for (const [use, port] of Object.entries(process.ports)) await assertPortFree(process, use, port);
  }

  /** Starts it detached, output to its log, and gives its process id. */
  async start(process: DevProcess): Promise<number> {
    await mkdir(dirname(process.log), { recursive: true });
    if (process.dataDir !== null) await mkdir(process.dataDir, { recursive: true });
    const log = await open(process.log, 'a');
    try {
      const child = spawn(globalThis.process.execPath, [this.#programOf(process), ...process.options], {
        cwd: this.#directory,
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...globalThis.process.env, UV_THREADPOOL_SIZE: THREAD_POOL_SIZE, ...process.environment },
      });
      if (child.pid === undefined) throw new UserError(`${process.name} could not be started; see ${process.log}.`);
      child.unref();
      await mkdir(dirname(this.#pidFile(process)), { recursive: true });
      await replaceFile(this.#pidFile(process), `${child.pid}\n`, 0o644);
      return child.pid;
    } finally {
      await log.close();
    }
  }

  /** Sends the signal and waits until the process is gone; false when it still runs after `timeoutMs`. True as well when it does not run. */
  async end(process: DevProcess, signal: 'SIGTERM' | 'SIGKILL', timeoutMs: number): Promise<boolean> {
    const pid = await this.runningPid(process);
    if (pid !== undefined) {
      globalThis.process.kill(pid, signal);
      const deadline = performance.now() + timeoutMs;
      while (await holdsResources(pid)) {
        if (performance.now() > deadline) return false;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    }
    await rm(this.#pidFile(process), { force: true });
    return true;
  }

  #pidFile(process: DevProcess): string {
    return join(this.#directory, 'run', `${process.name}.pid`);
  }

  /** By program, name and metrics address, which are no other process's; the other options may differ from one release to the next. */
  #isOurs(process: DevProcess, words: string | undefined): boolean {
    if (words === undefined) return false;
    const marks = [this.#programOf(process), `--name ${process.name}`, `--metrics-listen ${address(process.ports.metrics)}`];
    return marks.every((mark) => words.includes(mark));
  }
}

/** A process that was killed lets go of its ports only when its last thread has ended: so long a port without an owner is waited for. */
const DYING_OWNER_MS = 3000;
const PORT_CHECK_MS = 50;

async function assertPortFree(process: DevProcess, use: string, port: number): Promise<void> {
  let owner: string | undefined;
  for (let waitedMs = 0; waitedMs <= DYING_OWNER_MS; waitedMs += PORT_CHECK_MS) {
    if (await canListen(port)) return;
    owner = await listenerOf(port);
    if (owner !== undefined) break;
    await sleep(PORT_CHECK_MS);
  }
  throw new UserError(
    `Port ${port}, which ${process.name} needs for ${use}, is in use${owner === undefined ? '' : ` by ${owner}`}. ` +
      'Stop what holds it, or choose other ports: `make up PORT=9000 DIR=.stator-9000`.',
  );
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
