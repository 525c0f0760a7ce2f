import type { GroupId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import { INDEX_LAG_BYTES_MAX, INDEX_LAG_MS_MAX } from '../../shared/limits/index-limits.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { IndexProgress, LostIndex } from '../../shared/wire/admin.ts';
import { IndexEntries } from '../core/index-entries.ts';
import { IndexedRecords } from '../core/indexed-record.ts';
import { IndexStandstills } from '../core/index-standstill.ts';
import { RunningTime } from '../core/running-time.ts';
import type { Group } from './group.ts';
import { BackfillPace, IndexBackfill } from './index-backfill.ts';
import { type IndexCounts, IndexSender, type IndexSenderHost } from './index-sender.ts';
import { LostIndexSearch, type LostIndexSearchHost } from './lost-index-search.ts';
import { TurnQueue } from './turn-queue.ts';

/** The indexes that one led partition feeds. */
interface LedGroup {
  readonly ballot: Ballot;
  readonly settings: PartitionSettings;
  readonly records: IndexedRecords;
  readonly senders: ReadonlyMap<string, IndexSender>;
  readonly backfills: ReadonlyMap<string, IndexBackfill>;
  /** Those that cannot keep up, as of the last look. */
  behind: readonly IndexEntries[];
  /** More log is kept for this one than may be, and it cannot keep up: the partition takes no writes at all. */
  starving: IndexEntries | undefined;
  readonly search: LostIndexSearch;
}

const NONE: readonly IndexEntries[] = [];
/** What all indexes of all partitions may take of a turn of the loop, milliseconds; the piece that was begun is finished. */
const TURN_MS = 2;

/** Feeds the global indexes of all partitions that this node leads. */
export class IndexSenders {
  readonly #host: IndexSenderHost;
  /** Log kept for the indexes of one group, bytes. */
  readonly #logBytesMax: number;
  readonly #led = new Map<GroupId, LedGroup>();
  readonly #pace = new BackfillPace();
  readonly #running: RunningTime;
  readonly #searching: LostIndexSearchHost;
  readonly counts: IndexCounts = { steps: 0, changes: 0, refused: 0, waitingBytes: 0 };

  constructor(
    parts: Omit<IndexSenderHost, 'counts' | 'turns' | 'running'> & {
      logBytesMax: number;
      /** Such an index is given up once it has stood still for so long. */
      rebuildAfterMs: number;
      handOver: (group: Group, to: ReplicaId) => void;
    },
  ) {
    const { environment, rebuildAfterMs, handOver } = parts;
    this.#running = new RunningTime(environment.clock.wallMs());
    this.#host = { ...parts, counts: this.counts, running: this.#running, turns: new TurnQueue(environment, TURN_MS) };
    this.#searching = { clock: environment.clock, running: this.#running, standstills: new IndexStandstills(), rebuildAfterMs, handOver };
    this.#logBytesMax = parts.logBytesMax;
  }

  /** A record of a group was applied here. */
  applied(group: Group): void {
    if (group.state.indexFeeds.size === 0 && !this.#led.has(group.id)) return;
    const led = this.#follow(group);
    if (led !== undefined) wake(led);
  }

  /** To be called every 50 ms or so. */
  tick(groups: Iterable<Group>): void {
    this.#running.tick(this.#host.environment.clock.wallMs());
    for (const group of groups) {
      if (group.state.indexFeeds.size === 0) this.#searching.standstills.forget(group.id);
      if (group.state.indexFeeds.size === 0 && !this.#led.has(group.id)) continue;
      const led = this.#follow(group);
      if (led === undefined) continue;
      for (const sender of led.senders.values()) sender.tick();
      for (const backfill of led.backfills.values()) backfill.wake();
      led.records.forget();
      led.behind = behindOf(led);
      const beyond = this.#beyondAllowance(group, led);
      led.starving = beyond.find(isBehind)?.entries;
      // An index for which writes are refused keeps ever the same log, however little that is.
      led.search.look(led.senders.values(), (sender) => isBehind(sender) || beyond.includes(sender));
    }
  }

  /** The group leaves the node. */
  forget(group: GroupId): void {
    this.#end(group);
    this.#searching.standstills.forget(group);
  }

  stop(): void {
    for (const group of [...this.#led.keys()]) this.#end(group);
  }

  /** Up to here no index needs the log of a group that is led here; 0: it is not known. */
  floor(group: Group): Slot {
    const { indexFeeds } = group.state;
    if (indexFeeds.size === 0) return Number.MAX_SAFE_INTEGER;
    const led = this.#follow(group);
    if (led === undefined || led.senders.size < indexFeeds.size) return 0;
    let least = Number.MAX_SAFE_INTEGER;
    for (const sender of led.senders.values()) least = Math.min(least, sender.delivered ?? 0);
    return least;
  }

  /** The name of an index for which a write of a group is refused, since the index cannot keep up; images are stored values. */
  refusal({ id }: Group, key: Uint8Array, old: Uint8Array | undefined, next: Uint8Array | undefined): string | undefined {
    const led = this.#led.get(id);
    if (led === undefined || (led.behind === NONE && led.starving === undefined)) return undefined;
    const entries = led.starving ?? led.behind.find((each) => each.changes(key, old, next).length > 0);
    if (entries !== undefined) this.counts.refused += 1;
    return entries?.source.name;
  }

  /** How far each index of a led group is with what the partition has. */
  progress(group: Group): IndexProgress[] {
    const { settings, indexFeeds } = group.state;
    const senders = this.#follow(group)?.senders;
    return (settings?.globalIndexes ?? []).map(({ indexId }) => {
      const backfill = indexFeeds.get(indexId)?.backfill;
      const backfilled = backfill !== undefined && backfill.next === undefined;
      const delivered = backfilled && (senders?.get(indexId)?.delivered ?? 0) >= backfill.slot;
      return { indexId, backfilled, delivered, itemsDone: backfill?.items ?? 0, items: group.itemTotals.items };
    });
  }

  /** Indexes that can never catch up with what is led here, as of the last tick. */
  lost(): LostIndex[] {
    return [...this.#led.values()].flatMap(({ search }) => search.lost);
  }

  /** Of all groups led here. */
  *all(): Generator<{ readonly group: GroupId; readonly sender: IndexSender }, void, undefined> {
    for (const [group, { senders }] of this.#led) for (const sender of senders.values()) yield { group, sender };
  }

  /** What is fed belongs to one leadership and to the settings that are applied. */
  #follow(group: Group): LedGroup | undefined {
    const led = this.#led.get(group.id);
    const { settings, indexFeeds } = group.state;
    const ballot = group.paxos.leading;
    if (group.stopped || ballot === undefined || !group.paxos.serves || settings === undefined || indexFeeds.size === 0) {
      this.#end(group.id);
      return undefined;
    }
    if (led?.ballot === ballot && led.settings === settings) return led;
    const kept = led?.ballot === ballot ? led : undefined;
    const records = kept?.records ?? new IndexedRecords(this.#host.environment.digest);
    const senders = new Map<string, IndexSender>();
    const backfills = new Map<string, IndexBackfill>();
    for (const entries of IndexEntries.ofSettings(settings, this.#host.environment.digest)) {
      const { indexId } = entries.source;
      const start = indexFeeds.get(indexId)?.start;
      if (start === undefined) continue;
      const sender = kept?.senders.get(indexId) ?? new IndexSender(group, entries, start, records, this.#host);
      senders.set(indexId, sender);
      const { environment } = this.#host;
      const isHeld = (): boolean => this.#led.get(group.id)?.starving !== undefined;
      backfills.set(indexId, kept?.backfills.get(indexId) ?? new IndexBackfill(group, sender, environment, this.#pace, isHeld));
    }
    if (led !== undefined) endExcept(led, senders);
    const search = kept?.search ?? new LostIndexSearch(group, this.#searching);
    const next: LedGroup = { ballot, settings, records, senders, backfills, behind: NONE, starving: undefined, search };
    this.#led.set(group.id, next);
    return next;
  }

  #end(group: GroupId): void {
    const led = this.#led.get(group);
    if (led !== undefined) endExcept(led, new Map());
    this.#led.delete(group);
  }

  /** Senders for whose indexes more log is kept than may be, the one that keeps most first. */
  #beyondAllowance(group: Group, { senders }: LedGroup): IndexSender[] {
    const beyond: IndexSender[] = [];
    for (const sender of [...senders.values()].sort((a, b) => (a.delivered ?? 0) - (b.delivered ?? 0))) {
      const kept = this.#host.wal.groupBytesAbove(group.id, Math.max(sender.delivered ?? 0, group.paxos.trimmed));
      if (kept <= this.#logBytesMax) break;
      beyond.push(sender);
    }
    return beyond;
  }
}

function wake({ senders, backfills }: LedGroup): void {
  for (const sender of senders.values()) sender.wake();
  for (const backfill of backfills.values()) backfill.wake();
}

/** A backfill goes with its sender. */
function endExcept({ senders, backfills }: LedGroup, kept: ReadonlyMap<string, IndexSender>): void {
  for (const [indexId, sender] of senders) {
    if (kept.get(indexId) === sender) continue;
    sender.end();
    backfills.get(indexId)?.end();
  }
}

function behindOf({ senders }: LedGroup): readonly IndexEntries[] {
  const behind = [...senders.values()].filter(isBehind);
  return behind.length === 0 ? NONE : behind.map(({ entries }) => entries);
}

function isBehind(sender: IndexSender): boolean {
  return sender.lagMs() > INDEX_LAG_MS_MAX || sender.lagBytes() > INDEX_LAG_BYTES_MAX;
}
