import assert from 'node:assert/strict';
import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Persist } from './acceptor.ts';
import { ZERO_BALLOT } from './ballot.ts';
import type { DurableState } from './durable-state.ts';
import { type Configuration, firstConfiguration } from './options.ts';
import type { PaxosReplica } from './replica.ts';

/** A replica with its disk: what is synced survives a crash, what is under way may or may not. */
export class Host {
  durable: DurableState = {
    promised: ZERO_BALLOT,
    accepted: ZERO_BALLOT,
    last: 0,
    commit: 0,
    trimmed: 0,
    abstains: false,
  };
  /** records[k] is slot k + 1; empty where a snapshot stands for them. */
  records: Uint8Array[] = [];
  underWay: Persist[] = [];
  /** The records that made the tree. */
  applied: Uint8Array[] = [];
  /** The slot of the last snapshot that took the tree's place: the tree is on the disk that far. */
  installed: Slot = 0;
  replica: PaxosReplica | undefined;
  lives = 0;

  write({ change }: Persist): void {
    if (change.restartAfter !== undefined) this.#restartLog(change.restartAfter);
    if (change.cutAbove !== undefined) this.records.length = Math.min(this.records.length, change.cutAbove);
    if (change.first !== undefined) assert.equal(change.first, this.records.length + 1, 'hole in the log');
    this.records.push(...change.records);
    this.durable = change.header;
    assert.equal(this.records.length, change.header.last);
  }

  /** Nothing behind what is applied was chosen: the log begins there (storage-node/groups/group-loader.ts). */
  restartBehindTree(): void {
    const applied = this.applied.length;
    this.#restartLog(applied);
    this.durable = { ...this.durable, last: applied, commit: applied, trimmed: applied };
  }

  #restartLog(slot: Slot): void {
    this.records = this.records.slice(0, slot);
    while (this.records.length < slot) this.records.push(new Uint8Array(0));
  }
}

const FOUNDERS: readonly ReplicaId[] = [1, 2, 3];
/** Every replica that there is. */
export const ALL: readonly ReplicaId[] = [...FOUNDERS, 4];
/** The configuration that the group is created with. */
export const FIRST = firstConfiguration(FOUNDERS);
/** The record of a Swap begins so, and goes on with who leaves and who comes. No other record does. */
const SWAP = 's';

/** The record of `number` is a Swap: `into` takes the place of `out`. */
export function swapRecord(out: ReplicaId, into: ReplicaId, number: number): Uint8Array {
  return Buffer.from(`${SWAP}${out}-${into}-${number}`);
}

export function isSwap(record: Uint8Array): boolean {
  return record[0] === SWAP.charCodeAt(0);
}

/** The configuration that a record makes in `slot`; undefined when it is no Swap. */
export function successor(current: Configuration, record: Uint8Array, slot: Slot): Configuration | undefined {
  if (!isSwap(record)) return undefined;
  const [out, into] = Buffer.from(record).toString().slice(SWAP.length).split('-').map(Number);
  const members = current.members.map((member) => (member === out ? (into ?? 0) : member));
  return { number: current.number + 1, since: slot, members, logReplicas: [] };
}

/** The configuration behind a log, from its first slot. */
export function configurationAfter(records: readonly Uint8Array[]): Configuration {
  return records.reduce((current, record, at) => successor(current, record, at + 1) ?? current, FIRST);
}
