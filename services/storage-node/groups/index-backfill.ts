import { compareBytes } from '../../shared/base/bytes.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import {
  BACKFILL_BYTES_PER_SECOND,
  BACKFILL_CHUNK_BYTES,
  BACKFILL_CHUNK_ITEMS,
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

/** What a look at the tree brought. */
export interface BackfillStep {
  /** Slot of the record that was proposed; undefined: none was, for a page must be read first. */
  readonly slot: Slot | undefined;
  readonly bytes: number;
  readonly wait: Promise<void> | undefined;
}

/**
 * Proposes the next chunk of a backfill: the entries of items as they are just before the record, so with what is under way for them. An
 * item that is only under way needs none: its record stands behind the settings, and is fed to the index by itself.
 */
export function proposeBackfill(copy: GroupCopy, writes: GroupWrites, entries: IndexEntries, state: BackfillState): BackfillStep {
  const from = state.next ?? NOTHING;
  const { low, high } = copy.identity;
  const end = high === undefined || compareBytes(high, LOCAL_SPACE_LOW) > 0 ? LOCAL_SPACE_LOW : high;
  const puts: Required<IndexChange>[] = [];
  let items = 0;
  let bytes = 0;
  const { next, wait } = copy.tree.scan(compareBytes(from, low) < 0 ? low : from, end, false, (key, value) => {
    items += 1;
    const pending = writes.pendingImage(key);
    for (const put of entries.changes(key, undefined, pending === undefined ? value : pending.value)) {
      if (put.value === undefined) continue;
      puts.push({ key: put.key, value: put.value });
      bytes += put.key.length + put.value.length;
    }
    return items < BACKFILL_CHUNK_ITEMS && bytes < BACKFILL_CHUNK_BYTES;
  });
  if (items === 0 && wait !== undefined) return { slot: undefined, bytes, wait };
  const { indexId } = entries.source;
  const chunk: BackfillChunk = { indexId, from, next, items: state.items + items, entries: puts };
  return { slot: writes.propose('backfill', encodeBackfillChunk(chunk)), bytes, wait };
}

/** Bytes a second, over all backfills of a node. */
export class BackfillPace {
  #freeAtMs = 0;

  /** Milliseconds until more may be taken, once these bytes were. */
  took(bytes: number, nowMs: number): number {
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + (bytes * SECOND_MS) / BACKFILL_BYTES_PER_SECOND;
    return this.#freeAtMs - nowMs;
  }
}

/** Brings what a led partition had before an index into its log, chunk after chunk, and never in the way of requests. */
export class IndexBackfill {
  readonly #group: Group;
  readonly #sender: IndexSender;
  readonly #environment: Environment;
  readonly #pace: BackfillPace;
  #proposed: Slot = 0;
  #waiting = false;
  #ended = false;

  constructor(group: Group, sender: IndexSender, environment: Environment, pace: BackfillPace) {
    this.#group = group;
    this.#sender = sender;
    this.#environment = environment;
    this.#pace = pace;
  }

  /** Something was applied, or time has passed. */
  wake(): void {
    if (this.#waiting || this.#ended) return;
    const backfill = this.#group.state.indexFeeds.get(this.#sender.entries.source.indexId)?.backfill;
    if (backfill?.next === undefined || this.#group.state.applied < this.#proposed) return;
    if (this.#sender.waitingBytes > BACKFILL_WAITING_BYTES_MAX || !this.#group.takesBackfill) return;
    const step = this.#group.proposeBackfill(this.#sender.entries, backfill);
    if (step.slot !== undefined) this.#proposed = step.slot;
    this.#waiting = true;
    void this.#pause(step);
  }

  end(): void {
    this.#ended = true;
  }

  async #pause({ bytes, wait, slot }: BackfillStep): Promise<void> {
    const { clock, timers } = this.#environment;
    try {
      await wait;
      if (slot !== undefined) {
        const beganAtMs = clock.monotonicMs();
        const pauseMs = Math.max(PAUSE_MS, this.#pace.took(bytes, beganAtMs));
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
