import { type Mutant, seeds } from '../mutant.ts';

const REPLICA = 'shared/paxos/replica.ts';
const ACCEPTOR = 'shared/paxos/acceptor.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const GROUP = 'storage-node/groups/group.ts';

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
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'leader-counts-itself-before-its-sync',
    mistake: 'The leader counts its own log as durable before its disk says so.',
    patches: [{ file: LEADERSHIP, old: 'const slots = [this.durableLast];', new: 'const slots = [this.#window.last];' }],
    detectors: [seeds('storm', 60)],
  },
  {
    name: 'follower-acknowledges-before-its-sync',
    mistake: 'A follower acknowledges records before its disk says that it has them.',
    patches: [
      {
        file: REPLICA,
        old: "    if (first + records.length - 1 <= last) this.#acceptor.hold(from, { kind: 'accepted', ballot, last });",
        new: "    this.#send(from, { kind: 'accepted', ballot, last: this.#acceptor.last });",
      },
    ],
    detectors: [seeds('storm', 60)],
  },
  {
    name: 'old-acknowledgements-count',
    mistake: 'An acknowledgement of another ballot counts.',
    patches: [
      {
        file: REPLICA,
        old: `    if (leadership === undefined || !equalBallots(message.ballot, leadership.adopted.ballot)) return;
    if (leadership.onAccepted(`,
        new: `    if (leadership === undefined) return;
    if (leadership.onAccepted(`,
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'learned-log-acknowledged-to-old-leader',
    mistake: 'A follower that learned a newer log in the meantime acknowledges it to the leader of the older one.',
    patches: [
      {
        file: REPLICA,
        old: ' || !equalBallots(accepted, this.#acceptor.accepted) || !equalBallots(accepted, this.#acceptor.promised)) return;',
        new: ') return;',
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'accept-without-sync',
    mistake: 'A follower takes Accepts though its log is not that of the ballot.',
    patches: [
      {
        file: REPLICA,
        old: 'if (!equalBallots(ballot, accepted) || first > last + 1) return;',
        new: 'if (first > last + 1) return;',
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'accept-of-lower-ballot',
    mistake: 'Accepts of a ballot are taken after a higher one was promised.',
    patches: [
      {
        file: REPLICA,
        old: `    const { promised, accepted, last } = this.#acceptor;
    if (ballot.replica !== from || compareBallots(ballot, promised) < 0) {`,
        new: `    const { promised, accepted, last } = this.#acceptor;
    if (ballot.replica !== from) {`,
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'accepted-before-the-tail-is-complete',
    mistake: 'A Sync is taken in two parts, and `accepted` is set with the first one.',
    patches: [
      {
        file: REPLICA,
        old: '    this.#acceptor.adopt(ballot, message.from, message.records);',
        new: `    const half = equalBallots(ballot, accepted) ? message.records.length : message.records.length >> 1;
    this.#acceptor.adopt(ballot, message.from, message.records.slice(0, half));`,
      },
    ],
    detectors: [seeds('storm', 40)],
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
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'repeated-sync-cuts-again',
    mistake: 'A Sync that comes twice cuts what was accepted since the first time.',
    patches: [
      {
        file: REPLICA,
        old: 'if (equalBallots(ballot, accepted) && message.from + message.records.length <= this.#acceptor.last) {',
        new: 'if (equalBallots(ballot, accepted) && message.from + message.records.length === this.#acceptor.last) {',
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'cut-below-the-commit',
    mistake: 'Adopting a log cuts everything behind the common beginning, chosen or not.',
    patches: [{ file: ACCEPTOR, old: 'const skip = Math.max(0, this.#commit - from);', new: 'const skip = 0;' }],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'commit-heard-without-the-log',
    mistake: "A follower believes the leader's commit slot though its own log is another one.",
    patches: [
      {
        file: REPLICA,
        old: 'if (equalBallots(ballot, this.#acceptor.accepted)) this.#acceptor.learnCommit(news.commit);',
        new: 'this.#acceptor.learnCommit(news.commit);',
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'unchosen-records-taught',
    mistake: 'A follower that is far behind is taught records that are not chosen yet.',
    patches: [
      {
        file: 'storage-node/groups/catch-up.ts',
        old: 'const last = Math.min(commit, group.durableLast);',
        new: 'const last = Math.max(commit, group.paxos.last);',
      },
    ],
    detectors: [seeds('storm', 60)],
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
    detectors: [seeds('storm', 60)],
  },
  {
    name: 'learned-without-promise',
    mistake: 'A follower learns chosen records without promising the ballot that chose them: a staler leader can cut them.',
    patches: [
      {
        file: REPLICA,
        old: 'if (!equalBallots(ballot, promised) || first > last + 1) return;',
        new: 'if (first > last + 1) return;',
      },
      {
        file: ACCEPTOR,
        old: "    assert(first <= this.window.last + 1, 'learned records leave a hole');\n    this.promise(ballot);",
        new: "    assert(first <= this.window.last + 1, 'learned records leave a hole');",
      },
    ],
    detectors: [seeds('storm', 40)],
  },
  {
    name: 'snapshot-lowers-the-promise',
    mistake: 'A snapshot brings the ballot under which it was sent, whatever was promised since.',
    patches: [
      {
        file: ACCEPTOR,
        old: 'if (compareBallots(ballot, this.#promised) > 0) this.promise(ballot);',
        new: 'this.#promised = ballot;',
      },
    ],
    detectors: [seeds('storm', 60)],
  },
  {
    name: 'snapshot-drops-accepted-records',
    mistake: 'A snapshot takes the place of the whole log, of accepted records above it too.',
    patches: [
      {
        file: ACCEPTOR,
        old: '    if (this.window.last <= slot) {\n      this.#gatherer.restartAfter(slot);',
        new: '    if (this.window.last >= 0) {\n      this.#gatherer.restartAfter(slot);',
      },
    ],
    detectors: [seeds('storm', 60)],
  },
  {
    name: 'applied-before-chosen',
    mistake: 'A replica applies whatever its log holds.',
    patches: [
      { file: GROUP, old: 'while (this.#state.applied < this.paxos.commit) {', new: 'while (this.#state.applied < this.paxos.last) {' },
    ],
    detectors: [seeds('storm', 40)],
  },
];
