import type { Slot } from '../../shared/base/ids.ts';
import { TreeClosedError } from '../../shared/btree/errors.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { Freshness } from './freshness.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import type { Respond } from './pending-answers.ts';
import { ReadGate } from './read-gate.ts';

/** A follower answers an eventually consistent read only if it holds what was chosen within this time (architecture.md 6). */
const EVENTUAL_READ_MS = 5000;
const HALTED: Answer = { status: 'no-copy', message: 'the copies of the partition contradict each other' };
const TREE_LOST: Answer = { status: 'no-copy', message: 'the copy on this node was lost, and no leader is known that has another' };
const WRONG_RANGE: Answer = { status: 'wrong-range' };

/** What a replica answers from its applied state, and whether it may: as the leader under proof, or as one that is not far behind. */
export class GroupReads {
  readonly #copy: GroupCopy;
  readonly #ties: GroupTies;
  readonly #host: GroupHost;
  readonly #paxos: PaxosReplica;
  readonly #waiting = new ReadGate();
  readonly #freshness = new Freshness();

  constructor(copy: GroupCopy, ties: GroupTies) {
    this.#copy = copy;
    this.#ties = ties;
    this.#host = ties.host;
    this.#paxos = copy.paxos;
  }

  /** Why this replica cannot serve a strong operation on the key now; undefined when it can. */
  refusal(key: Uint8Array): Answer | undefined {
    if (this.#copy.stopped) return { status: 'not-ready', message: 'the replica is stopped' };
    if (!this.#copy.holds(key)) return { status: 'wrong-range' };
    return this.leaderRefusal();
  }

  /** Why this replica cannot serve as the leader now; undefined when it can. */
  leaderRefusal(): Answer | undefined {
    if (this.#copy.state.halted > 0) return HALTED;
    if (this.#paxos.serves) return undefined;
    if (this.#paxos.role === 'leader') return { status: 'not-ready' };
    return this.#elsewhere();
  }

  /** Who may answer instead, as far as this replica knows. */
  #elsewhere(): Answer {
    const leader = this.#copy.leaderNode();
    if (leader !== undefined) return { status: 'not-leader', leader };
    return this.#copy.awaitsSnapshot ? TREE_LOST : { status: 'not-ready' };
  }

  /** Why this replica cannot serve an eventually consistent read now; undefined when it can. */
  followerRefusal(recentMs: number): Answer | undefined {
    if (this.#copy.stopped) return { status: 'not-ready', message: 'the replica is stopped' };
    if (this.#copy.state.halted > 0) return HALTED;
    if (this.#paxos.serves) return undefined;
    const nowMs = this.#host.environment.clock.monotonicMs();
    if (!this.#paxos.abstains && this.#paxos.isMember && nowMs - this.#freshness.asOfMs(this.#copy.state.applied) < recentMs)
      return undefined;
    return this.#elsewhere();
  }

  /** Reads the applied value of a key; `respond` gets it under the proof that the read asks for. */
  read(
    key: Uint8Array,
    consistent: boolean,
    deadlineMs: number,
    respond: Respond,
    answer: (value: Uint8Array | undefined) => Answer,
  ): void {
    const refusal = consistent ? this.refusal(key) : this.#copy.holds(key) ? this.followerRefusal(EVENTUAL_READ_MS) : WRONG_RANGE;
    if (refusal !== undefined) return respond(refusal);
    const wait = this.#copy.fetch(key, 'value');
    if (wait !== undefined) {
      this.afterFetch(wait, deadlineMs, respond, () => this.read(key, consistent, deadlineMs, respond, answer));
      return;
    }
    const result = answer(this.#copy.tree.get(key));
    if (consistent) this.confirm(deadlineMs, respond, result);
    else respond(result);
  }

  /** Sends an answer that was read from the applied state just now, as soon as leadership at this moment is proved. */
  confirm(deadlineMs: number, respond: Respond, answer: Answer): void {
    this.#host.watchClock();
    const nowMs = this.#host.environment.clock.monotonicMs();
    if (this.#paxos.leaseValid(nowMs) && this.#host.clocksAgree(this.#ties.group)) return respond(answer);
    if (!this.#paxos.serves) return respond(this.leaderRefusal() ?? { status: 'not-ready' });
    const refuse = (): void => respond({ status: 'not-ready', message: 'leadership could not be proved in time' });
    this.#waiting.wait(nowMs, deadlineMs, () => respond(answer), refuse);
    this.#host.hurryHeartbeat();
  }

  /** Goes on when a page is there, unless nobody waits any more. */
  afterFetch(wait: Promise<void>, deadlineMs: number, respond: Respond, then: () => void): void {
    wait.then(
      () => {
        if (this.#host.environment.clock.monotonicMs() < deadlineMs) then();
        else respond({ status: 'unavailable', message: 'the deadline passed while pages were read' });
      },
      (error: unknown) => {
        this.pageUnreadable(error);
        respond({ status: 'not-ready', message: 'a page could not be read' });
      },
    );
  }

  /** A page of the tree could not be fetched for a reader. */
  pageUnreadable(error: unknown): void {
    // A snapshot took the tree's place meanwhile: that is no damage, and the request finds the new tree when it is repeated.
    if (!(error instanceof TreeClosedError)) this.#ties.quarantine('a page of the tree could not be read', error);
  }

  /** A heartbeat was answered or sent: reads that wait for a proof of leadership may go on. */
  leadershipConfirmed(): void {
    if (this.#waiting.size === 0) return;
    this.#waiting.confirm(this.#paxos.confirmedAtMs(this.#host.environment.clock.monotonicMs()));
  }

  /** A leader that reaches a quorum has chosen everything up to `commit`. */
  heard(commit: Slot, nowMs: number): void {
    this.#freshness.heard(commit, this.#copy.state.applied, nowMs);
  }

  /** Refuses what waited for a proof of leadership for too long. */
  expire(nowMs: number): void {
    this.#waiting.expire(nowMs);
  }

  /** Leadership has ended. */
  drop(): void {
    this.#waiting.drop();
  }
}
