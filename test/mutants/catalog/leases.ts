import { type Mutant, seeds } from '../mutant.ts';

const REPLICA = 'shared/paxos/replica.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const GRANTS = 'shared/paxos/grants.ts';
const NODE_GROUPS = 'storage-node/groups/node-groups.ts';

/** Grants, leases, and what ends them. */
export const LEASES: readonly Mutant[] = [
  {
    name: 'lease-counted-from-receipt',
    mistake: 'The leader counts its lease from when the grant arrives, not from when it asked for it.',
    patches: [
      {
        file: REPLICA,
        old: 'if (granted) leadership.granted(follower, sentAtMs);',
        new: 'if (granted) leadership.granted(follower, nowMs);',
      },
    ],
    detectors: [seeds('leases', 40)],
  },
  {
    name: 'lease-margin-added',
    mistake: 'The margin is added to the lease instead of being taken off.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'return this.confirmedAtMs(nowMs) + leaseMs * (1 - 2 * clockDrift) - leaseMarginMs;',
        new: 'return this.confirmedAtMs(nowMs) + leaseMs * (1 - 2 * clockDrift) + leaseMarginMs;',
      },
    ],
    detectors: [seeds('leases', 40)],
  },
  {
    name: 'one-grant-is-enough',
    mistake: 'The leader believes in its lease without any answer: its own grant counts as a quorum.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'return reachedByQuorum(times, quorumSize(this.#configuration));',
        new: 'return reachedByQuorum(times, 1);',
      },
    ],
    detectors: [seeds('leases', 40)],
  },
  {
    name: 'grant-does-not-bind',
    mistake: 'A follower promises another ballot while its grant runs.',
    patches: [
      {
        file: REPLICA,
        old: "      if (!this.abstains && !this.#grants.allow(ballot, nowMs)) return this.#send(from, { kind: 'refusal', promised, refused: ballot });\n",
        new: '',
      },
    ],
    detectors: [seeds('leases', 40)],
  },
  {
    name: 'grant-after-promising-another',
    mistake: 'A follower grants a heartbeat of a ballot though it has promised a higher one.',
    patches: [
      {
        file: REPLICA,
        old: 'if (this.abstains || !equalBallots(ballot, this.#acceptor.promised) || ballot.replica === this.self) return false;',
        new: 'if (this.abstains || ballot.replica === this.self) return false;',
      },
    ],
    detectors: [seeds('leases', 40)],
  },
  {
    name: 'damaged-replica-grants',
    mistake: 'A replica that abstains grants leases.',
    patches: [
      {
        file: REPLICA,
        old: 'if (this.abstains || !equalBallots(ballot, this.#acceptor.promised)',
        new: 'if (!equalBallots(ballot, this.#acceptor.promised)',
      },
    ],
    detectors: [seeds('damage', 40)],
  },
  {
    name: 'restarted-voter-does-not-wait',
    mistake: 'A restarted replica promises at once, though its earlier life may have granted a lease.',
    patches: [
      {
        file: REPLICA,
        old: 'const bound = start.restarted && options.leases;',
        new: 'const bound = false;',
      },
    ],
    detectors: [seeds(undefined, 60)],
  },
  {
    name: 'any-release-frees',
    mistake: 'A release of one ballot also frees what was granted to another.',
    patches: [
      {
        file: GRANTS,
        old: 'if (equalBallots(ballot, this.#ballot)) this.#untilMs = Number.NEGATIVE_INFINITY;',
        new: 'this.#untilMs = Number.NEGATIVE_INFINITY;',
      },
    ],
    detectors: [seeds(undefined, 60)],
  },
  {
    name: 'leads-on-after-hand-over',
    mistake: 'A leader that has given its lease up goes on until it hears from its successor.',
    patches: [
      {
        file: REPLICA,
        old: "    this.#send(to, { kind: 'nominate', ballot, leaseGivenUp: true });\n    this.#becomeFollower(nowMs);",
        new: "    this.#send(to, { kind: 'nominate', ballot, leaseGivenUp: true });\n    leadership.handingOverTo = undefined;",
      },
    ],
    detectors: [seeds('handovers', 40)],
  },
  {
    name: 'clock-jump-unnoticed',
    mistake: 'Nothing happens when the wall clock has jumped against the monotonic one.',
    patches: [{ file: NODE_GROUPS, old: 'if (!jumped) return;', new: 'if (!jumped || this.clockJumps === 0) return;' }],
    detectors: [seeds('leases', 60)],
  },
  {
    name: 'grants-on-their-way-survive-a-jump',
    mistake: 'After a jump of the clocks answers to heartbeats of before still count.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'if (sentAtMs > this.#droppedAtMs) follower.heartbeatSentAtMs',
        new: 'follower.heartbeatSentAtMs',
      },
    ],
    detectors: [seeds('leases', 60)],
  },
  {
    name: 'read-index-by-any-heartbeat',
    mistake: 'A read without a lease is answered after any round of heartbeats, also one that was sent before it.',
    patches: [
      {
        file: 'storage-node/groups/read-gate.ts',
        old: 'this.#split((read) => read.readAtMs <= confirmedAtMs, ',
        new: 'this.#split((read) => confirmedAtMs > Number.NEGATIVE_INFINITY || read.readAtMs <= confirmedAtMs, ',
      },
    ],
    detectors: [seeds('leases', 60)],
  },
];
