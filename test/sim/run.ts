import { SimCluster } from './cluster.ts';
import { Clients } from './clients.ts';
import { differenceOfReplicas } from './checks/equal-replicas.ts';
import { Invariants } from './checks/invariants.ts';
import { MemoryBounds } from './checks/memory-bounds.ts';
import { problemOfTrees } from './checks/sound-trees.ts';
import { Nemesis, type PlannedFault, planFaults, type Strike } from './faults/nemesis.ts';
import { Kernel, type Violation } from './kernel/kernel.ts';
import { drawSettings } from './settings.ts';
import { simulate } from './simulate.ts';
import type { Spec } from './specs/spec.ts';
import { createTable } from './table.ts';
import type { Workload } from './workloads/workload.ts';

/** What of a spec takes place; by default everything that the seed draws. */
export interface RunChoices {
  /** Only these faults, at these times. */
  readonly faults?: readonly PlannedFault[];
  /** Only workloads of these names. */
  readonly workloads?: readonly string[];
}

/** What one run came to. */
export interface RunResult {
  readonly violations: readonly Violation[];
  /** Kind of fault -> how often it hit something. */
  readonly faults: ReadonlyMap<string, number>;
  /** Faults that began, though some may have met nothing. */
  readonly strikes: readonly Strike[];
  /** When the load and the faults began. */
  readonly loadedAtMs: number;
  /** Operations answered. */
  readonly operations: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly traceHash: string;
  /** The last of what happened, for a failure. */
  readonly lastLines: readonly string[];
}

/** Once nothing is wrong any more, the cluster must serve everybody again within this time (reliability.md (i), V10). */
const LIVENESS_MS = 30_000;
/** And this much must then succeed. */
const LIVE_OPERATIONS = 20;
/** A replica whose disk was damaged is brought back by its peers within this time after the heal. */
const REPAIR_MS = 60_000;
const LAST_LINES = 120;

/** Runs one seed of a spec. Reality is trapped meanwhile. */
export async function runSeed(spec: Spec, seed: number, choices: RunChoices = {}, print?: (line: string) => void): Promise<RunResult> {
  const kernel = new Kernel(seed, print);
  const scenario = new Scenario(kernel, spec, choices);
  await simulate(kernel, () => scenario.play(), spec.durationMs * 4 + 300_000);
  return {
    violations: kernel.violations,
    faults: scenario.nemesis.counts,
    strikes: scenario.nemesis.strikes,
    loadedAtMs: scenario.loadedAtMs,
    operations: scenario.operations,
    simulatedMs: kernel.nowMs,
    events: kernel.events,
    traceHash: kernel.trace.hash,
    lastLines: kernel.violations.length === 0 ? [] : kernel.trace.lastLines(LAST_LINES),
  };
}

/** The acts of one run: faults under load, healing, quiet, checks. */
class Scenario {
  readonly nemesis: Nemesis;
  readonly #kernel: Kernel;
  readonly #cluster: SimCluster;
  readonly #spec: Spec;
  readonly #choices: RunChoices;
  readonly #memory: MemoryBounds;
  loadedAtMs = 0;
  #workloads: readonly Workload[] = [];

  constructor(kernel: Kernel, spec: Spec, choices: RunChoices) {
    this.#kernel = kernel;
    this.#spec = spec;
    this.#choices = choices;
    const drawn = drawSettings(kernel.random());
    const settings = spec.settings?.(drawn) ?? drawn;
    this.#cluster = new SimCluster(kernel, settings, spec.spares);
    this.#memory = new MemoryBounds(this.#cluster);
    const planned = planFaults(spec.plan, kernel.random(), spec.durationMs);
    this.nemesis = new Nemesis(this.#cluster, spec.plan, choices.faults ?? planned);
    kernel.afterTurn = new Invariants(this.#cluster).check;
  }

  get operations(): number {
    return this.#workloads.reduce((sum, { answered }) => sum + answered, 0);
  }

  async play(): Promise<void> {
    const cluster = this.#cluster;
    this.#kernel.trace.line(0, 'scenario', 'settings', cluster.settings);
    await cluster.boot();
    const clients = new Clients(cluster);
    await createTable(cluster, clients);
    this.#workloads = this.#makeWorkloads(clients);
    for (const workload of this.#workloads) await workload.setup();
    this.#act('faults under load');
    this.#memory.watch();
    this.loadedAtMs = this.#kernel.nowMs;
    const ended = this.#workloads.map((workload) => workload.start());
    this.nemesis.start();
    await this.#underFaults();
    this.nemesis.heal();
    this.#act('healed');
    await this.#checkLiveness();
    await cluster.until('what was damaged is whole again', REPAIR_MS, () => cluster.repairs === 0);
    for (const workload of this.#workloads) workload.stop();
    await Promise.all(ended);
    this.#act('quiet');
    const difference = await differenceOfReplicas(cluster);
    if (difference !== undefined) this.#kernel.violated('state-hash', difference);
    const unsound = await problemOfTrees(cluster);
    if (unsound !== undefined) this.#kernel.violated('tree', unsound);
    await this.#memory.checkRest();
    for (const workload of this.#workloads) {
      const problem = await workload.check();
      if (problem !== undefined) this.#kernel.violated(workload.name, problem);
    }
    this.#act('end');
  }

  /** Each has random numbers of its own, whether or not the others take place. */
  #makeWorkloads(clients: Clients): Workload[] {
    const kinds = this.#spec.workloads.map((kind) => ({ ...kind, random: this.#kernel.random() }));
    const { workloads } = this.#choices;
    const chosen = workloads === undefined ? kinds : kinds.filter(({ name }) => workloads.includes(name));
    const leisure = this.#spec.leisure ?? 1;
    return chosen.map(({ make, random }) => make({ cluster: this.#cluster, clients, random, leisure }));
  }

  async #underFaults(): Promise<void> {
    const { durationMs, steadyMs = durationMs } = this.#spec;
    let leftMs = durationMs;
    for (; leftMs > steadyMs; leftMs -= steadyMs) {
      const before = this.#workloads.map(({ succeeded }) => succeeded);
      await this.#cluster.sleep(steadyMs);
      const idle = this.#workloads.find(({ succeeded }, at) => succeeded === before[at]);
      if (idle !== undefined) return this.#kernel.violated('steady', `${idle.name} made no progress for ${steadyMs} ms`);
    }
    await this.#cluster.sleep(leftMs);
  }

  async #checkLiveness(): Promise<void> {
    // Whoever thinks ten times as long does a tenth in the same time.
    const operations = LIVE_OPERATIONS / (this.#spec.leisure ?? 1);
    const goals = this.#workloads.map((workload) => ({ workload, goal: workload.succeeded + operations }));
    await this.#cluster.until('every workload makes progress after the heal', LIVENESS_MS, () =>
      goals.every(({ workload, goal }) => workload.succeeded >= goal),
    );
  }

  #act(name: string): void {
    this.#kernel.trace.line(this.#kernel.nowMs, 'scenario', name);
  }
}
