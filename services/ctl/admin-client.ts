import { randomInt } from 'node:crypto';
import { nodeDigest } from '../shared/platform/digest.ts';
import { createTransport } from '../shared/platform/grpc-transport.ts';
import { PrometheusMetrics } from '../shared/platform/metrics.ts';
import type { AdminCall } from './init.ts';
import { SILENT_LOGGER } from './silent-logger.ts';

const CALL_TIMEOUT_MS = 10_000;
const INCARNATIONS = 2 ** 47;

/**
 * Administrative calls of a command. Without a cluster id only a process's description and the forming of a cluster are allowed;
 * with one, everything in that cluster, and nothing in another.
 */
export function createAdminCall(clusterId: string): AdminCall {
  const transport = createTransport({
    identity: { name: 'stator', incarnation: randomInt(INCARNATIONS), clusterId: () => clusterId },
    listen: '127.0.0.1:0',
    digest: nodeDigest,
    logger: SILENT_LOGGER,
    metrics: new PrometheusMetrics({}),
    process: 'ctl',
  });
  return (address, request) => transport.call(address, request, CALL_TIMEOUT_MS);
}
