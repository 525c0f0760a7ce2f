import type { ReplicaId } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';
import type { Clock } from '../../shared/env/clock.ts';
import type { LostIndex } from '../../shared/wire/admin.ts';
import type { IndexStandstills } from '../core/index-standstill.ts';
import type { RunningTime } from '../core/running-time.ts';
import type { Group } from './group.ts';
import type { IndexSender } from './index-sender.ts';

/** What the searches of a node share. */
export interface LostIndexSearchHost {
  readonly clock: Clock;
  readonly running: RunningTime;
  readonly standstills: IndexStandstills;
  /** An index is given up, too, when it has stood still for so long while writes were refused for it, its log was not found, or too much of it was kept. */
  readonly rebuildAfterMs: number;
  /** Lets another replica lead, when it can. */
  readonly handOver: (group: Group, to: ReplicaId) => void;
}

/** A leader that misses log for an index leads at least this long before another one tries. */
const LEAD_MS = 3 * SECOND_MS;

/**
 * Finds out, for one leadership, which of its indexes can never catch up. A copy that came by a snapshot may lack log that an index
 * needs; others keep it, for this leader's predecessors told them so. Whoever has it, or may have it, is let lead; when all have
 * said that they lack it, it is gone for good.
 */
export class LostIndexSearch {
  readonly #group: Group;
  readonly #host: LostIndexSearchHost;
  /** When another replica was last asked to lead; at first, when this one began. */
  #triedAtMs: number;
  /** As of the last look. */
  lost: readonly LostIndex[] = [];

  constructor(group: Group, host: LostIndexSearchHost) {
    this.#group = group;
    this.#host = host;
    this.#triedAtMs = host.clock.monotonicMs();
  }

  /** To be called every 50 ms or so with all senders. `harms`: writes are refused for the index, or more log is kept for it than may be. */
  look(senders: Iterable<IndexSender>, harms: (sender: IndexSender) => boolean): void {
    const { id, identity, logStarts, paxos } = this.#group;
    const { running, standstills, rebuildAfterMs } = this.#host;
    const lost: LostIndex[] = [];
    let successor: ReplicaId | undefined;
    for (const sender of senders) {
      const { indexId } = sender.entries.source;
      const { missing } = sender;
      const search = missing === undefined ? undefined : logStarts.search(missing, paxos.self, identity.members);
      const isStuck = search !== undefined || harms(sender);
      const stoodMs = standstills.look(id, indexId, isStuck, sender.delivered ?? 0, running.totalMs);
      if (search?.kind === 'gone') lost.push({ group: id, indexId, loss: 'log-gone' });
      else if (isStuck && stoodMs >= rebuildAfterMs) lost.push({ group: id, indexId, loss: 'silent' });
      if (search?.kind === 'elsewhere') successor ??= search.replica;
    }
    this.lost = lost;
    if (successor !== undefined) this.#letLead(successor);
  }

  #letLead(replica: ReplicaId): void {
    const nowMs = this.#host.clock.monotonicMs();
    if (nowMs < this.#triedAtMs + LEAD_MS) return;
    this.#triedAtMs = nowMs;
    this.#host.handOver(this.#group, replica);
  }
}
