import type { HttpRequest, HttpResponse } from '../env/http.ts';
import type { Logger } from '../env/logger.ts';
import { KIB, SECOND_MS } from '../base/units.ts';
import type { HttpLimits } from './http-limits.ts';
import { DEFAULT_HTTP_LIMITS } from './http-limits.ts';
import type { HttpServer } from './http-server.ts';
import { createHttpServer } from './http-server.ts';
import type { PrometheusMetrics } from './metrics.ts';

export interface OperationsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: PrometheusMetrics;
  readonly logger: Logger;
  readonly process: string;
  /** Why the process is not ready to serve; undefined when it is. */
  readonly notReady: () => string | undefined;
}

const LIMITS: HttpLimits = {
  ...DEFAULT_HTTP_LIMITS,
  bodyBytes: KIB,
  headerBytes: 8 * KIB,
  connections: 100,
  keepAliveMs: 120 * SECOND_MS,
};

/**
 * What operators and orchestrators ask of a process, on a port of its own: `/metrics` for Prometheus, `/healthz` (it runs: 200),
 * `/readyz` (it serves: 200, otherwise 503 with the reason).
 */
export function createOperationsServer(options: OperationsServerOptions): HttpServer {
  const { host, port, metrics, logger, process } = options;
  return createHttpServer({
    host,
    port,
    limits: LIMITS,
    logger,
    metrics,
    process: `${process}_operations`,
    handler: { handle: (request) => answer(request, options) },
  });
}

async function answer(request: HttpRequest, { metrics, notReady }: OperationsServerOptions): Promise<HttpResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET');
  switch (request.path) {
    case '/metrics':
      return { status: 200, headers: { 'content-type': metrics.contentType }, body: Buffer.from(await metrics.text()) };
    case '/healthz':
      return plain(200, 'ok');
    case '/readyz': {
      const reason = notReady();
      return reason === undefined ? plain(200, 'ready') : plain(503, reason);
    }
    default:
      return plain(404, 'see /metrics, /healthz, /readyz');
  }
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(`${text}\n`) };
}
