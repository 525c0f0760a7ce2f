import { CATALOG_GROUP, type NodeId } from '../base/ids.ts';
import {
  FIRST_TABLE_REPLICA,
  ID_MAX,
  ON_DEMAND_PARTITIONS,
  PARTITIONS_PER_NEW_TABLE_MAX,
  REPLICAS_PER_GROUP,
} from '../limits/placement-limits.ts';
import type { CountersRecord, NodeRecord, PartitionRecord, ReplicaRecord, TableDefinition } from './catalog-records.ts';
import type { GlobalIndex } from './table-indexes.ts';
import { partitionsFor, warmThroughput } from './table-settings.ts';

/** What is cut into partitions: a table, or one of its global indexes, which stands under the index's id. */
export type Partitioning = Pick<TableDefinition, 'tableId' | 'billingMode' | 'throughput' | 'warmThroughput'>;

/** The partitions of an index are those of a table with its throughput. */
export function indexPartitioning({ billingMode }: Pick<TableDefinition, 'billingMode'>, index: GlobalIndex): Partitioning {
  const { indexId, throughput, warmThroughput } = index;
  return {
    tableId: indexId,
    billingMode,
    ...(throughput === undefined ? {} : { throughput }),
    ...(warmThroughput === undefined ? {} : { warmThroughput }),
  };
}

/** What the planner looks at. */
export interface TablePlanInput {
  readonly definition: Partitioning;
  readonly nodes: readonly NodeRecord[];
  /** Undefined: no ids were handed out yet. */
  readonly counters: CountersRecord | undefined;
  /** Partition records of this table that are written already, by an earlier attempt that was cut short. */
  readonly present: readonly PartitionRecord[];
  /** Partition records of all other tables: what the nodes hold already. */
  readonly others: Iterable<PartitionRecord>;
}

export interface TablePlan {
  /** The partitions that are missing, with ids of their own. */
  readonly partitions: readonly PartitionRecord[];
  /** The counters once the ids above are taken. */
  readonly counters: CountersRecord;
}

export interface PlanRefusal {
  readonly refused: string;
}

/** Partitions that a new table starts with: what serves its warm throughput, on demand four at least. */
export function partitionCount(definition: Partitioning): number {
  const needed = partitionsFor(warmThroughput(definition));
  return definition.billingMode === 'PAY_PER_REQUEST' ? Math.max(ON_DEMAND_PARTITIONS, needed) : needed;
}

/**
 * Where the partitions of a table lie: equal ranges of the hash space, three replicas in three AZs, on the nodes that hold
 * least, leaders spread over all nodes of the table. Pure, and stable: the same input gives the same plan.
 */
export function planTable(input: TablePlanInput): TablePlan | PlanRefusal {
  const count = partitionCount(input.definition);
  if (count > PARTITIONS_PER_NEW_TABLE_MAX) {
    return { refused: `the table would need ${count} partitions; at most ${PARTITIONS_PER_NEW_TABLE_MAX} are made at once` };
  }
  const zones = new Set(input.nodes.map((node) => node.az));
  if (zones.size < REPLICAS_PER_GROUP) {
    const known = zones.size === 0 ? 'none' : [...zones].sort().join(', ');
    return { refused: `nodes in ${REPLICAS_PER_GROUP} availability zones are needed; there are nodes in ${zones.size} (${known})` };
  }
  const present = new Set(input.present.map((partition) => partition.partitionId));
  const loads = new NodeLoads(input);
  let nextGroup = input.counters?.nextGroup ?? CATALOG_GROUP + 1;
  let nextReplica = input.counters?.nextReplica ?? FIRST_TABLE_REPLICA;
  const partitions: PartitionRecord[] = [];
  for (let partitionId = 0; partitionId < count; partitionId++) {
    if (present.has(partitionId)) continue;
    const replicas = loads.place().map((node): ReplicaRecord => ({ replica: nextReplica++, node: node.node, az: node.az }));
    partitions.push({
      tableId: input.definition.tableId,
      partitionId,
      group: nextGroup++,
      generation: 1,
      epoch: 1,
      low: hashBoundary(partitionId, count),
      high: hashBoundary(partitionId + 1, count),
      configuration: 1,
      replicas,
    });
  }
  if (nextGroup > ID_MAX || nextReplica > ID_MAX) return { refused: 'all group or replica ids are used up' };
  return { partitions, counters: { nextGroup, nextReplica, generation: (input.counters?.generation ?? 0) + 1 } };
}

/** The lower bound of partition `at` of `count`: eight bytes of the hash space in hexadecimal; empty at both ends. */
function hashBoundary(at: number, count: number): string {
  if (at === 0 || at === count) return '';
  return ((BigInt(at) << 64n) / BigInt(count)).toString(16).padStart(16, '0');
}

interface Load {
  readonly node: NodeRecord;
  replicas: number;
  leaderships: number;
  tableLeaderships: number;
  /** How often each other node comes next where this one is preferred as leader. */
  readonly successors: Map<NodeId, number>;
}

/** How much each node holds and leads, kept while partitions are placed one by one. */
class NodeLoads {
  readonly #loads = new Map<NodeId, Load>();

  constructor(input: TablePlanInput) {
    const nodes = [...input.nodes].sort((a, b) => (a.node < b.node ? -1 : 1));
    for (const node of nodes) {
      this.#loads.set(node.node, { node, replicas: 0, leaderships: 0, tableLeaderships: 0, successors: new Map() });
    }
    for (const partition of input.others)
      this.#count(
        partition.replicas.map((replica) => replica.node),
        0,
      );
    for (const partition of input.present)
      this.#count(
        partition.replicas.map((replica) => replica.node),
        1,
      );
  }

  /** The nodes for one more partition, in the order of preference as leader. */
  place(): NodeRecord[] {
    const bestOfZone = new Map<string, Load>();
    for (const load of this.#loads.values()) {
      const best = bestOfZone.get(load.node.az);
      if (best === undefined || load.replicas < best.replicas) bestOfZone.set(load.node.az, load);
    }
    const chosen = [...bestOfZone.values()].sort((a, b) => a.replicas - b.replicas).slice(0, REPLICAS_PER_GROUP);
    // Within the table first, so that each node of a table leads a part of it; then over all tables.
    chosen.sort((a, b) => a.tableLeaderships - b.tableLeaderships || a.leaderships - b.leaderships || order(a, b));
    const [leader, ...rest] = chosen as [Load, ...Load[]];
    // What one node leads falls to several others when it dies.
    const successions = (load: Load): number => leader.successors.get(load.node.node) ?? 0;
    rest.sort((a, b) => successions(a) - successions(b) || a.leaderships - b.leaderships || order(a, b));
    const placed = [leader, ...rest].map((load) => load.node);
    this.#count(
      placed.map((node) => node.node),
      1,
    );
    return placed;
  }

  #count(nodes: readonly NodeId[], ofThisTable: 0 | 1): void {
    for (const node of nodes) {
      const load = this.#loads.get(node);
      if (load !== undefined) load.replicas += 1;
    }
    const [first, second] = nodes;
    const leader = first === undefined ? undefined : this.#loads.get(first);
    if (leader === undefined) return;
    leader.leaderships += 1;
    leader.tableLeaderships += ofThisTable;
    if (second !== undefined) leader.successors.set(second, (leader.successors.get(second) ?? 0) + 1);
  }
}

function order(a: Load, b: Load): number {
  return a.node.node < b.node.node ? -1 : 1;
}
