import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Prng } from '../../services/shared/base/prng.ts';
import type { Random } from '../../services/shared/env/clock.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import type { Environment } from '../../services/shared/env/environment.ts';
import type { LogFields, Logger } from '../../services/shared/env/logger.ts';
import type { MetricDefinition, MetricLabels, Metrics } from '../../services/shared/env/metrics.ts';
import type { ManualTimers } from './manual-timers.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

/** An environment under manual time, seeded, whose logs and metrics a test can look at. */
export interface TestEnvironment extends Environment {
  readonly lines: LogLine[];
  /** Metric name and labels -> value. */
  readonly values: Map<string, number>;
}

export function testEnvironment(timers: ManualTimers, seed = 1): TestEnvironment {
  const lines: LogLine[] = [];
  const values = new Map<string, number>();
  return {
    clock: timers,
    timers,
    random: seededRandom(seed),
    digest: nodeDigest,
    logger: collectingLogger(lines, {}),
    metrics: collectingMetrics(values),
    lines,
    values,
    fatal(reason, cause) {
      throw new Error(`fatal: ${reason}`, { cause });
    },
  };
}

export function seededRandom(seed: number): Random {
  const prng = new Prng(seed);
  return {
    uint32: () => prng.uint32(),
    float: () => prng.float(),
    bytes: (length) => Uint8Array.from({ length }, () => prng.below(256)),
  };
}

export const nodeDigest: Digest = {
  crc32: (bytes, seed = 0) => crc32(bytes, seed),
  md5: (bytes) => createHash('md5').update(bytes).digest(),
  sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  hmacSha256: (key, message) => createHmac('sha256', key).update(message).digest(),
  equalConstantTime: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

function collectingLogger(lines: LogLine[], shared: LogFields): Logger {
  const at =
    (level: LogLine['level']) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields: { ...shared, ...fields } });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => collectingLogger(lines, { ...shared, ...fields }),
  };
}

function collectingMetrics(values: Map<string, number>): Metrics {
  const nameOf = ({ name }: MetricDefinition, labels: MetricLabels = {}): string =>
    [name, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join(' ');
  return {
    counter: (definition) => ({
      add: (amount = 1, labels) => values.set(nameOf(definition, labels), (values.get(nameOf(definition, labels)) ?? 0) + amount),
    }),
    gauge: (definition) => ({ set: (value, labels) => values.set(nameOf(definition, labels), value) }),
    histogram: (definition) => ({ observe: (value, labels) => values.set(nameOf(definition, labels), value) }),
  };
}
