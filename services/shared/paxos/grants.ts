import { type Ballot, equalBallots, greaterBallot, ZERO_BALLOT } from './ballot.ts';

/**
 * What this replica has promised by answering heartbeats: for the lease time from the receipt it neither promises nor accepts
 * another ballot. A leader binds itself too. Grants are not durable, so after a restart everything is forbidden for one lease
 * time: an earlier life of the process may have granted anything (architecture.md 4.2, Lease).
 */
export class Grants {
  #ballot: Ballot = ZERO_BALLOT;
  #untilMs = Number.NEGATIVE_INFINITY;
  #released: Ballot = ZERO_BALLOT;
  /** Until then an earlier life of this process may be bound. */
  readonly silentUntilMs: number;

  constructor(silentUntilMs: number) {
    this.silentUntilMs = silentUntilMs;
  }

  /** Binds this replica to a ballot. */
  grant(ballot: Ballot, untilMs: number): void {
    if (equalBallots(ballot, this.#ballot)) {
      this.#untilMs = Math.max(this.#untilMs, untilMs);
      return;
    }
    this.#ballot = ballot;
    this.#untilMs = untilMs;
  }

  /** May this replica promise or accept the ballot now? */
  allow(ballot: Ballot, nowMs: number): boolean {
    if (equalBallots(ballot, this.#ballot)) return true;
    return nowMs >= this.#boundUntilMs(ballot.configuration) && nowMs >= this.silentUntilMs;
  }

  /** A grant counts for nothing in a later configuration: its holder gave the lease up before it proposed the Swap. */
  #boundUntilMs(configuration: number): number {
    return configuration > this.#ballot.configuration ? Number.NEGATIVE_INFINITY : this.#untilMs;
  }

  /**
   * The holder of the ballot leads no more, so what was granted to it binds nobody. A restarted replica stays silent all the
   * same: it does not know for whom.
   */
  release(ballot: Ballot): void {
    if (equalBallots(ballot, this.#ballot)) this.#untilMs = Number.NEGATIVE_INFINITY;
    this.#released = greaterBallot(this.#released, ballot);
  }

  /** The last ballot whose holder is known to lead no more: for good, so every Prepare of this replica says it. */
  get released(): Ballot {
    return this.#released;
  }

  /** From when on another ballot of the configuration than the granted one may be promised. */
  freeAtMs(configuration: number): number {
    return Math.max(this.#boundUntilMs(configuration), this.silentUntilMs);
  }
}
