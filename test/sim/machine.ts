import { assert } from '../../services/shared/base/assert.ts';
import type { Environment, Service } from '../../services/shared/env/environment.ts';
import type { NodeDisk } from '../../services/storage-node/groups/node-disk.ts';
import { once } from './faults/once.ts';
import type { Kernel } from './kernel/kernel.ts';
import type { SimClock } from './kernel/sim-clock.ts';
import { type DiskImage, SimDisk } from './kernel/sim-disk.ts';
import { type SimDigest, SimEnvironment, type SimMetrics } from './kernel/sim-environment.ts';
import type { SimNetwork } from './kernel/sim-network.ts';
import { SimProcess } from './kernel/sim-process.ts';
import { SimTransport } from './kernel/sim-transport.ts';

/** What a service is made of in one life of its process. */
export interface ProcessParts {
  readonly environment: Environment;
  readonly transport: SimTransport;
  readonly disk: NodeDisk;
  readonly incarnation: number;
}

/** One life of a process with its service. */
export interface Life<S> {
  readonly process: SimProcess;
  readonly service: S;
  readonly metrics: SimMetrics;
  readonly digest: SimDigest;
}

/** A supervisor starts what ended by itself again within this time. */
const SUPERVISOR_MS = 2000;

/** A machine with one process on it: it can lose the process or its power, stand still, and be started again. */
export class SimMachine<S extends Service = Service> {
  readonly name: string;
  readonly clock: SimClock;
  #disk: SimDisk;
  readonly #kernel: Kernel;
  readonly #network: SimNetwork;
  readonly #make: (parts: ProcessParts) => S;
  #life: Life<S> | undefined;
  #lives = 0;
  #toleratedErrors: ReadonlySet<string> = new Set();
  #endListeners: (() => void)[] = [];

  constructor(kernel: Kernel, network: SimNetwork, name: string, clock: SimClock, make: (parts: ProcessParts) => S) {
    this.name = name;
    this.clock = clock;
    this.#disk = new SimDisk(kernel);
    this.#kernel = kernel;
    this.#network = network;
    this.#make = make;
  }

  get disk(): SimDisk {
    return this.#disk;
  }

  /** A disk that holds what this image does takes the place of its own; before the first start. */
  putDisk(image: DiskImage): void {
    assert(this.#lives === 0, 'the machine has run');
    this.#disk = new SimDisk(this.#kernel, image);
  }

  /** The process that runs now; undefined when none does. */
  get life(): Life<S> | undefined {
    return this.#life;
  }

  /** Lives so far. */
  get lives(): number {
    return this.#lives;
  }

  /** Errors that its processes may log from now on. */
  tolerate(errors: ReadonlySet<string>): void {
    this.#toleratedErrors = errors;
    if (this.#life !== undefined) this.#life.process.toleratedErrors = errors;
  }

  /** Called once, when the present life ends in whatever way. */
  onEnd(listener: () => void): void {
    this.#endListeners.push(listener);
  }

  /** Starts the process, when none runs. */
  start(): void {
    if (this.#life !== undefined) return;
    this.#lives += 1;
    this.#note('process starts');
    this.#network.lit(this.name);
    const process = new SimProcess({
      kernel: this.#kernel,
      name: this.name,
      clock: this.clock,
      onEnd: () => {
        this.#gone('process ended');
        this.#kernel.after(this.#kernel.random().float() * SUPERVISOR_MS, () => this.start());
      },
    });
    process.toleratedErrors = this.#toleratedErrors;
    const environment = new SimEnvironment(process);
    const transport = new SimTransport(this.#network, process, environment);
    const disk = this.disk.mount(process);
    process.run(() => {
      const service = this.#make({ environment, transport, disk, incarnation: process.incarnation });
      this.#life = { process, service, metrics: environment.metrics, digest: environment.digest };
      service.run().catch((error: unknown) => process.end(`run failed: ${error instanceof Error ? error.stack : String(error)}`));
    });
  }

  /** SIGKILL. */
  kill(): void {
    const life = this.#life;
    if (life === undefined) return;
    life.process.kill();
    this.#gone('killed');
  }

  /** The power is cut: what was not synced may be gone, and nobody is told. */
  cutPower(): void {
    const life = this.#life;
    if (life !== undefined) {
      life.process.kill();
      this.#network.darkened(life.process);
      this.#forget('lost power');
    }
    this.disk.powerLost();
  }

  /** The process stands still until what is returned is called, as often as it was paused. It may be another life by then. */
  pause(): () => void {
    const process = this.#life?.process;
    if (process === undefined) return () => undefined;
    if (!process.paused) this.#network.paused(process, () => process.paused);
    process.pause();
    return once(() => process.resume());
  }

  /** SIGTERM: the process drains, stops, and is started again after a while. Resolves when it is gone. */
  async restartOrderly(pauseMs: number): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    await new Promise<void>((resolve) => {
      this.onEnd(resolve);
      life.process.run(() => {
        void this.#stopOrderly(life);
      });
    });
    this.#kernel.after(pauseMs, () => this.start());
  }

  async #stopOrderly({ service, process }: Life<S>): Promise<void> {
    this.#note('asked to stop');
    try {
      await service.drain();
      await service.stop();
    } catch (error) {
      process.end(`stopping failed: ${error instanceof Error ? error.stack : String(error)}`);
      return;
    }
    process.kill();
    this.#gone('stopped');
  }

  #gone(how: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#network.died(life.process);
    this.disk.processDied();
    this.#forget(how);
  }

  #forget(how: string): void {
    this.#life = undefined;
    this.#note(how);
    const listeners = this.#endListeners;
    this.#endListeners = [];
    for (const listener of listeners) listener();
  }

  #note(what: string): void {
    this.#kernel.trace.line(this.#kernel.nowMs, this.name, what);
  }
}
