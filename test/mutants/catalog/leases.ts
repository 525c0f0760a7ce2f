import { type Mutant, tests } from '../mutant.ts';

const REPLICA = 'shared/paxos/replica.ts';
const FOLLOWING = 'shared/paxos/following.ts';
const LEADING = 'shared/paxos/leading.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const GRANTS = 'shared/paxos/grants.ts';
const LEASE_TESTS = tests('services/shared/paxos/lease.test.js');

/** Grants, leases, and what ends them. */
export const LEASES: readonly Mutant[] = [
  {
    name: 'lease-counted-from-receipt',
    mistake: 'The leader counts its lease from when the grant arrives, not from when it asked for it.',
    patches: [
      {
        file: LEADING,
        old: 'if (answer.granted) leadership.granted(follower, answer.sentAtMs);',
        new: 'if (answer.granted) leadership.granted(follower, nowMs);',
      },
    ],
    detectors: [LEASE_TESTS],
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
    detectors: [LEASE_TESTS],
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
    detectors: [LEASE_TESTS],
  },
  {
    name: 'grant-does-not-bind',
    mistake: 'A follower promises another ballot while its grant runs.',
    patches: [
      {
        file: FOLLOWING,
        old: "      if (!abstains && !this.#grants.allow(ballot, nowMs)) return this.#outbox.send(from, { kind: 'refusal', promised, refused: ballot });\n",
        new: '',
      },
    ],
    detectors: [LEASE_TESTS],
  },
  {
    name: 'grant-after-promising-another',
    mistake: 'A follower grants a heartbeat of a ballot though it has promised a higher one.',
    patches: [
      {
        file: FOLLOWING,
        old: 'if (abstains || !equalBallots(ballot, promised) || ballot.replica === this.#membership.self) return false;',
        new: 'if (abstains || ballot.replica === this.#membership.self) return false;',
      },
    ],
    detectors: [LEASE_TESTS],
  },
  {
    name: 'damaged-replica-grants',
    mistake: 'A replica that abstains grants leases.',
    patches: [
      {
        file: FOLLOWING,
        old: 'if (abstains || !equalBallots(ballot, promised) || ballot.replica ===',
        new: 'if (!equalBallots(ballot, promised) || ballot.replica ===',
      },
    ],
    detectors: [LEASE_TESTS],
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
    detectors: [LEASE_TESTS],
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
    detectors: [LEASE_TESTS],
  },
  {
    name: 'leads-on-after-hand-over',
    mistake: 'A leader that has given its lease up goes on until it hears from its successor.',
    patches: [
      {
        file: LEADING,
        old: "    this.#outbox.send(to, { kind: 'nominate', ballot, leaseGivenUp: true });\n    this.#elections.becomeFollower(nowMs);",
        new: "    this.#outbox.send(to, { kind: 'nominate', ballot, leaseGivenUp: true });\n    leadership.handingOverTo = undefined;",
      },
    ],
    detectors: [LEASE_TESTS],
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
    detectors: [LEASE_TESTS],
  },
  {
    name: 'clock-rates-ignored',
    mistake: 'A leader that sees clocks run at another rate than its own goes on relying on its lease.',
    patches: [
      {
        file: 'storage-node/groups/group-reads.ts',
        old: 'this.#paxos.leaseValid(nowMs) && this.#host.clocksAgree(this.#ties.group)',
        new: 'this.#paxos.leaseValid(nowMs)',
      },
    ],
    detectors: [tests('test/sim/scenarios.test.js')],
  },
];
