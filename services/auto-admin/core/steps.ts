import type { NodeId } from '../../shared/base/ids.ts';
import type { CountersRecord, PartitionRecord, ReplicaRecord, TableRecord } from '../../shared/placement/catalog-records.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';

/** One thing to do. Each is a compare-and-set on the catalog or a call that is safe to repeat: applied late it does no harm. */
export type Step =
  | {
      readonly kind: 'place-table';
      readonly partitions: readonly PartitionRecord[];
      /** The counters once the ids are reserved, and their generation before (undefined: there is no record). */
      readonly counters: CountersRecord;
      readonly countersGeneration: number | undefined;
    }
  | {
      readonly kind: 'create-replica';
      readonly partition: PartitionRecord;
      readonly replica: ReplicaRecord;
      readonly address: string;
      /** The others may serve already. */
      readonly late: boolean;
    }
  | { readonly kind: 'observe-node'; readonly node: NodeId; readonly address: string }
  /** To whichever of the replicas leads. */
  | {
      readonly kind: 'apply-settings';
      readonly partition: PartitionRecord;
      readonly addresses: readonly string[];
      readonly settings: PartitionSettings;
    }
  /** Asks whichever replica leads how far a new index is with what the partition has. */
  | {
      readonly kind: 'follow-indexes';
      readonly partition: PartitionRecord;
      readonly addresses: readonly string[];
      readonly settings: PartitionSettings;
    }
  /** The partitions of these indexes lead: replicas of theirs that are made from now on come late. `incomplete` as below. */
  | { readonly kind: 'mark-placed'; readonly table: TableRecord; readonly indexIds: readonly string[]; readonly incomplete: boolean }
  /** These indexes can never catch up: they are to be made anew (placement/rebuilt-index.ts). */
  | { readonly kind: 'give-up-indexes'; readonly table: TableRecord; readonly lost: ReadonlyMap<string, IndexLoss> }
  /** The time has come for those that were given up. */
  | { readonly kind: 'begin-indexes'; readonly table: TableRecord; readonly indexIds: readonly string[] }
  /** `incomplete`: a quorum of each partition is there; what is missing is made when its node is back. */
  | { readonly kind: 'activate-table'; readonly table: TableRecord; readonly incomplete: boolean }
  | { readonly kind: 'retire-partition'; readonly partition: PartitionRecord }
  | { readonly kind: 'delete-replica'; readonly partition: PartitionRecord; readonly replica: ReplicaRecord; readonly address: string }
  | { readonly kind: 'delete-partition'; readonly partition: PartitionRecord }
  | { readonly kind: 'delete-table'; readonly table: TableRecord };

/** Steps that may be carried out at the same time; when they are done, the next plan is made. No steps: nothing is left to do. */
export interface Plan {
  readonly steps: readonly Step[];
  /** Why the table cannot go on for now; then there are no steps. */
  readonly blocked?: string;
}

export const NOTHING: Plan = { steps: [] };
