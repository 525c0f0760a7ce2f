import type { Slot } from '../../shared/base/ids.ts';
import { storedChecksum, storedItemSize } from '../../shared/item/stored-value.ts';
import { follows } from '../core/index-cursors.ts';
import { decodeIndexPosition, type IndexPosition } from '../core/index-position.ts';
import type { GroupCopy } from './group-copy.ts';

/**
 * Brings the changes of one `index-position` record into the tree of an index partition. They may touch more pages than the cache
 * holds at a time, so each is done as soon as its own page is there. Should a checkpoint come between, it holds some of a chosen
 * record that is not applied yet: applied again after a restart they come to the same.
 */
export class IndexApplier {
  readonly #copy: GroupCopy;
  #slot: Slot = 0;
  #position: IndexPosition | undefined;
  #done = 0;

  constructor(copy: GroupCopy) {
    this.#copy = copy;
  }

  /** Does what can be done of the record at `slot`; a read of a page that is missing for the rest, undefined when all is done. */
  changeEntries(slot: Slot, payload: Uint8Array): Promise<void> | undefined {
    if (this.#slot !== slot || this.#position === undefined) {
      try {
        this.#position = decodeIndexPosition(payload);
      } catch (error) {
        return Promise.reject(error);
      }
      this.#slot = slot;
      this.#done = 0;
    }
    const { source, changes } = this.#position;
    if (!follows(this.#copy.state.indexCursors.of(source), this.#position)) return undefined;
    for (; this.#done < changes.length; this.#done++) {
      const { key, value } = changes[this.#done] as IndexPosition['changes'][number];
      const wait = this.#copy.fetch(key, 'place');
      if (wait !== undefined) return wait;
      if (value === undefined) this.#copy.tree.delete(key);
      else this.#copy.tree.put(key, value, storedChecksum(value), storedItemSize(value));
    }
    return undefined;
  }

  /** All changes of the record are in the tree: the position of its source goes on, by the same record. */
  finish(): IndexPosition {
    const position = this.#position as IndexPosition;
    this.#copy.state.indexCursors.advance(position);
    this.#position = undefined;
    return position;
  }
}
