import type { ReplicaId, Slot } from '../../../services/shared/base/ids.ts';
import type { Persist } from '../../../services/shared/paxos/acceptor.ts';
import { formatBallot, ZERO_BALLOT } from '../../../services/shared/paxos/ballot.ts';
import type { DurableState } from '../../../services/shared/paxos/durable-state.ts';
import type { PaxosMessage } from '../../../services/shared/paxos/messages.ts';
import {
  type Configuration,
  DEFAULT_PAXOS_OPTIONS,
  firstConfiguration,
  type PaxosOptions,
} from '../../../services/shared/paxos/options.ts';
import { PaxosReplica } from '../../../services/shared/paxos/replica.ts';

export interface InFlight {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly message: PaxosMessage;
}

/** A replica and its disk. */
export interface Machine {
  replica: PaxosReplica | undefined;
  durable: DurableState;
  /** records[k] is slot k + 1. */
  records: string[];
  /** Written and not yet synced. */
  underWay: Persist[];
  /** What a checkpoint of its tree holds. */
  checkpoint: number;
  lives: number;
}

const NEW: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

/** The world of a scenario: nothing happens in it that no command asks for. What happens is printed. */
export class PaxosEnvironment {
  readonly machines = new Map<ReplicaId, Machine>();
  network: InFlight[] = [];
  nowMs = 0;
  options: PaxosOptions = DEFAULT_PAXOS_OPTIONS;
  /** Of the first configuration. */
  #members: readonly ReplicaId[] = [];
  #lines: string[] = [];

  print(line: string): void {
    this.#lines.push(line);
  }

  /** What was printed since the last call. */
  takeOutput(): string {
    const output = this.#lines.length === 0 ? 'ok' : this.#lines.join('\n');
    this.#lines = [];
    return output;
  }

  create(count: number): void {
    this.#members = Array.from({ length: count }, (_, at) => at + 1);
    for (const id of this.#members) {
      this.machines.set(id, { replica: undefined, durable: NEW, records: [], underWay: [], checkpoint: 0, lives: 0 });
    }
    for (const id of this.#members) this.start(id, false);
  }

  /** A replica that is no member of the first configuration. */
  createNewcomer(id: ReplicaId): void {
    this.machines.set(id, { replica: undefined, durable: NEW, records: [], underWay: [], checkpoint: 0, lives: 0 });
    this.start(id, false);
  }

  machine(id: ReplicaId): Machine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw new Error(`there is no replica ${id}`);
    return machine;
  }

  replica(id: ReplicaId): PaxosReplica {
    const { replica } = this.machine(id);
    if (replica === undefined) throw new Error(`replica ${id} is down`);
    return replica;
  }

  start(id: ReplicaId, restarted: boolean): void {
    const machine = this.machine(id);
    machine.lives += 1;
    const durable = { ...machine.durable, commit: Math.max(machine.durable.commit, machine.checkpoint) };
    const records = machine.records.slice(durable.commit).map((record) => Buffer.from(record));
    const applied = machine.records.slice(0, durable.commit);
    const configuration = configurationAfter(firstConfiguration(this.#members), applied);
    const start = { self: id, configuration, options: this.options, durable, records, restarted, abstention: 100 * id + machine.lives };
    machine.replica = new PaxosReplica(start, this.nowMs);
    if (durable.commit > 0) machine.replica.appliedUpTo(durable.commit);
  }

  /** Everything that follows from the last call: messages into the network, writes to the disk, chosen slots. */
  settle(id: ReplicaId): void {
    const machine = this.machine(id);
    const { replica } = machine;
    if (replica === undefined) return;
    const before = replica.applied;
    const { persist, messages, catchUps } = replica.ready(this.nowMs);
    if (persist !== undefined) {
      machine.underWay.push(persist);
      this.print(`${id} writes ${describeChange(persist)}`);
    }
    for (const { to, message } of messages) {
      this.network.push({ from: id, to, message });
      this.print(`${id}->${to} ${describeMessage(message)}`);
    }
    for (const { replica: behind, position } of catchUps) this.print(`${id} asks to bring ${behind} near from slot ${position}`);
    if (replica.commit > before) this.#apply(id, replica);
  }

  #apply(id: ReplicaId, replica: PaxosReplica): void {
    const { machines, nowMs } = this;
    let entered = false;
    while (replica.applied < replica.commit) {
      const slot = replica.applied + 1;
      const record = Buffer.from(replica.recordAt(slot) ?? []).toString() || (machines.get(id)?.records[slot - 1] ?? '');
      replica.appliedUpTo(slot);
      const next = successor(replica.configuration, record, slot);
      if (next === undefined) continue;
      replica.appliedSwap(next, nowMs);
      this.print(`${id} enters configuration ${next.number}: ${next.members.join(' ')}`);
      entered = true;
    }
    this.print(`${id} applies up to ${replica.commit}`);
    if (entered) this.settle(id);
  }

  /** The oldest write of a machine is on the disk now. */
  finishWrite(id: ReplicaId): boolean {
    const machine = this.machine(id);
    const persist = machine.underWay.shift();
    if (persist === undefined) return false;
    writeToDisk(machine, persist);
    machine.replica?.persisted(persist.token, this.nowMs);
    this.settle(id);
    return true;
  }
}

/** The configuration that a record makes, if it is a Swap (`commands/swap.ts`). */
function successor(current: Configuration, record: string, slot: Slot): Configuration | undefined {
  const found = /^swap(\d+)-(\d+)$/.exec(record);
  if (found === null) return undefined;
  const members = current.members.map((member) => (member === Number(found[1]) ? Number(found[2]) : member));
  return { number: current.number + 1, since: slot, members, logReplicas: [] };
}

function configurationAfter(first: Configuration, log: readonly string[]): Configuration {
  return log.reduce((current, record, at) => successor(current, record, at + 1) ?? current, first);
}

function writeToDisk(machine: Machine, { change }: Persist): void {
  const { restartAfter, cutAbove, records, header } = change;
  if (restartAfter !== undefined) machine.records = Array.from({ length: restartAfter }, (_, at) => machine.records[at] ?? '?');
  if (cutAbove !== undefined) machine.records.length = Math.min(machine.records.length, cutAbove);
  machine.records.push(...records.map((record) => Buffer.from(record).toString()));
  machine.durable = header;
  if (machine.records.length !== header.last) throw new Error(`log of ${machine.records.length} slots, header says ${header.last}`);
}

function describeChange({ change }: Persist): string {
  const { header, cutAbove, restartAfter, first, records } = change;
  const parts = [`promised=${formatBallot(header.promised)}`, `accepted=${formatBallot(header.accepted)}`];
  if (restartAfter !== undefined) parts.push(`restart-after=${restartAfter}`);
  if (cutAbove !== undefined) parts.push(`cut-above=${cutAbove}`);
  if (first !== undefined) parts.push(`slots=${first}:${records.map((record) => Buffer.from(record).toString()).join(',')}`);
  if (header.abstains) parts.push('abstains');
  return parts.join(' ');
}

export function describeMessage(message: PaxosMessage): string {
  const parts: string[] = [message.kind];
  for (const [name, value] of Object.entries(message) as [string, unknown][]) {
    if (name === 'kind' || isDefault(name, value)) continue;
    parts.push(`${name}=${describeValue(value)}`);
  }
  return parts.join(' ');
}

function isDefault(name: string, value: unknown): boolean {
  if (name === 'released') return (value as { replica: number }).replica === 0;
  return (name === 'rejoin' || name === 'abstention' || name === 'trimmed') && value === 0;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((record) => Buffer.from(record as Uint8Array).toString()).join(',')}]`;
  if (typeof value === 'object' && value !== null) return formatBallot(value as Parameters<typeof formatBallot>[0]);
  return String(value);
}
