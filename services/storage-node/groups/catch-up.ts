import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { CatchUp } from '../../shared/paxos/leadership.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import { WalDamagedError, WalTrimmedError } from '../../shared/wal/wal-types.ts';
import type { Group } from './group.ts';
import type { PeerLinks } from './peer-links.ts';
import type { SnapshotSender } from './snapshot-sender.ts';

/** Record bytes of one Learn message: a bulk frame stays under 256 KB. */
export const LEARN_BYTES = 192 * KIB;

/**
 * Brings followers near: one Learn message from the WAL for each request of the consensus core, whose answer leads to the
 * next request; a snapshot when the WAL no longer reaches back that far.
 */
export class CatchUpSender {
  readonly #environment: Environment;
  readonly #wal: WriteAheadLog;
  readonly #links: PeerLinks;
  readonly #snapshots: SnapshotSender;
  readonly #reading = new Set<ReplicaId>();
  /** Told of a damaged place of the log that a follower needs. */
  readonly #logDamaged: (group: Group, slot: Slot, error: WalDamagedError) => void;
  /** Sums for metrics. */
  learnedBytes = 0;

  constructor(parts: {
    environment: Environment;
    wal: WriteAheadLog;
    links: PeerLinks;
    snapshots: SnapshotSender;
    logDamaged: (group: Group, slot: Slot, error: WalDamagedError) => void;
  }) {
    this.#logDamaged = parts.logDamaged;
    this.#environment = parts.environment;
    this.#wal = parts.wal;
    this.#links = parts.links;
    this.#snapshots = parts.snapshots;
  }

  /** Never rejects: what fails is asked for again by the core when the follower stays silent. */
  send(group: Group, catchUp: CatchUp): void {
    if (this.#snapshots.sendingTo(catchUp.replica) || this.#reading.has(catchUp.replica)) return;
    if (catchUp.bySnapshot || catchUp.position < group.paxos.trimmed) {
      this.#snapshots.start(group, catchUp);
      return;
    }
    this.#reading.add(catchUp.replica);
    this.#learn(group, catchUp)
      .catch((error: unknown) => {
        if (error instanceof WalDamagedError) this.#logDamaged(group, catchUp.position + 1, error);
        if (error instanceof WalTrimmedError) this.#snapshots.start(group, catchUp);
        else
          this.#environment.logger.warn('catch-up from the log failed', {
            group: group.id,
            replica: catchUp.replica,
            error: String(error),
          });
      })
      .finally(() => this.#reading.delete(catchUp.replica));
  }

  async #learn(group: Group, { replica, ballot, position }: CatchUp): Promise<void> {
    const node = group.nodeOf(replica);
    const { commit } = group.paxos;
    const last = Math.min(commit, group.durableLast);
    if (node === undefined || last <= position) return;
    const records = await this.#wal.read(group.id, position + 1, last, LEARN_BYTES);
    if (group.paxos.leading !== ballot) return;
    for (const record of records) this.learnedBytes += record.length;
    const message = { kind: 'learn' as const, ballot, first: position + 1, records, commit: position + records.length };
    this.#links.sendBulk(node, { group: group.id, from: group.paxos.self, to: replica, message });
    this.#links.flush();
  }
}
