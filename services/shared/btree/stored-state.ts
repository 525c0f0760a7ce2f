import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import { PageDamagedError } from './errors.ts';
import { GARBAGE_KEYS, keyNumber, LOAD_KEYS, NODE_KEY, PAGE_KEYS, TREE_KEYS } from './store-keys.ts';
import { decodeGarbage, decodeNode, decodeRanges, decodeTree } from './store-records.ts';
import type { Garbage, PageRange, StoredTree } from './store-records.ts';

/** What a tree store holds beside pages. */
export interface StoredState {
  /** The store is empty. */
  readonly fresh: boolean;
  /** Greater than the id of every page that is or was in the store. */
  readonly nextPageId: number;
  readonly trees: Map<number, StoredTree>;
  readonly damaged: Map<number, PageDamagedError>;
  readonly loads: readonly { readonly ranges: readonly PageRange[]; readonly recordKey: Buffer }[];
  readonly garbage: readonly Garbage[];
}

/** Rejects with PageDamagedError when the node's record is damaged, or missing in a store that is not empty. */
export async function readStoredState(store: KeyValueStore, digest: Digest): Promise<StoredState> {
  const nodeRecord = await store.get(NODE_KEY);
  const fresh = nodeRecord === undefined;
  if (fresh) await assertEmpty(store);
  let nextPageId = fresh ? 1 : decodeNode(nodeRecord, digest);
  const trees = new Map<number, StoredTree>();
  const damaged = new Map<number, PageDamagedError>();
  for await (const [key, value] of store.entries(TREE_KEYS)) readTree(key, value, digest, trees, damaged);
  const loads: { ranges: PageRange[]; recordKey: Buffer }[] = [];
  for await (const [key, value] of store.entries(LOAD_KEYS)) {
    const ranges = decodeRanges(value, digest);
    for (const range of ranges) nextPageId = Math.max(nextPageId, range.end);
    loads.push({ ranges, recordKey: Buffer.from(key) });
  }
  const garbage: Garbage[] = [];
  for await (const [, value] of store.entries(GARBAGE_KEYS)) garbage.push(decodeGarbage(value, digest));
  // The counter comes with each batch; a page beyond it shows that the store lost one, and must not be overwritten.
  for await (const [key] of store.entries({ ...PAGE_KEYS, reverse: true, limit: 1 }))
    nextPageId = Math.max(nextPageId, (keyNumber(key) ?? 0) + 1);
  return { fresh, nextPageId, trees, damaged, loads, garbage };
}

async function assertEmpty(store: KeyValueStore): Promise<void> {
  for await (const _ of store.entries({ limit: 1 })) throw new PageDamagedError(0, 0, 'the record of the node is missing');
}

function readTree(
  key: Uint8Array,
  value: Uint8Array,
  digest: Digest,
  trees: Map<number, StoredTree>,
  damaged: Map<number, PageDamagedError>,
): void {
  const treeId = keyNumber(key);
  if (treeId === undefined) throw new PageDamagedError(0, 0, 'a tree key of another form');
  try {
    trees.set(treeId, decodeTree(treeId, value, digest));
  } catch (error) {
    if (!(error instanceof PageDamagedError)) throw error;
    damaged.set(treeId, error);
  }
}
