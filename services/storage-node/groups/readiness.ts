import { CATALOG_GROUP, type GroupId } from '../../shared/base/ids.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';

/** What readiness is about: a replica of this node. */
export interface ReadyGroup {
  readonly id: GroupId;
  readonly stopped: boolean;
  readonly awaitsSnapshot: boolean;
  readonly keepsLogOnly: boolean;
  readonly taughtAtMs: number;
  readonly paxos: Pick<PaxosReplica, 'abstains' | 'isMember' | 'confirmedAtMs' | 'heardAtMs' | 'leader' | 'silentUntilMs'>;
}

/** A group is without a leader when none has reached a quorum for so many lease times: a failover takes little more than one. */
const LEASES_WITHOUT_LEADER = 3;
/** A learner that nobody taught anything for so many lease times was forgotten, and one that was replaced is never taught again. */
const LEASES_UNTAUGHT = 3;

function whyAbstaining(name: string, isLed: boolean): string {
  const replica = `the replica of ${name} abstains, for its log is damaged or what it promised is not known`;
  if (isLed) return `${replica}, and waits for its leader to sync it`;
  return `${replica}, and no leader is heard of that could sync it: that takes a majority with sound logs`;
}

/**
 * Why these replicas are not ready, as a text; undefined when they are. Each must have heard lately of a leader that reaches a
 * quorum, and must be able to help elect another one: whoever restarts nodes one by one waits for that, or a group could be left
 * without a quorum that may promise. What a replica knew longer ago counts for nothing. And each must have its copy: whoever
 * replaces disks one by one waits for that. So nobody is ready while a learner is taught here, or a member keeps the log alone,
 * which the leader changes as soon as it can; but a learner that was forgotten keeps no node from being ready.
 */
export function whyNotReady(groups: Iterable<ReadyGroup>, leaseMs: number, nowMs: number): string | undefined {
  for (const { id, stopped, awaitsSnapshot, keepsLogOnly, taughtAtMs, paxos } of groups) {
    const name = id === CATALOG_GROUP ? 'the catalog' : `group ${id}`;
    if (stopped) return `the replica of ${name} has stopped; the log says why`;
    if (!paxos.isMember) {
      if (nowMs - taughtAtMs <= LEASES_UNTAUGHT * leaseMs) return `a new replica of ${name} may be learning what its members know`;
      continue;
    }
    if (paxos.abstains) return whyAbstaining(name, paxos.leader !== undefined);
    if (keepsLogOnly) return `the replica of ${name} keeps the log alone so far, and waits to be given its copy`;
    if (awaitsSnapshot) return `the replica of ${name} has no tree yet, and waits for a snapshot`;
    if (paxos.leader === undefined) return `${name} has no leader yet`;
    if (nowMs < paxos.silentUntilMs) return 'the leases that were granted before the restart have not run out yet';
    const ledAtMs = Math.max(paxos.heardAtMs, paxos.confirmedAtMs(nowMs));
    if (nowMs - ledAtMs > LEASES_WITHOUT_LEADER * leaseMs) return `${name} has no leader that reaches a quorum`;
  }
  return undefined;
}
