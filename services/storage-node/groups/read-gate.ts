/** A strong read whose value was read at `readAtMs`: it may be answered once leadership at that moment or later is proved. */
interface WaitingRead {
  readonly readAtMs: number;
  readonly deadlineMs: number;
  readonly answer: () => void;
  readonly refuse: () => void;
}

/**
 * Strong reads that found no valid lease wait for a heartbeat that was sent after they read and that a quorum answered
 * (read-index). Linearizable: nobody else led between the read and the proof.
 */
export class ReadGate {
  #waiting: WaitingRead[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  wait(readAtMs: number, deadlineMs: number, answer: () => void, refuse: () => void): void {
    this.#waiting.push({ readAtMs, deadlineMs, answer, refuse });
  }

  /** Leadership is proved for `confirmedAtMs`. */
  confirm(confirmedAtMs: number): void {
    this.#split((read) => read.readAtMs <= confirmedAtMs, 'answer');
  }

  /** Refuses what nobody waits for any more. */
  expire(nowMs: number): void {
    this.#split((read) => read.deadlineMs <= nowMs, 'refuse');
  }

  drop(): void {
    this.#split(() => true, 'refuse');
  }

  #split(matches: (read: WaitingRead) => boolean, outcome: 'answer' | 'refuse'): void {
    if (this.#waiting.length === 0) return;
    const matching = this.#waiting.filter(matches);
    if (matching.length === 0) return;
    this.#waiting = this.#waiting.filter((read) => !matches(read));
    for (const read of matching) read[outcome]();
  }
}
