import { MIB } from '../../shared/base/units.ts';
import { ItemError } from '../../shared/item/item-error.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';

/**
 * The plain form of a number can be far longer than what it counts for (1E125 counts 2 bytes and is written in 126), so that an
 * item of 400 KB could be 18 MB of JSON. Beyond this it is refused: one item must not stall a log.
 */
const ITEM_JSON_BYTES_MAX = 4 * MIB;

/**
 * An item is written out once more for each index that holds more of it than keys, and all that goes through the logs of three nodes
 * each. Twenty indexes of an item of 4 MB were seen to hold up the logs of all nodes until their leases had run out. What is stored in
 * its usual form stays below this with any number of indexes: 400 KB of text twenty-six times are 10.4 MB.
 */
const WRITTEN_BYTES_MAX = 16 * MIB;
const INDEXES_MAX = 25;

/** Throws ItemError for an item that is too long when written out as often as its table asks for. */
export function refuseTooLong(json: Uint8Array, settings: PartitionSettings | undefined): void {
  const { length } = json;
  if (length > ITEM_JSON_BYTES_MAX) throw tooLong(ITEM_JSON_BYTES_MAX, '');
  if (settings === undefined || length * (1 + INDEXES_MAX) <= WRITTEN_BYTES_MAX) return;
  const { localIndexes, globalIndexes } = settings;
  const copies = [...localIndexes, ...globalIndexes].filter(({ projection }) => projection.kind !== 'keys-only').length;
  if (length * (1 + copies) > WRITTEN_BYTES_MAX) throw tooLong(WRITTEN_BYTES_MAX, ` for the table and ${copies} indexes`);
}

function tooLong(bytesMax: number, what: string): ItemError {
  return new ItemError(
    'validation',
    `Item size has exceeded the maximum allowed size: more than ${bytesMax} bytes when written out${what}`,
  );
}
