import { compareKeys } from './key-order.ts';
import { crc32, testDigest, testLogger, testTimers } from './memory-store.fixture.ts';
import type { MemoryStore } from './memory-store.fixture.ts';
import { PageStore } from './page-store.ts';
import { hashShareA, hashShareB, stateHashText } from './state-hash.ts';
import type { BTree } from './tree.ts';

/** A page store over a memory store; errors that end it are collected. */
export function openPages(store: MemoryStore, cacheBytesMax = 64 * 1024 * 1024, failures: unknown[] = []): Promise<PageStore> {
  return PageStore.open({
    store,
    digest: testDigest,
    logger: testLogger,
    timers: testTimers,
    cacheBytesMax,
    onFailure: (error) => failures.push(error),
  });
}

export async function fetchPlace(tree: BTree, key: Uint8Array): Promise<void> {
  for (let wait = tree.fetch(key, 'place'); wait !== undefined; wait = tree.fetch(key, 'place')) await wait;
}

export async function put(tree: BTree, key: Uint8Array, value: Uint8Array, itemBytes = value.length): Promise<void> {
  await fetchPlace(tree, key);
  tree.put(key, value, crc32(value), itemBytes);
}

export async function remove(tree: BTree, key: Uint8Array): Promise<void> {
  await fetchPlace(tree, key);
  tree.delete(key);
}

export async function get(tree: BTree, key: Uint8Array): Promise<Uint8Array | undefined> {
  for (let wait = tree.fetch(key); wait !== undefined; wait = tree.fetch(key)) await wait;
  return tree.get(key);
}

export type Pair = readonly [Uint8Array, Uint8Array];

/** All entries of a range, through as many steps as it takes; the visitor stops after every `stride` entries. */
export async function scanAll(
  tree: BTree,
  low: Uint8Array,
  high: Uint8Array | undefined,
  reverse: boolean,
  stride = Number.MAX_SAFE_INTEGER,
  readAheadPages = 0,
): Promise<Pair[]> {
  const found: Pair[] = [];
  let from = low;
  let to = high;
  for (;;) {
    let left = stride;
    const visitor = (key: Uint8Array, value: Uint8Array): boolean => {
      found.push([key, value]);
      left -= 1;
      return left > 0;
    };
    const step = tree.scan(from, to, reverse, visitor, readAheadPages);
    if (step.wait !== undefined) await step.wait;
    if (step.next === undefined) return found;
    if (reverse) to = step.next;
    else from = step.next;
  }
}

/** What the tree should hold: the simplest thing that does. */
export class Model {
  readonly #entries: Map<string, { readonly key: Buffer; readonly value: Buffer; readonly itemBytes: number }>;

  constructor(other?: Model) {
    this.#entries = new Map(other === undefined ? [] : other.#entries);
  }

  put(key: Uint8Array, value: Uint8Array, itemBytes: number): void {
    this.#entries.set(Buffer.from(key).toString('hex'), { key: Buffer.from(key), value: Buffer.from(value), itemBytes });
  }

  delete(key: Uint8Array): void {
    this.#entries.delete(Buffer.from(key).toString('hex'));
  }

  get(key: Uint8Array): Buffer | undefined {
    return this.#entries.get(Buffer.from(key).toString('hex'))?.value;
  }

  get items(): number {
    return this.#entries.size;
  }

  get itemBytes(): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += entry.itemBytes;
    return sum;
  }

  stateHash(): string {
    let hashA = 0;
    let hashB = 0;
    for (const entry of this.#entries.values()) {
      hashA = (hashA + hashShareA(crc32(entry.value))) | 0;
      hashB = (hashB + hashShareB(crc32(entry.value))) | 0;
    }
    return stateHashText(hashA, hashB);
  }

  sorted(): { readonly key: Buffer; readonly value: Buffer; readonly itemBytes: number }[] {
    return [...this.#entries.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  range(low: Uint8Array, high: Uint8Array | undefined, reverse: boolean): Pair[] {
    const inside = this.sorted().filter(({ key }) => compareKeys(key, low) >= 0 && (high === undefined || compareKeys(key, high) < 0));
    const pairs = inside.map(({ key, value }): Pair => [key, value]);
    return reverse ? pairs.reverse() : pairs;
  }
}
