import { must } from '../../../services/shared/base/assert.ts';
import { Prng } from '../../../services/shared/base/prng.ts';
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

/** One fault before it begins: enough to let it happen again in the same way, with or without the others. */
export interface PlannedFault {
  /** Since the load began, milliseconds. */
  readonly atMs: number;
  readonly kind: string;
  /** Of everything that the fault draws. */
  readonly seed: number;
}

/** A fault that began, though it may have met nothing. */
export interface Strike extends PlannedFault {
  /** For people. */
  readonly what: string;
}

/** What goes wrong in a run of this length. */
export function planFaults({ faults, gapMs }: FaultPlan, random: Prng, durationMs: number): PlannedFault[] {
  const planned: PlannedFault[] = [];
  if (faults.length === 0) return planned;
  // The first one comes soon, so that no run goes without.
  let atMs = random.float() * gapMs;
  while (atMs < durationMs) {
    planned.push({ atMs, kind: random.pick(faults).kind, seed: random.uint32() });
    atMs -= Math.log(1 - random.float()) * gapMs;
  }
  return planned;
}

/** What a fault came to. */
interface Met {
  readonly kind: string;
  /** Undefined: it is under way. `struckAs` as of its end. */
  ended: { readonly struckAs: string | undefined } | undefined;
}

function metBy(fault: FaultUnderWay, kind: string): string | undefined {
  return fault.struckAs === undefined ? kind : fault.struckAs();
}

/** How soon a fault that found nothing to hit is tried again. */
const RETRY_MS = 1000;

/** Lets planned faults begin, ends each after its time, and counts those that hit something. */
export class Nemesis {
  /** What began, in its order. */
  readonly strikes: Strike[] = [];
  /** The same, with what it came to. */
  readonly #begun = new Map<FaultUnderWay, Met>();
  readonly #cluster: SimCluster;
  readonly #plan: FaultPlan;
  readonly #planned: readonly PlannedFault[];
  readonly #atlas: FaultAtlas;
  readonly #underWay = new Set<FaultUnderWay>();
  /** The last fault of the plan, or what took its place, once it has had its time. */
  #exhausted: PlannedFault | undefined;
  #startedAtMs = 0;
  #stopped = false;

  constructor(cluster: SimCluster, plan: FaultPlan, planned: readonly PlannedFault[]) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#planned = planned;
    this.#atlas = new FaultAtlas(plan.storm ?? false);
  }

  /** Kind of fault -> how often it has hit something so far. */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [fault, { kind, ended }] of this.#begun) {
      const struckAs = ended === undefined ? metBy(fault, kind) : ended.struckAs;
      if (struckAs !== undefined) counts.set(struckAs, (counts.get(struckAs) ?? 0) + 1);
    }
    return counts;
  }

  start(): void {
    this.#startedAtMs = this.#cluster.kernel.nowMs;
    for (const planned of this.#planned) this.#strikeAfter(planned.atMs, planned, planned === this.#planned[this.#planned.length - 1]);
  }

  /** No new faults; what goes on is ended, and everything runs again. */
  heal(): void {
    this.#stopped = true;
    for (const fault of [...this.#underWay]) this.#end(fault);
    for (const machine of this.#cluster.machines) machine.start();
    this.#note('healed');
  }

  #strikeAfter(delayMs: number, planned: PlannedFault, isLast: boolean): void {
    this.#cluster.kernel.after(delayMs, () => {
      if (this.#stopped) return;
      this.#strike(planned);
      if (!isLast) return;
      this.#exhausted = planned;
      this.#retryIfIdle();
    });
  }

  /** Nothing was hit, and nothing else is to come: the last fault is tried again, elsewhere, so that no run goes without one. */
  #retryIfIdle(): void {
    const last = this.#exhausted;
    if (last === undefined || this.#stopped || this.#underWay.size > 0 || this.counts.size > 0) return;
    this.#exhausted = undefined;
    this.#strikeAfter(RETRY_MS, { ...last, atMs: this.#cluster.kernel.nowMs - this.#startedAtMs + RETRY_MS, seed: last.seed + 1 }, true);
  }

  #strike(planned: PlannedFault): void {
    const { kind, seed } = planned;
    const fault = must(
      this.#plan.faults.find((known) => known.kind === kind),
      `the spec has no fault ${kind}`,
    );
    const begun = fault.begin({ cluster: this.#cluster, atlas: this.#atlas, random: new Prng(seed) });
    if (begun === undefined) return;
    this.#begun.set(begun, { kind, ended: undefined });
    this.strikes.push({ ...planned, what: begun.what });
    this.#note(`${kind} ${begun.what}, ${begun.durationMs.toFixed(0)} ms`);
    this.#underWay.add(begun);
    this.#cluster.kernel.after(begun.durationMs, () => this.#end(begun));
  }

  #end(fault: FaultUnderWay): void {
    if (!this.#underWay.delete(fault)) return;
    this.#note(`over: ${fault.what}`);
    fault.end();
    const met = must(this.#begun.get(fault), 'a fault that never began');
    // What it armed is disarmed: what strikes the same disk later is another one.
    met.ended = { struckAs: metBy(fault, met.kind) };
    if (met.ended.struckAs === undefined) this.#note(`met nothing: ${fault.what}`);
    this.#retryIfIdle();
  }

  #note(what: string): void {
    const { kernel } = this.#cluster;
    kernel.trace.line(kernel.nowMs, 'nemesis', what);
  }
}
