import type { Slot } from '../../shared/base/ids.ts';

/**
 * By how much item collections grow through what is proposed and not applied yet. It belongs to one ballot of one process life and is
 * dropped whole at a step-down.
 */
export class CollectionGrowth {
  /** By the bytes that keys of a collection begin with, as latin1 strings: one character a byte. */
  readonly #bytes = new Map<string, number>();
  #queue: { readonly slot: Slot; readonly collection: string; readonly bytes: number }[] = [];
  #total = 0;

  /** Of all collections. */
  get total(): number {
    return this.#total;
  }

  of(collection: Uint8Array): number {
    return this.#bytes.get(textOf(collection)) ?? 0;
  }

  /** Slots go up from one call to the next. */
  proposed(collection: Uint8Array, slot: Slot, bytes: number): void {
    const text = textOf(collection);
    this.#queue.push({ slot, collection: text, bytes });
    this.#add(text, bytes);
  }

  /** Everything up to a slot is in the tree. */
  applied(slot: Slot): void {
    const done = this.#queue.findIndex((entry) => entry.slot > slot);
    const applied = done === -1 ? this.#queue : this.#queue.slice(0, done);
    this.#queue = done === -1 ? [] : this.#queue.slice(done);
    for (const { collection, bytes } of applied) this.#add(collection, -bytes);
  }

  clear(): void {
    this.#bytes.clear();
    this.#queue = [];
    this.#total = 0;
  }

  #add(collection: string, bytes: number): void {
    const sum = (this.#bytes.get(collection) ?? 0) + bytes;
    this.#total += bytes;
    if (sum === 0) this.#bytes.delete(collection);
    else this.#bytes.set(collection, sum);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
