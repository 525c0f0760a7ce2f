import type { Counter, Metrics } from '../env/metrics.ts';

/** What is asked when metrics are read. */
export interface HttpServerState {
  readonly openConnections: number;
  readonly heldBodies: number;
  readonly lingering: number;
}

export interface HttpServerMetrics {
  readonly refused: Counter;
  readonly answeredEarly: Counter;
  readonly unread: Counter;
}

/** The metrics of an HTTP server: `stator_<process>_http_…`. */
export function httpServerMetrics(metrics: Metrics, process: string, state: () => HttpServerState): HttpServerMetrics {
  metrics.gauge({
    name: `stator_${process}_http_connections`,
    help: 'Open client connections.',
    collect: (gauge) => gauge.set(state().openConnections),
  });
  metrics.gauge({
    name: `stator_${process}_http_held_bodies`,
    help: 'Long bodies that are not read now, so that other requests are answered.',
    collect: (gauge) => gauge.set(state().heldBodies),
  });
  metrics.gauge({
    name: `stator_${process}_http_lingering`,
    help: 'Connections that had their last answer and are read on for a while, so that their client gets to see it.',
    collect: (gauge) => gauge.set(state().lingering),
  });
  return {
    refused: metrics.counter({
      name: `stator_${process}_http_refused_total`,
      help: 'Requests and connections refused before they reached a handler, by HTTP status; 0: over the limit of connections.',
      labels: ['code'],
    }),
    answeredEarly: metrics.counter({
      name: `stator_${process}_http_answered_early_total`,
      help: 'Requests with a long body that were answered without it, since it could not change the answer.',
    }),
    unread: metrics.counter({
      name: `stator_${process}_http_unread_total`,
      help: 'Connections ended because their client read an answer too slowly.',
    }),
  };
}
