import { assert, must } from '../../services/shared/base/assert.ts';
import { equalBytes } from '../../services/shared/base/bytes.ts';
import type { ReplicaId, Slot } from '../../services/shared/base/ids.ts';
import type { Persist } from '../../services/shared/paxos/acceptor.ts';
import { type Ballot, compareBallots, greaterBallot, openingBallot, ZERO_BALLOT } from '../../services/shared/paxos/ballot.ts';
import type { DurableState } from '../../services/shared/paxos/durable-state.ts';
import type { Configuration, PaxosOptions } from '../../services/shared/paxos/options.ts';
import type { PaxosReplica } from '../../services/shared/paxos/replica.ts';
import type { Message, Outgoing, Snapshot } from './messages.ts';
import type { OpenCore } from './open-core.ts';
import { configurationAfter, successor, textOf, textsOf } from './swaps.ts';

/** What survives a crash: the WAL above `trimmed`, and the tree of the last checkpoint as the records that made it. */
export interface Disk {
  header: DurableState;
  /** wal[k] is slot header.trimmed + 1 + k. */
  wal: Uint8Array[];
  tree: Uint8Array[];
}

/** The ballot under which a replica had accepted up to `last` at some time, durably: a vote that stays cast. */
export interface Vote {
  readonly ballot: Ballot;
  readonly last: Slot;
}

/** A replica, its disk, and what the search remembers of it. All of it is copied with the state. */
export interface Machine {
  replica: PaxosReplica;
  readonly disk: Disk;
  /** Written and not yet synced. */
  underWay: Persist[];
  /** The records that are applied: all that the tree in memory is made of. */
  tree: Uint8Array[];
  lives: number;
  /** Writes that were put off so far. */
  delays: number;
  checkpoints: number;
  damages: number;
  /** Ballots that it stood with. */
  candidacies: number;
  /** The greatest ballot of its own. */
  own: Ballot;
  /** The greatest vote for each ballot. */
  votes: Vote[];
}

export interface Surroundings {
  readonly core: OpenCore;
  /** With which the group was created. */
  readonly configuration: Configuration;
  readonly options: PaxosOptions;
  /** Nothing is applied but by `apply`. */
  readonly appliesLate: boolean;
}

/** When a step happens, and what is sent in it. */
export interface Moment {
  readonly surroundings: Surroundings;
  readonly nowMs: number;
  readonly messages: Outgoing[];
}

const EMPTY: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

export function newMachine(surroundings: Surroundings, self: ReplicaId): Machine {
  const disk: Disk = { header: EMPTY, wal: [], tree: [] };
  return {
    replica: startReplica(surroundings, disk, { self, life: 1, restarted: false }, 0),
    disk,
    underWay: [],
    tree: [],
    lives: 1,
    delays: 0,
    checkpoints: 0,
    damages: 0,
    candidacies: 0,
    own: ZERO_BALLOT,
    votes: [],
  };
}

/** One life of a replica's process. */
interface Life {
  readonly self: ReplicaId;
  readonly life: number;
  readonly restarted: boolean;
}

function startReplica(surroundings: Surroundings, disk: Disk, { self, life, restarted }: Life, nowMs: number): PaxosReplica {
  const { options } = surroundings;
  const configuration = configurationAfter(surroundings.configuration, textsOf(disk.tree));
  const durable = { ...disk.header, commit: Math.max(disk.header.commit, disk.tree.length) };
  const records = disk.wal.slice(durable.commit - durable.trimmed);
  const start = { self, configuration, options, durable, records, restarted, abstention: 100 * self + life };
  return new surroundings.core.PaxosReplica(start, nowMs);
}

/** How machines treat their disks and the network. Tests put mistakes here. */
export class Conduct {
  /** A restarted replica is told that it had a life before. */
  readonly knowsEarlierLives: boolean = true;
  /** What a message says is compared with the disk of its sender. Off, a mistake must show in what comes of it. */
  readonly checksMessages: boolean = true;

  /** A message as it arrives. */
  hear(message: Message, _moment: Moment): Message {
    return message;
  }

  /** Carries out everything that the replica asks for. `beforeWrite` is called before each write; at its false all ends. */
  settle(machine: Machine, moment: Moment, beforeWrite: () => boolean): void {
    this.turn(machine, moment);
    while (machine.underWay.length > 0 && beforeWrite()) this.finishWrite(machine, moment);
  }

  /** The oldest write under way is durable now. */
  finishWrite(machine: Machine, moment: Moment): void {
    const persist = must(machine.underWay.shift());
    this.write(machine.disk, persist);
    noteVote(machine);
    machine.replica.persisted(persist.token, moment.nowMs);
    this.turn(machine, moment);
  }

  /** One turn: what became known is applied, messages leave, the next write is begun. */
  turn(machine: Machine, moment: Moment): void {
    const { replica } = machine;
    const { persist, messages, catchUps } = replica.ready(moment.nowMs);
    if (persist !== undefined) machine.underWay.push(persist);
    for (const { to, message } of messages) this.send(moment, to, message);
    const entered = !moment.surroundings.appliesLate && apply(machine, moment);
    for (const { replica: behind, ballot, position, bySnapshot } of catchUps) {
      const message = bySnapshot ? snapshotOf(machine, ballot) : bringNear(machine, ballot, position);
      if (message !== undefined) this.send(moment, behind, message);
    }
    if (entered) this.turn(machine, moment);
  }

  send({ messages, surroundings }: Moment, to: ReplicaId, message: Message): void {
    // Whether a leader is heard depends on time alone, so the search answers these itself (see `stand`).
    if (message.kind === 'ask-leader' || message.kind === 'leader-heard') return;
    const { leases } = surroundings.options;
    // Who is refused stops and learns of a greater round: anybody may do nothing, and stand with any round.
    if (message.kind === 'refusal' && message.promised.configuration <= message.refused.configuration) return;
    if (message.kind === 'prepare' && !leases) messages.push({ to, message: { ...message, released: ZERO_BALLOT } });
    else messages.push({ to, message });
  }

  write(disk: Disk, { change }: Persist): void {
    const { header, restartAfter, cutAbove, first, records } = change;
    let base = disk.header.trimmed;
    if (restartAfter !== undefined) {
      disk.wal = [];
      base = restartAfter;
    } else if (header.trimmed > base) {
      disk.wal = disk.wal.slice(header.trimmed - base);
      base = header.trimmed;
    }
    if (cutAbove !== undefined) disk.wal.length = Math.min(disk.wal.length, cutAbove - base);
    assert(first === undefined || first === base + disk.wal.length + 1, () => `slot ${first} leaves a hole in the log on the disk`);
    disk.wal.push(...records);
    disk.header = { ...header, trimmed: base };
    assert(base + disk.wal.length === header.last, () => `the log on the disk ends at ${base + disk.wal.length}, not at ${header.last}`);
  }

  /** The process ends and starts again at once: one that stays down is one to which nothing happens. */
  crash(machine: Machine, moment: Moment): void {
    const { surroundings, nowMs } = moment;
    const { self } = machine.replica;
    const { disk } = machine;
    const applied = disk.tree.length;
    const opening = openingBallot(configurationAfter(surroundings.configuration, textsOf(disk.tree)).number);
    const { header } = disk;
    // Nothing of an earlier configuration is chosen behind the Swap that a snapshot holds.
    const isClosed = compareBallots(header.accepted, opening) < 0 && header.last > applied;
    if (header.last < applied || isClosed) {
      // It stopped between putting a snapshot in place and noting it in the log (groups/group-loader.ts).
      const ballots = { promised: greaterBallot(header.promised, opening), accepted: greaterBallot(header.accepted, opening) };
      disk.header = { ...header, ...ballots, last: applied, commit: applied, trimmed: applied };
      disk.wal = [];
    }
    machine.underWay = [];
    machine.lives += 1;
    machine.replica = startReplica(surroundings, disk, { self, life: machine.lives, restarted: this.knowsEarlierLives }, nowMs);
    machine.tree = [...disk.tree];
    if (machine.tree.length > machine.replica.applied) machine.replica.appliedUpTo(machine.tree.length);
    if (!surroundings.appliesLate) apply(machine, moment);
  }
}

/** The vote that the disk shows now is kept. */
export function noteVote(machine: Machine): void {
  const { accepted, last, abstains } = machine.disk.header;
  if (abstains || accepted.replica === 0) return;
  const at = machine.votes.findIndex(({ ballot }) => compareBallots(ballot, accepted) === 0);
  if (at < 0) machine.votes.push({ ballot: accepted, last });
  else machine.votes[at] = { ballot: accepted, last: Math.max(last, must(machine.votes[at]).last) };
}

/** Applies what is chosen. True: a configuration began, and there is more to do. */
export function apply(machine: Machine, { nowMs }: Moment): boolean {
  const { replica, tree } = machine;
  let entered = false;
  while (tree.length < replica.commit) {
    const record = recordAt(machine, tree.length + 1);
    tree.push(record);
    replica.appliedUpTo(tree.length);
    const next = successor(replica.configuration, textOf(record), tree.length);
    if (next !== undefined) replica.appliedSwap(next, nowMs);
    entered ||= next !== undefined;
  }
  return entered;
}

/** The record of a slot above the applied ones, wherever it is. */
export function recordAt(machine: Machine, slot: Slot): Uint8Array {
  const { replica, disk } = machine;
  return must(replica.recordAt(slot) ?? disk.wal[slot - 1 - disk.header.trimmed], `record ${slot} is nowhere`);
}

/** All records of a replica's log from slot 1, as it is in memory. */
export function logOf(machine: Machine): Uint8Array[] {
  const log = machine.tree.slice(0, machine.replica.last);
  while (log.length < machine.replica.last) log.push(recordAt(machine, log.length + 1));
  return log;
}

/** The same as the disk has it: what the tree holds, and the log above. */
export function durableLogOf({ disk }: Machine): Uint8Array[] {
  return [...disk.tree, ...disk.wal.slice(Math.max(0, disk.tree.length - disk.header.trimmed))];
}

/** What a storage node sends to a follower that lacks too much: records of its WAL, or its tree when they are trimmed. */
function bringNear(machine: Machine, ballot: Ballot, position: Slot): Message | undefined {
  const { disk, replica } = machine;
  if (position < disk.header.trimmed) return { kind: 'snapshot', ballot, tree: [...disk.tree] };
  const records = disk.wal.slice(position - disk.header.trimmed, Math.min(replica.commit, disk.header.last) - disk.header.trimmed);
  if (records.length === 0) return undefined;
  return { kind: 'learn', ballot, first: position + 1, records, commit: position + records.length };
}

/** A checkpoint is taken for it, if its disk has the log up to there. */
function snapshotOf({ disk, replica, tree }: Machine, ballot: Ballot): Message | undefined {
  return disk.header.last < replica.applied ? undefined : { kind: 'snapshot', ballot, tree: [...tree] };
}

/** The tree is written, and the log that it makes needless goes. */
export function checkpoint(machine: Machine): void {
  const { replica, disk } = machine;
  disk.tree = [...machine.tree];
  const { trimmed } = disk.header;
  disk.wal = disk.wal.slice(replica.applied - trimmed);
  disk.header = { ...disk.header, trimmed: replica.applied, commit: Math.max(disk.header.commit, replica.applied) };
  replica.trimTo(replica.applied);
}

/** A snapshot's tree takes the place of the machine's own. */
export function install(machine: Machine, { ballot, tree }: Snapshot, { surroundings, nowMs }: Moment): void {
  for (const [at, record] of machine.tree.entries()) {
    assert(equalBytes(record, must(tree[at])), () => `a snapshot holds another record in slot ${at + 1}`);
  }
  machine.tree = [...tree];
  machine.disk.tree = [...tree];
  machine.replica.installedSnapshot(tree.length, ballot, configurationAfter(surroundings.configuration, textsOf(tree)), nowMs);
}
