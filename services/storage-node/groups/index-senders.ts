import type { GroupId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import { SECOND_MS } from '../../shared/base/units.ts';
import { INDEX_LAG_BYTES_MAX, INDEX_LAG_MS_MAX } from '../../shared/limits/index-limits.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { IndexProgress } from '../../shared/wire/admin.ts';
import { IndexEntries } from '../core/index-entries.ts';
import { IndexedRecords } from '../core/indexed-record.ts';
import type { Group } from './group.ts';
import { BackfillPace, IndexBackfill } from './index-backfill.ts';
import { type IndexCounts, IndexSender, type IndexSenderHost } from './index-sender.ts';
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
  /** More log is kept for this one than may be: the partition takes no writes at all. */
  starving: IndexEntries | undefined;
  /** When another replica was last asked to lead, since the log that an index needs is not here; at first, when this one began. */
  triedAtMs: number;
}

const NONE: readonly IndexEntries[] = [];
/** A leader that misses log for an index leads at least this long before another one tries. */
const LEAD_MS = 3 * SECOND_MS;
/** What all indexes of all partitions may take of a turn of the loop, milliseconds; the piece that was begun is finished. */
const TURN_MS = 2;

/** Feeds the global indexes of all partitions that this node leads. */
export class IndexSenders {
  readonly #host: IndexSenderHost;
  /** Log kept for the indexes of one group, bytes. */
  readonly #logBytesMax: number;
  readonly #led = new Map<GroupId, LedGroup>();
  readonly #pace = new BackfillPace();
  readonly #handOver: (group: Group, to: ReplicaId) => void;
  readonly counts: IndexCounts = { steps: 0, changes: 0, refused: 0, waitingBytes: 0 };

  constructor(parts: Omit<IndexSenderHost, 'counts' | 'turns'> & { logBytesMax: number; handOver: (group: Group, to: ReplicaId) => void }) {
    this.#host = { ...parts, counts: this.counts, turns: new TurnQueue(parts.environment, TURN_MS) };
    this.#logBytesMax = parts.logBytesMax;
    this.#handOver = parts.handOver;
  }

  /** A record of a group was applied here. */
  applied(group: Group): void {
    if (group.state.indexFeeds.size === 0 && !this.#led.has(group.id)) return;
    const led = this.#follow(group);
    if (led !== undefined) wake(led);
  }

  /** To be called every 50 ms or so. */
  tick(groups: Iterable<Group>): void {
    for (const group of groups) {
      if (group.state.indexFeeds.size === 0 && !this.#led.has(group.id)) continue;
      const led = this.#follow(group);
      if (led === undefined) continue;
      for (const sender of led.senders.values()) sender.tick();
      for (const backfill of led.backfills.values()) backfill.wake();
      led.records.forget();
      led.behind = behindOf(led);
      led.starving = this.#starving(group, led);
      this.#letAnotherLead(group, led);
    }
  }

  /** The group leaves the node. */
  forget(group: GroupId): void {
    this.#end(group);
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
    const triedAtMs = kept?.triedAtMs ?? this.#host.environment.clock.monotonicMs();
    const next: LedGroup = { ballot, settings, records, senders, backfills, behind: NONE, starving: undefined, triedAtMs };
    this.#led.set(group.id, next);
    return next;
  }

  #end(group: GroupId): void {
    const led = this.#led.get(group);
    if (led !== undefined) endExcept(led, new Map());
    this.#led.delete(group);
  }

  /**
   * The copy here came by a snapshot, and the log that an index needs went before. Others keep it, for this leader's predecessors told
   * them so: whoever leads next tries.
   */
  #letAnotherLead(group: Group, led: LedGroup): void {
    const nowMs = this.#host.environment.clock.monotonicMs();
    if (nowMs < led.triedAtMs + LEAD_MS || ![...led.senders.values()].some(({ logGone }) => logGone)) return;
    led.triedAtMs = nowMs;
    const members = group.identity.members.filter(({ logOnly }) => !logOnly);
    const own = members.findIndex(({ replica }) => replica === group.paxos.self);
    const next = members[(own + 1) % members.length];
    if (next !== undefined && next.replica !== group.paxos.self) this.#handOver(group, next.replica);
  }

  #starving(group: Group, { senders }: LedGroup): IndexEntries | undefined {
    let last: IndexSender | undefined;
    for (const sender of senders.values()) if ((sender.delivered ?? 0) < (last?.delivered ?? Number.MAX_SAFE_INTEGER)) last = sender;
    if (last === undefined) return undefined;
    const kept = this.#host.wal.groupBytesAbove(group.id, Math.max(last.delivered ?? 0, group.paxos.trimmed));
    return kept > this.#logBytesMax && (last.lagMs() > INDEX_LAG_MS_MAX || last.lagBytes() > INDEX_LAG_BYTES_MAX)
      ? last.entries
      : undefined;
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
  const behind = [...senders.values()].filter((sender) => sender.lagMs() > INDEX_LAG_MS_MAX || sender.lagBytes() > INDEX_LAG_BYTES_MAX);
  return behind.length === 0 ? NONE : behind.map(({ entries }) => entries);
}
