import type { GroupId, Slot } from '../../../services/shared/base/ids.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import type { SimCluster } from '../cluster.ts';
import type { Group } from '../../../services/storage-node/groups/group.ts';

type StorageMachine = SimCluster['nodes'][number];

/**
 * What must hold after each turn, seen from outside: at most one replica of a group believes that it holds a lease, and a
 * slot that one replica takes for chosen holds the same record on all of them, for ever.
 */
export class Invariants {
  readonly #cluster: SimCluster;
  /** By group: checksums by slot of what was seen chosen. */
  readonly #chosen = new Map<GroupId, Map<Slot, number>>();
  /** By replica, in one life of its process: up to which slot it was looked at. */
  readonly #looked = new WeakMap<Group, Slot>();
  /** Slots compared between replicas. */
  compared = 0;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** `touched`: machines on which something happened; elsewhere leases can only have ended. */
  readonly check = (touched: readonly string[]): void => {
    for (const node of this.#cluster.nodes) {
      if (!touched.includes(node.name) || node.life === undefined) continue;
      for (const group of this.#cluster.groupsOf(node)) {
        if (group.stopped) continue;
        if (group.paxos.leading !== undefined) this.#checkLease(node, group);
        this.#checkChosen(group, node.name);
      }
    }
  };

  /** Two that take themselves for leaders are rare: only then it is worth asking whether their leases are valid. */
  #checkLease(leader: StorageMachine, group: Group): void {
    for (const node of this.#cluster.nodes) {
      if (node === leader) continue;
      const other = node.life?.service.groups?.group(group.id);
      if (other === undefined || other.stopped || other.paxos.leading === undefined) continue;
      if (!holdsLease(leader, group) || !holdsLease(node, other)) continue;
      this.#cluster.kernel.violated('lease', `${leader.name} and ${node.name} both hold the lease of group ${group.id}`);
    }
  }

  #checkChosen(group: Group, node: string): void {
    const { commit } = group.paxos;
    const lookedUpTo = this.#looked.get(group) ?? 0;
    if (lookedUpTo >= commit) return;
    const log = this.#logOf(group.id);
    for (let slot = Math.max(lookedUpTo + 1, commit - RECENT_SLOTS); slot <= commit; slot++) this.#compare(log, group, node, slot);
    this.#looked.set(group, commit);
  }

  #compare(log: Map<Slot, number>, group: Group, node: string, slot: Slot): void {
    const record = group.paxos.recordAt(slot);
    if (record === undefined) return;
    const checksum = nodeDigest.crc32(record);
    const known = log.get(slot);
    if (known === undefined) log.set(slot, checksum);
    else if (known !== checksum) {
      this.#cluster.kernel.violated('chosen', `slot ${slot} of group ${group.id} was chosen before, and ${node} has another record in it`);
    }
    this.compared += 1;
  }

  #logOf(group: GroupId): Map<Slot, number> {
    let log = this.#chosen.get(group);
    if (log === undefined) {
      log = new Map();
      this.#chosen.set(group, log);
    }
    return log;
  }
}

/** A replica that comes back is not compared over its whole log again. */
const RECENT_SLOTS = 2000;

/** A process that has not caught up with what came while it stood still has not acted on what it believes. */
function holdsLease(node: StorageMachine, { paxos }: Group): boolean {
  const process = node.life?.process;
  if (process === undefined || !process.alive || process.behind) return false;
  // Before it relies on a lease it looks at its clocks, which ends the lease.
  if (node.life?.service.groups?.clocksApart === true) return false;
  return paxos.leading !== undefined && paxos.leaseValid(node.clock.monotonicMs());
}
