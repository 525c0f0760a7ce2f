import type { Digest } from '../env/digest.ts';
import { type KeyValueStore, StoredDataDamagedError } from '../env/key-value-store.ts';
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
  /** Damaged records that say nothing any more. */
  readonly givenUp: readonly GivenUpRecord[];
}

export interface GivenUpRecord {
  readonly key: Buffer;
  readonly reason: string;
}

/**
 * After the counter was lost, ids go on from so far behind the greatest one known that none was ever given out there: a counter
 * that begins behind pages that were deleted would give their ids to others while a deletion that starts again still names them.
 */
const ID_GAP = 2 ** 40;

/**
 * Damage never keeps a store from being opened: a tree with a damaged header is named, other damaged records are given up, and
 * what they led to stays as orphans. Rejects with UnknownTreeFormatError for a record of another version.
 */
export async function readStoredState(store: KeyValueStore, digest: Digest): Promise<StoredState> {
  const givenUp: GivenUpRecord[] = [];
  const giveUp = <T>(key: Uint8Array, decode: () => T): T | undefined => {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof PageDamagedError)) throw error;
      givenUp.push({ key: Buffer.from(key), reason: error.reason });
      return undefined;
    }
  };
  const nodeRecord = await valueOrUndefined(store, NODE_KEY);
  const fresh = nodeRecord === undefined && (await isEmpty(store));
  const counter = fresh
    ? 1
    : giveUp(NODE_KEY, () => {
        if (nodeRecord === undefined) throw new PageDamagedError(0, 0, 'missing');
        return decodeNode(nodeRecord, digest);
      });
  let nextPageId = counter ?? 1;
  const trees = new Map<number, StoredTree>();
  const damaged = new Map<number, PageDamagedError>();
  for await (const [key, value] of store.entries(TREE_KEYS)) readTree(key, value, digest, trees, damaged);
  const loads: { ranges: PageRange[]; recordKey: Buffer }[] = [];
  for await (const [key, value] of store.entries(LOAD_KEYS)) {
    const ranges = giveUp(key, () => decodeRanges(value, digest));
    for (const range of ranges ?? []) nextPageId = Math.max(nextPageId, range.end);
    if (ranges !== undefined) loads.push({ ranges, recordKey: Buffer.from(key) });
  }
  const garbage: Garbage[] = [];
  for await (const [key, value] of store.entries(GARBAGE_KEYS)) {
    const record = giveUp(key, () => decodeGarbage(value, digest));
    if (record !== undefined) garbage.push(record);
  }
  // The counter comes with each batch; a page beyond it shows that the store lost one, and must not be overwritten.
  for await (const [key] of store.entries({ ...PAGE_KEYS, reverse: true, limit: 1 }))
    nextPageId = Math.max(nextPageId, (keyNumber(key) ?? 0) + 1);
  if (counter === undefined) nextPageId += ID_GAP;
  return { fresh, nextPageId, trees, damaged, loads, garbage, givenUp };
}

/** Undefined, too, when the place of the value is damaged. */
async function valueOrUndefined(store: KeyValueStore, key: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return await store.get(key);
  } catch (error) {
    if (error instanceof StoredDataDamagedError) return undefined;
    throw error;
  }
}

async function isEmpty(store: KeyValueStore): Promise<boolean> {
  for await (const _ of store.entries({ limit: 1 })) return false;
  return true;
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
