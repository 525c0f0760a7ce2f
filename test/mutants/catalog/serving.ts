import { type Mutant, seeds, tests } from '../mutant.ts';

const LEADING = 'shared/paxos/leading.ts';
const READS = 'storage-node/groups/group-reads.ts';
const WRITES = 'storage-node/groups/group-writes.ts';
const RANGES = 'storage-node/groups/range-reader.ts';
const GATE = 'storage-node/groups/read-gate.ts';
const READINESS = 'storage-node/groups/readiness.ts';
const NODE = 'storage-node/groups/node-groups.ts';

/** What a leader evaluates and answers. */
export const SERVING: readonly Mutant[] = [
  {
    name: 'serves-before-the-adopted-log-is-applied',
    mistake: 'A new leader serves at once.',
    patches: [
      {
        file: LEADING,
        old: 'return this.#acceptor.applied >= leadership.adopted.last && leadership.prevails;',
        new: 'return leadership.prevails;',
      },
    ],
    detectors: [tests('services/shared/paxos/leading.test.js')],
  },
  {
    name: 'serves-before-its-ballot-prevails',
    mistake: 'A new leader that knows all of its log to be chosen serves before a quorum has accepted that log under its ballot.',
    patches: [
      {
        file: LEADING,
        old: 'return this.#acceptor.applied >= leadership.adopted.last && leadership.prevails;',
        new: 'return this.#acceptor.applied >= leadership.adopted.last;',
      },
    ],
    detectors: [tests('services/shared/paxos/leading.test.js')],
  },
  {
    name: 'strong-read-without-lease',
    mistake: 'A strong read is answered by whoever believes to lead.',
    patches: [
      {
        file: READS,
        old: 'if (consistent) this.confirm(deadlineMs, respond, result);',
        new: 'if (consistent) respond(result);',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'pending-image-ignored',
    mistake: 'A write is evaluated on the applied value though an earlier write of the key is under way.',
    patches: [
      {
        file: WRITES,
        old: 'const pending = this.#overlay.image(operation.key);',
        new: 'const pending = this.#overlay.image(new Uint8Array(0));',
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'overlay-kept-over-a-step-down',
    mistake: 'What was pending when leadership ended is still believed at the next one.',
    patches: [
      {
        file: WRITES,
        old: `drop(): void {
    this.#overlay.clear();`,
        new: 'drop(): void {',
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'answers-kept-over-a-step-down',
    mistake: 'Writes of an ended leadership are answered when their slots are applied, whatever these hold then.',
    patches: [
      {
        file: WRITES,
        old: `drop(): void {
    this.#overlay.clear();
    this.#answers.drop();`,
        new: `drop(): void {
    this.#overlay.clear();`,
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'answer-before-chosen',
    mistake: 'A write is answered as soon as it is proposed.',
    patches: [
      {
        file: WRITES,
        old: 'this.#answers.add(slot, respond, answer, false);',
        new: 'respond(answer);',
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'failed-condition-told-before-its-slot',
    mistake: 'A condition that failed on a pending image is told before that image is chosen.',
    patches: [
      {
        file: WRITES,
        old: 'else this.#answers.add(slot - 1, respond, outcome.answer, true);',
        new: 'else this.#reads.confirm(deadlineMs, respond, outcome.answer);',
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'failed-condition-without-lease',
    mistake: 'A condition that failed is told without a proof of leadership.',
    patches: [
      {
        file: WRITES,
        old: 'if (pending === undefined) this.#reads.confirm(deadlineMs, respond, outcome.answer);',
        new: 'if (pending === undefined) respond(outcome.answer);',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'eventual-read-cut-off-for-long',
    mistake: 'A follower answers eventually consistent reads however long it heard no leader.',
    patches: [
      {
        file: READS,
        old: 'if (!this.#paxos.abstains && this.#paxos.isMember && nowMs - this.#freshness.asOfMs(this.#copy.state.applied) < recentMs)',
        new: 'if (!this.#paxos.abstains && this.#paxos.isMember && nowMs < Number.POSITIVE_INFINITY)',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'eventual-read-after-hearing-the-leader',
    mistake: 'A follower that hears the leader counts as fresh, though it lacks what was chosen meanwhile.',
    patches: [
      {
        file: 'storage-node/groups/freshness.ts',
        old: 'if (applied >= commit) this.#asOfMs = nowMs;',
        new: 'if (applied >= 0) this.#asOfMs = nowMs;',
      },
    ],
    detectors: [tests('services/storage-node/groups/freshness.test.js')],
  },
  {
    name: 'range-read-without-lease',
    mistake: 'A strong Query or Scan is answered by whoever believes to lead.',
    patches: [
      {
        file: 'storage-node/groups/range-reader.ts',
        old: 'if (!operation.consistent) return this.#end(reading, answer);',
        new: 'if (operation.limit >= 0) return this.#end(reading, answer);',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'lease-checked-before-the-read',
    mistake: 'A strong read that waits for a page looks at the lease before it waits, not when it has read.',
    patches: [
      {
        file: READS,
        old: '      this.afterFetch(wait, deadlineMs, respond, () => this.read(key, consistent, deadlineMs, respond, answer));',
        new: `      const proved = this.#paxos.leaseValid(this.#host.environment.clock.monotonicMs());
      this.afterFetch(wait, deadlineMs, respond, () =>
        proved ? respond(answer(this.#copy.tree.get(key))) : this.read(key, consistent, deadlineMs, respond, answer),
      );`,
      },
    ],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'range-read-over-two-leaderships',
    mistake: 'A strong read of a range goes on though leadership changed between its slices.',
    patches: [
      {
        file: RANGES,
        old: 'if (group.stopped || (operation.consistent && group.paxos.leading !== reading.leading))',
        new: 'if (group.stopped)',
      },
    ],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'key-of-another-partition-taken',
    mistake: 'A replica carries out what belongs to another partition.',
    patches: [{ file: READS, old: "    if (!this.#copy.holds(key)) return { status: 'wrong-range' };\n", new: '' }],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'write-under-way-executed-twice',
    mistake: 'A repetition of a write is evaluated while the first copy is proposed and not applied.',
    patches: [
      {
        file: WRITES,
        old: '    const underWay = this.#overlay.slotOf(request);',
        new: '    const underWay = undefined as number | undefined;',
      },
    ],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'late-copy-runs-after-its-repetition',
    mistake: 'A copy of a write that waited for a page is evaluated though a later copy took its place.',
    patches: [
      {
        file: WRITES,
        old: '        if (this.#overlay.goesOn(request, waiting)) this.#write(',
        new: '        if (waiting !== undefined) this.#write(',
      },
    ],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'reads-proved-by-an-earlier-heartbeat',
    mistake: 'A read without a lease is answered by a heartbeat that was sent before it read.',
    patches: [{ file: GATE, old: 'this.#split((read) => read.readAtMs <= confirmedAtMs, ', new: 'this.#split(() => confirmedAtMs > 0, ' }],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'ready-by-what-was-known-once',
    mistake: 'A node is ready because it once knew a leader.',
    patches: [
      {
        file: READINESS,
        old: 'if (nowMs - ledAtMs > LEASES_WITHOUT_LEADER * leaseMs)',
        new: 'if (nowMs - ledAtMs > 1e9 * LEASES_WITHOUT_LEADER * leaseMs)',
      },
    ],
    detectors: [tests('services/storage-node/groups/readiness.test.js')],
  },
  {
    name: 'hung-disk-keeps-its-leases',
    mistake: 'A node whose log does not get to the disk goes on sending heartbeats.',
    patches: [
      { file: NODE, old: 'if (this.wal.syncAgeMs() > SYNC_STALL_MS) {', new: 'if (this.wal.syncAgeMs() > 1000 * SYNC_STALL_MS) {' },
    ],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'lease-relied-on-after-a-jump',
    mistake: 'A read relies on a lease without a look at whether the clocks have jumped.',
    patches: [{ file: READS, old: '    this.#host.watchClock();\n', new: '' }],
    detectors: [tests('services/storage-node/groups/leader-requests.test.js')],
  },
  {
    name: 'message-of-a-stranger-taken',
    mistake: 'A consensus message is taken from a node that does not hold the replica that it names.',
    patches: [
      { file: NODE, old: 'if (group.stopped || !group.hears(from, node)) return;', new: 'if (group.stopped || node.length < 0) return;' },
    ],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'ready-without-its-replicas',
    mistake: 'A node whose disk was replaced says that it is ready before it has its replicas again.',
    patches: [
      {
        file: 'storage-node/service.ts',
        old: 'const lost = missing.first(environment.clock.monotonicMs());',
        new: 'const lost = undefined as GroupId | undefined;',
      },
    ],
    detectors: [tests('test/sim/replaced-disks.test.js')],
  },
];
