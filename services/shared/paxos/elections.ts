import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Acceptor } from './acceptor.ts';
import { type Ballot, compareBallots, equalBallots, ZERO_BALLOT } from './ballot.ts';
import { type Candidacy, firstLacking, greatestLog, newCandidacy } from './candidacy.ts';
import { ElectionTimer } from './election-timer.ts';
import type { Grants } from './grants.ts';
import { Leadership } from './leadership.ts';
import type { Membership } from './membership.ts';
import type { ElectionMessage, FetchTail, Nominate, Prepare, Promise_, Refusal, Tail } from './messages.ts';
import { type PaxosOptions, quorumSize } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { ReplicaParts } from './parts.ts';
import type { Role } from './ready.ts';

/**
 * How a replica comes to lead and ceases to: it asks whether anyone hears a leader, stands under a ballot of its own, gathers
 * promises, adopts the greatest log among them. It owns the role: a candidacy, a leadership, or neither.
 */
export class Elections {
  readonly #options: PaxosOptions;
  readonly #acceptor: Acceptor;
  readonly #grants: Grants;
  readonly #membership: Membership;
  readonly #outbox: Outbox;
  readonly #timer: ElectionTimer;
  #leadership: Leadership | undefined;
  #candidacy: Candidacy | undefined;
  /** Of all ballots that were promised here or heard of. */
  #greatestRound: number;

  /** `isNew`: the replica is being created, so there is no leader to wait for. */
  constructor(parts: ReplicaParts, start: { isNew: boolean; nowMs: number }) {
    this.#options = parts.options;
    this.#acceptor = parts.acceptor;
    this.#grants = parts.grants;
    this.#membership = parts.membership;
    this.#outbox = parts.outbox;
    const { promised } = parts.acceptor;
    this.#timer = new ElectionTimer(parts.membership, parts.options, { ...start, leader: promised.replica });
    this.#greatestRound = promised.round;
  }

  get role(): Role {
    if (this.#leadership !== undefined) return 'leader';
    return this.#candidacy === undefined ? 'follower' : 'candidate';
  }

  /** The leader's half of the protocol, while this replica leads. */
  get leadership(): Leadership | undefined {
    return this.#leadership;
  }

  /** Receipt of the last heartbeat of a leader that reaches a quorum and whose ballot this replica follows. */
  get heardAtMs(): number {
    return this.#timer.heardAtMs;
  }

  /** Whether it could lead if a quorum wanted it to. */
  get #eligible(): boolean {
    const { self, configuration } = this.#membership;
    if (!this.#membership.includes(self) || configuration.logReplicas.includes(self)) return false;
    const { abstains, awaitsSnapshot, promised } = this.#acceptor;
    // Once something of a later configuration is promised, a ballot of this one is too low for everybody.
    return !abstains && !awaitsSnapshot && promised.configuration <= configuration.number;
  }

  // --- hearing a leader --------------------------------------------------------------------------------------------

  /** A heartbeat came from the leader that this replica follows, and which reaches a quorum. */
  heardLeader(nowMs: number): void {
    this.#timer.heard(nowMs);
    this.waitForLeader(nowMs);
  }

  /** Whoever has the promised ballot gave a sign of life, or may be about to. */
  waitForLeader(nowMs: number): void {
    const { promised } = this.#acceptor;
    this.#timer.waitFor(promised.replica, nowMs, this.#grants.freeAtMs(this.#membership.configuration.number));
  }

  #hearsLeader(nowMs: number): boolean {
    const heardAtMs = this.#leadership?.confirmedAtMs(nowMs) ?? this.#timer.heardAtMs;
    return nowMs - heardAtMs < this.#timer.recentMs;
  }

  /** A ballot of this round exists: the next one of this replica is of a greater one. */
  noteRound(round: number): void {
    this.#greatestRound = Math.max(this.#greatestRound, round);
  }

  // --- time --------------------------------------------------------------------------------------------------------

  /** For a replica that does not lead. */
  tick(nowMs: number): void {
    if (this.#candidacy !== undefined) this.#tickCandidate(this.#candidacy, nowMs);
    else if (!this.#acceptor.abstains && this.#membership.includes(this.#membership.self)) this.#ask(this.#timer.tick(nowMs), nowMs);
  }

  #ask(question: number | undefined, nowMs: number): void {
    if (question === undefined) return;
    for (const replica of this.#membership.others) this.#outbox.send(replica, { kind: 'ask-leader', question });
    if (quorumSize(this.#membership.configuration) === 1) this.stand(0, nowMs);
  }

  #tickCandidate(candidacy: Candidacy, nowMs: number): void {
    if (nowMs - candidacy.startedAtMs >= this.#options.candidacyMs) {
      this.becomeFollower(nowMs);
      const rank = this.#timer.rank(this.#acceptor.promised.replica);
      this.#timer.waitUntil(nowMs + rank * this.#options.successorDelayMs);
      return;
    }
    const { self, others } = this.#membership;
    if (nowMs - candidacy.promptedAtMs < this.#options.candidacyMs / 10 || !candidacy.promises.has(self)) return;
    candidacy.promptedAtMs = nowMs;
    const prepare = this.prepare(candidacy.ballot, candidacy.rejoin);
    // Whoever does not send its tail is asked for its promise again, too: it may have lost its log meanwhile.
    const silent = (replica: ReplicaId): boolean => !candidacy.promises.has(replica) || replica === candidacy.fetchingFrom;
    for (const replica of others) if (silent(replica)) this.#outbox.send(replica, prepare);
    if (candidacy.fetchingFrom !== undefined) this.#adoptGreatest(candidacy, nowMs);
  }

  // --- taking and leaving a role -----------------------------------------------------------------------------------

  /**
   * Becomes a candidate under a ballot of its own, unless a grant still binds this replica itself. `rejoin`: the number of an
   * abstention that this ballot shall end, 0 for none.
   */
  stand(rejoin: number, nowMs: number): void {
    this.#timer.forget();
    if (!this.#eligible) return;
    const { self, others, configuration } = this.#membership;
    const round = Math.max(this.#greatestRound, this.#acceptor.promised.round) + 1;
    const ballot = { configuration: configuration.number, round, replica: self };
    if (!this.#grants.allow(ballot, nowMs)) {
      this.#timer.waitUntil(this.#grants.freeAtMs(ballot.configuration));
      return;
    }
    this.#leadership = undefined;
    this.#greatestRound = round;
    this.#acceptor.promise(ballot);
    this.#candidacy = newCandidacy(ballot, rejoin, nowMs);
    // Prepare leaves only once the own promise is durable, so that no later life of this process can use the ballot again.
    this.#acceptor.hold(self, this.#acceptor.promiseMessage());
    for (const replica of others) this.#acceptor.hold(replica, this.prepare(ballot, rejoin));
  }

  /** The Prepare of a ballot, for a first time or again. */
  prepare(ballot: Ballot, rejoin: number): Prepare {
    return { kind: 'prepare', ballot, released: this.#grants.released, rejoin };
  }

  #lead(candidacy: Candidacy, accepted: Ballot, from: Slot, tail: readonly Uint8Array[], nowMs: number): void {
    const { ballot, promises } = candidacy;
    this.#acceptor.adopt(ballot, from, tail);
    for (const promise of promises.values()) this.#acceptor.learnCommit(promise.commit);
    this.#candidacy = undefined;
    const adopted = { ballot, accepted, last: this.#acceptor.last };
    const { self, configuration } = this.#membership;
    const parts = { self, configuration, options: this.#options, window: this.#acceptor.window, adopted, rejoin: candidacy.rejoin };
    this.#leadership = new Leadership(parts, nowMs);
    for (const [replica, promise] of promises) if (replica !== self) this.#onPromise(replica, promise, nowMs);
    for (const [replica, promise] of candidacy.abstentions) this.#onPromise(replica, promise, nowMs);
  }

  /** Neither leads nor wants to; whoever has the promised ballot has time to make itself heard. */
  becomeFollower(nowMs: number): void {
    if (this.#leadership !== undefined) this.#grants.release(this.#leadership.adopted.ballot);
    this.#leadership = undefined;
    this.#candidacy = undefined;
    this.#timer.forget();
    this.waitForLeader(nowMs);
  }

  // --- messages ----------------------------------------------------------------------------------------------------

  /** `from` is this replica itself for its own promise, once that is durable. */
  step(from: ReplicaId, message: ElectionMessage, nowMs: number): void {
    switch (message.kind) {
      case 'ask-leader':
        // Who was replaced while it was away believes to be a member, hears of no leader, and never stands as long as others do.
        if (!this.#membership.configuration.members.includes(from)) {
          this.#outbox.send(from, { kind: 'refusal', promised: this.#acceptor.promised, refused: ZERO_BALLOT });
        }
        return this.#outbox.send(from, { kind: 'leader-heard', question: message.question, heard: this.#hearsLeader(nowMs) });
      case 'leader-heard':
        if (this.#timer.answered(from, message.question, message.heard, nowMs)) this.stand(0, nowMs);
        return;
      case 'promise':
        return this.#onPromise(from, message, nowMs);
      case 'refusal':
        return this.#onRefusal(from, message, nowMs);
      case 'fetch-tail':
        return this.#onFetchTail(from, message, nowMs);
      case 'tail':
        return this.#onTail(from, message, nowMs);
      case 'nominate':
        return this.#onNominate(from, message, nowMs);
    }
  }

  #onPromise(from: ReplicaId, message: Promise_, nowMs: number): void {
    const leadership = this.#leadership;
    if (leadership !== undefined && equalBallots(message.ballot, leadership.adopted.ballot)) {
      if (from !== this.#membership.self) this.#onLatePromise(leadership, from, message, nowMs);
      return;
    }
    const candidacy = this.#candidacy;
    if (candidacy === undefined || !equalBallots(message.ballot, candidacy.ballot)) return;
    if (!this.#membership.includes(from)) return;
    if (message.abstention === 0) {
      candidacy.promises.set(from, message);
    } else {
      // What it promised before the damage was true, but the log that it spoke of is gone.
      candidacy.abstentions.set(from, message);
      candidacy.promises.delete(from);
      if (candidacy.fetchingFrom !== from) return;
      candidacy.fetchingFrom = undefined;
    }
    if (candidacy.fetchingFrom === undefined && candidacy.promises.size >= quorumSize(this.#membership.configuration)) {
      this.#adoptGreatest(candidacy, nowMs);
    }
  }

  #onLatePromise(leadership: Leadership, from: ReplicaId, message: Promise_, nowMs: number): void {
    if (leadership.follower(from) === undefined || (message.abstention !== 0 && !leadership.votes(from))) return;
    if (message.abstention !== 0 && message.abstention !== leadership.rejoin) {
      // The damaged replica may have forgotten promises: only a ballot that the others promise from now on may sync it.
      this.becomeFollower(nowMs);
      this.stand(message.abstention, nowMs);
      return;
    }
    this.#outbox.bring(from, leadership.onPromise(from, message, this.#acceptor.commit, nowMs));
  }

  /** A quorum promised: adopt the greatest log whole, fetching first what this replica lacks of it. */
  #adoptGreatest(candidacy: Candidacy, nowMs: number): void {
    const [owner, greatest] = greatestLog(this.#membership.self, candidacy.promises);
    if (owner === this.#membership.self) {
      this.#lead(candidacy, greatest.accepted, this.#acceptor.last, [], nowMs);
      return;
    }
    const first = firstLacking(this.#acceptor, greatest);
    if (first > greatest.last) {
      this.#lead(candidacy, greatest.accepted, greatest.last, [], nowMs);
      return;
    }
    candidacy.fetchingFrom = owner;
    this.#outbox.send(owner, { kind: 'fetch-tail', ballot: candidacy.ballot, first });
  }

  #onFetchTail(from: ReplicaId, message: FetchTail, nowMs: number): void {
    const { window, promised, last, abstains } = this.#acceptor;
    if (!equalBallots(message.ballot, promised) || message.ballot.replica !== from || abstains) return;
    const far = message.first < window.first || window.bytesBetween(message.first, last) > this.#options.syncBytesMax;
    if (far) {
      // The candidate lacks too much to be brought up to date within an election: its candidacy passes to this replica.
      this.stand(0, nowMs);
      return;
    }
    const records = window.slice(message.first, last, Number.POSITIVE_INFINITY);
    this.#outbox.send(from, { kind: 'tail', ballot: message.ballot, first: message.first, records });
  }

  #onTail(from: ReplicaId, message: Tail, nowMs: number): void {
    const candidacy = this.#candidacy;
    if (candidacy === undefined || candidacy.fetchingFrom !== from || !equalBallots(message.ballot, candidacy.ballot)) return;
    const promise = must(candidacy.promises.get(from));
    if (message.first !== firstLacking(this.#acceptor, promise)) return;
    assert(message.first + message.records.length - 1 >= promise.last, 'the tail ends before the promised last slot');
    this.#lead(candidacy, promise.accepted, message.first - 1, message.records, nowMs);
  }

  #onRefusal(from: ReplicaId, message: Refusal, nowMs: number): void {
    const { promised } = message;
    this.noteRound(promised.round);
    if (promised.configuration > this.#membership.configuration.number) this.#membership.askToLearn(from, promised.configuration);
    const current = this.#leadership?.adopted.ballot ?? this.#candidacy?.ballot;
    if (current === undefined || !equalBallots(message.refused, current)) return;
    if (compareBallots(promised, current) > 0) this.becomeFollower(nowMs);
  }

  #onNominate(from: ReplicaId, message: Nominate, nowMs: number): void {
    const { ballot } = message;
    const { promised, abstains } = this.#acceptor;
    if (!equalBallots(ballot, promised) || abstains || !this.#membership.includes(from)) return;
    if (message.leaseGivenUp) this.#grants.release(ballot);
    if (message.leaseGivenUp && from === ballot.replica && (!this.#eligible || nowMs < this.#grants.freeAtMs(ballot.configuration))) {
      // Restarted a moment ago or without a tree, this replica has to wait; the group need not.
      for (const replica of this.#membership.others) if (replica !== from) this.#outbox.send(replica, message);
    }
    this.stand(0, nowMs);
  }
}
