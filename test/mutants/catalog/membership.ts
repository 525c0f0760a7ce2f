import { type Mutant, search, tests } from '../mutant.ts';

const CANDIDATE = 'shared/paxos/elections.ts';
const FOLLOWING = 'shared/paxos/following.ts';
const LEADING = 'shared/paxos/leading.ts';
const MEMBERS = 'shared/paxos/membership.ts';
const ACCEPTOR = 'shared/paxos/acceptor.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const GROUP = 'storage-node/groups/group.ts';
const LOADER = 'storage-node/groups/group-loader.ts';
const WRITES = 'storage-node/groups/group-writes.ts';

/** Swaps: how one configuration ends, how the next begins, and who is who meanwhile. */
export const MEMBERSHIP: readonly Mutant[] = [
  {
    name: 'promises-kept-past-a-swap',
    mistake: 'Who applied a Swap still promises and accepts in the configuration that it ended.',
    patches: [
      {
        file: ACCEPTOR,
        old: "    assert(slot <= this.#commit, 'a configuration closes with a chosen record');\n",
        new: '    if (slot <= this.#commit) return;\n',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'lease-goes-on-behind-a-swap',
    mistake: 'The leader that proposed a Swap still answers under its lease.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'if (!this.#options.leases || this.closingAt !== undefined) return',
        new: 'if (!this.#options.leases) return',
      },
    ],
    detectors: [search('swap-applied-late', 6_000)],
  },
  {
    name: 'read-index-goes-on-behind-a-swap',
    mistake: 'The leader confirms its leadership by heartbeats when its Swap is chosen and not applied.',
    patches: [
      {
        file: LEADING,
        old: '    if (leadership.closingAt !== undefined && this.#acceptor.commit >= leadership.closingAt) return Number.NEGATIVE_INFINITY;\n',
        new: '',
      },
    ],
    detectors: [search('swap-applied-late', 30_000)],
  },
  {
    name: 'old-grants-bind-in-the-next-configuration',
    mistake: 'A grant of the old configuration keeps its giver from promising in the new one.',
    patches: [
      {
        file: 'shared/paxos/grants.ts',
        old: 'return configuration > this.#ballot.configuration ? Number.NEGATIVE_INFINITY : this.#untilMs;',
        new: 'return configuration === 0 ? Number.NEGATIVE_INFINITY : this.#untilMs;',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'proposed-behind-a-swap',
    mistake: 'The leader takes writes while its Swap is not applied yet.',
    patches: [
      { file: LEADING, old: "assert(this.serves && !this.closing, 'proposed", new: "assert(this.serves, 'proposed" },
      {
        file: WRITES,
        old: "    if (this.#paxos.closing) return respond({ status: 'not-ready', message: 'the members of the partition change just now' });\n",
        new: '',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'learner-acknowledges-for-the-quorum',
    mistake: 'What a learner has counts for the quorum.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'if (this.votes(replica)) slots.push(acknowledged);',
        new: 'if (replica > 0) slots.push(acknowledged);',
      },
    ],
    detectors: [tests('services/shared/paxos')],
  },
  {
    name: 'learner-grants-for-the-quorum',
    mistake: 'A grant of a learner counts for the lease, and for the confirmation of leadership.',
    patches: [
      {
        file: LEADERSHIP,
        old: 'if (this.votes(replica)) times.push(heartbeatSentAtMs);',
        new: 'if (replica > 0) times.push(heartbeatSentAtMs);',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'stranger-promises-for-the-quorum',
    mistake: 'The promise of a learner or of a former member counts for a candidate.',
    patches: [
      {
        file: CANDIDATE,
        old: '!equalBallots(message.ballot, candidacy.ballot)) return;\n    if (!this.#membership.includes(from)) return;\n',
        new: '!equalBallots(message.ballot, candidacy.ballot)) return;\n',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'configurations-not-compared',
    mistake: 'Ballots are compared by their rounds, whatever configuration they are of.',
    patches: [
      {
        file: 'shared/paxos/ballot.ts',
        old: 'return a.configuration - b.configuration || a.round - b.round || a.replica - b.replica;',
        new: 'return a.round - b.round || a.replica - b.replica;',
      },
    ],
    detectors: [search('chosen-after-swap', 6_000)],
  },
  {
    name: 'proposer-leads-on-without-prepare',
    mistake: 'The proposer of a Swap leads the next configuration as soon as its own promise is durable.',
    patches: [
      {
        file: CANDIDATE,
        old: 'candidacy.promises.size >= quorumSize(this.#membership.configuration)) {',
        new: 'candidacy.promises.size >= (this.#membership.configuration.since > 0 && this.#acceptor.last === this.#membership.configuration.since ? 1 : quorumSize(this.#membership.configuration))) {',
      },
    ],
    detectors: [search('chosen-after-swap', 6_000)],
  },
  {
    name: 'promised-before-the-swap-is-applied',
    mistake: 'A replica promises in a configuration of whose Swap it knows nothing.',
    patches: [
      {
        file: FOLLOWING,
        old: 'if (ballot.configuration > this.#membership.configuration.number) return this.#membership.postpone(message);',
        new: 'if (ballot.configuration > this.#membership.configuration.number) this.#membership.postpone(message);',
      },
    ],
    detectors: [tests('test/golden')],
  },
  {
    name: 'end-learned-behind-a-hole',
    mistake: 'A replica takes the end of a configuration for all of it, though it lacks what stands before.',
    patches: [
      {
        file: FOLLOWING,
        old: '    if (first > this.#acceptor.commit + 1) return this.#membership.askToLearn(from, ballot.configuration);\n',
        new: '',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'end-taught-in-parts',
    mistake: 'The end of a configuration is taught record by record, and the first of them forbids its ballots.',
    patches: [
      {
        file: MEMBERS,
        old: '      const records = window.slice(position + 1, since, Number.POSITIVE_INFINITY);\n',
        new: '      const records = window.slice(position + 1, since, 1);\n',
      },
      {
        file: MEMBERS,
        old: 'first: position + 1, records, commit: since });\n    } else',
        new: 'first: position + 1, records, commit: position + records.length });\n    } else',
      },
    ],
    detectors: [tests('test/golden')],
  },
  {
    name: 'old-tail-kept-behind-a-snapshot',
    mistake: 'A snapshot of a later configuration leaves what was accepted in an earlier one and stands behind it.',
    patches: [
      {
        file: ACCEPTOR,
        old: 'if (this.window.last <= slot || closes) {',
        new: 'if (this.window.last <= slot) {',
      },
    ],
    detectors: [search('swap-snapshot-over-another-log', 200_000)],
  },
  {
    name: 'old-tail-found-behind-a-snapshot',
    mistake: 'A restarted replica keeps what was accepted in an earlier configuration than its tree is of, and stands behind it.',
    patches: [
      {
        file: 'storage-node/groups/group-loader.ts',
        old: 'const isClosed = applied >= identity.since && compareBallots(header.accepted, opening) < 0 && header.last > applied;',
        new: 'const isClosed = applied >= identity.since && compareBallots(header.accepted, opening) < 0 && header.last < 0;',
      },
    ],
    detectors: [tests('services/storage-node/groups/group-recovery.test.js')],
  },
  {
    name: 'snapshot-without-members',
    mistake: 'Who installs a snapshot takes the items and the state from it, and not the members.',
    patches: [
      {
        file: 'storage-node/groups/snapshot-receiver.ts',
        old: 'if (sender.configuration < identity.configuration) return identity;',
        new: 'if (sender.configuration > 0) return identity;',
      },
    ],
    detectors: [tests('services/storage-node/groups/snapshot-receiver.test.js')],
  },
  {
    name: 'snapshot-brings-former-members',
    mistake: 'A snapshot of an earlier configuration than the replica knows of brings the members of then.',
    patches: [
      {
        file: 'storage-node/groups/snapshot-receiver.ts',
        old: '  if (sender.configuration < identity.configuration) return identity;\n',
        new: '',
      },
    ],
    detectors: [tests('services/storage-node/groups/snapshot-receiver.test.js')],
  },
  {
    name: 'swaps-not-followed-without-a-tree',
    mistake: 'A replica that lost its tree does not notice that the members change.',
    patches: [
      {
        file: 'storage-node/groups/swap-follower.ts',
        old: "      if (record.type === 'swap') this.#enter(decodeSwap(record.payload, slot));\n",
        new: '',
      },
    ],
    detectors: [tests('services/storage-node/groups/group-membership.test.js')],
  },
  {
    name: 'chosen-swap-not-durable-with-the-promise',
    mistake: 'The first promise of a configuration is durable before it is that its Swap is chosen.',
    patches: [
      {
        file: ACCEPTOR,
        old: '  takeChange(): Persist | undefined {\n    if (!this.#gatherer.changed) return undefined;\n',
        new: '  takeChange(): Persist | undefined {\n    if (!this.#gatherer.changed) return undefined;\n    const known = this.#writtenCommit;\n    this.#writtenCommit = this.#commit;\n',
      },
      { file: ACCEPTOR, old: '  #tokens = 0;\n', new: '  #tokens = 0;\n  #writtenCommit: Slot = 0;\n' },
      {
        file: ACCEPTOR,
        old: '    this.#commit = durable.commit;\n',
        new: '    this.#commit = durable.commit;\n    this.#writtenCommit = durable.commit;\n',
      },
      {
        file: ACCEPTOR,
        old: '      last,\n      commit: this.#commit,\n      trimmed: this.#trimmed,\n      abstains',
        new: '      last,\n      commit: Math.max(known, this.#trimmed),\n      trimmed: this.#trimmed,\n      abstains',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'log-replica-stands',
    mistake: 'A member that keeps the log alone stands for election.',
    patches: [
      {
        file: CANDIDATE,
        old: 'if (!this.#membership.includes(self) || configuration.logReplicas.includes(self)) return false;',
        new: 'if (!this.#membership.includes(self)) return false;',
      },
    ],
    detectors: [tests('services/shared/paxos/membership.test.js')],
  },
  {
    name: 'learner-created-for-an-earlier-life',
    mistake: 'A node creates the learner that was meant for its earlier life.',
    patches: [
      {
        file: 'storage-node/handlers/create-replica.ts',
        old: "    if (request.incarnation !== incarnation) throw new AdminCallError('other-life', 'the node was started anew meanwhile');\n",
        new: '',
      },
    ],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'lost-seed-forms-the-cluster-again',
    mistake: 'A seed that lost its disk takes its old replica of the catalog anew when the cluster is formed once more.',
    patches: [{ file: 'storage-node/service.ts', old: '    if (this.#joined) return;\n', new: '' }],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'restarted-seed-asks-nobody',
    mistake: 'A seed without a replica of the catalog, started anew, takes its old one when the cluster is formed once more.',
    patches: [{ file: 'storage-node/service.ts', old: ' && (await this.#hasLostCatalog(this.#node, request))', new: ' && false' }],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'log-taken-for-the-members',
    mistake: "A node whose tree is lost takes a log for that of the member on this node, though it is another replica's.",
    patches: [
      {
        file: 'storage-node/groups/replica-rebuilder.ts',
        old: 'const replica = this.#parts.logOwner(message.group) || own?.replica;',
        new: 'const replica = own?.replica ?? this.#parts.logOwner(message.group);',
      },
    ],
    detectors: [tests('services/storage-node/groups/replica-rebuilder.test.js')],
  },
  {
    name: 'learner-rebuilt-among-strangers',
    mistake: 'A learner that lost its tree is told who the members are and does not believe it, though its log holds all that came before.',
    patches: [
      {
        file: 'storage-node/groups/replica-rebuilder.ts',
        old: 'this.#rebuild({ ...identity, replica });',
        new: 'this.#rebuild({ ...identity, replica, ...(replica === own?.replica ? {} : { configuration: 0, members: [] }) });',
      },
    ],
    detectors: [tests('services/storage-node/groups/replica-rebuilder.test.js')],
  },
  {
    name: 'creation-cut-off-holds-the-place',
    mistake: 'The log that a cut-off creation of a log replica left is taken for one that may have promised something.',
    patches: [{ file: LOADER, old: 'header.last > (header.abstains ? 0 : header.trimmed)', new: 'header.last > 0' }],
    detectors: [tests('services/storage-node/groups/replica-rebuilder.test.js')],
  },
  {
    name: 'promise-without-records-is-no-use',
    mistake: 'A log without a tree that holds a promise and no record is taken for a creation that was cut off.',
    patches: [{ file: LOADER, old: 'damage !== undefined || !equalBallots(header.promised, ZERO_BALLOT)', new: 'damage !== undefined' }],
    detectors: [tests('services/storage-node/groups/replica-rebuilder.test.js')],
  },
  {
    name: 'former-member-not-told',
    mistake: 'Who applies a Swap forgets at once where the replica is that leaves.',
    patches: [{ file: GROUP, old: '    for (const { replica, node } of this.identity.members) this.meet(replica, node);\n', new: '' }],
    detectors: [tests('services/storage-node/groups/group-membership.test.js')],
  },
  {
    name: 'stranger-not-answered',
    mistake: 'Where a message of a replica came from that is no member is not remembered.',
    patches: [
      { file: 'storage-node/groups/group-copy.ts', old: '    this.meet(replica, node);\n    return true;\n', new: '    return true;\n' },
    ],
    detectors: [tests('services/storage-node/groups/group-membership.test.js')],
  },
  {
    name: 'half-destroyed-replica-votes',
    mistake: 'A replica whose log was emptied to destroy it votes when the process ends before its tree is gone.',
    patches: [{ file: 'storage-node/handlers/delete-replica.ts', old: 'trimmed: 0, abstains: true', new: 'trimmed: 0, abstains: false' }],
    detectors: [tests('services/storage-node/groups/members-and-damage.test.js')],
  },
];
