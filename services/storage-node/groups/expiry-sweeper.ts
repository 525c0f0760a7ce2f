import { AssertionError } from '../../shared/base/assert.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { type DueSeconds, dueSeconds, expiryPlace, readExpiryEntry } from '../../shared/item/expiry.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import { type ExpiryProgress, type ExpiryRange, isDerived, isDropped } from '../core/expiry-progress.ts';
import type { GroupState } from '../core/group-state.ts';
import type { ExpiryOptions } from '../core/options.ts';

/** What the sweeper looks at of a replica, and asks of it. */
export interface SweptGroup {
  readonly id: GroupId;
  readonly stopped: boolean;
  readonly paxos: { readonly leading: Ballot | undefined };
  readonly state: Pick<GroupState, 'applied' | 'expiry' | 'settings'>;
  readonly tree: Pick<BTree, 'scan' | 'rank'>;
  /** The leader may change the tree by itself now: nothing speaks against it, and no change of settings is under way. */
  takesOwnWrites(isDelete: boolean): boolean;
  fetchItem(key: Uint8Array): Promise<void> | undefined;
  /** Its slot; undefined: the item is not due as it stands behind everything under way. */
  deleteExpired(key: Uint8Array, due: DueSeconds): Slot | undefined;
  proposeExpiryRange(range: ExpiryRange): Slot;
  pageUnreadable(error: unknown): void;
}

/** Of one group, for one leadership and one generation of entries. */
interface Book {
  readonly ballot: Ballot;
  readonly generation: number;
  /** Where the pass under way goes on; undefined: it has ended. */
  at: Uint8Array | undefined;
  passDueAtMs: number;
  /** Slot of the last own proposal: nothing more is proposed before it is applied. */
  proposed: Slot;
  /** Something is being done for it. */
  busy: boolean;
  /** What was done last: ranges and deletes take turns. */
  did: 'range' | 'sweep';
  /** Entries that were due as the pass began, less what was deleted since. */
  due: number;
  /** Seconds since 1970 of the first of them; undefined: there were none. */
  oldestSeconds: number | undefined;
}

/** Entries of a group that are looked at in a turn. Their deletes are chosen before more are. */
const BATCH = 32;
/** A range that gets its entries, or loses them, holds at most this much. */
const RANGE_ENTRIES = 256;
const RANGE_BYTES = 64 * 1024;
/** So long a turn of the loop may take for deletes, milliseconds: items may be large. */
const SLICE_MS = 2;
/** New ranges of a node in a tick. */
const RANGES_A_TICK = 4;
/** What was not used of the allowance counts for so long. */
const SAVED_MS = 100;
const READ_AHEAD_PAGES = 2;

/**
 * Deletes what has expired, at the leaders of a node, and brings entries into line when the attribute changes. It reads no more
 * than the entries that are due, in their order.
 *
 * What is due goes by the leader's own wall clock, and not by log time, in which a clock that once was fast stays for ever: late
 * does no harm that early would do. A leader whose clock is wrong deletes early by as much as it is wrong, never by more.
 */
export class ExpirySweeper<G extends SweptGroup> {
  readonly #options: ExpiryOptions;
  readonly #environment: Environment;
  readonly #books = new Map<GroupId, Book>();
  #tickedAtMs: number;
  /** Another group is first in each tick. */
  #ticks = 0;
  /** Deletes that may be proposed now. */
  #allowance = 0;
  /** Sum for metrics. */
  deleted = 0;

  constructor(options: ExpiryOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#tickedAtMs = environment.clock.monotonicMs();
  }

  /** Entries that were due when they were last counted, less what was deleted since, in the groups that this node leads. */
  get due(): number {
    let due = 0;
    for (const book of this.#books.values()) due += book.due;
    return due;
  }

  /** How long the entry that is due longest has been so, seconds; 0: none is. */
  get lagSeconds(): number {
    const now = Math.floor(this.#environment.clock.wallMs() / SECOND_MS);
    let lag = 0;
    for (const { oldestSeconds } of this.#books.values()) lag = Math.max(lag, oldestSeconds === undefined ? 0 : now - oldestSeconds);
    return lag;
  }

  /** To be called every 50 ms or so. */
  tick(groups: Iterable<G>, nowMs: number): void {
    const perMs = this.#options.deletesPerSecond / SECOND_MS;
    this.#allowance = Math.min(this.#allowance + (nowMs - this.#tickedAtMs) * perMs, Math.max(1, SAVED_MS * perMs));
    this.#tickedAtMs = nowMs;
    const all = [...groups];
    if (this.#books.size > 0) this.#forgetOthers(all);
    this.#ticks += 1;
    let ranges = 0;
    for (let at = 0; at < all.length; at++) {
      const group = all[(at + this.#ticks) % all.length] as G;
      const book = this.#book(group, nowMs);
      const { expiry } = group.state;
      if (book === undefined || expiry === undefined || book.busy || group.state.applied < book.proposed) continue;
      const wantsRange = ranges < RANGES_A_TICK && !(isDropped(expiry) && isDerived(expiry));
      const wantsSweep = this.#allowance >= 1 && this.#isSweepDue(group, book, nowMs);
      if (wantsRange && !(wantsSweep && book.did === 'range')) {
        ranges += 1;
        this.#run(group, book, 'range', () => this.#proposeRange(group, book, expiry));
      } else if (wantsSweep) this.#run(group, book, 'sweep', () => this.#sweep(group, book));
    }
  }

  /** Of groups that are not on this node any more nothing is told. */
  #forgetOthers(all: readonly G[]): void {
    const ids = new Set(all.map(({ id }) => id));
    for (const id of this.#books.keys()) if (!ids.has(id)) this.#books.delete(id);
  }

  #isSweepDue({ state: { settings } }: G, { at, passDueAtMs }: Book, nowMs: number): boolean {
    return settings?.ttlAttribute !== undefined && (at !== undefined || nowMs >= passDueAtMs);
  }

  /** A group that changes hands, or whose attribute does, begins anew. Undefined: there is nothing to do for this replica. */
  #book({ id, paxos: { leading }, state: { expiry }, stopped }: G, nowMs: number): Book | undefined {
    const known = this.#books.get(id);
    if (leading === undefined || expiry === undefined || stopped) {
      if (known !== undefined) this.#books.delete(id);
      return undefined;
    }
    if (known?.ballot === leading && known.generation === expiry.generation) return known;
    const nothing = {
      at: undefined,
      passDueAtMs: nowMs,
      proposed: 0,
      busy: false,
      did: 'sweep' as const,
      due: 0,
      oldestSeconds: undefined,
    };
    const book: Book = { ballot: leading, generation: expiry.generation, ...nothing };
    this.#books.set(id, book);
    return book;
  }

  /** The group is still led as it was when the book was begun. */
  #holds(group: G, book: Book): boolean {
    const { paxos, state } = group;
    return paxos.leading === book.ballot && state.expiry?.generation === book.generation && !group.stopped;
  }

  #run(group: G, book: Book, what: Book['did'], work: () => Promise<void>): void {
    book.busy = true;
    book.did = what;
    work()
      .catch((error: unknown) => {
        if (error instanceof AssertionError) throw error;
        group.pageUnreadable(error);
      })
      .finally(() => {
        book.busy = false;
      });
  }

  // --- ranges ------------------------------------------------------------------------------------------------------

  /** What is left of earlier generations goes first. */
  async #proposeRange(group: G, book: Book, progress: ExpiryProgress): Promise<void> {
    const { generation } = progress;
    const kind = isDropped(progress) ? 'derive' : 'drop';
    const low = kind === 'derive' ? progress.derivedTo : progress.droppedTo;
    const end = kind === 'derive' ? LOCAL_SPACE_LOW : expiryPlace(generation, 0);
    const high = await this.#rangeEnd(group, low, end);
    if (!this.#holds(group, book) || group.state.expiry !== progress || !group.takesOwnWrites(kind === 'drop')) return;
    book.proposed = group.proposeExpiryRange({ kind, generation, low, high });
  }

  /** Where a range of fit size from `low` on ends. */
  async #rangeEnd(group: G, low: Uint8Array, end: Uint8Array): Promise<Uint8Array> {
    let entries = 0;
    let bytes = 0;
    const count = (key: Uint8Array, value: Uint8Array): boolean => {
      entries += 1;
      bytes += key.length + value.length;
      return entries < RANGE_ENTRIES && bytes < RANGE_BYTES;
    };
    for (;;) {
      const { next, wait } = group.tree.scan(low, end, false, count, READ_AHEAD_PAGES);
      // A range that needs more pages than there is memory for would never be read to its end.
      if (next === undefined) return end;
      if (wait === undefined || entries > 0) return next;
      await wait;
    }
  }

  // --- deletes -----------------------------------------------------------------------------------------------------

  async #sweep(group: G, book: Book): Promise<void> {
    if (book.at === undefined) await this.#beginPass(group, book);
    const entries: Uint8Array[] = [];
    const next = await this.#readDue(group, book, entries);
    const { clock, timers } = this.#environment;
    let startedAtMs = clock.monotonicMs();
    for (const entryKey of entries) {
      if (clock.monotonicMs() - startedAtMs > SLICE_MS) {
        await new Promise<void>((resolve) => timers.endOfTurn(resolve));
        startedAtMs = clock.monotonicMs();
      }
      const { itemKey } = readExpiryEntry(entryKey);
      for (let wait = group.fetchItem(itemKey); wait !== undefined; wait = group.fetchItem(itemKey)) await wait;
      if (!this.#holds(group, book)) return;
      book.at = entryKey;
      if (this.#allowance < 1 || !group.takesOwnWrites(true)) return;
      this.#delete(group, book, itemKey);
    }
    book.at = next;
    if (next !== undefined) return;
    book.due = 0;
    book.oldestSeconds = undefined;
  }

  #delete(group: G, book: Book, itemKey: Uint8Array): void {
    // By the time of now: the clock may have been set back since the entry was read.
    const slot = group.deleteExpired(itemKey, dueSeconds(this.#environment.clock.wallMs()));
    if (slot === undefined) return;
    this.#allowance -= 1;
    this.deleted += 1;
    book.due = Math.max(0, book.due - 1);
    book.proposed = slot;
  }

  /** Counts what is due, from the totals in interior pages. */
  async #beginPass(group: G, book: Book): Promise<void> {
    book.passDueAtMs = this.#environment.clock.monotonicMs() + this.#options.sweepIntervalMs;
    const { low, high } = dueSeconds(this.#environment.clock.wallMs());
    const from = expiryPlace(book.generation, low);
    const below = await group.tree.rank(from);
    const until = await group.tree.rank(expiryPlace(book.generation, high));
    book.due = Math.max(0, until.items - below.items);
    book.at = from;
  }

  /** The next entries that are due. Returns where to go on behind them; undefined: nothing more is due. */
  async #readDue(group: G, book: Book, entries: Uint8Array[]): Promise<Uint8Array | undefined> {
    const { high } = dueSeconds(this.#environment.clock.wallMs());
    const end = expiryPlace(book.generation, high);
    let low = book.at;
    while (low !== undefined && entries.length < BATCH) {
      const { next, wait } = group.tree.scan(low, end, false, (key) => entries.push(key) < BATCH, READ_AHEAD_PAGES);
      low = next;
      await wait;
    }
    const [first] = entries;
    book.oldestSeconds = first === undefined ? undefined : readExpiryEntry(first).seconds;
    return low;
  }
}
