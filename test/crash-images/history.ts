import type { GroupId, Slot } from '../../services/shared/base/ids.ts';
import type { Ballot } from '../../services/shared/paxos/ballot.ts';
import { formatBallot } from '../../services/shared/paxos/ballot.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import type { LogRecord } from '../../services/shared/wal/log-record.ts';
import type { WalChange } from '../../services/shared/wal/wal-types.ts';

/** What the applied records made of one key, in the order of their slots: checksums of its values. */
type Versions = { readonly slot: Slot; readonly value: number | undefined }[];

/** The state of one group by slot, as the records say that were applied somewhere. */
class GroupModel {
  readonly #keys = new Map<string, Versions>();
  /** Fingerprint of the record of each slot that was applied. */
  readonly chosen = new Map<Slot, number>();

  applied(slot: Slot, record: LogRecord): void {
    if (this.chosen.has(slot)) return;
    this.chosen.set(slot, fingerprint(record));
    if (record.type !== 'write') return;
    const name = text(record.key);
    const versions = this.#keys.get(name) ?? [];
    this.#keys.set(name, versions);
    versions.push({ slot, value: record.newValue === undefined ? undefined : nodeDigest.crc32(record.newValue) });
    // Replicas apply at different times.
    versions.sort((a, b) => a.slot - b.slot);
  }

  /** Checksums of the values of all entries that a tree holds in which everything up to this slot is applied. */
  at(slot: Slot): Map<string, number> {
    const entries = new Map<string, number>();
    for (const [key, versions] of this.#keys) {
      const value = versions.findLast((version) => version.slot <= slot)?.value;
      if (value !== undefined) entries.set(key, value);
    }
    return entries;
  }
}

/** What all replicas of a run wrote to their logs and applied to their trees: what any image of any of their disks is held against. */
export class History {
  readonly #models = new Map<GroupId, GroupModel>();
  readonly #accepted = new Map<string, Map<Slot, number>>();

  model(group: GroupId): GroupModel {
    let model = this.#models.get(group);
    if (model === undefined) {
      model = new GroupModel();
      this.#models.set(group, model);
    }
    return model;
  }

  /** Some replica appends to its log. */
  appended({ group, header, first, records }: WalChange): void {
    const known = this.acceptedUnder(group, header.accepted);
    for (const [at, record] of records.entries()) known.set((first ?? 0) + at, nodeDigest.crc32(record));
  }

  /** Checksums by slot: all logs with this `accepted` are beginnings of one and the same. */
  acceptedUnder(group: GroupId, ballot: Ballot): Map<Slot, number> {
    const name = `${group} ${formatBallot(ballot)}`;
    let known = this.#accepted.get(name);
    if (known === undefined) {
      known = new Map();
      this.#accepted.set(name, known);
    }
    return known;
  }
}

/** Of what a record does: key and new value. */
export function fingerprint({ type, key, newValue }: LogRecord): number {
  const seed = nodeDigest.crc32(key, type.length);
  return newValue === undefined ? seed : nodeDigest.crc32(newValue, seed);
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
