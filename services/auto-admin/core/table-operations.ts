import { Backoff } from '../../shared/cluster-client/backoff.ts';
import type { ClusterClient } from '../../shared/cluster-client/cluster-client.ts';
import type { Environment } from '../../shared/env/environment.ts';
import {
  LEADER_POLL_MS,
  OWN_WRITES_SEEN_MS,
  RETIRED_RETRY_MAX_MS,
  RETIRED_UNDER_WAY_MAX,
  STEP_RETRY_MAX_MS,
  STEP_RETRY_MIN_MS,
  STEPS_UNDER_WAY_MAX,
  TABLES_UNDER_WAY_MAX,
} from '../../shared/limits/auto-admin-limits.ts';
import type { NodeId } from '../../shared/base/ids.ts';
import type { RebuildPace } from '../../shared/placement/rebuilt-index.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';
import type { AutoAdminMetrics } from '../metrics.ts';
import type { AdminLease } from './admin-lease.ts';
import { ObservedKnowledge } from './knowledge.ts';
import { isHeldBack, NodeProbes } from './node-probes.ts';
import { allPartitions, planNextSteps, unfinishedTables } from './planner.ts';
import type { Plan, Step } from './steps.ts';
import { joined, type StepResult, StepRunner } from './step-runner.ts';
import { Turns } from './turns.ts';

type Outcome = StepResult | { readonly code: 'failed'; readonly slot: number };

const FAILED: Outcome = { code: 'failed', slot: 0 };

/**
 * Brings every table that is CREATING, UPDATING, DELETING or incomplete, or has lost an index, to its end: plans from the catalog, carries the steps out, waits until the
 * catalog shows them, and plans again, one loop for each table. A loop holds no state that the catalog lacks, so it may
 * end at any point, in another process too, and a new one goes on. What is left of partitions that are retired is destroyed in the same
 * way, one loop for each id, beside all that and without an end: a node that has some of it may be down for long. Such a node takes no
 * time from what others have left: it is called again only now and then, for one id, which has no turn meanwhile.
 */
export class TableOperations {
  readonly #environment: Environment;
  readonly #cluster: ClusterClient;
  readonly #lease: AdminLease;
  readonly #metrics: AutoAdminMetrics;
  readonly #runner: StepRunner;
  readonly #rebuildPauseMs: number;
  readonly #knowledge = new ObservedKnowledge();
  readonly #underWay = new Set<string>();
  /** Counted by rounds, not by tables: tables that wait for a dead node must not hold up all others. */
  readonly #turns = new Turns(TABLES_UNDER_WAY_MAX);
  /** Of those that only destroy what is left. */
  readonly #cleaningTurns = new Turns(RETIRED_UNDER_WAY_MAX);
  readonly #probes = new NodeProbes();
  #stopped = false;

  constructor(parts: {
    environment: Environment;
    transport: StatorTransport;
    cluster: ClusterClient;
    lease: AdminLease;
    metrics: AutoAdminMetrics;
    /** RebuildPace.pauseMs. */
    rebuildPauseMs: number;
  }) {
    const { environment, transport, cluster, rebuildPauseMs } = parts;
    this.#environment = environment;
    this.#cluster = cluster;
    this.#lease = parts.lease;
    this.#metrics = parts.metrics;
    this.#rebuildPauseMs = rebuildPauseMs;
    this.#runner = new StepRunner({ environment, transport, catalog: cluster.catalog, knowledge: this.#knowledge, rebuildPauseMs });
  }

  /** Tables that are worked on; destroying what is left of one that is gone is no work on it. */
  get underWay(): number {
    return [...this.#underWay].filter((id) => !this.#isGone(id)).length;
  }

  /** Replicas of retired partitions that are not known to be destroyed. */
  get replicasLeft(): number {
    let left = 0;
    for (const { replicas } of this.#cluster.watcher.view.retiredPartitions()) {
      left += replicas.filter(({ replica }) => !this.#knowledge.destroyed.has(replica)).length;
    }
    return left;
  }

  /** Starts work on tables that need it. Called whenever the catalog changed or the lease was taken. */
  wake(): void {
    if (this.#stopped || !this.#lease.active) return;
    for (const tableId of unfinishedTables(this.#cluster.watcher.view, this.#knowledge, this.#pace())) {
      if (this.#underWay.has(tableId)) continue;
      this.#underWay.add(tableId);
      void this.#work(tableId);
    }
  }

  /** Nodes were asked which indexes can never catch up, and these were not reached. */
  foundLost(lost: ReadonlyMap<string, IndexLoss>, unreachable: ReadonlySet<NodeId>): void {
    this.#knowledge.lost = lost;
    this.#knowledge.unreachable = new Set(unreachable);
    this.wake();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Another process acts from now on. Work under way ends with its present step. */
  leaseLost(): void {
    this.#knowledge.forgetAll();
  }

  #pace(): RebuildPace {
    return { nowMs: this.#environment.clock.wallMs(), pauseMs: this.#rebuildPauseMs };
  }

  async #work(tableId: string): Promise<void> {
    const { timers, random } = this.#environment;
    const tableBackoff = new Backoff(random, STEP_RETRY_MIN_MS, STEP_RETRY_MAX_MS);
    const cleaningBackoff = new Backoff(random, STEP_RETRY_MIN_MS, RETIRED_RETRY_MAX_MS);
    while (!this.#stopped && this.#lease.active) {
      const isCleaning = this.#isGone(tableId);
      const [turns, backoff] = isCleaning ? [this.#cleaningTurns, cleaningBackoff] : [this.#turns, tableBackoff];
      await turns.acquire();
      const outcome = await this.#round(tableId);
      turns.release();
      if (outcome === undefined) break;
      if (outcome.code === 'failed' && isCleaning && (await this.#probe(tableId))) continue;
      if (outcome.code === 'failed') await timers.sleep(backoff.next());
      else backoff.reset();
      if (outcome.code === 'waiting') await timers.sleep(LEADER_POLL_MS);
    }
    this.#underWay.delete(tableId);
  }

  /** No table has this id (any more): all there is to do is to destroy what is left under it. */
  #isGone(tableId: string): boolean {
    return this.#cluster.watcher.view.tableById(tableId) === undefined;
  }

  /** Calls nodes that cannot be reached, where it is time to; whether one of them did what it was called for. */
  async #probe(tableId: string): Promise<boolean> {
    if (this.#stopped || !this.#lease.active) return false;
    const { steps } = planNextSteps(this.#cluster.watcher.view, tableId, this.#knowledge, this.#pace());
    const probes = this.#probes.take(steps, this.#knowledge, this.#environment.clock.monotonicMs());
    const outcomes = await Promise.all(probes.map((step) => this.#step(step, tableId)));
    return outcomes.some(({ code }) => code === 'done');
  }

  /** One plan and its steps; undefined when nothing is left to do. */
  async #round(tableId: string): Promise<Outcome | undefined> {
    const plan = planNextSteps(this.#cluster.watcher.view, tableId, this.#knowledge, this.#pace());
    if (plan.steps.length > 0) return this.#carryOut(plan, tableId);
    if (plan.blocked !== undefined) {
      this.#environment.logger.warn('table-operation-blocked', { tableId, reason: plan.blocked });
      return FAILED;
    }
    const { view } = this.#cluster.watcher;
    const table = view.tableById(tableId);
    const partitions = table === undefined ? view.partitions(tableId).map(({ record }) => record) : allPartitions(view, table);
    for (const partition of partitions) this.#knowledge.forget(partition);
    this.#environment.logger.info('table-operation-finished', { tableId });
    return undefined;
  }

  async #carryOut(plan: Plan, tableId: string): Promise<Outcome> {
    const left = [...plan.steps].reverse();
    const isCleaning = this.#isGone(tableId);
    let outcome: Outcome = { code: 'done', slot: 0 };
    const next = async (): Promise<void> => {
      for (let step = left.pop(); step !== undefined && this.#lease.active && !this.#stopped; step = left.pop()) {
        const stepOutcome = await (isCleaning ? this.#cleaningStep(step, tableId) : this.#step(step, tableId));
        outcome = worst(outcome, stepOutcome);
      }
    };
    await Promise.all(Array.from({ length: Math.min(STEPS_UNDER_WAY_MAX, left.length) }, next));
    await this.#cluster.watcher.caughtUpTo(outcome.slot, OWN_WRITES_SEEN_MS);
    return outcome;
  }

  /** Fails at once where the node cannot be reached. Others of the same plan may just have found that out. */
  #cleaningStep(step: Step, tableId: string): Promise<Outcome> {
    if (isHeldBack(step, this.#knowledge)) return Promise.resolve(FAILED);
    this.#probes.begins(step, this.#environment.clock.monotonicMs());
    return this.#step(step, tableId);
  }

  async #step(step: Step, tableId: string): Promise<Outcome> {
    const count = (code: string): void => this.#metrics.steps.add(1, { operation: step.kind, code });
    try {
      const result = await this.#runner.run(step);
      count(result.code);
      if (step.kind === 'give-up-indexes' && result.code === 'done') {
        for (const loss of step.lost.values()) this.#metrics.rebuilds.add(1, { loss });
      }
      return result;
    } catch (error) {
      count('failed');
      const address = 'address' in step ? step.address : undefined;
      const fields = { tableId, step: step.kind, address, error: String(error) };
      // A node may be down for days with what is left of many tables: metrics tell of it.
      if (this.#isGone(tableId)) this.#environment.logger.debug('step-failed', fields);
      else this.#environment.logger.warn('step-failed', fields);
      return FAILED;
    }
  }
}

function worst(a: Outcome, b: Outcome): Outcome {
  if (a.code === 'failed' || b.code === 'failed') return { code: 'failed', slot: Math.max(a.slot, b.slot) };
  return joined(a, b);
}
