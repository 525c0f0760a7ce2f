import assert from 'node:assert/strict';
import { equalBytes } from '../base/bytes.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { Prng } from '../base/prng.ts';
import { type Ballot, compareBallots, formatBallot, openingBallot } from './ballot.ts';
import type { PaxosMessage } from './messages.ts';
import { DEFAULT_PAXOS_OPTIONS, type PaxosOptions, quorumSize } from './options.ts';
import { ALL, configurationAfter, FIRST, Host, isSwap, successor, swapRecord } from './random-host.fixture.ts';
import { PaxosReplica } from './replica.ts';

/** A tree, as the records that made it. */
interface Snapshot {
  readonly kind: 'snapshot';
  readonly ballot: Ballot;
  readonly applied: readonly Uint8Array[];
}

interface InFlight {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly message: PaxosMessage | Snapshot;
}

/**
 * Three replicas and a fourth that takes the place of one of them now and then, under one random schedule: loss, duplication,
 * reordering, crashes, slow disks, slow clocks, records that are applied late.
 */
export class RandomWorld {
  readonly random: Prng;
  readonly hosts = new Map<ReplicaId, Host>();
  readonly network: InFlight[] = [];
  readonly options: PaxosOptions;
  readonly chosen: Uint8Array[] = [];
  /** The configuration behind all that is chosen. */
  configuration = FIRST;
  nowMs = 1000;
  proposals = 0;
  elections = new Set<string>();
  lossy = true;
  /** How much was known to be chosen before the clock came to `nowMs`. */
  #chosenBefore = 0;

  constructor(seed: number) {
    this.random = new Prng(seed);
    this.options = {
      ...DEFAULT_PAXOS_OPTIONS,
      syncBytesMax: 40,
      windowBytesMax: 20,
      inFlightBytesMax: 24,
      messageBytesMax: 16,
      uncommittedBytesMax: 64,
    };
    for (const id of ALL) {
      this.hosts.set(id, new Host());
      this.start(id, false);
    }
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const dice = this.random.float();
      const id = this.random.pick(ALL);
      if (dice < 0.5) this.#deliver();
      else if (dice < 0.75) this.#finishWrite(id);
      else if (dice < 0.85) this.#propose();
      else if (dice < 0.99) this.#advance();
      else if (this.lossy && this.#host(id).replica === undefined) this.start(id, true);
      else if (this.lossy) this.#crash(id);
      this.#checkReads();
    }
  }

  /** Nothing is lost any more: the group must go on. */
  heal(): void {
    this.lossy = false;
    for (const id of ALL) if (this.#host(id).replica === undefined) this.start(id, true);
    this.run(4000);
    const before = this.chosen.length;
    this.#propose();
    this.#propose();
    this.run(2000);
    assert(this.chosen.length > before, 'no progress after healing');
    const commits = this.configuration.members.map((member) => this.#host(member).replica?.commit ?? 0);
    assert(Math.max(...commits) - Math.min(...commits) < 60, 'followers do not follow');
  }

  describe(): string {
    return [...this.hosts].map(([id, { replica }]) => `${id}: ${replica?.describe()}`).join('; ');
  }

  start(id: ReplicaId, restarted: boolean): void {
    const host = this.#host(id);
    host.lives += 1;
    const configuration = configurationAfter(host.applied);
    const opening = openingBallot(configuration.number);
    const isClosed = compareBallots(host.durable.accepted, opening) < 0;
    const applied = host.applied.length;
    if (host.durable.last < applied || (isClosed && host.durable.last > applied)) host.restartBehindTree(opening);
    const commit = Math.max(host.durable.commit, applied);
    const start = {
      self: id,
      configuration,
      options: this.options,
      durable: { ...host.durable, commit },
      records: host.records.slice(commit),
      restarted,
      abstention: host.lives,
    };
    host.replica = new PaxosReplica(start, this.nowMs);
    if (applied > host.replica.applied) host.replica.appliedUpTo(applied);
  }

  #host(id: ReplicaId): Host {
    const host = this.hosts.get(id);
    assert(host);
    return host;
  }

  #crash(id: ReplicaId): void {
    const host = this.#host(id);
    if (host.replica === undefined) return;
    const survive = this.random.below(host.underWay.length + 1);
    for (const persist of host.underWay.slice(0, survive)) host.write(persist);
    host.underWay = [];
    host.replica = undefined;
    // A checkpoint holds nothing that is not durable in the log, and is older than what was applied. A snapshot is durable at once.
    const floor = Math.max(host.installed, host.durable.trimmed);
    const applied = Math.max(floor, Math.min(host.applied.length, host.durable.last));
    host.applied.length = applied - this.random.below(Math.min(4, applied - floor) + 1);
    // Frames of a dead process's connections do not outlive them.
    for (let at = this.network.length - 1; at >= 0; at--) if (this.network[at]?.to === id) this.network.splice(at, 1);
  }

  #turn(id: ReplicaId): void {
    const host = this.#host(id);
    const replica = host.replica;
    if (replica === undefined) return;
    const { persist, messages, catchUps } = replica.ready(this.nowMs);
    if (persist !== undefined) host.underWay.push(persist);
    for (const { to, message } of messages) this.#post(id, to, message);
    for (const { replica: behind, ballot, position, bySnapshot } of catchUps) {
      if (bySnapshot || position < host.durable.trimmed) this.#sendSnapshot(id, behind, ballot);
      else this.#teach(id, behind, ballot, position);
    }
    // A page of the tree may have to be read before more can be applied.
    if (this.lossy && this.random.chance(0.1)) return;
    if (this.#apply(host, replica)) this.#turn(id);
  }

  #teach(id: ReplicaId, behind: ReplicaId, ballot: Ballot, position: Slot): void {
    const { records, durable, replica } = this.#host(id);
    const commit = replica?.commit ?? 0;
    const some = records.slice(position, Math.min(commit, position + 5));
    if (some.length === 0 || durable.last < position + some.length) return;
    this.#post(id, behind, { kind: 'learn', ballot, first: position + 1, records: some, commit });
  }

  #sendSnapshot(id: ReplicaId, behind: ReplicaId, ballot: Ballot): void {
    const { applied, durable } = this.#host(id);
    if (durable.last >= applied.length) this.#post(id, behind, { kind: 'snapshot', ballot, applied: [...applied] });
  }

  /** True: a configuration began, and there is more to do. */
  #apply(host: Host, replica: PaxosReplica): boolean {
    let entered = false;
    while (host.applied.length < replica.commit) {
      const slot = host.applied.length + 1;
      const record = replica.recordAt(slot) ?? host.records[slot - 1];
      assert(record, `record ${slot} is nowhere`);
      this.#choose(slot, record);
      host.applied.push(record);
      const next = successor(replica.configuration, record, slot);
      if (next === undefined) continue;
      replica.appliedUpTo(slot);
      replica.appliedSwap(next, this.nowMs);
      entered = true;
    }
    if (replica.commit > replica.applied) replica.appliedUpTo(host.applied.length);
    return entered;
  }

  #choose(slot: Slot, record: Uint8Array): void {
    const known = this.chosen[slot - 1];
    if (known !== undefined) {
      assert(equalBytes(known, record), `chosen slot ${slot} changed`);
      return;
    }
    assert.equal(this.chosen.length, slot - 1);
    const holders = this.configuration.members.filter((member) => {
      const { records, installed } = this.#host(member);
      const own = records[slot - 1];
      return installed >= slot || (own !== undefined && equalBytes(own, record));
    });
    assert(holders.length >= quorumSize(this.configuration), `slot ${slot} is applied, and only ${holders.join(' ')} have it`);
    this.chosen.push(record);
    this.configuration = successor(this.configuration, record, slot) ?? this.configuration;
  }

  #post(from: ReplicaId, to: ReplicaId, message: PaxosMessage | Snapshot): void {
    if (this.lossy && this.random.chance(0.08)) return;
    this.network.push({ from, to, message });
    if (this.lossy && this.random.chance(0.05)) this.network.push({ from, to, message });
  }

  #deliver(): void {
    if (this.network.length === 0) return;
    const at = this.lossy && this.random.chance(0.3) ? this.random.below(this.network.length) : 0;
    const [item] = this.network.splice(at, 1);
    assert(item);
    const { from, to, message } = item;
    if (message.kind === 'snapshot') this.#install(this.#host(to), message);
    else this.#host(to).replica?.step(from, message, this.nowMs);
    this.#turn(to);
  }

  #install(host: Host, { ballot, applied }: Snapshot): void {
    const { replica } = host;
    if (replica === undefined || applied.length <= host.applied.length) return;
    for (const [at, record] of host.applied.entries())
      assert(equalBytes(record, applied[at] ?? new Uint8Array(0)), `slot ${at + 1} differs`);
    host.applied = [...applied];
    host.installed = applied.length;
    replica.installedSnapshot(applied.length, ballot, configurationAfter(applied), this.nowMs);
  }

  #finishWrite(id: ReplicaId): void {
    const host = this.#host(id);
    const persist = host.underWay.shift();
    if (persist === undefined) return;
    host.write(persist);
    host.replica?.persisted(persist.token, this.nowMs);
    this.#turn(id);
  }

  #heartbeats(): void {
    for (const [id, host] of this.hosts) {
      const news = host.replica?.heartbeat(this.nowMs);
      if (news === undefined) continue;
      for (const peer of ALL) {
        if (peer === id || (this.lossy && this.random.chance(0.2))) continue;
        const granted = this.#host(peer).replica?.onHeartbeat(news, this.nowMs);
        this.#turn(peer);
        if (granted === undefined || (this.lossy && this.random.chance(0.2))) continue;
        host.replica?.onHeartbeatAnswer(peer, news.ballot, this.nowMs, granted, this.nowMs);
      }
      this.#turn(id);
    }
  }

  #propose(): void {
    for (const [id, { replica }] of this.hosts) {
      if (replica === undefined || !replica.serves || replica.full || this.random.chance(0.5)) continue;
      const record = Buffer.from(`${++this.proposals}`);
      if (replica.closing) {
        assert.throws(() => replica.propose(record), /behind a Swap/);
        continue;
      }
      this.elections.add(formatBallot(replica.promised));
      if (this.lossy && this.random.chance(0.35)) this.#changeMembers(replica);
      else replica.propose(record);
      this.#turn(id);
    }
  }

  /** The one that is no member is brought near, is so no longer, or takes a member's place, near or not. */
  #changeMembers(replica: PaxosReplica): void {
    const { number, members, logReplicas } = replica.configuration;
    const into = ALL.find((id) => !members.includes(id));
    assert(into !== undefined);
    const dice = this.random.float();
    if (dice < 0.3) return replica.addLearner(into, this.nowMs);
    if (dice < 0.4) return replica.removeLearner(into);
    const out = this.random.pick(members.filter((member) => member !== replica.self));
    const next = { number: number + 1, members: members.map((member) => (member === out ? into : member)), logReplicas };
    replica.proposeSwap(swapRecord(out, into, this.proposals), next);
  }

  #checkReads(): void {
    let holders = 0;
    for (const { replica } of this.hosts.values()) {
      if (replica === undefined) continue;
      checkTail(replica);
      if (replica.leading === undefined) continue;
      if (replica.leaseValid(this.nowMs)) {
        holders += 1;
        if (replica.serves) assert(replica.commit >= this.chosen.length, 'a lease holder misses a chosen slot');
      }
      if (replica.serves && replica.confirmedAtMs(this.nowMs) === this.nowMs) {
        assert(replica.commit >= this.#chosenBefore, 'a leader that is confirmed just now misses a slot that was chosen before');
      }
    }
    assert(holders <= 1, 'two valid leases');
  }

  #advance(): void {
    const passedMs = this.random.below(60);
    if (passedMs > 0) this.#chosenBefore = this.chosen.length;
    this.nowMs += passedMs;
    for (const [id, host] of this.hosts) {
      host.replica?.tick(this.nowMs);
      this.#turn(id);
    }
    if (this.random.chance(0.3)) this.#heartbeats();
  }
}

/** Nothing stands behind a Swap that is not known to be chosen. */
function checkTail(replica: PaxosReplica): void {
  for (let slot = replica.commit + 1; slot < replica.last; slot++) {
    const record = replica.recordAt(slot);
    assert(record !== undefined && !isSwap(record), `slot ${slot + 1} stands behind an unchosen Swap`);
  }
}
