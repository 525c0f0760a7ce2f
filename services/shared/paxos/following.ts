import { assert, must } from '../base/assert.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Acceptor } from './acceptor.ts';
import { type Ballot, compareBallots, equalBallots, greaterBallot } from './ballot.ts';
import type { Elections } from './elections.ts';
import type { Grants } from './grants.ts';
import type { LeadershipNews } from './heartbeat.ts';
import type { Membership } from './membership.ts';
import type { Accept, Learn, MessageToFollower, Prepare, Sync } from './messages.ts';
import type { PaxosOptions } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { ReplicaParts } from './parts.ts';

/**
 * What a replica promises and accepts of those that lead or want to: Prepare, Sync, Accept, Learn, heartbeats. It has no state
 * of its own: what it takes is in the acceptor and the grants.
 */
export class Following {
  readonly #options: PaxosOptions;
  readonly #acceptor: Acceptor;
  readonly #grants: Grants;
  readonly #membership: Membership;
  readonly #outbox: Outbox;
  readonly #elections: Elections;

  constructor(parts: ReplicaParts, elections: Elections) {
    this.#options = parts.options;
    this.#acceptor = parts.acceptor;
    this.#grants = parts.grants;
    this.#membership = parts.membership;
    this.#outbox = parts.outbox;
    this.#elections = elections;
  }

  step(from: ReplicaId, message: MessageToFollower, nowMs: number): void {
    switch (message.kind) {
      case 'prepare':
        return this.#onPrepare(from, message, nowMs);
      case 'sync':
        return this.#onSync(from, message, nowMs);
      case 'accept':
        return this.#onAccept(from, message, nowMs);
      case 'learn':
        // The opening ballot of a configuration is nobody's.
        return message.ballot.replica === 0 ? this.#onClosing(from, message, nowMs) : this.#onLearn(from, message);
    }
  }

  #onPrepare(from: ReplicaId, message: Prepare, nowMs: number): void {
    const { ballot } = message;
    const { promised, abstains } = this.#acceptor;
    this.#elections.noteRound(ballot.round);
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (ballot.configuration > this.#membership.configuration.number) return this.#membership.postpone(message);
    if (!this.#membership.includes(from)) return;
    if (!equalBallots(ballot, promised)) {
      if (message.released.replica !== 0) this.#grants.release(message.released);
      if (!abstains && !this.#grants.allow(ballot, nowMs)) return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });
      this.#elections.becomeFollower(nowMs);
      this.#acceptor.promise(ballot);
      this.#elections.waitForLeader(nowMs);
    }
    this.#acceptor.readmit(ballot, message.rejoin);
    this.#acceptor.hold(from, this.#acceptor.promiseMessage());
  }

  #onSync(from: ReplicaId, message: Sync, nowMs: number): void {
    const { ballot } = message;
    const { promised, accepted } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });
    }
    // The promise of this very ballot is needed: only then is its leader's quorum known to have seen our log.
    if (!equalBallots(ballot, promised)) return;
    if (!this.#acceptor.mayBeSyncedBy(ballot)) return;
    if (equalBallots(ballot, accepted) && message.from + message.records.length <= this.#acceptor.last) {
      // A repeated Sync of a ballot whose log is here already, perhaps longer by now.
      this.#acceptor.learnCommit(message.commit);
      this.#acceptor.hold(from, { kind: 'accepted', ballot, last: this.#acceptor.last });
      return;
    }
    // A Sync that was overtaken by Learn messages, which take another way: it ends before what is known to be chosen.
    if (message.from > this.#acceptor.last || message.from + message.records.length < this.#acceptor.commit) return;
    this.#acceptor.adopt(ballot, message.from, message.records);
    this.#acceptor.learnCommit(message.commit);
    this.#elections.waitForLeader(nowMs);
  }

  #onAccept(from: ReplicaId, message: Accept, nowMs: number): void {
    const { ballot, first, records } = message;
    const { promised, accepted, last } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (!equalBallots(ballot, accepted) || first > last + 1) return;
    for (let at = last + 1 - first; at < records.length; at++) this.#acceptor.append(must(records[at]));
    this.#acceptor.learnCommit(message.commit);
    if (first + records.length - 1 <= last) this.#acceptor.hold(from, { kind: 'accepted', ballot, last });
    this.#elections.waitForLeader(nowMs);
  }

  #onLearn(from: ReplicaId, message: Learn): void {
    const { ballot, first, records } = message;
    const { promised, last } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {
      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });
    }
    if (!equalBallots(ballot, promised) || first > last + 1) return;
    // What is chosen may be learned by a damaged replica too, as the beginning of its Sync; it abstains until that is complete.
    if (!this.#acceptor.mayBeSyncedBy(ballot)) return;
    this.#acceptor.learn(ballot, first, records);
    this.#acceptor.hold(from, { kind: 'learned', ballot, last: this.#acceptor.commit });
  }

  /** The end of what was chosen in earlier configurations, from somebody who applied the Swap. */
  #onClosing(from: ReplicaId, { ballot, first, records, commit }: Learn, nowMs: number): void {
    const { promised } = this.#acceptor;
    if (ballot.configuration <= this.#membership.configuration.number) return;
    if (first > this.#acceptor.commit + 1) return this.#membership.askToLearn(from, ballot.configuration);
    if (this.#elections.role !== 'follower') this.#elections.becomeFollower(nowMs);
    assert(first + records.length - 1 === commit, 'the end of a configuration is taught whole');
    this.#acceptor.learn(greaterBallot(ballot, promised), first, records);
  }

  /** The log is durable up to `last`. If it is that of another's ballot, which is still promised, its leader hears of it. */
  acknowledge(accepted: Ballot, last: Slot): void {
    if (accepted.replica === this.#membership.self || accepted.replica === 0) return;
    this.#outbox.send(accepted.replica, { kind: 'accepted', ballot: accepted, last });
  }

  /** A leader's heartbeat arrived. True: granted, counted from now. */
  onHeartbeat(news: LeadershipNews, nowMs: number): boolean {
    const { ballot } = news;
    const { abstains, promised } = this.#acceptor;
    if (abstains || !equalBallots(ballot, promised) || ballot.replica === this.#membership.self) return false;
    if (this.#options.leases) this.#grants.grant(ballot, nowMs + this.#options.leaseMs);
    if (news.reachesQuorum) this.#elections.heardLeader(nowMs);
    if (equalBallots(ballot, this.#acceptor.accepted)) this.#acceptor.learnCommit(news.commit);
    return true;
  }
}
