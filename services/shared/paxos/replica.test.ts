import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '../base/prng.ts';
import type { ReplicaId, Slot } from '../base/ids.ts';
import { equalBytes } from '../base/bytes.ts';
import type { Persist } from './acceptor.ts';
import { compareBallots, formatBallot, ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import type { PaxosMessage } from './messages.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration, type PaxosOptions } from './options.ts';
import { PaxosReplica } from './replica.ts';

/** A replica with its disk: what is synced survives a crash, what is under way may or may not. */
class Host {
  durable: DurableState = {
    promised: ZERO_BALLOT,
    accepted: ZERO_BALLOT,
    last: 0,
    commit: 0,
    trimmed: 0,
    abstains: false,
  };
  /** records[k] is slot k + 1. */
  records: Uint8Array[] = [];
  underWay: Persist[] = [];
  applied: Uint8Array[] = [];
  replica: PaxosReplica | undefined;
  lives = 0;

  write({ change }: Persist): void {
    if (change.restartAfter !== undefined) {
      this.records = this.records.slice(0, change.restartAfter);
      while (this.records.length < change.restartAfter) this.records.push(new Uint8Array(0));
    }
    if (change.cutAbove !== undefined) this.records.length = Math.min(this.records.length, change.cutAbove);
    if (change.first !== undefined) assert.equal(change.first, this.records.length + 1, 'hole in the log');
    this.records.push(...change.records);
    this.durable = change.header;
    assert.equal(this.records.length, change.header.last);
  }
}

interface InFlight {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly message: PaxosMessage;
}

/** Three replicas under one random schedule: loss, duplication, reordering, crashes, slow disks, slow clocks. */
class World {
  readonly random: Prng;
  readonly hosts = new Map<ReplicaId, Host>();
  readonly network: InFlight[] = [];
  readonly members: readonly ReplicaId[] = [1, 2, 3];
  readonly options: PaxosOptions;
  readonly chosen: Uint8Array[] = [];
  nowMs = 1000;
  proposals = 0;
  acknowledged = 0;
  elections = new Set<string>();
  lossy = true;

  constructor(seed: number) {
    this.random = new Prng(seed);
    this.options = { ...DEFAULT_PAXOS_OPTIONS, syncBytesMax: 40, windowBytesMax: 30, inFlightBytesMax: 24, uncommittedBytesMax: 64 };
    for (const member of this.members) {
      const host = new Host();
      this.hosts.set(member, host);
      this.start(member, false);
    }
  }

  host(id: ReplicaId): Host {
    const host = this.hosts.get(id);
    assert(host);
    return host;
  }

  start(id: ReplicaId, restarted: boolean): void {
    const host = this.host(id);
    host.lives += 1;
    const commit = Math.max(host.durable.commit, host.applied.length);
    const durable = { ...host.durable, commit };
    const start = {
      self: id,
      configuration: firstConfiguration(this.members),
      options: this.options,
      durable,
      records: host.records.slice(commit),
      restarted,
      abstention: host.lives,
    };
    host.replica = new PaxosReplica(start, this.nowMs);
    if (host.applied.length > 0) host.replica.appliedUpTo(Math.max(host.applied.length, durable.trimmed));
  }

  crash(id: ReplicaId): void {
    const host = this.host(id);
    if (host.replica === undefined) return;
    const survive = this.random.below(host.underWay.length + 1);
    for (const persist of host.underWay.slice(0, survive)) host.write(persist);
    host.underWay = [];
    host.replica = undefined;
    // A checkpoint holds nothing that is not durable in the log, and is older than what was applied.
    host.applied.length = Math.min(host.applied.length, host.durable.last);
    host.applied.length -= this.random.below(Math.min(4, host.applied.length - host.durable.trimmed) + 1);
    // Frames of a dead process's connections do not outlive them.
    for (let at = this.network.length - 1; at >= 0; at--) if (this.network[at]?.to === id) this.network.splice(at, 1);
  }

  turn(id: ReplicaId): void {
    const host = this.host(id);
    const replica = host.replica;
    if (replica === undefined) return;
    const { persist, messages, catchUps } = replica.ready(this.nowMs);
    if (persist !== undefined) host.underWay.push(persist);
    for (const { to, message } of messages) this.post(id, to, message);
    for (const { replica: behind, ballot, position } of catchUps) {
      const records = host.records.slice(position, Math.min(replica.commit, position + 5));
      if (records.length === 0 || host.durable.last < position + records.length) continue;
      this.post(id, behind, { kind: 'learn', ballot, first: position + 1, records, commit: replica.commit });
    }
    this.apply(host, replica);
  }

  apply(host: Host, replica: PaxosReplica): void {
    while (host.applied.length < replica.commit) {
      const slot = host.applied.length + 1;
      const record = replica.recordAt(slot) ?? host.records[slot - 1];
      assert(record, `record ${slot} is nowhere`);
      this.choose(slot, record);
      host.applied.push(record);
    }
    if (replica.commit > replica.applied) replica.appliedUpTo(host.applied.length);
  }

  choose(slot: Slot, record: Uint8Array): void {
    const known = this.chosen[slot - 1];
    if (known !== undefined) {
      assert(equalBytes(known, record), `chosen slot ${slot} changed`);
      return;
    }
    assert.equal(this.chosen.length, slot - 1);
    this.chosen.push(record);
  }

  post(from: ReplicaId, to: ReplicaId, message: PaxosMessage): void {
    if (this.lossy && this.random.chance(0.08)) return;
    this.network.push({ from, to, message });
    if (this.lossy && this.random.chance(0.05)) this.network.push({ from, to, message });
  }

  deliver(): void {
    if (this.network.length === 0) return;
    const at = this.lossy && this.random.chance(0.3) ? this.random.below(this.network.length) : 0;
    const [item] = this.network.splice(at, 1);
    assert(item);
    this.host(item.to).replica?.step(item.from, item.message, this.nowMs);
    this.turn(item.to);
  }

  finishWrite(id: ReplicaId): void {
    const host = this.host(id);
    const persist = host.underWay.shift();
    if (persist === undefined) return;
    host.write(persist);
    host.replica?.persisted(persist.token, this.nowMs);
    this.turn(id);
  }

  heartbeats(): void {
    for (const [id, host] of this.hosts) {
      const news = host.replica?.heartbeat(this.nowMs);
      if (news === undefined) continue;
      for (const peer of this.members) {
        if (peer === id || (this.lossy && this.random.chance(0.2))) continue;
        const granted = this.host(peer).replica?.onHeartbeat(news, this.nowMs);
        this.turn(peer);
        if (granted === undefined || (this.lossy && this.random.chance(0.2))) continue;
        host.replica?.onHeartbeatAnswer(peer, news.ballot, this.nowMs, granted, this.nowMs);
      }
      this.turn(id);
    }
  }

  propose(): void {
    for (const [id, host] of this.hosts) {
      const { replica } = host;
      if (replica === undefined || !replica.serves || replica.full || this.random.chance(0.5)) continue;
      this.elections.add(formatBallot(replica.promised));
      replica.propose(Buffer.from(`${++this.proposals}`));
      this.turn(id);
    }
  }

  checkLeases(): void {
    const holders = [...this.hosts.values()].filter(({ replica }) => replica?.leaseValid(this.nowMs));
    assert(holders.length <= 1, 'two valid leases');
    for (const { replica } of holders) {
      assert(replica);
      if (replica.serves) assert(replica.applied + 0 >= 0 && replica.commit >= this.chosen.length, 'a lease holder misses a chosen slot');
    }
  }

  advance(): void {
    this.nowMs += this.random.below(60);
    for (const [id, host] of this.hosts) {
      host.replica?.tick(this.nowMs);
      this.turn(id);
    }
    if (this.random.chance(0.3)) this.heartbeats();
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const dice = this.random.float();
      const id = this.random.pick(this.members);
      if (dice < 0.5) this.deliver();
      else if (dice < 0.75) this.finishWrite(id);
      else if (dice < 0.85) this.propose();
      else if (dice < 0.99) this.advance();
      else if (this.lossy && this.host(id).replica === undefined) this.start(id, true);
      else if (this.lossy) this.crash(id);
      this.checkLeases();
    }
  }

  heal(): void {
    this.lossy = false;
    for (const id of this.members) if (this.host(id).replica === undefined) this.start(id, true);
    this.run(6000);
    const before = this.chosen.length;
    this.propose();
    this.propose();
    this.run(6000);
    assert(this.chosen.length > before, `no progress after healing: ${this.describe()}`);
    const logs = [...this.hosts.values()].map(({ replica }) => replica?.commit ?? 0);
    assert(Math.max(...logs) - Math.min(...logs) < 60, `followers do not follow: ${this.describe()}`);
  }

  describe(): string {
    return [...this.hosts].map(([id, { replica }]) => `${id}: ${replica?.describe()}`).join('; ');
  }
}

describe('three replicas under random schedules', () => {
  test('never lose or change a chosen slot, never hold two leases, and go on after healing', () => {
    let chosen = 0;
    let ballots = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const world = new World(seed);
      try {
        world.run(3000);
        world.heal();
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)} (${world.describe()})`, { cause: error });
      }
      chosen += world.chosen.length;
      ballots += world.elections.size;
    }
    assert(chosen > 10_000 && ballots > 200, `too little happened: ${chosen} chosen, ${ballots} ballots`);
    assert(compareBallots(ZERO_BALLOT, ZERO_BALLOT) === 0);
  });
});
