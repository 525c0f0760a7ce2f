/** Answered and failed requests of a tenth of a second. */
export interface Bucket {
  writes: number;
  reads: number;
  failed: number;
}

export interface Mark {
  readonly atMs: number;
  readonly label: string;
}

export const BUCKET_MS = 100;

/** What was answered when, in one run, in milliseconds of the monotonic clock since its start. */
export class Timeline {
  readonly marks: Mark[] = [];
  readonly #startMs: number;
  readonly #buckets: Bucket[] = [];
  /** Moments of acknowledged writes, by partition. */
  readonly #writesAtMs: Map<number, number[]>;

  constructor(partitions: readonly number[], startMs: number) {
    this.#writesAtMs = new Map(partitions.map((partition) => [partition, []]));
    this.#startMs = startMs;
  }

  acknowledgedWrite(partition: number, nowMs: number): void {
    this.#writesAtMs.get(partition)?.push(nowMs - this.#startMs);
    this.#bucket(nowMs).writes++;
  }

  acknowledgedRead(nowMs: number): void {
    this.#bucket(nowMs).reads++;
  }

  failed(nowMs: number): void {
    this.#bucket(nowMs).failed++;
  }

  mark(label: string, nowMs: number): void {
    this.marks.push({ atMs: nowMs - this.#startMs, label });
  }

  /** One for each tenth of a second from the start to the last thing that happened. */
  get buckets(): Bucket[] {
    return Array.from(this.#buckets, (bucket) => bucket ?? { writes: 0, reads: 0, failed: 0 });
  }

  /** The longest time without an acknowledged write in some partition, of those that touch the time from `fromMs` to `toMs`. */
  longestGapMs(fromMs: number, toMs: number): number {
    let longest = 0;
    for (const moments of this.#writesAtMs.values()) {
      let last = 0;
      for (const moment of [...moments.filter((at) => at <= toMs), toMs]) {
        if (moment >= fromMs) longest = Math.max(longest, moment - last);
        last = moment;
      }
    }
    return longest;
  }

  /** How long after `fromMs` every partition had acknowledged a write again; undefined when one never did. */
  backAfterMs(fromMs: number): number | undefined {
    let latest = 0;
    for (const moments of this.#writesAtMs.values()) {
      const first = moments.find((moment) => moment >= fromMs);
      if (first === undefined) return undefined;
      latest = Math.max(latest, first - fromMs);
    }
    return latest;
  }

  #bucket(nowMs: number): Bucket {
    const number = Math.floor((nowMs - this.#startMs) / BUCKET_MS);
    const bucket = this.#buckets[number] ?? { writes: 0, reads: 0, failed: 0 };
    this.#buckets[number] = bucket;
    return bucket;
  }
}
