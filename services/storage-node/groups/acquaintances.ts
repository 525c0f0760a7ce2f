import type { NodeId, ReplicaId } from '../../shared/base/ids.ts';

/** A group has three members; those who left, and learners, are few. */
const REMEMBERED = 8;

/** Where replicas are that talk to this one without being members of its configuration, as far as they wait for an answer. */
export class Acquaintances {
  readonly #nodes = new Map<ReplicaId, NodeId>();

  nodeOf(replica: ReplicaId): NodeId | undefined {
    return this.#nodes.get(replica);
  }

  /** Whoever was met longest ago is forgotten first. */
  meet(replica: ReplicaId, node: NodeId): void {
    this.#nodes.delete(replica);
    this.#nodes.set(replica, node);
    for (const oldest of this.#nodes.keys()) {
      if (this.#nodes.size <= REMEMBERED) break;
      this.#nodes.delete(oldest);
    }
  }
}
