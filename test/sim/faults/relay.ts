import { CATALOG_GROUP } from '../../../services/shared/base/ids.ts';
import type { SimCluster } from '../cluster.ts';
import { drawMs, type Fault, type FaultParts } from './fault.ts';
import { once } from './once.ts';

type Machine = SimCluster['nodes'][number];

const POLL_MS = 10;
/** A leader that does not come is not waited for. */
const ELECTION_MOST_MS = 8000;
const ROUNDS_MAX = 5;

/**
 * One leader after the other is cut from its peers, but not from the routers, so that it goes on taking writes that nobody else
 * gets. Soon after another one leads, that one is cut and the earlier one comes back: the next leader is elected by a replica with
 * records that were never chosen, and one that knows better. Never more than one is cut.
 */
export const relayCuts: Fault = {
  kind: 'relay',
  begin(parts) {
    const permit = parts.atlas.impairAll();
    if (permit === undefined) return undefined;
    const relay = new Relay(parts);
    if (!relay.cutLeader()) {
      permit();
      return undefined;
    }
    const end = once(() => {
      relay.stop();
      permit();
    });
    return { what: 'leaders', durationMs: drawMs(parts.random, 3000, ROUNDS_MAX * 5000), end };
  },
};

class Relay {
  readonly #cluster: SimCluster;
  readonly #random: FaultParts['random'];
  #cut: Machine | undefined;
  #cutAtMs = 0;
  #stopped = false;

  constructor({ cluster, random }: FaultParts) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** False: nobody leads. */
  cutLeader(): boolean {
    const leaders = this.#cluster.nodes.filter((node) => node !== this.#cut && leads(this.#cluster, node));
    if (leaders.length === 0) return false;
    this.#heal();
    const leader = this.#random.pick(leaders);
    for (const peer of this.#peersOf(leader)) {
      this.#cluster.network.cut(leader.name, peer.name);
      this.#cluster.network.cut(peer.name, leader.name);
    }
    this.#cut = leader;
    this.#cutAtMs = this.#cluster.kernel.nowMs;
    this.#watch();
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#heal();
  }

  /** Waits for the next leader, lets it write a little, and cuts it. */
  #watch(): void {
    const { kernel } = this.#cluster;
    kernel.after(POLL_MS, () => {
      if (this.#stopped) return;
      const another = this.#cluster.nodes.some((node) => node !== this.#cut && leads(this.#cluster, node));
      if (another) kernel.after(drawMs(this.#random, 1, 800), () => this.#stopped || this.cutLeader() || this.#watch());
      else if (kernel.nowMs - this.#cutAtMs > ELECTION_MOST_MS) this.#heal();
      else this.#watch();
    });
  }

  #heal(): void {
    if (this.#cut === undefined) return;
    for (const peer of this.#peersOf(this.#cut)) {
      this.#cluster.network.heal(this.#cut.name, peer.name);
      this.#cluster.network.heal(peer.name, this.#cut.name);
    }
    this.#cut = undefined;
  }

  #peersOf(node: Machine): readonly Machine[] {
    return this.#cluster.nodes.filter((peer) => peer !== node);
  }
}

/** It serves a partition of the table. */
function leads(cluster: SimCluster, node: Machine): boolean {
  for (const { id, stopped, paxos } of cluster.groupsOf(node)) if (id !== CATALOG_GROUP && !stopped && paxos.serves) return true;
  return false;
}
