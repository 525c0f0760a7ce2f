import type { Group } from '../../services/storage-node/groups/group.ts';
import { PARTITION_WRITE_UNITS } from '../../services/shared/limits/placement-limits.ts';
import { SimCluster, TABLE } from './cluster.ts';
import { Clients } from './clients.ts';
import { Invariants } from './checks/invariants.ts';
import { Nemesis } from './faults/nemesis.ts';
import { Kernel, type Violation } from './kernel/kernel.ts';
import { ProcessEndedError } from './kernel/sim-process.ts';
import { trapReality } from './kernel/traps.ts';
import { drawSettings } from './settings.ts';
import type { Spec } from './specs/spec.ts';
import type { Workload } from './workloads/workload.ts';

/** What one run came to. */
export interface RunResult {
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<string, number>;
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
const QUIET_MS = 30_000;
const LAST_LINES = 120;

/** Runs one seed of a spec. Reality is trapped meanwhile. */
export async function runSeed(spec: Spec, seed: number, print?: (line: string) => void): Promise<RunResult> {
  const kernel = new Kernel(seed, print);
  const onRejection = (error: unknown): void => {
    if (!(error instanceof ProcessEndedError))
      kernel.violated('rejection', error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on('unhandledRejection', onRejection);
  const restore = trapReality();
  const scenario = new Scenario(kernel, spec);
  try {
    await kernel.run(() => scenario.play(), spec.durationMs * 4 + 300_000);
  } finally {
    restore();
    process.off('unhandledRejection', onRejection);
  }
  return {
    violations: kernel.violations,
    faults: scenario.nemesis.counts,
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
  #workloads: readonly Workload[] = [];

  constructor(kernel: Kernel, spec: Spec) {
    this.#kernel = kernel;
    this.#spec = spec;
    this.#cluster = new SimCluster(kernel, drawSettings(kernel.random()));
    this.nemesis = new Nemesis(this.#cluster, spec.plan);
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
    this.#workloads = this.#spec.workloads.map((make) => make({ cluster, clients, random: this.#kernel.random() }));
    for (const workload of this.#workloads) await workload.setup();
    this.#act('faults under load');
    const ended = this.#workloads.map((workload) => workload.start());
    this.nemesis.start();
    await cluster.sleep(this.#spec.durationMs);
    this.nemesis.heal();
    this.#act('healed');
    await this.#checkLiveness();
    for (const workload of this.#workloads) workload.stop();
    await Promise.all(ended);
    this.#act('quiet');
    await this.#checkReplicas();
    for (const workload of this.#workloads) {
      const problem = await workload.check();
      if (problem !== undefined) this.#kernel.violated(workload.name, problem);
    }
    this.#act('end');
  }

  async #checkLiveness(): Promise<void> {
    const goals = this.#workloads.map((workload) => ({ workload, goal: workload.succeeded + LIVE_OPERATIONS }));
    await this.#cluster.until('every workload makes progress after the heal', LIVENESS_MS, () =>
      goals.every(({ workload, goal }) => workload.succeeded >= goal),
    );
  }

  /** With nothing under way all replicas come to the same state. */
  async #checkReplicas(): Promise<void> {
    const nodes = this.#cluster.nodes.filter((node) => !this.#cluster.lost.has(node));
    const isQuiet = (): boolean => {
      const applied = new Map<number, Set<number>>();
      for (const node of nodes) {
        for (const { id, paxos, state } of this.#cluster.groupsOf(node)) {
          const slots = applied.get(id) ?? new Set();
          applied.set(id, slots.add(state.applied).add(paxos.last));
        }
      }
      return applied.size > 0 && [...applied.values()].every(({ size }) => size === 1);
    };
    try {
      await this.#cluster.until('all replicas apply everything', QUIET_MS, isQuiet);
    } catch (error) {
      for (const node of nodes) for (const group of this.#cluster.groupsOf(node)) this.#traceReplica(node.name, group);
      throw error;
    }
    const [first] = nodes;
    for (const { id } of first === undefined ? [] : this.#cluster.groupsOf(first)) await this.#compareHashes(id, nodes);
  }

  #traceReplica(node: string, { id, paxos, state, stopped }: Group): void {
    const { nowMs, trace } = this.#kernel;
    trace.line(nowMs, node, `group ${id}: ${paxos.describe()} in the tree=${state.applied}${stopped ? ' stopped' : ''}`);
  }

  async #compareHashes(group: number, nodes: SimCluster['nodes']): Promise<void> {
    const hashes = new Map<string, string>();
    for (const node of nodes) {
      const inspection = await this.#cluster.call(node, { kind: 'inspect-group', group });
      if (inspection.kind === 'group-inspection') hashes.set(node.name, `${inspection.replica.applied} ${inspection.stateHash}`);
    }
    const differ = hashes.size !== nodes.length || new Set(hashes.values()).size > 1;
    if (differ) this.#kernel.violated('state-hash', `the replicas of group ${group} differ: ${JSON.stringify([...hashes])}`);
  }

  #act(name: string): void {
    this.#kernel.trace.line(this.#kernel.nowMs, 'scenario', name);
  }
}

/** The table of all workloads, by the API. */
async function createTable(cluster: SimCluster, clients: Clients): Promise<void> {
  await clients.insist({
    action: 'CreateTable',
    input: {
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: PARTITION_WRITE_UNITS * cluster.settings.partitions },
    },
  });
  await cluster.until('the table is active', 60_000, async () => {
    const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
    return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE';
  });
}
