import { joinLeaves } from './leaf-image.ts';
import type { PageCache } from './page-cache.ts';
import { PAGE_BYTES } from './page-format.ts';
import { InteriorPage, LeafPage } from './pages.ts';
import type { TreeParts } from './tree-parts.ts';

/** Two pages merge only when this much is left over, or the next insert would cut them again. */
const MERGED_BYTES_MAX = (PAGE_BYTES / 4) * 3;

/**
 * Merges the child at `slot` with the one behind or before it, whichever is in memory and small enough; the left of the two
 * stays. A neighbour that is not in memory is not fetched: pages have no fixed size, so an underfull one costs only its
 * header and its line in the parent, and leaves the tree when it is empty (after Johnson and Shasha, "B-trees with inserts
 * and deletes: why free-at-empty is better than merge-at-half", 1993). True when it merged.
 */
export function mergeWithNeighbour(parent: InteriorPage, slot: number, page: LeafPage | InteriorPage, parts: TreeParts): boolean {
  const behind = neighbour(parent, slot + 1, page, parts.cache);
  if (behind !== undefined) {
    merge(parent, slot, page, behind, parts);
    return true;
  }
  const before = neighbour(parent, slot - 1, page, parts.cache);
  if (before === undefined) return false;
  merge(parent, slot - 1, before, page, parts);
  return true;
}

/** The child at `slot` when the page can merge with it. */
function neighbour(
  parent: InteriorPage,
  slot: number,
  page: LeafPage | InteriorPage,
  cache: PageCache,
): LeafPage | InteriorPage | undefined {
  const reference = parent.children[slot];
  if (reference === undefined) return undefined;
  const other = cache.get(reference.id);
  if (!(other instanceof LeafPage || other instanceof InteriorPage)) return undefined;
  return other.encodedBytes + page.encodedBytes <= MERGED_BYTES_MAX ? other : undefined;
}

/** Moves everything of the right page, the child behind `slot`, into the left one. */
function merge(parent: InteriorPage, slot: number, left: LeafPage | InteriorPage, right: LeafPage | InteriorPage, parts: TreeParts): void {
  const { dirty, buffers } = parts;
  const separator = parent.separators[slot + 1] as Uint8Array;
  const rightTotals = parent.child(slot + 1);
  dirty.change(left);
  if (left instanceof LeafPage && right instanceof LeafPage) {
    const joined = joinLeaves(left.image, right.image, buffers);
    buffers.give(left.image);
    left.image = joined;
    left.lastInsertIndex = -1;
  } else if (left instanceof InteriorPage && right instanceof InteriorPage) {
    left.insert(left.children.length, [separator, ...right.separators.slice(1)], right.children);
  }
  dirty.release(right);
  dirty.resized(left);
  parent.child(slot).add(rightTotals.items, rightTotals.itemBytes, rightTotals.hashA, rightTotals.hashB);
  parent.remove(slot + 1);
}
