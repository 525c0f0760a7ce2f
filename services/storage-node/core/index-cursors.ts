import type { ByteReader } from '../../shared/base/byte-reader.ts';
import type { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { IndexPosition } from './index-position.ts';

/** The part of a position that decides whether it follows on what the index partition has. */
export type PositionStep = Pick<IndexPosition, 'source' | 'previous' | 'slot' | 'opens'>;

/** Whether a step may be taken by whoever stands at `cursor` of its source; undefined: the source is not known. */
export function follows(cursor: Slot | undefined, { previous, slot, opens }: PositionStep): boolean {
  if (cursor === undefined) return opens && slot >= previous;
  return cursor === previous && slot > previous;
}

/**
 * How far a partition of a global index is with each partition of its table: up to this slot of the source's log it has all that
 * concerns it. Replicated state: it changes with the entries, by the same records, so that none is taken twice and none is left out.
 */
export class IndexCursors {
  readonly #slots = new Map<GroupId, Slot>();

  /** Undefined: nothing of this source was ever taken. */
  of(source: GroupId): Slot | undefined {
    return this.#slots.get(source);
  }

  /** Goes on to the slot of a chosen step; false: it does not follow on what is here, and nothing of it may be done. */
  advance(step: PositionStep): boolean {
    if (!follows(this.#slots.get(step.source), step)) return false;
    this.#slots.set(step.source, step.slot);
    return true;
  }

  /** In ascending order of their sources, so that equal states have equal bytes. */
  get all(): readonly (readonly [source: GroupId, slot: Slot])[] {
    return [...this.#slots].sort(([a], [b]) => a - b);
  }

  encode(writer: ByteWriter): void {
    writer.u32(this.#slots.size);
    for (const [source, slot] of this.all) writer.u32(source).u64(slot);
  }

  /** Throws MalformedBytesError. */
  static decode(reader: ByteReader): IndexCursors {
    const cursors = new IndexCursors();
    for (let left = reader.u32(); left > 0; left--) cursors.#slots.set(reader.u32(), reader.u64());
    return cursors;
  }
}
