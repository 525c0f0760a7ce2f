import { compareBytes } from '../../shared/base/bytes.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import {
  BACKFILL_BYTES_PER_SECOND,
  BACKFILL_CHUNK_BYTES,
  BACKFILL_CHUNK_ITEMS,
  BACKFILL_READ_BYTES,
  BACKFILL_READ_BYTES_PER_SECOND,
  BACKFILL_WAITING_BYTES_MAX,
} from '../../shared/limits/index-limits.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';
import { type BackfillChunk, encodeBackfillChunk } from '../core/backfill-record.ts';
import type { IndexEntries } from '../core/index-entries.ts';
import type { BackfillState } from '../core/index-feeds.ts';
import type { Group } from './group.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupWrites } from './group-writes.ts';
import type { IndexSender } from './index-sender.ts';

/** Between one chunk and the next, milliseconds; the longer one when the loop of the process was late for the last. */
const PAUSE_MS = 5;
const BUSY_PAUSE_MS = 50;
const LATE_MS = 10;

/** Leaves that are read with a missing one. */
const READ_AHEAD_PAGES = 8;

/** What a look at the tree brought. */
export interface BackfillStep {
  /** Slot of the record that was proposed; undefined: none was, for pages must be read first. */
  readonly slot: Slot | undefined;
  /** Items that were looked at. */
  readonly items: number;
  /** Of these items, and of their entries. */
  readonly readBytes: number;
  readonly entryBytes: number;
  readonly wait: Promise<void> | undefined;
}

/**
 * Proposes the next chunk of a backfill: the entries of items as they are just before the record, so with what is under way for them. An
 * item that is only under way needs none: its record stands behind the settings, and is fed to the index by itself.
 *
 * Pages that are missing are read first, or each would end a chunk, and each chunk is synced at three replicas. `before`: items that
 * were there at the last look; once no more are, the cache holds no more, and these make a chunk.
 */
export function proposeBackfill(
  { copy, writes }: { readonly copy: GroupCopy; readonly writes: GroupWrites },
  entries: IndexEntries,
  state: BackfillState,
  before: number,
): BackfillStep {
  const from = state.next ?? NOTHING;
  const { low, high } = copy.identity;
  const end = high === undefined || compareBytes(high, LOCAL_SPACE_LOW) > 0 ? LOCAL_SPACE_LOW : high;
  const puts: Required<IndexChange>[] = [];
  let items = 0;
  let readBytes = 0;
  let entryBytes = 0;
  const look = (key: Uint8Array, value: Uint8Array): boolean => {
    items += 1;
    const pending = writes.pendingImage(key);
    const image = pending === undefined ? value : pending.value;
    readBytes += key.length + (image?.length ?? 0);
    for (const put of entries.changes(key, undefined, image)) {
      if (put.value === undefined) continue;
      puts.push({ key: put.key, value: put.value });
      entryBytes += put.key.length + put.value.length;
    }
    // Items may be large and their entries small, or none.
    return items < BACKFILL_CHUNK_ITEMS && entryBytes < BACKFILL_CHUNK_BYTES && readBytes < BACKFILL_READ_BYTES;
  };
  const { next, wait } = copy.tree.scan(compareBytes(from, low) < 0 ? low : from, end, false, look, READ_AHEAD_PAGES);
  const looked = { items, readBytes, entryBytes, wait };
  if (wait !== undefined && (items === 0 || items > before)) return { slot: undefined, ...looked };
  const { indexId } = entries.source;
  const chunk: BackfillChunk = { indexId, from, next, items: state.items + items, entries: puts };
  return { slot: writes.propose('backfill', encodeBackfillChunk(chunk)), ...looked };
}

/** What all backfills of a node may read and propose a second. */
export class BackfillPace {
  #freeAtMs = 0;

  /** Milliseconds until more may be taken, once this was. */
  took({ readBytes, entryBytes }: Pick<BackfillStep, 'readBytes' | 'entryBytes'>, nowMs: number): number {
    const seconds = Math.max(readBytes / BACKFILL_READ_BYTES_PER_SECOND, entryBytes / BACKFILL_BYTES_PER_SECOND);
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + seconds * SECOND_MS;
    return this.#freeAtMs - nowMs;
  }
}

/** Brings what a led partition had before an index into its log, chunk after chunk, and never in the way of requests. */
export class IndexBackfill {
  readonly #group: Group;
  readonly #sender: IndexSender;
  readonly #environment: Environment;
  readonly #pace: BackfillPace;
  readonly #isHeld: () => boolean;
  #proposed: Slot = 0;
  /** Items that were there at the last look, when it did not come to a chunk. */
  #found = 0;
  #waiting = false;
  #ended = false;

  /** `isHeld`: the group keeps more log than it may, and the backfill must not add to it. */
  constructor(group: Group, sender: IndexSender, environment: Environment, pace: BackfillPace, isHeld: () => boolean) {
    this.#group = group;
    this.#sender = sender;
    this.#environment = environment;
    this.#pace = pace;
    this.#isHeld = isHeld;
  }

  /** Something was applied, or time has passed. */
  wake(): void {
    if (this.#waiting || this.#ended) return;
    const backfill = this.#group.state.indexFeeds.get(this.#sender.entries.source.indexId)?.backfill;
    if (backfill?.next === undefined || this.#group.state.applied < this.#proposed) return;
    // As long as not every partition of the index has said where it is, nothing waits, but what is in the log may have to.
    if (this.#sender.aheadBytes() > BACKFILL_WAITING_BYTES_MAX || this.#isHeld() || !this.#group.takesBackfill) return;
    const step = this.#look(backfill);
    if (step === undefined) return;
    this.#found = step.slot === undefined ? step.items : 0;
    if (step.slot !== undefined) this.#proposed = step.slot;
    this.#waiting = true;
    void this.#pause(step);
  }

  /** Undefined: the tree ended since the last look. */
  #look(backfill: BackfillState): BackfillStep | undefined {
    try {
      return this.#group.proposeBackfill(this.#sender.entries, backfill, this.#found);
    } catch (error) {
      if (!(error instanceof PageDamagedError || error instanceof TreeClosedError)) throw error;
      this.#group.pageUnreadable(error);
      return undefined;
    }
  }

  end(): void {
    this.#ended = true;
  }

  async #pause(step: BackfillStep): Promise<void> {
    const { clock, timers } = this.#environment;
    try {
      await step.wait;
      if (step.slot !== undefined) {
        const beganAtMs = clock.monotonicMs();
        const pauseMs = Math.max(PAUSE_MS, this.#pace.took(step, beganAtMs));
        await timers.sleep(pauseMs);
        if (clock.monotonicMs() > beganAtMs + pauseMs + LATE_MS) await timers.sleep(BUSY_PAUSE_MS);
      }
    } catch (error) {
      if (!this.#ended) this.#group.pageUnreadable(error);
    }
    this.#waiting = false;
    this.wake();
  }
}

const NOTHING = new Uint8Array(0);
