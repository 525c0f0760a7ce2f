import { asBuffer } from '../../../services/shared/base/bytes.ts';
import type { Prng } from '../../../services/shared/base/prng.ts';
import { KIB } from '../../../services/shared/base/units.ts';
import type { BatchOperation } from '../../../services/shared/env/key-value-store.ts';

/** Entries by key; a key is kept as a latin-1 string, whose order is that of its bytes. */
export type Entries = Map<string, Buffer>;

/** One change of one key, which the image keeps for itself. */
export interface StoredOperation {
  readonly key: string;
  /** Undefined: the key is deleted. */
  readonly value: Buffer | undefined;
}

/** One batch in the store's log. */
interface LoggedBatch {
  readonly operations: readonly StoredOperation[];
  /**
   * - `open`: written, not synced; the next sync makes it durable;
   * - `closed`: the same in a log that is full, which LevelDB closes without a sync: durable when its table file is written;
   * - `unsyncable`: its sync failed. The operating system still shows it, but takes it for written: no later sync saves it;
   * - `durable`.
   */
  state: 'open' | 'closed' | 'unsyncable' | 'durable';
}

/** So many of the last durable batches can be lost to damage. */
const RECENT_BATCHES = 40;
/** A log is closed at this size, so small that it happens in every run. */
const LOG_BYTES = 64 * KIB;
/** The table file of a closed log is written by the time that so many further batches were. */
const TABLE_BATCHES = 3;

/**
 * What one store has on the disk of a machine, over all lives of the process: what is durable, and the batches that were
 * written but not synced. As with LevelDB's log, a sync makes everything before it in the same log durable, and a loss of power
 * leaves of the rest a beginning, or some batches without those before them: whole ones only, for a torn one is left out.
 */
export class StoreImage {
  readonly #base: Entries = new Map();
  /** On top of the base, in their order. */
  #log: LoggedBatch[] = [];
  #logBytes = 0;
  /** Batches until the table file of the closed log is written. */
  #tableIn = 0;

  /** What a process finds that opens the store. LevelDB writes what it replays into a table file, synced. */
  open(): Entries {
    for (const batch of this.#log) batch.state = 'durable';
    this.#settle();
    const entries = new Map(this.#base);
    for (const { operations } of this.#log) applyTo(entries, operations);
    return entries;
  }

  /** The batch is being written: from now on a crash may leave it. */
  begin(operations: readonly StoredOperation[]): void {
    if (this.#tableIn > 0 && --this.#tableIn === 0) this.#change('closed', 'durable');
    for (const { key, value } of operations) this.#logBytes += key.length + (value?.length ?? 0);
    // A log is closed only when the one before it is a table.
    if (this.#logBytes > LOG_BYTES && this.#tableIn === 0) {
      this.#change('open', 'closed');
      this.#logBytes = 0;
      this.#tableIn = TABLE_BATCHES;
    }
    this.#log.push({ operations, state: 'open' });
  }

  /** Everything begun so far in the present log is durable. */
  synced(): void {
    for (let at = this.#log.length - 1; at >= 0; at--) {
      const batch = this.#log[at] as LoggedBatch;
      if (batch.state === 'durable') break;
      if (batch.state === 'open') batch.state = 'durable';
    }
    this.#settle();
  }

  /** A sync failed: what it was to save is not on the disk, whatever later syncs say. */
  syncFailed(): void {
    this.#change('open', 'unsyncable');
  }

  /** The batch that was begun last found no space. */
  refused(): void {
    this.#log.pop();
  }

  /** The process ended in the middle of what it did; the operating system keeps what it was given. */
  processDied(random: Prng, writing: boolean): void {
    if (writing && this.#log.at(-1)?.state === 'open' && random.chance(0.5)) this.#log.pop();
    // What it shows of a file whose sync failed may be what it has in memory, or what is on the disk.
    if (this.#has('unsyncable') && random.chance(0.5)) this.#keep(({ state }) => state !== 'unsyncable');
  }

  /** Some of what was not synced is left: of a closed log a beginning, of the other one a beginning and perhaps some of the rest. */
  powerLost(random: Prng): void {
    this.#keep(({ state }) => state !== 'unsyncable');
    const closed = this.#log.filter(({ state }) => state === 'closed');
    const open = this.#log.filter(({ state }) => state === 'open');
    const lost = new Set(closed.length === 0 ? closed : closed.slice(random.below(closed.length + 1)));
    const [first, ...rest] = open.slice(random.below(open.length + 1));
    if (first !== undefined) lost.add(first);
    for (const batch of rest) if (random.chance(0.5)) lost.add(batch);
    this.#keep((batch) => !lost.has(batch));
  }

  /** The disk loses the last batches, though they were synced. False: there were none. */
  loseTail(random: Prng): boolean {
    this.open();
    if (this.#log.length === 0) return false;
    this.#log.length -= 1 + random.below(this.#log.length);
    return true;
  }

  /** The disk loses some batches before the last one. False: there were too few. */
  loseMiddle(random: Prng): boolean {
    this.open();
    if (this.#log.length < 2) return false;
    const from = random.below(this.#log.length - 1);
    this.#log.splice(from, 1 + random.below(this.#log.length - 1 - from));
    return true;
  }

  /** One bit is changed in each value whose key begins with the letter. How many there are. */
  flipBits(random: Prng, letter: string): number {
    const operations: StoredOperation[] = [];
    for (const [key, value] of this.open()) {
      if (!key.startsWith(letter) || value.length === 0) continue;
      operations.push({ key, value: withFlippedBit(random, value) });
    }
    this.#log.push({ operations, state: 'durable' });
    return operations.length;
  }

  /** One bit of some value is changed. False: there is none. */
  flipBit(random: Prng): boolean {
    const entries = this.open();
    const [key, value] = random.pick([...entries, ['', Buffer.alloc(0)] as const]);
    if (value.length === 0) return false;
    this.#log.push({ operations: [{ key, value: withFlippedBit(random, value) }], state: 'durable' });
    return true;
  }

  /** A copy, which goes its own way from now on. Operations are shared: nobody changes them. */
  copy(): StoreImage {
    const copy = new StoreImage();
    for (const [key, value] of this.#base) copy.#base.set(key, value);
    copy.#log = this.#log.map((batch) => ({ ...batch }));
    copy.#logBytes = this.#logBytes;
    copy.#tableIn = this.#tableIn;
    return copy;
  }

  /** Something was written that is not durable. */
  get underWay(): boolean {
    return this.#log.some(({ state }) => state !== 'durable');
  }

  /** What is left when nothing survives that is not durable. */
  durable(): StoreImage {
    const copy = this.copy();
    copy.#keep(({ state }) => state === 'durable');
    return copy;
  }

  #change(from: LoggedBatch['state'], to: LoggedBatch['state']): void {
    for (const batch of this.#log) if (batch.state === from) batch.state = to;
  }

  #has(state: LoggedBatch['state']): boolean {
    return this.#log.some((batch) => batch.state === state);
  }

  #keep(isKept: (batch: LoggedBatch) => boolean): void {
    this.#log = this.#log.filter(isKept);
  }

  /** Durable batches in front of which nothing else can go any more become part of the base. */
  #settle(): void {
    const log = this.#log;
    for (let [first] = log; first?.state === 'durable' && log.length > RECENT_BATCHES; [first] = log) {
      applyTo(this.#base, first.operations);
      log.shift();
    }
  }
}

function withFlippedBit(random: Prng, value: Buffer): Buffer {
  const flipped = Buffer.from(value);
  const at = random.below(flipped.length);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
  return flipped;
}

/** Carries a batch out. Values are shared: nobody changes them. */
export function applyTo(entries: Entries, operations: readonly StoredOperation[]): void {
  for (const { key, value } of operations) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
}

/** A copy of what the caller may change afterwards. */
export function storedOperation(operation: BatchOperation): StoredOperation {
  return { key: keyText(operation.key), value: operation.kind === 'put' ? Buffer.from(operation.value) : undefined };
}

export function keyText(key: Uint8Array): string {
  return asBuffer(key).toString('latin1');
}
