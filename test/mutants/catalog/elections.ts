import { type Mutant, search, seeds, tests } from '../mutant.ts';

const CANDIDATE = 'shared/paxos/elections.ts';
const FOLLOWING = 'shared/paxos/following.ts';
const ACCEPTOR = 'shared/paxos/acceptor.ts';
const CANDIDACY = 'shared/paxos/candidacy.ts';
const BALLOT = 'shared/paxos/ballot.ts';

/** Phase 1: promises, ballots, and which log is adopted. */
export const ELECTIONS: readonly Mutant[] = [
  {
    name: 'promise-not-persisted',
    mistake: 'A promise for another replica causes no write: it reaches the disk with the next record.',
    patches: [
      { file: ACCEPTOR, old: '  promise(ballot: Ballot): void {', new: '  promise(ballot: Ballot, durably = true): void {' },
      {
        file: ACCEPTOR,
        old: '    this.#promised = ballot;\n    this.#gatherer.touch();',
        new: '    this.#promised = ballot;\n    if (durably) this.#gatherer.touch();',
      },
      {
        file: FOLLOWING,
        old: '      this.#elections.becomeFollower(nowMs);\n      this.#acceptor.promise(ballot);',
        new: '      this.#elections.becomeFollower(nowMs);\n      this.#acceptor.promise(ballot, false);',
      },
    ],
    detectors: [tests('test/exhaustive/exhaustive.test.js')],
  },
  {
    name: 'prepare-sent-before-own-promise',
    mistake: 'A candidate sends Prepare before its own promise is durable.',
    patches: [
      {
        file: CANDIDATE,
        old: 'this.#acceptor.hold(replica, this.prepare(ballot, rejoin));',
        new: 'this.#outbox.send(replica, this.prepare(ballot, rejoin));',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'ballot-reused-after-restart',
    mistake: 'A restarted leader stands under the ballot that it led before.',
    patches: [
      {
        file: CANDIDATE,
        old: 'const round = Math.max(this.#greatestRound, this.#acceptor.promised.round) + 1;',
        new: `const { promised } = this.#acceptor;
    const round = promised.replica === self && this.#greatestRound === promised.round ? promised.round : this.#greatestRound + 1;`,
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'ballots-of-two-replicas-equal',
    mistake: 'Ballots of the same round are equal, whoever made them.',
    patches: [
      {
        file: BALLOT,
        old: 'return a.round === b.round && a.replica === b.replica && a.configuration === b.configuration;',
        new: 'return a.round === b.round && a.configuration === b.configuration;',
      },
    ],
    detectors: [search('two-ballots', 100_000)],
  },
  {
    name: 'promise-for-lower-ballot',
    mistake: 'Prepare is promised though a higher ballot was promised already.',
    patches: [
      {
        file: FOLLOWING,
        old: "ballot.replica !== from || compareBallots(ballot, promised) < 0) {\n      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });\n    }\n    if (ballot.configuration >",
        new: "ballot.replica !== from) {\n      return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });\n    }\n    if (ballot.configuration >",
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'quorum-of-one-promise',
    mistake: 'A candidate adopts a log when it alone has promised.',
    patches: [
      {
        file: CANDIDATE,
        old: 'candidacy.promises.size >= quorumSize(this.#membership.configuration)',
        new: 'candidacy.promises.size >= 1',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'longest-log-adopted',
    mistake: 'The longest log is adopted, whatever ballot it was accepted under.',
    patches: [
      {
        file: CANDIDACY,
        old: 'const order = compareBallots(promise.accepted, best[1].accepted) || promise.last - best[1].last;',
        new: 'const order = promise.last - best[1].last;',
      },
    ],
    detectors: [search('snapshot-over-another-log', 100_000)],
  },
  {
    name: 'own-log-adopted',
    mistake: 'Of equal ballots not the longest log is adopted but the own one.',
    patches: [
      {
        file: CANDIDACY,
        old: 'const order = compareBallots(promise.accepted, best[1].accepted) || promise.last - best[1].last;',
        new: 'const order = compareBallots(promise.accepted, best[1].accepted);',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'log-adopted-slot-by-slot',
    mistake: 'Behind the end of the adopted log the candidate keeps its own records, as if each slot were chosen by itself.',
    patches: [
      {
        file: CANDIDATE,
        old: 'this.#acceptor.adopt(ballot, from, tail);',
        new: `const { window } = this.#acceptor;
    const behind = Math.max(window.first, from + tail.length + 1);
    this.#acceptor.adopt(ballot, from, [...tail, ...window.slice(behind, window.last, Number.POSITIVE_INFINITY)]);`,
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'own-tail-kept-on-adoption',
    mistake: 'A candidate fetches only what lies behind its own last slot, though its own log was accepted under a lower ballot.',
    patches: [
      {
        file: CANDIDACY,
        old: 'return compareBallots(own.accepted, other.accepted) === 0 ? own.last + 1 : own.commit + 1;',
        new: 'return Math.min(own.last, other.last) + 1;',
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'damaged-replica-votes',
    mistake: 'The promise of an abstaining replica counts.',
    patches: [
      {
        file: CANDIDATE,
        old: '    if (message.abstention === 0) {\n      candidacy.promises.set(from, message);',
        new: '    if (message.ballot.replica !== 0) {\n      candidacy.promises.set(from, message);',
      },
    ],
    detectors: [tests('test/exhaustive/exhaustive.test.js')],
  },
  {
    name: 'damaged-replica-starts-empty',
    mistake: 'A replica whose log was damaged goes on with what its tree holds, as if it had accepted nothing more.',
    patches: [
      {
        file: 'storage-node/groups/group-loader.ts',
        old: 'trimmed: applied, abstains: true };',
        new: 'trimmed: applied, abstains: false };',
      },
    ],
    detectors: [tests('services/storage-node/groups/group-recovery.test.js')],
  },
];
