import type { Counter, Gauge, Metrics } from '../shared/env/metrics.ts';
import type { TableRecord } from '../shared/placement/catalog-records.ts';
import type { GlobalIndex } from '../shared/placement/table-indexes.ts';

/** Everything that an auto-admin measures. */
export interface AutoAdminMetrics {
  /** By `operation` (the kind of step) and `code` (`done`, `waiting` or `failed`). */
  readonly steps: Counter;
  /** By `operation` (the kind of call) and `code` (`ok` or the code of the refusal). */
  readonly calls: Counter;
  readonly active: Gauge;
  readonly leaseChanges: Counter;
  /** By `loss` (why: `log-gone` or `silent`). */
  readonly rebuilds: Counter;
}

/** What is read when the metrics are asked for. */
export interface AutoAdminFigures {
  readonly operationsUnderWay: () => number;
  /** Of retired partitions: how many replicas may not be destroyed yet. */
  readonly replicasLeft: () => number;
  readonly retiredPartitions: () => Iterable<unknown>;
  readonly tables: () => Iterable<TableRecord>;
}

export function createAutoAdminMetrics(metrics: Metrics, figures: AutoAdminFigures): AutoAdminMetrics {
  const { operationsUnderWay, tables } = figures;
  metrics.gauge({
    name: 'stator_auto_admin_operations_count',
    help: 'Tables that are being created or deleted by this auto-admin.',
    collect: (gauge) => gauge.set(operationsUnderWay()),
  });
  metrics.gauge({
    name: 'stator_auto_admin_indexes_made_anew_count',
    help: 'Global indexes that were given up and are not ACTIVE again yet.',
    collect: (gauge) => gauge.set([...madeAnew(tables())].length),
  });
  metrics.gauge({
    name: 'stator_auto_admin_index_rebuilds_in_a_row_count',
    help: 'How often one of these was given up, each time within a day of the one before, the most of all.',
    collect: (gauge) => gauge.set(Math.max(0, ...[...madeAnew(tables())].map(({ rebuilds }) => rebuilds?.count ?? 0))),
  });
  metrics.gauge({
    name: 'stator_auto_admin_retired_partitions_count',
    help: 'Partitions of indexes and tables that are gone, of which replicas have still to be destroyed.',
    collect: (gauge) => gauge.set([...figures.retiredPartitions()].length),
  });
  metrics.gauge({
    name: 'stator_auto_admin_retired_replicas_count',
    help: 'Replicas of these that this process does not know to be destroyed.',
    collect: (gauge) => gauge.set(figures.replicasLeft()),
  });
  return {
    steps: metrics.counter({
      name: 'stator_auto_admin_steps_total',
      help: 'Steps of plans carried out.',
      labels: ['operation', 'code'],
    }),
    calls: metrics.counter({
      name: 'stator_auto_admin_calls_total',
      help: 'Administrative calls answered.',
      labels: ['operation', 'code'],
    }),
    active: metrics.gauge({
      name: 'stator_auto_admin_active_count',
      help: '1 while this auto-admin holds the lease and acts, else 0.',
    }),
    leaseChanges: metrics.counter({
      name: 'stator_auto_admin_lease_changes_total',
      help: 'How often this auto-admin took or lost the lease.',
    }),
    rebuilds: metrics.counter({
      name: 'stator_auto_admin_index_rebuilds_total',
      help: 'Global indexes that were given up to be made anew, since they could never have caught up.',
      labels: ['loss'],
    }),
  };
}

function* madeAnew(tables: Iterable<TableRecord>): Generator<GlobalIndex, void, undefined> {
  for (const { globalIndexes = [] } of tables) {
    for (const index of globalIndexes) if (index.rebuilds !== undefined && index.status === 'CREATING') yield index;
  }
}
