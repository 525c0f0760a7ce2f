import type { ByteReader } from '../../shared/base/byte-reader.ts';
import type { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { RequestNumber, Slot } from '../../shared/base/ids.ts';
import { HOUR_MS } from '../../shared/base/units.ts';

/**
 * So many numbers of one router life are remembered at most. Log time stands still after a leader whose clock was ahead, for as
 * long as it was, and nothing would be forgotten. Far more than a group executes within a router's deadline. Every replica must
 * forget the same, so that this number belongs to the format.
 */
export const REMEMBERED_MAX = 1 << 18;

/**
 * Which request numbers a group has executed: what makes it safe to repeat a write. Replicated with the log, kept in
 * checkpoints. A number is remembered for a while of log time; afterwards it lies at or below its router's floor and is
 * refused, never executed (architecture.md 4.1).
 */
export class RequestTable {
  readonly #lives = new Map<number, Life>();
  readonly #rememberMs: number;

  /** `rememberMs`: in log time; longer than any router's deadline. */
  constructor(rememberMs: number) {
    this.#rememberMs = rememberMs;
  }

  /** The slot at which the write was executed, `refused` for one at or below the floor, undefined for a new one. */
  lookUp(request: RequestNumber): Slot | 'refused' | undefined {
    const life = this.#lives.get(request.life);
    if (life === undefined) return undefined;
    const executed = life.executed.get(request.number);
    if (executed !== undefined) return executed.slot;
    return request.number <= life.floor ? 'refused' : undefined;
  }

  /** A record with this number was applied. */
  add(request: RequestNumber, slot: Slot, timeMs: number): void {
    let life = this.#lives.get(request.life);
    if (life === undefined) {
      life = newLife(0, timeMs);
      this.#lives.set(request.life, life);
      this.#forgetLives(timeMs);
    }
    life.touchedMs = timeMs;
    remember(life, request.number, slot, timeMs);
    this.#forget(life, timeMs);
  }

  /** Entries now remembered. */
  get size(): number {
    let size = 0;
    for (const { executed } of this.#lives.values()) size += executed.size;
    return size;
  }

  /** From the oldest number remembered of a router life to its last one, log time; the longest of all lives. Less than what the table remembers for. */
  get spanMs(): number {
    let spanMs = 0;
    for (const { oldest, touchedMs } of this.#lives.values())
      if (oldest !== undefined) spanMs = Math.max(spanMs, touchedMs - oldest.timeMs);
    return spanMs;
  }

  encode(writer: ByteWriter): void {
    writer.u32(this.#lives.size);
    for (const [life, { floor, executed, touchedMs }] of this.#lives) {
      writer.u64(life).u64(floor).u64(touchedMs).u32(executed.size);
      for (const { number, slot, timeMs } of executed.values()) writer.u64(number).u64(slot).u64(timeMs);
    }
  }

  static decode(reader: ByteReader, rememberMs: number): RequestTable {
    const table = new RequestTable(rememberMs);
    for (let lives = reader.u32(); lives > 0; lives--) {
      const id = reader.u64();
      const life = newLife(reader.u64(), reader.u64());
      for (let entries = reader.u32(); entries > 0; entries--) remember(life, reader.u64(), reader.u64(), reader.u64());
      table.#lives.set(id, life);
    }
    return table;
  }

  #forget(life: Life, nowMs: number): void {
    for (let { oldest } = life; oldest !== undefined; oldest = oldest.next) {
      if (oldest.timeMs + this.#rememberMs > nowMs && life.executed.size <= REMEMBERED_MAX) return;
      life.executed.delete(oldest.number);
      life.oldest = oldest.next;
      life.floor = Math.max(life.floor, oldest.number);
    }
  }

  /** A router life that sent nothing for a day is over: its connections, and whatever they may still deliver, are gone. */
  #forgetLives(nowMs: number): void {
    for (const [id, { touchedMs }] of this.#lives) if (touchedMs + 24 * HOUR_MS < nowMs) this.#lives.delete(id);
  }
}

/** One executed number. */
interface Executed {
  readonly number: number;
  slot: Slot;
  timeMs: number;
  /** The one that was executed after it. */
  next: Executed | undefined;
}

/**
 * What is remembered of one router life. The oldest number is named: to look for it at the beginning of the map would mean to pass over
 * the gaps that those before it left there, tens of thousands at some thousand writes a second.
 */
interface Life {
  floor: number;
  touchedMs: number;
  /** By number, in the order of execution. */
  readonly executed: Map<number, Executed>;
  oldest: Executed | undefined;
  newest: Executed | undefined;
}

function newLife(floor: number, touchedMs: number): Life {
  return { floor, touchedMs, executed: new Map(), oldest: undefined, newest: undefined };
}

function remember(life: Life, number: number, slot: Slot, timeMs: number): void {
  const known = life.executed.get(number);
  if (known !== undefined) {
    known.slot = slot;
    known.timeMs = timeMs;
    return;
  }
  const executed: Executed = { number, slot, timeMs, next: undefined };
  life.executed.set(number, executed);
  if (life.oldest === undefined || life.newest === undefined) life.oldest = executed;
  else life.newest.next = executed;
  life.newest = executed;
}
