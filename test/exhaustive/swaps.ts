import { must } from '../../services/shared/base/assert.ts';
import type { ReplicaId } from '../../services/shared/base/ids.ts';
import type { Configuration } from '../../services/shared/paxos/options.ts';

/** The Swap records of a search: `swap OUT IN/…` stands before the name that every record has. */
const SWAP = /^swap (\d+) (\d+)\//;

export function swapText(out: ReplicaId, into: ReplicaId): string {
  return `swap ${out} ${into}/`;
}

/** Whom a record replaces by whom; undefined for any other record. */
export function swapIn(record: string): { readonly out: ReplicaId; readonly into: ReplicaId } | undefined {
  const found = SWAP.exec(record);
  return found === null ? undefined : { out: Number(found[1]), into: Number(found[2]) };
}

/** The configuration that follows when the record in `slot` is applied; undefined when it is no Swap. */
export function successor(current: Configuration, record: string, slot: number): Configuration | undefined {
  const swap = swapIn(record);
  if (swap === undefined) return undefined;
  const members = current.members.map((member) => (member === swap.out ? swap.into : member));
  return { number: current.number + 1, since: slot, members, logReplicas: [] };
}

/** The configuration that a log leads to, which is that of the group's creation before any Swap. */
export function configurationAfter(first: Configuration, log: readonly string[]): Configuration {
  let configuration = first;
  for (const [at, record] of log.entries()) configuration = successor(configuration, record, at + 1) ?? configuration;
  return configuration;
}

/** Who votes in a configuration, by a log that holds the Swaps up to it. */
export function membersOf(first: Configuration, log: readonly string[], number: number): readonly ReplicaId[] {
  let configuration = first;
  for (const [at, record] of log.entries()) {
    if (configuration.number === number) break;
    configuration = successor(configuration, record, at + 1) ?? configuration;
  }
  return configuration.members;
}

export function textOf(record: Uint8Array): string {
  return Buffer.from(record).toString('latin1');
}

export function textsOf(records: readonly Uint8Array[]): string[] {
  return records.map(textOf);
}

/** A record's own name, without that of its predecessor. */
export function nameOf(record: Uint8Array): string {
  return must(textOf(record).split('<')[0]);
}
