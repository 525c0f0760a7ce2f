import { assert } from '../../shared/base/assert.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { parsePartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { LogRecord } from '../../shared/wal/log-record.ts';
import { DerivedEntries } from '../core/derived-entries.ts';
import { changeTogether, type TreeChange } from '../core/tree-changes.ts';
import { decodeBackfillChunk } from '../core/backfill-record.ts';
import { expiryAfterSettings } from '../core/expiry-progress.ts';
import { decodeSwap, type Membership } from '../core/membership.ts';
import { decodeStateHashRecord } from '../core/state-hash-record.ts';
import { type ChosenRecords, readChosen } from './chosen-records.ts';
import { ExpiryRanges } from './expiry-ranges.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import type { GroupWrites } from './group-writes.ts';
import { IndexApplier } from './index-applier.ts';
import type { IndexReceiver } from './index-receiver.ts';
import type { StateHashWatch } from './state-hash-watch.ts';
import type { SwapFollower } from './swap-follower.ts';

/** After so many records, or so many bytes of them, the apply loop looks at the clock: what a record derives takes time by its bytes. */
const APPLY_CHECK_RECORDS = 32;
const APPLY_CHECK_BYTES = 64 * KIB;
/** A group applies for so long at a time, milliseconds; then the others that have much to apply have their turn. */
const APPLY_SLICE_MS = 2;
const NO_CHANGES: readonly TreeChange[] = [];

/** Brings chosen records into the tree and the state, in slot order; pages that are missing for a record are fetched before it is applied. */
export class RecordApplier {
  readonly #copy: GroupCopy;
  readonly #ties: GroupTies;
  readonly #host: GroupHost;
  readonly #paxos: PaxosReplica;
  readonly #chosen: ChosenRecords;
  readonly #writes: GroupWrites;
  readonly #stateHashes: StateHashWatch;
  readonly #swaps: SwapFollower;
  readonly #received: IndexReceiver;
  readonly #entries: IndexApplier;
  readonly #enter: (membership: Membership) => void;
  /** Follows from the settings that are applied; undefined: there are none. */
  #derived: DerivedEntries | undefined;
  /** What the record that is applied next changes beside its item. */
  #changes: readonly TreeChange[] = NO_CHANGES;
  /** The record that these were found out for. */
  #derivedSlot: Slot = 0;
  /** Of the item that it replaces, where something is derived from it. */
  #oldBytes = 0;
  readonly #ranges: ExpiryRanges;
  #waiting = false;
  #held = false;

  constructor(parts: {
    copy: GroupCopy;
    ties: GroupTies;
    chosen: ChosenRecords;
    writes: GroupWrites;
    stateHashes: StateHashWatch;
    swaps: SwapFollower;
    received: IndexReceiver;
    enter: (membership: Membership) => void;
  }) {
    const { copy, ties } = parts;
    this.#copy = copy;
    this.#ties = ties;
    this.#host = ties.host;
    this.#paxos = copy.paxos;
    this.#chosen = parts.chosen;
    this.#writes = parts.writes;
    this.#stateHashes = parts.stateHashes;
    this.#swaps = parts.swaps;
    this.#received = parts.received;
    this.#entries = new IndexApplier(copy);
    this.#enter = parts.enter;
    this.#ranges = new ExpiryRanges(ties.host.environment);
    this.followSettings();
  }

  /** Nothing is being applied right now. */
  get idle(): boolean {
    return !this.#waiting && !this.#held;
  }

  /** A snapshot is being put in the tree's place. */
  get held(): boolean {
    return this.#held;
  }

  /** Nothing is applied while a snapshot is put in place. Only when idle. */
  hold(): void {
    assert(this.idle, 'a snapshot is put in place while records are applied');
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    this.#host.wake(this.#ties.group);
  }

  /** Applies what is chosen, as far as this turn of the loop has room for it; the rest later, by itself. */
  apply(): void {
    if (!this.idle || this.#copy.stopped) return;
    if (this.#copy.awaitsSnapshot) return this.#followSwaps();
    if (this.#copy.state.applied >= this.#paxos.commit) return;
    if (this.#host.applying.isFree) this.#applySlice();
    else this.#applyInTurn();
  }

  /** Other groups come first, or this turn of the loop has applied enough. */
  #applyInTurn(): void {
    this.#waiting = true;
    this.#writes.answerApplied();
    this.#host.applying.add(() => {
      this.#waiting = false;
      if (this.#copy.stopped) return;
      if (this.#copy.awaitsSnapshot) this.#followSwaps();
      else this.#applySlice();
    });
  }

  /** What one group applies before others have their turn. */
  #applySlice(): void {
    const { clock } = this.#host.environment;
    const startedAtMs = clock.monotonicMs();
    let records = 0;
    let bytesUnchecked = 0;
    while (this.#copy.state.applied < this.#paxos.commit) {
      const slot = this.#copy.state.applied + 1;
      const bytes = this.#chosen.at(slot);
      if (bytes === undefined) return this.#later(this.#chosen.load(slot));
      const record = readChosen(bytes, slot, this.#ties);
      if (record === undefined) return;
      const wait = this.#prepare(slot, record);
      if (wait !== undefined) {
        for (const key of this.#chosen.keysAhead(slot + 1)) this.#copy.fetch(key, 'place', true)?.catch(() => undefined);
        return this.#later(wait);
      }
      this.#chosen.passed();
      this.#applyRecord(slot, record);
      if (this.#copy.stopped) return;
      records += 1;
      bytesUnchecked += bytes.length + this.#oldBytes;
      if (records % APPLY_CHECK_RECORDS !== 0 && bytesUnchecked < APPLY_CHECK_BYTES) continue;
      bytesUnchecked = 0;
      if (clock.monotonicMs() - startedAtMs > APPLY_SLICE_MS) return this.#applyInTurn();
    }
    if (records === 0) return;
    this.#writes.answerApplied();
    if (this.#paxos.leading !== undefined && this.#copy.state.applied === this.#paxos.last) this.#host.commitNews(this.#ties.group);
  }

  /** Finds out what the record changes; a read of a page that is missing for it, undefined when all are in memory. */
  #prepare(slot: Slot, { type, key, newValue, payload }: LogRecord): Promise<void> | undefined {
    if (this.#derivedSlot === slot) return this.#fetchPlaces(key);
    this.#changes = NO_CHANGES;
    this.#oldBytes = 0;
    if (type === 'index-position') return this.#entries.changeEntries(slot, payload);
    if (type === 'expiry-range') {
      const { tree, state } = this.#copy;
      return this.#ranges.advance(slot, payload, { tree, derived: this.#derived, progress: state.expiry });
    }
    if (key.length === 0) return undefined;
    if (this.#derived === undefined || this.#derived.none) return this.#copy.fetch(key, 'place');
    const wait = this.#copy.fetch(key, 'value');
    if (wait !== undefined) return wait;
    const old = this.#copy.tree.get(key);
    this.#oldBytes = old?.length ?? 0;
    this.#changes = this.#derived.changes(key, old, newValue);
    this.#derivedSlot = slot;
    return this.#fetchPlaces(key);
  }

  /** Where the item and what is derived from it lie; nothing changes the tree before the record that waits for it. */
  #fetchPlaces(key: Uint8Array): Promise<void> | undefined {
    let wait = this.#copy.fetch(key, 'place');
    for (const change of this.#changes) wait ??= this.#copy.fetch(change.key, 'place', true);
    return wait;
  }

  /** Without a tree nothing is applied; who the members are follows from the log alone. */
  #followSwaps(): void {
    const wait = this.#swaps.follow();
    if (wait !== undefined) this.#later(wait);
  }

  #later(wait: Promise<void>): void {
    this.#waiting = true;
    this.#writes.answerApplied();
    wait.then(
      () => {
        this.#waiting = false;
        this.apply();
      },
      (error: unknown) => this.#ties.quarantine('chosen records cannot be applied', error),
    );
  }

  #applyRecord(slot: Slot, record: LogRecord): void {
    const state = this.#copy.state;
    assert(slot === state.applied + 1, 'records are applied in order');
    if (record.type === 'write' || record.type === 'ttl-delete') this.#applyWrite(slot, record);
    else if (record.type === 'state-hash') this.#applyStateHash(slot, record.payload);
    else if (record.type === 'swap') return this.#applySwap(slot, record);
    else if (record.type === 'settings') this.#applySettings(slot, record.payload);
    else if (record.type === 'index-position') this.#received.applied(this.#entries.finish());
    else if (record.type === 'backfill') this.#applyBackfill(slot, record.payload);
    else if (record.type === 'expiry-range') state.expiry = this.#ranges.progressAfter(state.expiry);
    else if (record.type !== 'no-op')
      return this.#ties.quarantine(`a record of type ${record.type} is not supported by this version`, undefined);
    if (this.#copy.stopped) return;
    state.applied = slot;
    state.timeMs = Math.max(state.timeMs, record.timeMs);
    if (record.request !== undefined) state.requests.add(record.request, slot, record.timeMs);
    this.#writes.applied(record.key, slot, record.request);
    this.#paxos.appliedUpTo(slot);
    this.#host.applied(this.#ties.group, slot, record);
  }

  /** Another configuration begins. What is applied is answered before the leadership of the one before ends. */
  #applySwap(slot: Slot, record: LogRecord): void {
    const membership = decodeSwap(record.payload, slot);
    this.#copy.state.applied = slot;
    this.#copy.state.timeMs = Math.max(this.#copy.state.timeMs, record.timeMs);
    this.#paxos.appliedUpTo(slot);
    this.#writes.answerApplied();
    this.#enter(membership);
    this.#host.applied(this.#ties.group, slot, record);
  }

  #applyWrite(slot: Slot, { key, newValue }: LogRecord): void {
    if (newValue === undefined) this.#copy.state.lastDelete = slot;
    changeTogether(this.#copy.tree, [{ key, value: newValue }, ...this.#changes]);
  }

  /** Settings that this version cannot read stop the replica, as an unknown record does. */
  #applySettings(slot: Slot, payload: Uint8Array): void {
    try {
      const settings = parsePartitionSettings(payload);
      if (settings.version <= (this.#copy.state.settings?.version ?? 0)) return;
      const { state } = this.#copy;
      state.expiry = expiryAfterSettings(state.expiry, state.settings, settings);
      state.settings = settings;
      state.indexFeeds.follow(settings, slot);
      this.followSettings();
    } catch (error) {
      this.#ties.quarantine(`the settings at slot ${slot} cannot be read`, error);
    }
  }

  /** What the index gets of it is its leader's to send. */
  #applyBackfill(slot: Slot, payload: Uint8Array): void {
    try {
      const { indexId, from, next, items } = decodeBackfillChunk(payload);
      this.#copy.state.indexFeeds.backfilled(indexId, from, { next, items, slot });
    } catch (error) {
      this.#ties.quarantine(`the backfill at slot ${slot} cannot be read`, error);
    }
  }

  /** The settings are others now. */
  followSettings(): void {
    const { settings, expiry } = this.#copy.state;
    const { digest } = this.#host.environment;
    this.#derived = settings === undefined ? undefined : new DerivedEntries(settings, expiry?.generation, digest);
  }

  #applyStateHash(slot: Slot, payload: Uint8Array): void {
    try {
      const verdict = this.#stateHashes.apply(slot, decodeStateHashRecord(payload), this.#paxos.self, this.#copy.tree.stateHash());
      if (verdict.kind === 'halt') this.#copy.state.halted = slot;
      else if (verdict.kind === 'resume') this.#copy.state.halted = 0;
      else if (verdict.kind === 'give-up') throw verdict.error;
      if (verdict.kind !== 'nothing' && verdict.kind !== 'resume')
        this.#host.environment.logger.warn('state hashes differ', { group: this.#copy.identity.group, at: slot, ...verdict });
    } catch (error) {
      this.#ties.quarantine(`the state-hash record at slot ${slot} ends it`, error);
    }
  }
}
