import type { Counter, Gauge, Histogram, Metrics } from '../shared/env/metrics.ts';

/** Every metric of the router's HTTP side. */
export interface RouterMetrics {
  readonly requests: Counter;
  readonly latency: Histogram;
  readonly bytesInFlight: Gauge;
}

export function routerMetrics(metrics: Metrics, load: { readonly bytesInFlight: number }): RouterMetrics {
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
    bytesInFlight: metrics.gauge({
      name: 'stator_router_request_bytes',
      help: 'Bytes of request bodies that are being worked on.',
      collect: (gauge) => gauge.set(load.bytesInFlight),
    }),
  };
}
