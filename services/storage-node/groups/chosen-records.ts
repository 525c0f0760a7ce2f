import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { Digest } from '../../shared/env/digest.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { decodeLogRecord, type LogRecord } from '../../shared/wal/log-record.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { GroupTies } from './group-host.ts';

const LOAD_BYTES = 1 << 20;
/** Pages of so many records ahead are fetched while one waits. */
const AHEAD_RECORDS = 64;

/** The chosen records of a group in slot order, for whoever applies them: from consensus's window, or read back from the WAL. */
export class ChosenRecords {
  readonly #group: GroupId;
  readonly #paxos: Pick<PaxosReplica, 'recordAt' | 'commit'>;
  readonly #wal: Pick<WriteAheadLog, 'read'>;
  readonly #digest: Digest;
  /** Read back from the WAL; the first of them is for the slot that is asked for next. */
  #loaded: Uint8Array[] = [];

  constructor(parts: {
    group: GroupId;
    paxos: Pick<PaxosReplica, 'recordAt' | 'commit'>;
    wal: Pick<WriteAheadLog, 'read'>;
    digest: Digest;
  }) {
    this.#group = parts.group;
    this.#paxos = parts.paxos;
    this.#wal = parts.wal;
    this.#digest = parts.digest;
  }

  /** The record of the slot that follows on the last one that was `passed`; undefined: `load` it first. */
  at(slot: Slot): Uint8Array | undefined {
    const inMemory = this.#paxos.recordAt(slot);
    if (inMemory !== undefined && this.#loaded.length > 0) this.#loaded = [];
    return inMemory ?? this.#loaded[0];
  }

  /** The record that `at` gave is not needed any more. */
  passed(): void {
    if (this.#loaded.length > 0) this.#loaded.shift();
  }

  /** Reads what follows from the WAL. Rejects as `WriteAheadLog.read` does. */
  async load(slot: Slot): Promise<void> {
    this.#loaded = await this.#wal.read(this.#group, slot, this.#paxos.commit, LOAD_BYTES);
  }

  /** What was read back counts no more: the next slot is another one. */
  forget(): void {
    this.#loaded = [];
  }

  /** The keys of some records from a slot on, as far as they are in memory and can be read: what cannot is met when it is applied. */
  *keysAhead(first: Slot): Iterable<Uint8Array> {
    for (let slot = first; slot < first + AHEAD_RECORDS && slot <= this.#paxos.commit; slot++) {
      const bytes = this.#paxos.recordAt(slot);
      const key = bytes === undefined ? undefined : this.#keyOf(bytes);
      if (key === undefined) return;
      if (key.length > 0) yield key;
    }
  }

  #keyOf(bytes: Uint8Array): Uint8Array | undefined {
    try {
      return decodeLogRecord(bytes, this.#digest).key;
    } catch {
      return undefined;
    }
  }
}

/** A record that this version cannot read stops the replica: skipping it would let the copies diverge. */
export function readChosen(bytes: Uint8Array, slot: Slot, { host, quarantine }: GroupTies): LogRecord | undefined {
  try {
    return decodeLogRecord(bytes, host.environment.digest);
  } catch (error) {
    quarantine(`the record at slot ${slot} cannot be read`, error);
    return undefined;
  }
}
