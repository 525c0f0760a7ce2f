import { type Mutant, seeds, tests } from '../mutant.ts';

const FOLLOWING = 'shared/paxos/following.ts';
const ACCEPTOR = 'shared/paxos/acceptor.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const APPLIER = 'storage-node/groups/record-applier.ts';

/** Phase 2: bringing followers to the leader's log, what counts as chosen, catching up. */
export const CONSENSUS: readonly Mutant[] = [
  {
    name: 'chosen-by-one',
    mistake: 'A record is applied and answered when one replica has it.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'return Math.max(0, reachedByQuorum(slots, quorumSize(this.#configuration)));',
        new: 'return Math.max(0, reachedByQuorum(slots, 1));',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'leader-counts-itself-before-its-sync',
    mistake: 'The leader counts its own log as durable before its disk says so.',
    patches: [{ file: LEADERSHIP, old: 'const slots = [this.durableLast];', new: 'const slots = [this.#window.last];' }],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'follower-acknowledges-before-its-sync',
    mistake: 'A follower acknowledges records before its disk says that it has them.',
    patches: [
      {
        file: FOLLOWING,
        old: "    if (first + records.length - 1 <= last) this.#acceptor.hold(from, { kind: 'accepted', ballot, last });",
        new: "    this.#outbox.send(from, { kind: 'accepted', ballot, last: this.#acceptor.last });",
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'accept-without-sync',
    mistake: 'A follower takes Accepts though its log is not that of the ballot.',
    patches: [
      {
        file: FOLLOWING,
        old: 'if (!equalBallots(ballot, accepted) || first > last + 1) return;',
        new: 'if (first > last + 1) return;',
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'accepted-before-the-tail-is-complete',
    mistake: 'A Sync is taken in two parts, and `accepted` is set with the first one.',
    patches: [
      {
        file: FOLLOWING,
        old: '    this.#acceptor.adopt(ballot, message.from, message.records);',
        new: `    const half = equalBallots(ballot, accepted) ? message.records.length : message.records.length >> 1;
    this.#acceptor.adopt(ballot, message.from, message.records.slice(0, half));`,
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'follower-keeps-its-unchosen-tail',
    mistake: 'A leader takes a follower that accepted another ballot to agree with it as far as both logs go.',
    patches: [
      {
        file: LEADERSHIP,
        old: '    return promise.commit;\n  }',
        new: '    return Math.min(promise.last, this.adopted.last);\n  }',
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'commit-heard-without-the-log',
    mistake: "A follower believes the leader's commit slot though its own log is another one.",
    patches: [
      {
        file: FOLLOWING,
        old: 'if (equalBallots(ballot, this.#acceptor.accepted)) this.#acceptor.learnCommit(news.commit);',
        new: 'this.#acceptor.learnCommit(news.commit);',
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'learned-records-not-compared',
    mistake: 'A follower that learns chosen records keeps its own where it has some.',
    patches: [
      {
        file: ACCEPTOR,
        old: 'if (own !== undefined && equalBytes(own, record)) continue;\n      if (own !== undefined) this.#cutAbove(slot - 1);',
        new: 'if (own !== undefined) continue;',
      },
    ],
    detectors: [tests('services/shared/paxos/unchosen-tail.test.js')],
  },
  {
    name: 'applied-before-chosen',
    mistake: 'A replica applies whatever its log holds.',
    patches: [
      {
        file: APPLIER,
        old: 'while (this.#copy.state.applied < this.#paxos.commit) {',
        new: 'while (this.#copy.state.applied < this.#paxos.last) {',
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'cut-below-the-commit',
    mistake: 'A Sync that begins below what a follower knows as chosen cuts there.',
    patches: [{ file: ACCEPTOR, old: 'const skip = Math.max(0, this.#commit - from);', new: 'const skip = 0;' }],
    detectors: [tests('services/shared/paxos/acceptor-guards.test.js')],
  },
  {
    name: 'snapshot-lowers-the-promise',
    mistake: 'A snapshot brings the ballot under which it was made, though a greater one was promised.',
    patches: [
      {
        file: ACCEPTOR,
        old: 'for (const promised of [ballot, opening]) if (compareBallots(promised, this.#promised) > 0) this.promise(promised);',
        new: 'this.#promised = ballot;',
      },
    ],
    detectors: [tests('services/shared/paxos/acceptor-guards.test.js')],
  },
];
