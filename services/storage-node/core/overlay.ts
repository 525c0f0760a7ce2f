import type { RequestNumber, Slot } from '../../shared/base/ids.ts';

/** The image a key will have once the record at `slot` is applied; no value: the item is removed. */
export interface PendingImage {
  readonly slot: Slot;
  readonly value: Uint8Array | undefined;
}

/**
 * What the leader proposed and has not applied yet. A write to a key in here is evaluated on the predecessor's image. It
 * belongs to one ballot of one process life and is dropped whole at a step-down.
 */
export class Overlay {
  /** Keys as latin1 strings: one character a byte. */
  readonly #images = new Map<string, PendingImage>();
  readonly #requests = new Map<number, Map<number, Slot>>();
  readonly #waiting = new Map<number, Map<number, Waiting>>();

  get size(): number {
    return this.#images.size;
  }

  image(key: Uint8Array): PendingImage | undefined {
    return this.#images.size === 0 ? undefined : this.#images.get(keyText(key));
  }

  /** Where a write of this number is under way. */
  slotOf(request: RequestNumber): Slot | undefined {
    return this.#requests.get(request.life)?.get(request.number);
  }

  /** A write must wait before it can be evaluated. A later copy of it takes its place. */
  waits(request: RequestNumber): Waiting {
    const waiting = {};
    numbersOf(this.#waiting, request.life).set(request.number, waiting);
    return waiting;
  }

  /** A copy of the write goes on. False: another copy came later or was evaluated, or the ballot is over; this one must not run. */
  goesOn(request: RequestNumber, waiting: Waiting): boolean {
    return this.#waiting.get(request.life)?.get(request.number) === waiting;
  }

  /** A copy of the write is evaluated now: no other may be. */
  evaluated(request: RequestNumber): void {
    const numbers = this.#waiting.get(request.life);
    if (numbers === undefined) return;
    numbers.delete(request.number);
    if (numbers.size === 0) this.#waiting.delete(request.life);
  }

  /** `request`: undefined for what the leader does by itself. */
  proposed(key: Uint8Array, image: PendingImage, request: RequestNumber | undefined): void {
    this.#images.set(keyText(key), image);
    if (request !== undefined) numbersOf(this.#requests, request.life).set(request.number, image.slot);
  }

  /** The record at `slot` is in the tree. A later image of the key stays. */
  applied(key: Uint8Array, slot: Slot, request: RequestNumber | undefined): void {
    if (this.#images.size > 0) {
      const text = keyText(key);
      if (this.#images.get(text)?.slot === slot) this.#images.delete(text);
    }
    if (request !== undefined) this.#requests.get(request.life)?.delete(request.number);
  }

  clear(): void {
    this.#images.clear();
    this.#requests.clear();
    this.#waiting.clear();
  }
}

/** One copy of a write that waits; compared by identity. */
export type Waiting = object;

function numbersOf<Value>(lives: Map<number, Map<number, Value>>, life: number): Map<number, Value> {
  let numbers = lives.get(life);
  if (numbers === undefined) {
    numbers = new Map();
    lives.set(life, numbers);
  }
  return numbers;
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
