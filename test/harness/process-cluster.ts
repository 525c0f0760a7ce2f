import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, type KeySchemaElement, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { DevCluster } from '../../services/ctl/dev-cluster.ts';
import type { ProcessStatus } from '../../services/ctl/dev-folder.ts';
import { chooseSettings, type DevSettings, PORTS_RESERVED } from '../../services/ctl/dev-settings.ts';
import { type DevProcess, topology } from '../../services/ctl/dev-topology.ts';
import { createAdminCall } from '../../services/ctl/admin-client.ts';
import { initCluster } from '../../services/ctl/init.ts';
import { holdsResources } from '../../services/ctl/process-table.ts';
import { UserError } from '../../services/ctl/user-error.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { createTransport, type GrpcTransport } from '../../services/shared/platform/grpc-transport.ts';
import type { AdminRequest, AdminResponse, GroupInspection, NodeDescription } from '../../services/shared/wire/admin.ts';
import { freePorts } from './free-ports.ts';
import { endAtExit, endProcesses } from './leftover-processes.ts';
import { TestMetrics, testLogger } from './node-process.ts';
import { metricValues } from './scrape.ts';
import { until } from './until.ts';

export const STORAGE_NODES = ['node-a', 'node-b', 'node-c'] as const;
export type StorageNodeName = (typeof STORAGE_NODES)[number];
export const ROUTER = 'router-1';
export const AUTO_ADMIN = 'auto-admin-1';

const CALL_TIMEOUT_MS = 10_000;
/** Bounds for a request that nobody answers: far beyond every deadline of the cluster itself. */
const REQUEST_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_CONNECTIONS = 64;

/** What a test puts around a cluster: another network, other disks. */
export interface Surroundings {
  /** Before the first process starts; the folder is there and empty. */
  prepare?(directory: string, processes: readonly DevProcess[]): Promise<void>;
  /** What is started in place of a process's entry file. */
  programOf?(process: DevProcess): string;
  /** Where others reach the process that listens at this address. */
  reachedAt?(address: string): string;
  /** After the last process has ended, before the folder is removed. */
  dispose?(): Promise<void>;
}

/**
 * A whole cluster of real processes, as `make up` starts it, in a temporary folder and with ports of its own. With STATOR_TEST_KEEP
 * set the folder stays, logs and all.
 */
export class ProcessCluster {
  readonly directory: string;
  readonly #cluster: DevCluster;
  readonly #settings: DevSettings;
  readonly #surroundings: Surroundings;
  /** A member of the cluster's own. */
  readonly transport: GrpcTransport;
  readonly #clients: DynamoDBClient[] = [];
  readonly #options = new Set<string>();

  private constructor(cluster: DevCluster, settings: DevSettings, options: Readonly<Record<string, string>>, surroundings: Surroundings) {
    this.directory = settings.directory;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.setOptions(options);
    this.transport = createTransport({
      identity: { name: 'test', incarnation: process.pid, clusterId: () => settings.clusterId },
      listen: '127.0.0.1:0',
      digest: nodeDigest,
      logger: testLogger('test'),
      metrics: new TestMetrics(),
      process: 'test',
    });
  }

  /** `options`: further options of the processes by environment name, as in `{ STATOR_LEASE: 'off' }`. */
  static async start(options: Readonly<Record<string, string>> = {}, surroundings: Surroundings = {}): Promise<ProcessCluster> {
    const directory = await mkdtemp(join(tmpdir(), 'stator-cluster-'));
    const port = await freePorts(PORTS_RESERVED);
    endAtExit(directory, port);
    Object.assign(process.env, options);
    const cluster = devCluster(directory, surroundings);
    try {
      await surroundings.prepare?.(directory, topology(chooseSettings(directory, undefined, { port })));
      const { settings } = await cluster.up({ port });
      return new ProcessCluster(cluster, settings, options, surroundings);
    } catch (error) {
      await endProcesses(directory, port);
      await surroundings.dispose?.();
      throw error;
    }
  }

  get port(): number {
    return this.#settings.port;
  }

  get credentials(): { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string } {
    const { accessKeyId, secretAccessKey, region } = this.#settings;
    return { accessKeyId, secretAccessKey, region };
  }

  /** The unmodified SDK; `maxAttempts` 1: what fails once has failed. */
  client(maxAttempts = 1, connections = DEFAULT_CONNECTIONS): DynamoDBClient {
    const { accessKeyId, secretAccessKey, region } = this.#settings;
    const client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${this.port}`,
      region,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts,
      requestHandler: {
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionTimeout: CONNECT_TIMEOUT_MS,
        httpAgent: { keepAlive: true, maxSockets: connections },
      },
    });
    this.#clients.push(client);
    return client;
  }

  /** Creates an on-demand table, which has four partitions, and waits until it is active. */
  async createTable(name: string, sortKey?: 'S' | 'N'): Promise<void> {
    const client = this.client(5);
    const keys: KeySchemaElement[] = [{ AttributeName: 'pk', KeyType: 'HASH' }];
    if (sortKey !== undefined) keys.push({ AttributeName: 'sk', KeyType: 'RANGE' });
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map(({ AttributeName, KeyType }) => ({
          AttributeName,
          AttributeType: KeyType === 'HASH' ? 'S' : sortKey,
        })),
        KeySchema: keys,
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName: name });
  }

  /** Options by environment name, for processes that are started from now on. */
  setOptions(options: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(options)) {
      process.env[name] = value;
      this.#options.add(name);
    }
  }

  /** The same, for those only that `work` starts. */
  async withOptions(options: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
    const before = Object.keys(options).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, options);
    try {
      await work();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  }

  // --- processes -----------------------------------------------------------------------------------------------------

  async status(name: string): Promise<ProcessStatus> {
    const found = (await this.#cluster.statuses(this.#settings)).find((status) => status.name === name);
    if (found === undefined) throw new Error(`there is no process ${name}`);
    return found;
  }

  /** Sends all of them the signal in one go. Throws when one does not run. */
  async signal(names: readonly string[], signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pids = await Promise.all(names.map((name) => this.#pid(name)));
    for (const pid of pids) process.kill(pid, signal);
    if (signal === 'SIGKILL') await Promise.all(pids.map((pid) => until('the process is gone', async () => !(await holdsResources(pid)))));
    if (signal === 'SIGSTOP')
      await Promise.all(pids.map((pid) => until('the process is stopped', async () => (await stateOf(pid)) === 'T')));
  }

  /** SIGKILL, all of them in one go; resolves when they are gone. */
  kill(...names: string[]): Promise<void> {
    return this.signal(names, 'SIGKILL');
  }

  /** Ends it as its operator would: it drains and hands over first. */
  stop(name: string): Promise<void> {
    return this.#cluster.stopProcess(name);
  }

  /** Starts what does not run, and waits until everything is ready. */
  async startMissing(): Promise<void> {
    await this.#cluster.up({});
  }

  /** Starts one process, and waits until it is ready. */
  startOne(name: string): Promise<void> {
    return this.#cluster.startProcess(name);
  }

  /** Starts one process that cannot get ready yet. */
  async startUnready(name: string): Promise<void> {
    const impatient = devCluster(this.directory, this.#surroundings, 0);
    await assert.rejects(impatient.startProcess(name), UserError);
    assert.ok(await this.isRunning(name), `${name} runs`);
  }

  async isRunning(name: string): Promise<boolean> {
    return (await this.status(name)).pid !== null;
  }

  /** What its log says, from the beginning of the cluster. */
  async log(name: string): Promise<string> {
    return readFile((await this.status(name)).log, 'utf8');
  }

  /** Ends every process at once, and removes the folder. */
  async remove(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await endProcesses(this.directory, this.port);
    await this.#surroundings.dispose?.();
    for (const name of this.#options) delete process.env[name];
    await this.transport.close();
    if (process.env['STATOR_TEST_KEEP'] === undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  async #pid(name: string): Promise<number> {
    const { pid } = await this.status(name);
    if (pid === null) throw new Error(`${name} does not run`);
    return pid;
  }

  // --- looking inside ------------------------------------------------------------------------------------------------

  async call(name: string, request: AdminRequest): Promise<AdminResponse> {
    const { ports } = await this.status(name);
    return this.transport.call(`127.0.0.1:${ports.grpc}`, request, CALL_TIMEOUT_MS);
  }

  async describe(name: StorageNodeName): Promise<NodeDescription> {
    const description = await this.call(name, { kind: 'describe-node' });
    if (description.kind !== 'node-description') throw new Error(`${name} answers ${description.kind}`);
    return description;
  }

  async inspect(name: StorageNodeName, group: number): Promise<GroupInspection> {
    const inspection = await this.call(name, { kind: 'inspect-group', group });
    if (inspection.kind !== 'group-inspection') throw new Error(`${name} answers ${inspection.kind}`);
    return inspection;
  }

  /** Sum of a metric over its labels. */
  async metric(name: string, metric: string): Promise<number> {
    const values = await metricValues((await this.status(name)).ports.metrics, metric);
    if (values.length === 0) throw new Error(`${name} has no metric ${metric}`);
    return values.reduce((sum, value) => sum + value, 0);
  }

  /** The groups of tables (the catalog's is not among them), and who leads each now. */
  async leaders(): Promise<Map<number, StorageNodeName>> {
    const leaders = new Map<number, StorageNodeName>();
    for (const name of STORAGE_NODES) {
      if (!(await this.isRunning(name))) continue;
      for (const { group, leading } of (await this.describe(name)).replicas) if (leading && group > 1) leaders.set(group, name);
    }
    return leaders;
  }
}

function devCluster(directory: string, surroundings: Surroundings, readyTimeoutMs?: number): DevCluster {
  const programOf = surroundings.programOf?.bind(surroundings);
  return new DevCluster({
    directory,
    // A node that belongs to no cluster yet answers only callers that name none.
    initCluster: (seeds, toForm) => {
      const reached = seeds.map(({ az, address }) => ({ az, address: surroundings.reachedAt?.(address) ?? address }));
      return initCluster(createAdminCall(''), reached, toForm);
    },
    report: (line) => testLogger('ctl').info(line),
    ...(programOf !== undefined && { programOf }),
    ...(readyTimeoutMs !== undefined && { readyTimeoutMs }),
  });
}

/** The state of a process as proc(5) gives it: R, S, T for stopped, Z… */
async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return stat.charAt(stat.lastIndexOf(')') + 2);
}
