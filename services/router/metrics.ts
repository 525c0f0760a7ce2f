import type { GroupClientStatistics } from '../shared/cluster-client/group-client.ts';
import type { Counter, Gauge, Histogram, Metrics } from '../shared/env/metrics.ts';

/** Every metric of the router's HTTP side. */
export interface RouterMetrics {
  readonly requests: Counter;
  readonly latency: Histogram;
  readonly accessDenied: Counter;
  readonly bytesInFlight: Gauge;
  readonly threadBytes: Gauge;
  readonly heldBytes: Gauge;
}

export function routerMetrics(
  metrics: Metrics,
  load: { readonly bytesInFlight: number; readonly threadBytes: number; readonly heldBytes: number },
): RouterMetrics {
  return {
    requests: metrics.counter({
      name: 'stator_router_requests_total',
      help: 'Requests answered, by operation and error code (OK when it succeeded).',
      labels: ['operation', 'code'],
    }),
    latency: metrics.histogram({
      name: 'stator_router_request_seconds',
      help: 'Time from the whole request received to its answer, by operation.',
      labels: ['operation'],
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    }),
    accessDenied: metrics.counter({
      name: 'stator_router_access_denied_total',
      help: 'Requests whose signer may not do what they ask, by action.',
      labels: ['action'],
    }),
    bytesInFlight: metrics.gauge({
      name: 'stator_router_request_bytes',
      help: 'Bytes of request bodies that are being worked on.',
      collect: (gauge) => gauge.set(load.bytesInFlight),
    }),
    heldBytes: metrics.gauge({
      name: 'stator_router_read_bytes',
      help: 'Bytes of items read for answers that are not whole yet.',
      collect: (gauge) => gauge.set(load.heldBytes),
    }),
    threadBytes: metrics.gauge({
      name: 'stator_router_thread_bytes',
      help: 'Bytes of bodies and items that the thread for large requests has or is to get.',
      collect: (gauge) => gauge.set(load.threadBytes),
    }),
  };
}

/** How many credentials of the catalog this router could not use. */
export function credentialMetrics(metrics: Metrics, credentials: { readonly unreadable: number }): void {
  metrics.gauge({
    name: 'stator_router_unreadable_credentials',
    help: 'Credentials of the catalog that are sealed with another key than this router has.',
    collect: (gauge) => gauge.set(credentials.unreadable),
  });
}

/** What the client of the groups counts, as metrics: requests held and their bytes, and why requests were refused or repeated. */
export function groupMetrics(metrics: Metrics, groups: { statistics(): GroupClientStatistics }): void {
  for (const [name, help, read] of GROUP_GAUGES) {
    metrics.gauge({ name: `stator_router_storage_${name}`, help, collect: (gauge) => gauge.set(read(groups.statistics())) });
  }
}

const GROUP_GAUGES: readonly (readonly [string, string, (statistics: GroupClientStatistics) => number])[] = [
  ['held_requests', 'Operations that wait for an answer of a storage node or for their next try.', ({ held }) => held],
  ['held_bytes', 'Bytes of keys, items and expressions of those operations.', ({ heldBytes }) => heldBytes],
  ['queue_bytes', 'Bytes towards storage nodes that the network has not taken yet.', ({ queuedBytes }) => queuedBytes],
  ['overloaded_requests', 'Operations refused here since the start because too much was held or queued.', ({ overloaded }) => overloaded],
  ['expired_requests', 'Operations whose deadline passed, since the start.', ({ expired }) => expired],
  ['redirects', 'Redirects to another replica followed since the start.', ({ redirects }) => redirects],
  ['retries', 'Pauses before an operation was tried again, since the start.', ({ retries }) => retries],
  [
    'given_up_requests',
    'Operations not repeated any more because two nodes that had them were lost, since the start.',
    ({ givenUp }) => givenUp,
  ],
];
