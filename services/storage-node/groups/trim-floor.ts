import type { ReplicaId, Slot } from '../../shared/base/ids.ts';

/**
 * How far a replica's log may go as far as the other replicas are concerned: two of them must hold the effect of what goes in
 * a durable checkpoint, so that one damaged tree never takes records with it that no other disk has in order. The leader is
 * told the checkpoints of its followers, and tells them the floor.
 */
export class TrimFloor {
  readonly #checkpoints = new Map<ReplicaId, Slot>();
  #told: Slot = 0;

  /** A follower said which slot its last checkpoint holds. The last word counts: a replica that is rebuilt has none. */
  checkpointOf(replica: ReplicaId, slot: Slot): void {
    this.#checkpoints.set(replica, slot);
  }

  /** A leader said how far logs may go. What may go once may go for ever. */
  raise(slot: Slot): void {
    this.#told = Math.max(this.#told, slot);
  }

  /** What a leader last told. */
  get told(): Slot {
    return this.#told;
  }

  /** The second best checkpoint of the group (the best of a group of one), as its leader knows it. */
  secondBest(own: Slot, others: readonly ReplicaId[]): Slot {
    const slots = [own, ...others.map((replica) => this.#checkpoints.get(replica) ?? 0)].sort((a, b) => b - a);
    return slots[Math.min(1, slots.length - 1)] ?? 0;
  }
}
