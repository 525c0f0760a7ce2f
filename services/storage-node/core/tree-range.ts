import { compareBytes } from '../../shared/base/bytes.ts';
import { LOCAL_SPACE_LOW, localKey, localSpaceEnd } from '../../shared/item/local-space.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { LocalIndex } from '../../shared/placement/table-indexes.ts';
import type { RangeOperation } from '../../shared/wire/storage-operations.ts';
import type { GroupIdentity } from './group-state.ts';

/** Where in the tree of a partition a range is read. */
export interface TreeRange {
  readonly low: Uint8Array;
  /** Exclusive. */
  readonly high: Uint8Array;
  /** The index that is read; undefined: the items themselves. */
  readonly index: LocalIndex | undefined;
}

/**
 * The part of an operation's range that lies in this partition. Keys of a local index begin as the table's do, so that the
 * partition's bounds are bounds of its indexes, too. Undefined: the partition knows no such index, or not yet.
 */
export function treeRange(
  operation: Pick<RangeOperation, 'low' | 'high' | 'index'>,
  partition: Pick<GroupIdentity, 'low' | 'high'>,
  settings: PartitionSettings | undefined,
): TreeRange | undefined {
  const low = compareBytes(operation.low, partition.low) < 0 ? partition.low : operation.low;
  const high = lesser(operation.high, partition.high);
  // Behind the items lies what is derived from them.
  if (operation.index === undefined) return { low, high: lesser(high, LOCAL_SPACE_LOW) ?? LOCAL_SPACE_LOW, index: undefined };
  const index = settings?.localIndexes.find(({ number }) => number === operation.index);
  if (index === undefined) return undefined;
  return { low: localKey(index.number, low), high: high === undefined ? localSpaceEnd(index.number) : localKey(index.number, high), index };
}

function lesser(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(a, b) <= 0 ? a : b;
}
