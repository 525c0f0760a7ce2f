import { assert } from '../../services/shared/base/assert.ts';
import type { Slot } from '../../services/shared/base/ids.ts';
import { type Ballot, compareBallots, equalBallots, formatBallot } from '../../services/shared/paxos/ballot.ts';
import { quorumSize } from '../../services/shared/paxos/options.ts';
import type { Facts, LocalStates } from './local-states.ts';
import { Numbering } from './numbering.ts';
import { membersOf } from './swaps.ts';

/** What was ever chosen, by the votes that were cast: the records of the first slots, and the ballot each was chosen with. */
interface Chosen {
  readonly records: readonly string[];
  readonly ballots: readonly Ballot[];
}

/**
 * What must hold across machines. A slot is chosen as soon as a quorum has durably accepted it under one ballot, at whatever
 * times and whether anybody knows; from then on it may not change.
 */
export class GlobalInvariants {
  readonly #states: LocalStates;
  readonly #chosen = new Numbering<Chosen>();
  /** `a` and `b` of logs of which one is a prefix of the other, as a * 2^26 + b. */
  readonly #related = new Map<number, boolean>();

  constructor(states: LocalStates) {
    this.#states = states;
    this.#chosen.numberOf('', () => ({ records: [], ballots: [] }));
  }

  /** The number of "nothing is chosen". */
  readonly nothing = 0;

  /** What is chosen once machine `changed` took its step; throws at what must not be. */
  after(chosen: number, machines: readonly Facts[], changed: number): number {
    const facts = machines[changed] as Facts;
    const next = this.#count(chosen, machines, facts);
    if (next === chosen) this.#checkMachine(chosen, facts);
    else for (const each of machines) this.#checkMachine(next, each);
    for (const other of machines) if (other !== facts) this.#checkPair(facts, other);
    return next;
  }

  /**
   * At most one valid lease. Its holder, once it serves, has applied whatever any replica knows to be chosen; so has a leader
   * without a lease whatever was known before the moment for which its leadership is confirmed.
   *
   * `known`: for each time, how far the log was known to be chosen when it ended.
   */
  checkReads(machines: readonly Facts[], states: ArrayLike<number>, time: number, known: readonly Slot[]): void {
    let holder: Facts | undefined;
    const commit = Math.max(...machines.map((facts) => facts.commit));
    for (const [at, facts] of machines.entries()) {
      if (facts.leading === undefined) continue;
      const state = states[at] as number;
      if (this.#states.leaseValid(state, time)) {
        assert(holder === undefined, () => `${holder?.self} and ${facts.self} hold the lease`);
        holder = facts;
        assert(!facts.serves || facts.commit >= commit, () => `${facts.self} holds the lease and misses slot ${commit}`);
      }
      if (facts.serves) this.#checkPrevails(machines, facts, facts.leading);
      const confirmedAt = this.#states.confirmedAt(state, time);
      const before = known[confirmedAt - 1] ?? 0;
      assert(!facts.serves || facts.commit >= before, () => `${facts.self} is confirmed for ${confirmedAt} and misses slot ${before}`);
    }
  }

  /** A quorum has accepted the ballot of a leader that serves, or a later one: nothing can be chosen any more that its log lacks. */
  #checkPrevails(machines: readonly Facts[], { self, log }: Facts, leading: Ballot): void {
    const { configuration } = this.#states.surroundings;
    const members = membersOf(configuration, this.#states.logs.thing(log), leading.configuration);
    const holders = machines.filter((each) => members.includes(each.self) && hasAccepted(each, leading));
    assert(holders.length >= quorumSize({ ...configuration, members }), () => `${self} serves, and its ballot may yet lose`);
  }

  /** Counts the votes for the ballot that the machine has accepted: the only one for which it can have cast one just now. */
  #count(chosen: number, machines: readonly Facts[], facts: Facts): number {
    const { durableAccepted } = facts;
    const { configuration } = this.#states.surroundings;
    const log = this.#states.logs.thing(facts.durableLog);
    const members = membersOf(configuration, log, durableAccepted.configuration);
    const quorum = quorumSize({ ...configuration, members });
    const lasts: Slot[] = [];
    for (const { self, votes } of machines) {
      if (!members.includes(self)) continue;
      for (const { ballot, last } of votes) if (equalBallots(ballot, durableAccepted)) lasts.push(last);
    }
    if (lasts.length < quorum) return chosen;
    const last = lasts.sort((a, b) => b - a)[quorum - 1] as Slot;
    const { records, ballots } = this.#chosen.thing(chosen);
    const common = Math.min(last, records.length, log.length);
    for (let at = 0; at < common; at++) {
      assert(records[at] === log[at], () => `slot ${at + 1} was chosen as ${records[at]} and now as ${log[at]}`);
    }
    const end = Math.min(last, log.length);
    if (end <= records.length) return chosen;
    const more = log.slice(records.length, end);
    for (const [at, record] of more.entries()) checkPredecessor(record, log[records.length + at - 1]);
    const now = { records: [...records, ...more], ballots: [...ballots, ...more.map(() => durableAccepted)] };
    const key = now.records.map((record, at) => `${record}@${formatBallot(now.ballots[at] as Ballot)}`).join(' ');
    return this.#chosen.numberOf(key, () => now);
  }

  #checkMachine(chosen: number, facts: Facts): void {
    const { records, ballots } = this.#chosen.thing(chosen);
    const log = this.#states.logs.thing(facts.log);
    assert(facts.commit <= records.length, () => `${facts.self} believes slot ${facts.commit} chosen, it is not`);
    for (let at = 0; at < facts.commit; at++) {
      assert(log[at] === records[at], () => `${facts.self} has ${log[at]} in slot ${at + 1}, chosen is ${records[at]}`);
    }
    checkHolds(facts, facts.accepted, log, records, ballots);
    checkHolds(facts, facts.durableAccepted, this.#states.logs.thing(facts.durableLog), records, ballots);
  }

  /** Equal `accepted` means that one log is a prefix of the other. */
  #checkPair(a: Facts, b: Facts): void {
    const forms = [
      [a.accepted, a.log, b.accepted, b.log],
      [a.durableAccepted, a.durableLog, b.accepted, b.log],
      [a.accepted, a.log, b.durableAccepted, b.durableLog],
      [a.durableAccepted, a.durableLog, b.durableAccepted, b.durableLog],
    ] as const;
    for (const [ballot, log, otherBallot, otherLog] of forms) {
      if (log === otherLog || ballot.replica === 0 || !equalBallots(ballot, otherBallot)) continue;
      assert(this.#onePrefixOfOther(log, otherLog), () => `${a.self} and ${b.self} accepted ${formatBallot(ballot)} with logs that differ`);
    }
  }

  #onePrefixOfOther(a: number, b: number): boolean {
    const key = Math.min(a, b) * 2 ** 26 + Math.max(a, b);
    const known = this.#related.get(key);
    if (known !== undefined) return known;
    const [first, second] = [this.#states.logs.thing(a), this.#states.logs.thing(b)];
    const common = Math.min(first.length, second.length);
    const related = first.slice(0, common).join(' ') === second.slice(0, common).join(' ');
    this.#related.set(key, related);
    return related;
  }
}

/** Whoever accepted a ballot holds all that was chosen under lower ones, and nothing else in slots chosen under it. */
function checkHolds(facts: Facts, accepted: Ballot, log: readonly string[], records: readonly string[], ballots: readonly Ballot[]): void {
  for (const [at, ballot] of ballots.entries()) {
    const order = compareBallots(ballot, accepted);
    if (order > 0 || (order === 0 && at >= log.length)) continue;
    assert(log[at] === records[at], () => {
      return `${facts.self} accepted ${formatBallot(accepted)} with ${log[at]} in slot ${at + 1}, where ${records[at]} was chosen`;
    });
  }
}

/** A record was evaluated on the one before it. */
function checkPredecessor(record: string, before: string | undefined): void {
  const expected = before?.split('<')[0] ?? '';
  assert(record.split('<')[1] === expected, () => `${record} stands behind ${expected}`);
}

function hasAccepted({ durableAccepted, votes }: Facts, ballot: Ballot): boolean {
  return compareBallots(durableAccepted, ballot) >= 0 || votes.some((vote) => compareBallots(vote.ballot, ballot) >= 0);
}
