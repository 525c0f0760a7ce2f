import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { ITEM_BYTES_MAX, itemSize } from '../../../shared/item/item-size.ts';
import { validationError } from './api-error.ts';

/** The size of a canonical item that is to be put. Throws ValidationException when it is larger than an item may be. */
export function checkedItemSize(item: AttributeMap): number {
  const size = itemSize(item);
  if (size > ITEM_BYTES_MAX) throw validationError('Item size has exceeded the maximum allowed size');
  return size;
}
