import { crc32 } from 'node:zlib';
import type { LogFields, Logger } from '../env/logger.ts';
import type { GrpcTransport } from './grpc-transport.ts';
import { createTransport } from './grpc-transport.ts';
import { PrometheusMetrics } from './metrics.ts';

export const checksum = { crc32: (bytes: Uint8Array, seed?: number): number => crc32(bytes, seed) };

/** A log that only remembers. */
export class RecordingLogger implements Logger {
  readonly lines: { readonly level: string; readonly event: string; readonly fields: LogFields }[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', event, fields });
  }

  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', event, fields });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', event, fields });
  }

  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', event, fields });
  }

  with(): Logger {
    return this;
  }
}

export interface TestTransport {
  readonly transport: GrpcTransport;
  readonly logger: RecordingLogger;
  /** Value of `stator_test_transport_<name>`. */
  metric(name: string): Promise<number>;
}

export interface TestTransportOptions {
  readonly name: string;
  readonly clusterId?: string | (() => string);
  readonly port?: number;
}

export function testTransport(options: TestTransportOptions): TestTransport {
  const metrics = new PrometheusMetrics({});
  const logger = new RecordingLogger();
  const clusterId = options.clusterId ?? 'cluster-1';
  const transport = createTransport({
    identity: { name: options.name, incarnation: 2 ** 48 - 7, clusterId: typeof clusterId === 'string' ? () => clusterId : clusterId },
    listen: `127.0.0.1:${options.port ?? 0}`,
    digest: checksum,
    logger,
    metrics,
    process: 'test',
  });
  const metric = async (name: string): Promise<number> => {
    const match = new RegExp(`^stator_test_transport_${name} (\\d+)$`, 'm').exec(await metrics.text());
    return Number(match?.[1]);
  };
  return { transport, logger, metric };
}
