import type { Slot } from '../../shared/base/ids.ts';

/**
 * How old the state of a follower is, at most. To hear the leader is not enough: a follower that was away for an hour hears it at
 * once, and brings what it missed only later. So what a heartbeat says counts from when everything it named as chosen is applied.
 */
export class Freshness {
  #asOfMs = Number.NEGATIVE_INFINITY;
  #awaited: { readonly commit: Slot; readonly heardAtMs: number } | undefined;

  /** A leader that reaches a quorum named its commit slot. */
  heard(commit: Slot, applied: Slot, nowMs: number): void {
    this.asOfMs(applied);
    if (applied >= commit) this.#asOfMs = nowMs;
    else this.#awaited ??= { commit, heardAtMs: nowMs };
  }

  /** Everything that was chosen by then, and named by its leader, is applied; -Infinity: nothing is known. */
  asOfMs(applied: Slot): number {
    if (this.#awaited !== undefined && applied >= this.#awaited.commit) {
      this.#asOfMs = this.#awaited.heardAtMs;
      this.#awaited = undefined;
    }
    return this.#asOfMs;
  }
}
