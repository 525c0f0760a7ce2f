import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endpointOf, type ProcessStatus, processStatus, withLock, writeCommand, writeEnvironment, writeStatus } from './dev-folder.ts';
import { DevProcesses } from './dev-process.ts';
import { chooseSettings, type DevSettings, readSettings, type WantedSettings, writeSettings } from './dev-settings.ts';
import { type DevProcess, programOf, seedsByAz, topology } from './dev-topology.ts';
import { whyNotReady, whyNotStarted } from './health.ts';
import type { ClusterToForm, InitResult, Seed } from './init.ts';
import { UserError } from './user-error.ts';

/** What a cluster on one machine needs from outside; tests pass their own. */
export interface DevClusterParts {
  readonly directory: string;
  /** Forms the cluster over seeds that answer. */
  readonly initCluster: (seeds: readonly Seed[], toForm: ClusterToForm) => Promise<InitResult>;
  /** A line for the person who waits. */
  readonly report: (line: string) => void;
  /** Entry file of a process; the built tree's own when left out. */
  readonly programOf?: (process: DevProcess) => string;
  readonly readyTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

export interface RunningCluster {
  readonly settings: DevSettings;
  readonly endpoint: string;
  readonly processes: readonly ProcessStatus[];
}

const READY_TIMEOUT_MS = 60_000;
/** A storage node hands its leaderships over before it stops, a router finishes its requests. */
const STOP_TIMEOUT_MS = 20_000;
const PROBE_PAUSE_MS = 100;
const REASON_AFTER_MS = 6_000;
const LOG_LINES_SHOWN = 5;
/** What `stator` makes in the folder, and so what it may remove. */
const OWN_ENTRIES = ['data', 'log', 'run', 'bin', 'env', 'status.json', 'cluster.json'];

/** A whole cluster on one machine: separate, detached processes that share nothing but a folder. */
export class DevCluster {
  readonly #parts: DevClusterParts;
  readonly #directory: string;
  readonly #processes: DevProcesses;

  constructor(parts: DevClusterParts) {
    this.#parts = parts;
    this.#directory = parts.directory;
    this.#processes = new DevProcesses(parts.directory, parts.programOf ?? (({ role }) => programOf(role)));
  }

  /** Starts what is missing and waits until all of it is ready. Throws UserError with what to do when that fails. */
  up(wanted: WantedSettings): Promise<RunningCluster> {
    return this.#locked(async () => {
      const existing = await readSettings(this.#directory);
      let settings = chooseSettings(this.#directory, existing, wanted);
      const missing: DevProcess[] = [];
      for (const process of topology(settings)) {
        if ((await this.#processes.runningPid(process)) === undefined) missing.push(process);
      }
      refuseNewKeys(existing, settings, missing);
      for (const process of missing) await this.#processes.assertStartable(process);
      await writeSettings(settings);
      await writeEnvironment(settings);
      await writeCommand(this.#directory);
      for (const process of missing) this.#parts.report(`start  ${describe(process)}, pid ${await this.#processes.start(process)}`);
      await this.#writeStatus(settings);
      settings = await this.#form(settings, existing !== undefined);
      const startedAtMs = performance.now();
      await Promise.all(topology(settings).map((process) => this.#untilReady(process, startedAtMs)));
      return { settings, endpoint: endpointOf(settings), processes: await this.statuses(settings) };
    });
  }

  /** Stops everything, the router first so that its requests find their nodes; false when nothing ran. */
  async down(): Promise<boolean> {
    const settings = await readSettings(this.#directory);
    if (settings === undefined) return false;
    return this.#locked(async () => {
      const running = (await this.statuses(settings)).some(({ pid }) => pid !== null);
      const processes = topology(settings);
      for (const role of ['router', 'auto-admin', 'storage-node'] as const) {
        await Promise.all(processes.filter((process) => process.role === role).map((process) => this.#stop(process)));
      }
      await this.#writeStatus(settings);
      return running;
    });
  }

  /** Starts one process and waits until it is ready; does nothing when it runs. */
  startProcess(name: string): Promise<void> {
    return this.#withProcess(name, async (process) => {
      const pid = await this.#processes.runningPid(process);
      if (pid !== undefined) return this.#parts.report(`${name} runs already, pid ${pid}`);
      await this.#processes.assertStartable(process);
      this.#parts.report(`start  ${describe(process)}, pid ${await this.#processes.start(process)}`);
      await this.#untilReady(process, performance.now());
    });
  }

  /** Stops one process as its operator would: it drains and hands over before it ends. */
  stopProcess(name: string): Promise<void> {
    return this.#withProcess(name, async (process) => {
      if (!(await this.#stop(process))) this.#parts.report(`${name} was not running`);
    });
  }

  /** SIGKILL, as if the machine had gone. */
  killProcess(name: string): Promise<void> {
    return this.#withProcess(name, async (process) => {
      const ran = (await this.#processes.runningPid(process)) !== undefined;
      await this.#processes.end(process, 'SIGKILL', this.#parts.stopTimeoutMs ?? STOP_TIMEOUT_MS);
      this.#parts.report(ran ? `killed ${name}` : `${name} was not running`);
    });
  }

  /** Stops everything and removes the cluster with its data; nothing in the folder that is not ours is touched. */
  async clean(): Promise<void> {
    await this.down();
    if ((await readSettings(this.#directory)) === undefined) return;
    for (const entry of OWN_ENTRIES) await rm(join(this.#directory, entry), { recursive: true, force: true });
    await rmdir(this.#directory).catch(() => {});
  }

  async statuses(settings: DevSettings): Promise<ProcessStatus[]> {
    return Promise.all(topology(settings).map(async (process) => processStatus(process, await this.#processes.runningPid(process))));
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    await mkdir(this.#directory, { recursive: true });
    return withLock(this.#directory, work);
  }

  async #withProcess(name: string, work: (process: DevProcess) => Promise<void>): Promise<void> {
    const settings = await readSettings(this.#directory);
    if (settings === undefined) throw new UserError(`There is no cluster in ${this.#directory}; \`make up\` makes one.`);
    await this.#locked(async () => {
      const processes = topology(settings);
      const process = processes.find((each) => each.name === name);
      if (process === undefined) {
        throw new UserError(`No process is named ${name}; there are ${processes.map((each) => each.name).join(', ')}.`);
      }
      try {
        await work(process);
      } finally {
        await this.#writeStatus(settings);
      }
    });
  }

  async #writeStatus(settings: DevSettings): Promise<void> {
    await writeStatus(this.#directory, await this.statuses(settings));
  }

  /** Forms the cluster the first time, over the seeds as soon as they answer. */
  async #form(settings: DevSettings, begun: boolean): Promise<DevSettings> {
    if (settings.formed) return settings;
    const nodes = topology(settings).filter(({ role }) => role === 'storage-node');
    await Promise.all(nodes.map((process) => this.#until(process, () => whyNotStarted(process.ports.metrics), performance.now())));
    const { clusterId, formedNow } = await this.#parts.initCluster(seedsByAz(settings), { clusterId: settings.clusterId, begun });
    this.#parts.report(`${formedNow ? 'formed' : 'found '} cluster ${clusterId}`);
    const formed = { ...settings, clusterId, formed: true };
    await writeSettings(formed);
    return formed;
  }

  async #untilReady(process: DevProcess, startedAtMs: number): Promise<void> {
    await this.#until(process, () => whyNotReady(process.ports.metrics), startedAtMs);
    this.#parts.report(`ready  ${describe(process)}, after ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  }

  /** Asks until there is no reason left to wait. */
  async #until(process: DevProcess, whyNot: () => Promise<string | undefined>, startedAtMs: number): Promise<void> {
    let told: string | undefined;
    for (;;) {
      const reason = await whyNot();
      if (reason === undefined) return;
      if ((await this.#processes.runningPid(process)) === undefined) {
        throw new UserError(`${process.name} ended at its start. The end of ${process.log}:\n${await endOf(process.log)}`);
      }
      const waitedMs = performance.now() - startedAtMs;
      if (waitedMs > (this.#parts.readyTimeoutMs ?? READY_TIMEOUT_MS)) {
        throw new UserError(`${process.name} is not ready after ${(waitedMs / 1000).toFixed(0)} s: ${reason}. Its log is ${process.log}.`);
      }
      if (waitedMs > REASON_AFTER_MS && reason !== told) {
        told = reason;
        this.#parts.report(`wait   ${process.name}: ${reason}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS));
    }
  }

  /** False when it did not run. */
  async #stop(process: DevProcess): Promise<boolean> {
    if ((await this.#processes.runningPid(process)) === undefined) return false;
    const timeoutMs = this.#parts.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    if (await this.#processes.end(process, 'SIGTERM', timeoutMs)) {
      this.#parts.report(`stopped ${process.name}`);
      return true;
    }
    await this.#processes.end(process, 'SIGKILL', timeoutMs);
    this.#parts.report(`killed ${process.name}, which did not stop within ${timeoutMs / 1000} s; see ${process.log}`);
    return true;
  }
}

/** The router that runs has its key from its start: a new one needs a new router. */
function refuseNewKeys(existing: DevSettings | undefined, wanted: DevSettings, missing: readonly DevProcess[]): void {
  if (existing === undefined || missing.some(({ role }) => role === 'router')) return;
  if (existing.accessKeyId === wanted.accessKeyId && existing.secretAccessKey === wanted.secretAccessKey) return;
  throw new UserError('The router runs with another access key. Stop it first: `stator node stop router-1`, then run this again.');
}

function describe({ name, role, az, ports }: DevProcess): string {
  const http = ports.http === undefined ? '' : `http ${ports.http}, `;
  return `${name.padEnd(13)}${role}, AZ ${az}, ${http}metrics ${ports.metrics}`;
}

async function endOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
}
