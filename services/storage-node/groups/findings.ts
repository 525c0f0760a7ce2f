import type { GroupId } from '../../shared/base/ids.ts';
import type { Clock } from '../../shared/env/clock.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { FindingKind, ScrubFinding } from '../../shared/wire/admin.ts';

/** The list ends here; the counts do not. */
const LISTED_MAX = 1000;

/** What beginning anew with an empty tree, or with an empty log, mends. */
const MENDED_BY: Readonly<Record<'tree' | 'log', ReadonlySet<string>>> = {
  tree: new Set<FindingKind>(['page', 'state-hash', 'halted', 'store']),
  log: new Set<FindingKind>(['log']),
};

/** Which replica a finding is about. */
export interface Found {
  readonly group: GroupId;
  readonly tableId: string;
}

interface Finding extends ScrubFinding {
  repaired: boolean;
  /** The replica was built anew, and is sound once it has its tree. */
  rebuilding: boolean;
}

/** What the replica of a group is now. */
export type ReplicaHealth = 'sound' | 'unsound' | 'gone';

/** All that was found damaged on this node since its process began, by whoever met it, and what became of it. */
export class Findings {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #logger: Logger;
  readonly #listed: Finding[] = [];
  /** Sums for metrics. */
  readonly counts = new Map<FindingKind, number>();

  constructor(clock: Pick<Clock, 'wallMs'>, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get list(): readonly ScrubFinding[] {
    return this.#listed;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  get unrepaired(): number {
    return this.#listed.reduce((count, { repaired }) => count + (repaired ? 0 : 1), 0);
  }

  /** What is known already of a replica, and not repaired, is not counted again. */
  add({ group, tableId }: Found, kind: FindingKind, detail: string): void {
    if (this.#listed.some((known) => known.group === group && known.kind === kind && !known.repaired && !known.rebuilding)) return;
    this.#logger.warn('damage found', { group, kind, detail });
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#listed.push({ group, tableId, kind, detail, foundMs: this.#clock.wallMs(), repaired: false, rebuilding: false });
    if (this.#listed.length > LISTED_MAX) this.#dropOne();
  }

  /** The oldest that is repaired, else the oldest. */
  #dropOne(): void {
    const repaired = this.#listed.findIndex((finding) => finding.repaired);
    this.#listed.splice(Math.max(0, repaired), 1);
  }

  /** The replica has begun anew with this part of it empty. */
  rebuilt(group: GroupId, part: 'tree' | 'log'): void {
    for (const finding of this.#listed) if (finding.group === group && MENDED_BY[part].has(finding.kind)) finding.rebuilding = true;
  }

  /** What of these kinds was found in the replica is mended. */
  repaired(group: GroupId, ...kinds: readonly FindingKind[]): void {
    for (const finding of this.#listed) {
      if (finding.group === group && kinds.some((kind) => kind === finding.kind)) finding.repaired = true;
    }
  }

  /** Looks whether replicas that were built anew have their trees again. */
  follow(health: (group: GroupId) => ReplicaHealth): void {
    for (const finding of this.#listed) {
      if (finding.repaired || finding.group === 0) continue;
      const now = health(finding.group);
      if (now === 'gone' || (now === 'sound' && (finding.rebuilding || finding.kind === 'incomplete'))) finding.repaired = true;
    }
  }
}
