import type { GroupId, Slot } from '../../services/shared/base/ids.ts';
import type { GroupHeader } from '../../services/shared/wal/wal-types.ts';
import type { WriteAheadLog } from '../../services/shared/wal/write-ahead-log.ts';
import type { NodeGroups } from '../../services/storage-node/groups/node-groups.ts';
import type { SimCluster } from '../sim/cluster.ts';
import type { DiskImage } from '../sim/kernel/sim-disk.ts';
import { History } from './history.ts';

type Machine = SimCluster['nodes'][number];

/** What others may rely on of one replica: it may have told them. */
export interface Acknowledged {
  readonly header: GroupHeader;
  /** Applied slot of the last checkpoint that is durable. */
  readonly checkpoint: Slot;
}

/** A disk at the moment of a sync. */
export interface Moment {
  readonly atMs: number;
  readonly synced: string;
  readonly image: DiskImage;
  /** Before this sync, by group. */
  readonly acknowledged: ReadonlyMap<GroupId, Acknowledged>;
}

/** Takes an image of the disk of one machine at each of its syncs, and writes down what all machines append and apply. */
export class Recorder {
  readonly history = new History();
  readonly moments: Moment[] = [];
  readonly #cluster: SimCluster;
  readonly #recorded: Machine;
  readonly #watched = new Set<NodeGroups>();
  #acknowledged = new Map<GroupId, Acknowledged>();

  constructor(cluster: SimCluster, recorded: Machine) {
    this.#cluster = cluster;
    this.#recorded = recorded;
    recorded.disk.onSync = (synced) => {
      const image = recorded.disk.image();
      this.moments.push({ atMs: cluster.kernel.nowMs, synced, image, acknowledged: new Map(this.#acknowledged) });
    };
  }

  /** To be called after each turn: services come with each life of a process. */
  readonly watch = (touched: readonly string[]): void => {
    for (const node of this.#cluster.nodes) {
      const groups = touched.includes(node.name) ? node.life?.service.groups : undefined;
      if (groups === undefined) continue;
      if (!this.#watched.has(groups)) this.#watchLife(node, groups);
      if (node === this.#recorded) for (const { id, checkpointSlot } of groups.all) this.#acknowledge(id, undefined, checkpointSlot);
    }
  };

  #watchLife(node: Machine, groups: NodeGroups): void {
    this.#watched.add(groups);
    const { wal } = groups;
    const append = wal.append.bind(wal);
    wal.append = (change, done) => {
      this.history.appended(change);
      append(change, () => {
        if (node === this.#recorded) this.#acknowledge(change.group, change.header, 0);
        done();
      });
    };
    this.#watchCreations(node, wal);
    const applied = groups.applied.bind(groups);
    groups.applied = (group, slot, record) => {
      this.history.model(group.id).applied(slot, record);
      applied(group, slot, record);
    };
  }

  #watchCreations(node: Machine, wal: WriteAheadLog): void {
    const createGroup = wal.createGroup.bind(wal);
    wal.createGroup = (group, replica, header, done) => {
      createGroup(group, replica, header, () => {
        if (node === this.#recorded) this.#acknowledge(group, header, 0);
        done();
      });
    };
  }

  #acknowledge(group: GroupId, header: GroupHeader | undefined, checkpoint: Slot): void {
    const known = this.#acknowledged.get(group);
    const newest = header ?? known?.header;
    if (newest === undefined || (header === undefined && checkpoint === known?.checkpoint)) return;
    this.#acknowledged.set(group, { header: newest, checkpoint: Math.max(checkpoint, known?.checkpoint ?? 0) });
  }
}
