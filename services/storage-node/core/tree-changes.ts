import type { BTree } from '../../shared/btree/tree.ts';
import { storedChecksum, storedItemSize } from '../../shared/item/stored-value.ts';

/** One change of a partition's tree. */
export interface TreeChange {
  readonly key: Uint8Array;
  /** Stored value; undefined: the entry goes. */
  readonly value: Uint8Array | undefined;
}

/**
 * Makes several changes of different keys in one step; the places of all of them are in memory. A delete may empty a leaf, which then
 * leaves the tree, and whatever had its place there has it in a neighbour, which need not be in memory. So what is put comes
 * first, and what is deleted is what was there before: the leaf of a key that is still there stays.
 */
export function changeTogether(tree: Pick<BTree, 'has' | 'put' | 'delete'>, changes: readonly TreeChange[]): void {
  const deleted = changes.length === 1 ? changes : changes.filter(({ key, value }) => value === undefined && tree.has(key));
  for (const { key, value } of changes) if (value !== undefined) tree.put(key, value, storedChecksum(value), storedItemSize(value));
  for (const { key, value } of deleted) if (value === undefined) tree.delete(key);
}
