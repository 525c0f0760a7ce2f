import { getAttribute } from '../item/attribute-map.ts';
import type { AttributeMap } from '../item/attribute-value.ts';
import { ITEM_BYTES_MAX, itemSize, UPDATED_ITEM_TOO_LARGE, valueSize } from '../item/item-size.ts';
import { utf8Length } from '../item/unicode.ts';
import { boundPath } from './binding.ts';
import type { DocumentPath } from './document-path.ts';
import { ExpressionError } from './errors.ts';
import type { UpdateAction } from './syntax-tree.ts';
import type { BoundUpdate } from './update.ts';

/**
 * What the service holds against the 400 KB of an item when it is updated. Besides the finished item, which no update may make too large,
 * it counts what the update writes: the attributes that it sets or adds to, names and whole new values, but not those that it leaves
 * alone, and a fixed number of bytes for the update and each of its actions. So an update ends a few bytes before a put does. Measured to the
 * byte at the gate (pull request 195 and issue 210 of nubo-db/dynoxide, August and September 2026).
 */

const UPDATE_BYTES = 3;
/** An action that writes a value. */
const WRITING_BYTES = 19;
/** One that takes something away. */
const TAKING_BYTES = 2;
/** Besides, when the path leads through an index of a list. */
const LIST_INDEX_BYTES = 1;
/** Besides, when the value is a sum or a difference. */
const ARITHMETIC_BYTES = 50;

/** Bytes of an item that an update made; without an update, of one that was left as it was. Throws ExpressionError when it is too large. */
export function updatedItemSize(bound: BoundUpdate | undefined, item: AttributeMap): number {
  const size = itemSize(item, ITEM_BYTES_MAX);
  if (size > ITEM_BYTES_MAX) throw new ExpressionError(UPDATED_ITEM_TOO_LARGE);
  if (bound === undefined) return size;
  const charge = chargeOf(bound);
  // What was written is a part of the item, so that there is nothing to count for most updates.
  if (size + charge > ITEM_BYTES_MAX && writtenSize(bound, item) + charge > ITEM_BYTES_MAX) {
    throw new ExpressionError(UPDATED_ITEM_TOO_LARGE);
  }
  return size;
}

function chargeOf(bound: BoundUpdate): number {
  return bound.program.actions.reduce((sum, action) => sum + actionCharge(action, boundPath(bound, action.path)), UPDATE_BYTES);
}

function actionCharge(action: UpdateAction, path: DocumentPath): number {
  switch (action.kind) {
    case 'set': {
      const throughList = path.some((element) => typeof element === 'number') ? LIST_INDEX_BYTES : 0;
      return WRITING_BYTES + throughList + (action.value.kind === 'arithmetic' ? ARITHMETIC_BYTES : 0);
    }
    case 'add':
      return WRITING_BYTES;
    default:
      return TAKING_BYTES;
  }
}

function writtenSize(bound: BoundUpdate, item: AttributeMap): number {
  const names = new Set<string>();
  for (const { kind, path } of bound.program.actions) {
    if (kind === 'set' || kind === 'add') names.add(boundPath(bound, path)[0] as string);
  }
  let bytes = 0;
  for (const name of names) {
    const value = getAttribute(item, name);
    if (value !== undefined) bytes += utf8Length(name) + valueSize(value);
  }
  return bytes;
}
