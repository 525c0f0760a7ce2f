import type { GroupId, NodeId, ReplicaId } from '../../shared/base/ids.ts';
import type { PartitionRecord } from '../../shared/placement/catalog-records.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';

/**
 * What this process has seen done at the nodes, beside what the catalog says. It begins empty in every life: calls to nodes
 * are safe to repeat, so everything that is not known is simply done again.
 */
export interface Knowledge {
  /** Replicas of tables under creation that their nodes confirmed. */
  readonly created: ReadonlySet<ReplicaId>;
  /** Groups of which a replica was seen leading, or holding something that was chosen. */
  readonly led: ReadonlySet<GroupId>;
  /** The version of the settings that a group was seen to have. */
  readonly settings: ReadonlyMap<GroupId, number>;
  /** Indexes with which a group was seen to be done: they have all that its partition had before them. */
  readonly built: ReadonlyMap<GroupId, ReadonlySet<string>>;
  /** Ids of indexes that can never catch up, as leaders said when they were last asked. */
  readonly lost: ReadonlyMap<string, IndexLoss>;
  /** Replicas of deleted tables whose destruction their nodes confirmed. */
  readonly destroyed: ReadonlySet<ReplicaId>;
  /** Nodes that the last call about a replica, or about lost indexes, did not reach. */
  readonly unreachable: ReadonlySet<NodeId>;
}

export class ObservedKnowledge implements Knowledge {
  readonly created = new Set<ReplicaId>();
  readonly led = new Set<GroupId>();
  readonly settings = new Map<GroupId, number>();
  readonly built = new Map<GroupId, ReadonlySet<string>>();
  lost: ReadonlyMap<string, IndexLoss> = new Map();
  readonly destroyed = new Set<ReplicaId>();
  unreachable = new Set<NodeId>();

  /** When the table is finished: what was known of its partition is of no more use, and would only grow. */
  forget(partition: PartitionRecord): void {
    this.led.delete(partition.group);
    this.settings.delete(partition.group);
    this.built.delete(partition.group);
    for (const { replica } of partition.replicas) {
      this.created.delete(replica);
      this.destroyed.delete(replica);
    }
  }

  /** When the lease is lost: another process acts from now on. */
  forgetAll(): void {
    this.created.clear();
    this.led.clear();
    this.settings.clear();
    this.built.clear();
    this.lost = new Map();
    this.destroyed.clear();
    this.unreachable.clear();
  }
}
