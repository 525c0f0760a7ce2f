import type { Counter, Gauge, Metrics } from '../shared/env/metrics.ts';

/** Everything that an auto-admin measures. */
export interface AutoAdminMetrics {
  /** By `operation` (the kind of step) and `code` (`done`, `waiting` or `failed`). */
  readonly steps: Counter;
  /** By `operation` (the kind of call) and `code` (`ok` or the code of the refusal). */
  readonly calls: Counter;
  readonly active: Gauge;
  readonly leaseChanges: Counter;
}

export function createAutoAdminMetrics(metrics: Metrics, operationsUnderWay: () => number): AutoAdminMetrics {
  metrics.gauge({
    name: 'stator_auto_admin_operations_count',
    help: 'Tables that are being created or deleted by this auto-admin.',
    collect: (gauge) => gauge.set(operationsUnderWay()),
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
  };
}
