import type { Prng } from '../../../services/shared/base/prng.ts';
import type { SimCluster } from '../cluster.ts';
import { FaultAtlas } from './atlas.ts';
import type { Fault, FaultUnderWay } from './fault.ts';

/** How often something goes wrong, and what. */
export interface FaultPlan {
  /** Mean time between two beginnings, milliseconds. */
  readonly gapMs: number;
  /** A fault that is listed twice is drawn twice as often. */
  readonly faults: readonly Fault[];
  /** More nodes than one may be impaired at a time. */
  readonly storm?: boolean;
}

/** Draws faults one after the other, ends each after its time, and counts them. */
export class Nemesis {
  readonly counts = new Map<string, number>();
  readonly #cluster: SimCluster;
  readonly #plan: FaultPlan;
  readonly #random: Prng;
  readonly #atlas: FaultAtlas;
  readonly #underWay = new Set<FaultUnderWay>();
  #stopped = false;

  constructor(cluster: SimCluster, plan: FaultPlan) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#atlas = new FaultAtlas(plan.storm ?? false);
    this.#random = cluster.kernel.random();
  }

  start(): void {
    const { kernel } = this.#cluster;
    if (this.#plan.faults.length === 0) return;
    kernel.after(-Math.log(1 - this.#random.float()) * this.#plan.gapMs, () => {
      if (this.#stopped) return;
      this.#strike();
      this.start();
    });
  }

  /** No new faults; what goes on is ended, and everything runs again. */
  heal(): void {
    this.#stopped = true;
    for (const fault of [...this.#underWay]) this.#end(fault);
    for (const machine of this.#cluster.machines) machine.start();
    this.#note('healed');
  }

  #strike(): void {
    const fault = this.#random.pick(this.#plan.faults);
    const begun = fault.begin({ cluster: this.#cluster, atlas: this.#atlas, random: this.#random });
    if (begun === undefined) return;
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
    this.#note(`${fault.kind} ${begun.what}, ${begun.durationMs.toFixed(0)} ms`);
    this.#underWay.add(begun);
    this.#cluster.kernel.after(begun.durationMs, () => this.#end(begun));
  }

  #end(fault: FaultUnderWay): void {
    if (!this.#underWay.delete(fault)) return;
    this.#note(`over: ${fault.what}`);
    fault.end();
  }

  #note(what: string): void {
    const { kernel } = this.#cluster;
    kernel.trace.line(kernel.nowMs, 'nemesis', what);
  }
}
