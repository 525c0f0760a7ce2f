import type { Clock, Random, Timers } from '../../../services/shared/env/clock.ts';
import type { Digest } from '../../../services/shared/env/digest.ts';
import type { Environment } from '../../../services/shared/env/environment.ts';
import type { LogFields, Logger } from '../../../services/shared/env/logger.ts';
import type { Counter, Gauge, HistogramDefinition, Histogram, MetricDefinition, Metrics } from '../../../services/shared/env/metrics.ts';
import { nodeDigest } from '../../../services/shared/platform/digest.ts';
import type { SimProcess } from './sim-process.ts';
import { SimTimers } from './sim-timers.ts';

/** All that one life of a process is given of the outside world, but for network and disk. */
export class SimEnvironment implements Environment {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly digest = new SimDigest();
  readonly logger: Logger;
  readonly metrics: SimMetrics = new SimMetrics();
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
    this.clock = process.clock;
    this.timers = new SimTimers(process);
    this.random = new SimRandom(process);
    this.logger = new SimLogger(process, {});
  }

  fatal(reason: string, cause: unknown): never {
    return this.#process.fatal(reason, cause);
  }
}

/** Node's own, but for bytes that a scenario calls poison. */
export class SimDigest implements Digest {
  readonly md5 = nodeDigest.md5;
  readonly sha256Hex = nodeDigest.sha256Hex;
  readonly hmacSha256 = nodeDigest.hmacSha256;
  readonly equalConstantTime = nodeDigest.equalConstantTime;
  /** Injected: a checksum over bytes that hold this text throws, as a mistake that nobody foresaw would. */
  poison: string | undefined;

  crc32(bytes: Uint8Array, seed?: number): number {
    if (this.poison !== undefined && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(this.poison))
      throw new TypeError('nobody foresaw this');
    return nodeDigest.crc32(bytes, seed);
  }
}

class SimRandom implements Random {
  readonly #process: SimProcess;

  constructor(process: SimProcess) {
    this.#process = process;
  }

  uint32(): number {
    return this.#process.random.uint32();
  }

  float(): number {
    return this.#process.random.float();
  }

  bytes(length: number): Uint8Array {
    const { random } = this.#process;
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = random.uint32() & 0xff;
    return bytes;
  }
}

/** Lines go into the trace; an error that no injected fault excuses fails the run. */
class SimLogger implements Logger {
  readonly #process: SimProcess;
  readonly #shared: LogFields;

  constructor(process: SimProcess, shared: LogFields) {
    this.#process = process;
    this.#shared = shared;
  }

  debug(event: string, fields?: LogFields): void {
    this.#line(event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#line(event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#line(event, fields);
  }

  error(event: string, fields?: LogFields): void {
    this.#line(event, fields);
    const { kernel, excused, toleratedErrors, alive, name } = this.#process;
    if (!excused && alive && !toleratedErrors.has(event))
      kernel.violated('log', `${name} logged the error "${event}" ${JSON.stringify(fields, errorText) ?? ''}`);
  }

  with(fields: LogFields): Logger {
    return new SimLogger(this.#process, { ...this.#shared, ...fields });
  }

  #line(event: string, fields: LogFields | undefined): void {
    const { kernel, name } = this.#process;
    kernel.trace.line(kernel.nowMs, name, event, () => ({ ...this.#shared, ...fields }));
  }
}

function errorText(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.stack : value;
}

/** Numbers by metric name, summed over labels. */
export class SimMetrics implements Metrics {
  readonly #values = new Map<string, Held>();

  counter(definition: MetricDefinition): Counter {
    const held = this.#held(definition);
    return {
      add: (amount = 1) => {
        held.value += amount;
      },
    };
  }

  gauge(definition: MetricDefinition): Gauge {
    const held = this.#held(definition);
    const gauge: Gauge = {
      set: (value) => {
        held.value = value;
      },
    };
    held.collect = () => definition.collect?.(gauge);
    return gauge;
  }

  histogram(definition: HistogramDefinition): Histogram {
    const held = this.#held(definition);
    return {
      observe: () => {
        held.value += 1;
      },
    };
  }

  /** The value now; 0 for a metric that was never declared. Of a histogram, the number of observations. */
  read(name: string): number {
    const held = this.#values.get(name);
    held?.collect?.();
    return held?.value ?? 0;
  }

  #held({ name }: MetricDefinition): Held {
    const held: Held = { value: 0, collect: undefined };
    this.#values.set(name, held);
    return held;
  }
}

interface Held {
  value: number;
  collect: (() => void) | undefined;
}
