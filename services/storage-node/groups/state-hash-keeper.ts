import type { GroupId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Logger } from '../../shared/env/logger.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { StateHashOptions } from '../core/options.ts';
import type { InstalledSnapshot } from '../core/group-state.ts';
import { type Judgement, judge } from '../core/state-hash-judgement.ts';
import { NO_HASH, type StateHashRecord } from '../core/state-hash-record.ts';
import { originsIn } from './sole-copies.ts';
import type { StateHashWatch } from './state-hash-watch.ts';

/** What the keeper looks at of a replica, and asks of it. */
export interface KeptGroup {
  readonly id: GroupId;
  readonly stopped: boolean;
  readonly paxos: {
    readonly self: ReplicaId;
    readonly leading: Ballot | undefined;
    readonly serves: boolean;
    readonly full: boolean;
    readonly closing: boolean;
    readonly configuration: { readonly members: readonly ReplicaId[] };
  };
  readonly state: { readonly applied: Slot; readonly halted: Slot };
  readonly snapshot: InstalledSnapshot;
  readonly stateHashes: Pick<StateHashWatch, 'last' | 'heardOf' | 'originOf'>;
  /** Returns the record's slot. */
  proposeStateHash(said: StateHashRecord): Slot;
}

/** What a leader keeps of its group, for one leadership. */
interface Book {
  readonly ballot: Ballot;
  markedAtMs: number;
  /** Slot of the last own proposal: nothing more is said before it is applied. */
  proposed: Slot;
  /** Slot of the last mark at which all members were compared. */
  judged: Slot;
}

/**
 * What leaders do about state hashes: they log marks, compare what the members had at the last one, and log what follows. A
 * verdict is on one replica, and the next one needs a mark behind it that this replica too has passed: so never two replicas of
 * a group are built anew at once. A leader in the minority proposes nothing against itself: it lets another lead, which does.
 * In a halted group there is no verdict: whatever makes two copies equal there says nothing about which of them was right.
 */
export class StateHashKeeper<G extends KeptGroup> {
  readonly #options: StateHashOptions;
  readonly #logger: Logger;
  /** Lets a replica of the majority lead. */
  readonly #handOver: (group: G, to: ReplicaId) => void;
  readonly #books = new Map<GroupId, Book>();
  /** Sums for metrics. */
  marks = 0;
  /** Marks at which all members agreed. */
  agreed = 0;
  /** Marks at which they did not. */
  contradicted = 0;

  constructor(options: StateHashOptions, logger: Logger, handOver: (group: G, to: ReplicaId) => void) {
    this.#options = options;
    this.#logger = logger;
    this.#handOver = handOver;
  }

  /** To be called every 50 ms or so. */
  tick(groups: Iterable<G>, nowMs: number): void {
    for (const group of groups) {
      const { leading, serves, full, closing } = group.paxos;
      if (leading === undefined || group.stopped) this.#books.delete(group.id);
      // Behind a Swap nothing is proposed before it is applied.
      else if (serves && !full && !closing) this.#keep(group, this.#book(group.id, leading, nowMs), nowMs);
    }
  }

  #book(group: GroupId, ballot: Ballot, nowMs: number): Book {
    const known = this.#books.get(group);
    if (known?.ballot === ballot) return known;
    const book = { ballot, markedAtMs: nowMs, proposed: 0, judged: 0 };
    this.#books.set(group, book);
    return book;
  }

  #keep(group: G, book: Book, nowMs: number): void {
    if (group.state.applied < book.proposed) return;
    const hashes = this.#hashesAtLastMark(group, book);
    if (hashes !== undefined) this.#decide(group, book, hashes);
    else if (this.#isDue(group, book, nowMs)) this.#mark(group, book, nowMs);
  }

  /** Those of all members; undefined while one is missing, or when they were compared before. */
  #hashesAtLastMark(group: G, book: Book): Map<ReplicaId, string> | undefined {
    const { last } = group.stateHashes;
    if (last === undefined || last.slot <= book.judged) return undefined;
    const hashes = new Map([[group.paxos.self, last.hash]]);
    for (const member of group.paxos.configuration.members) {
      if (member === group.paxos.self) continue;
      const heard = group.stateHashes.heardOf(member);
      if (heard?.slot !== last.slot) return undefined;
      hashes.set(member, heard.hash);
    }
    return hashes;
  }

  #decide(group: G, book: Book, hashes: ReadonlyMap<ReplicaId, string>): void {
    const slot = group.stateHashes.last?.slot ?? 0;
    const origins = originsIn(group);
    const judgement = judge(hashes, origins);
    book.judged = slot;
    if (judgement.kind === 'equal') {
      this.agreed += 1;
      const isNews = group.state.halted > 0 ? slot > group.state.halted : origins.size > 0;
      if (isNews) book.proposed = group.proposeStateHash({ kind: 'resume', slot });
      return;
    }
    this.contradicted += 1;
    this.#logger.error('copies contradict each other', { group: group.id, slot, hashes: JSON.stringify([...hashes]) });
    if (group.state.halted > 0) return;
    if (judgement.kind === 'minority') this.#againstMinority(group, book, slot, judgement);
    else book.proposed = group.proposeStateHash({ kind: 'halt', slot });
  }

  #againstMinority(group: G, book: Book, slot: Slot, { hash, minority }: Extract<Judgement, { kind: 'minority' }>): void {
    const { self, configuration } = group.paxos;
    const successor = configuration.members.find((member) => !minority.includes(member));
    if (minority.includes(self) && successor !== undefined) {
      // Until somebody of the majority leads, this is looked at again and again.
      book.judged = slot - 1;
      this.#handOver(group, successor);
      return;
    }
    const [replica] = minority;
    if (replica !== undefined) book.proposed = group.proposeStateHash({ kind: 'verdict', slot, replica, hash });
  }

  #isDue(group: G, book: Book, nowMs: number): boolean {
    const { last } = group.stateHashes;
    const { applied, halted } = group.state;
    const ageMs = nowMs - book.markedAtMs;
    const changes = applied - (last?.slot ?? 0);
    // What is halted changes no more by itself; whether it may go on is found by marks.
    if (ageMs >= this.#options.intervalMs) return changes > 0 || halted > 0;
    return changes >= this.#options.slots && last !== undefined && last.slot <= book.judged;
  }

  #mark(group: G, book: Book, nowMs: number): void {
    const before = group.stateHashes.last ?? { slot: 0, hash: NO_HASH };
    book.markedAtMs = nowMs;
    book.proposed = group.proposeStateHash({ kind: 'mark', slot: before.slot, hash: before.hash });
    this.marks += 1;
  }
}
