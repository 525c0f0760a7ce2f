import type { ReplicaId } from '../base/ids.ts';
import type { Question } from './candidacy.ts';
import type { Membership } from './membership.ts';
import { type PaxosOptions, quorumSize } from './options.ts';

/**
 * When a replica stands for election. It waits a lease time for its leader, longer the further behind the leader it is in the
 * ring; then it asks its peers whether they hear one, and stands only if a quorum, itself included, is deaf.
 */
export class ElectionTimer {
  readonly #membership: Membership;
  readonly #options: PaxosOptions;
  #question: Question | undefined;
  #questions = 0;
  /** When this replica asks, unless it hears the leader before. */
  #dueAtMs: number;
  /** Receipt of the last heartbeat whose leader reaches a quorum. */
  #heardAtMs = Number.NEGATIVE_INFINITY;

  /** `leader`: the last one known, 0 for none. A new group's preferred leader does not wait. */
  constructor(membership: Membership, options: PaxosOptions, start: { leader: ReplicaId; isNew: boolean; nowMs: number }) {
    this.#membership = membership;
    this.#options = options;
    const rank = this.rank(start.leader);
    this.#dueAtMs = start.isNew && rank === 1 ? start.nowMs : start.nowMs + options.leaseMs + (rank - 1) * options.successorDelayMs;
  }

  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** Where this replica stands in the ring behind the last known leader: 1 is the preferred successor, the leader itself is last. */
  rank(leader: ReplicaId): number {
    const { members } = this.#membership.configuration;
    const own = members.indexOf(this.#membership.self);
    const at = members.indexOf(leader);
    if (at < 0) return own + 1;
    return (own - at + members.length) % members.length || members.length;
  }

  /** The leader gave a sign of life at `nowMs`; nobody else may be promised before `freeAtMs`. */
  waitFor(leader: ReplicaId, nowMs: number, freeAtMs: number): void {
    const delayMs = (this.rank(leader) - 1) * this.#options.successorDelayMs;
    this.#dueAtMs = Math.max(nowMs + this.#options.leaseMs, freeAtMs) + delayMs;
  }

  waitUntil(dueAtMs: number): void {
    this.#dueAtMs = dueAtMs;
  }

  /** A heartbeat came from a leader that reaches a quorum. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#question = undefined;
  }

  /** Much shorter than the lease: once a leader has died, everybody must be deaf to it by the time its grants end. */
  get recentMs(): number {
    return this.#options.leaseMs * 0.6;
  }

  /** The number of a question to ask now; undefined while it is not time, or one is open. */
  tick(nowMs: number): number | undefined {
    const question = this.#question;
    if (question !== undefined) {
      if (nowMs - question.askedAtMs >= this.#options.successorDelayMs) {
        this.#question = undefined;
        this.#dueAtMs = nowMs + this.#options.successorDelayMs;
      }
      return undefined;
    }
    if (nowMs < this.#dueAtMs) return undefined;
    const number = ++this.#questions;
    this.#question = { number, askedAtMs: nowMs, deaf: new Set([this.#membership.self]) };
    return number;
  }

  /** A peer answered. True: a quorum is deaf, so this replica should stand. */
  answered(from: ReplicaId, number: number, hears: boolean, nowMs: number): boolean {
    const question = this.#question;
    if (question === undefined || question.number !== number) return false;
    if (hears) {
      this.#question = undefined;
      this.#dueAtMs = nowMs + this.#options.successorDelayMs;
      return false;
    }
    if (this.#membership.includes(from)) question.deaf.add(from);
    return question.deaf.size >= quorumSize(this.#membership.configuration);
  }

  /** What was asked does not matter any more. */
  forget(): void {
    this.#question = undefined;
  }
}
