import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../services/shared/env/environment.ts';
import type { LogFields, Logger } from '../../services/shared/env/logger.ts';
import type { Gauge, MetricDefinition, Metrics } from '../../services/shared/env/metrics.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../services/shared/paxos/options.ts';
import { systemClock, systemTimers } from '../../services/shared/platform/clock.ts';
import { DataFolder } from '../../services/shared/platform/data-folder.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { createTransport, type GrpcTransport } from '../../services/shared/platform/grpc-transport.ts';
import { newIncarnation, systemRandom } from '../../services/shared/platform/random.ts';
import {
  DEFAULT_EXPIRY_OPTIONS,
  DEFAULT_QUEUED_BYTES_MAX,
  DEFAULT_REPLACEMENT_OPTIONS,
  DEFAULT_REQUEST_BYTES_MAX,
  DEFAULT_REQUESTS_MAX,
  DEFAULT_SCRUB_OPTIONS,
  DEFAULT_LINK_OPTIONS,
  DEFAULT_STATE_HASH_OPTIONS,
  type StorageNodeOptions,
} from '../../services/storage-node/core/options.ts';
import { DEFAULT_CHECKPOINT_OPTIONS } from '../../services/storage-node/groups/checkpoint-scheduler.ts';
import { StorageNode } from '../../services/storage-node/service.ts';

/** Logs to standard error when STATOR_TEST_LOG is set, else nowhere. */
export function testLogger(name: string): Logger {
  const write = (level: string, event: string, fields: LogFields | undefined): void => {
    if (process.env['STATOR_TEST_LOG'] !== undefined)
      process.stderr.write(`${performance.now().toFixed(0)} ${name} ${level} ${event} ${JSON.stringify(fields ?? {})}\n`);
  };
  const logger: Logger = {
    debug: (event, fields) => write('debug', event, fields),
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    with: () => logger,
  };
  return logger;
}

/** Metrics that can be read back: the last value of each gauge. */
export class TestMetrics implements Metrics {
  readonly #gauges = new Map<string, { value: number; readonly collect: () => void }>();

  counter(): { add: () => void } {
    return { add: () => undefined };
  }

  gauge(definition: MetricDefinition): Gauge {
    const held = { value: 0, collect: () => definition.collect?.(gauge) };
    const gauge: Gauge = {
      set: (value) => {
        held.value = value;
      },
    };
    this.#gauges.set(definition.name, held);
    return gauge;
  }

  histogram(): { observe: () => void } {
    return { observe: () => undefined };
  }

  read(name: string): number {
    const held = this.#gauges.get(name);
    if (held === undefined) throw new Error(`there is no gauge ${name}`);
    held.collect();
    return held.value;
  }
}

/** The real environment of a process, but for a fatal failure, which a test must see. */
export function testEnvironment(name: string, metrics: Metrics): Environment {
  return {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    digest: nodeDigest,
    logger: testLogger(name),
    metrics,
    fatal(reason, cause): never {
      throw new Error(`${name}: ${reason}`, { cause });
    },
  };
}

/** A storage node within the test's process: real disk, real gRPC. */
export class NodeUnderTest {
  readonly name: string;
  readonly az: string;
  readonly folder: string;
  readonly metrics = new TestMetrics();
  readonly #options: Partial<StorageNodeOptions>;
  #port = 0;
  #service: StorageNode | undefined;
  #transport: GrpcTransport | undefined;

  constructor(az: string, options: Partial<StorageNodeOptions> = {}) {
    this.name = `node-${az}`;
    this.az = az;
    this.folder = mkdtempSync(join(tmpdir(), `stator-${this.name}-`));
    this.#options = options;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get transport(): GrpcTransport {
    if (this.#transport === undefined) throw new Error(`${this.name} is down`);
    return this.#transport;
  }

  async start(): Promise<void> {
    const metrics = new TestMetrics();
    const environment = testEnvironment(this.name, metrics);
    const incarnation = newIncarnation(systemRandom);
    let clusterId = '';
    const identity = { name: this.name, incarnation, clusterId: () => clusterId };
    const { digest, logger } = environment;
    const listen = `127.0.0.1:${this.#port}`;
    const transport = createTransport({ identity, listen, digest, logger, metrics, process: 'storage_node' });
    const options: StorageNodeOptions = {
      node: this.name,
      az: this.az,
      region: 'local',
      advertise: this.address,
      autoAdmins: [],
      seeds: [],
      pageCacheBytesMax: 64 << 20,
      paxos: DEFAULT_PAXOS_OPTIONS,
      checkpoints: DEFAULT_CHECKPOINT_OPTIONS,
      links: DEFAULT_LINK_OPTIONS,
      stateHashes: DEFAULT_STATE_HASH_OPTIONS,
      scrub: DEFAULT_SCRUB_OPTIONS,
      replacement: DEFAULT_REPLACEMENT_OPTIONS,
      expiry: DEFAULT_EXPIRY_OPTIONS,
      requestsMax: DEFAULT_REQUESTS_MAX,
      requestBytesMax: DEFAULT_REQUEST_BYTES_MAX,
      queuedBytesMax: DEFAULT_QUEUED_BYTES_MAX,
      ...this.#options,
    };
    const onCluster = (id: string): void => {
      clusterId = id;
    };
    this.#transport = transport;
    const disk = new DataFolder(this.folder, logger);
    this.#service = new StorageNode({ environment, transport, disk, options, incarnation, onCluster });
    await this.#service.run();
    this.#port = transport.port();
  }

  async drain(): Promise<void> {
    await this.#service?.drain();
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
    this.#transport = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
