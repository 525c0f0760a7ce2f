import { must } from '../../services/shared/base/assert.ts';
import type { GroupId } from '../../services/shared/base/ids.ts';
import type { Membership } from '../../services/storage-node/core/membership.ts';
import type { Prng } from '../../services/shared/base/prng.ts';
import type { Service } from '../../services/shared/env/environment.ts';
import { AutoAdminService } from '../../services/auto-admin/service.ts';
import { RouterService } from '../../services/router/service.ts';
import { MIB } from '../../services/shared/base/units.ts';
import { JoiningService } from '../../services/shared/cluster-client/joining-service.ts';
import { createSealer } from '../../services/shared/platform/sealer.ts';
import type { AdminRequest, AdminResponse } from '../../services/shared/wire/admin.ts';
import type { StorageOperation, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import { DEFAULT_QUEUED_BYTES_MAX, DEFAULT_REQUEST_BYTES_MAX, DEFAULT_REQUESTS_MAX } from '../../services/storage-node/core/options.ts';
import type { Group } from '../../services/storage-node/groups/group.ts';
import { StorageNode } from '../../services/storage-node/service.ts';
import { RouterProcess, SimFrontDoor } from './front-door.ts';
import type { Kernel } from './kernel/kernel.ts';
import { SimClock } from './kernel/sim-clock.ts';
import { SimEnvironment } from './kernel/sim-environment.ts';
import { addressOf, SimNetwork } from './kernel/sim-network.ts';
import { SimProcess } from './kernel/sim-process.ts';
import { SimTransport } from './kernel/sim-transport.ts';
import { type ProcessParts, SimMachine } from './machine.ts';
import type { ClusterSettings } from './settings.ts';

export const CLUSTER_ID = 'c0ffee00-0000-4000-8000-000000000001';
export const REGION = 'sim-1';
export const ACCESS_KEY_ID = 'AKIASIMULATED';
export const SECRET_ACCESS_KEY = 'known to everybody here';
/** What the routers open the secrets of the catalog's credentials with. */
export const SEALER = createSealer(Buffer.alloc(32, 1));
const ACCOUNT = '000000000000';
export const TABLE = 'items';
const ZONES = ['a', 'b', 'c'] as const;
const AUTO_ADMIN = 'auto-admin-1';
const ROUTERS = ['router-1', 'router-2'] as const;
const OPERATOR = 'operator';
/** Wall clocks are set within this of each other. */
const WALL_ERROR_MS = 5000;
const CALL_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 5000;
const POLL_MS = 20;
/** Short, for some indexes are given up several times in a run. */
const INDEX_REBUILD_PAUSE_MS = 1000;

/**
 * A cluster of real services on simulated machines: three storage nodes in three AZs, an auto-admin, two routers, and
 * an operator, who is never hit by a fault and through whom the scenario looks at time.
 */
export class SimCluster {
  readonly kernel: Kernel;
  readonly network: SimNetwork;
  /** The nodes that form the cluster. */
  readonly seeds: readonly SimMachine<StorageNode>[];
  /** All storage nodes. */
  readonly nodes: readonly SimMachine<StorageNode>[];
  readonly autoAdmin: SimMachine;
  readonly routers: readonly SimMachine<RouterProcess>[];
  readonly settings: ClusterSettings;
  readonly #operator: SimEnvironment;
  readonly #operatorTransport: SimTransport;
  readonly #random: Prng;
  /** Nodes with damaged disks that are being brought back. */
  repairs = 0;
  #requests = 0;

  /** `spares`: storage nodes beside the seeds; they hold nothing before replicas are moved there. */
  constructor(kernel: Kernel, settings: ClusterSettings, spares = 0) {
    this.kernel = kernel;
    this.settings = settings;
    this.#random = kernel.random();
    this.network = new SimNetwork(kernel);
    const places = ZONES.map((az) => ({ az, name: `node-${az}` }));
    this.seeds = places.map(({ az, name }) => this.#machine(name, (parts) => this.#storageNode(name, az, parts)));
    const more = Array.from({ length: spares }, (_, at) => ({ az: must(ZONES[at % ZONES.length]), name: `spare-${at + 1}` }));
    this.nodes = [...this.seeds, ...more.map(({ az, name }) => this.#machine(name, (parts) => this.#storageNode(name, az, parts)))];
    const seeds = this.seeds.map(({ name }) => addressOf(name));
    const options = { name: AUTO_ADMIN, seeds, clusterId: () => CLUSTER_ID, indexRebuildPauseMs: INDEX_REBUILD_PAUSE_MS };
    this.autoAdmin = this.#machine(AUTO_ADMIN, (parts) => {
      const { environment, transport } = parts;
      return joining(parts, seeds, new AutoAdminService(environment, transport, options));
    });
    this.routers = ROUTERS.map((name, at) => this.#machine(name, (parts) => this.#router(must(ZONES[at]), seeds, parts)));
    const process = new SimProcess({ kernel, name: OPERATOR, clock: new SimClock(kernel, 0, 0), onEnd: () => undefined });
    this.#operator = new SimEnvironment(process);
    this.#operatorTransport = new SimTransport(this.network, process, this.#operator);
    this.#operatorTransport.joinCluster(CLUSTER_ID);
  }

  /** Every machine that faults may hit. */
  get machines(): readonly SimMachine[] {
    return [...this.nodes, this.autoAdmin, ...this.routers];
  }

  // --- what a scenario does ----------------------------------------------------------------------------------------

  /** True time, milliseconds since 1970. */
  get wallMs(): number {
    return this.#operator.clock.wallMs();
  }

  sleep(delayMs: number): Promise<void> {
    return this.#operator.timers.sleep(delayMs);
  }

  /** Resolves when the condition holds; rejects when it does not within `limitMs`. */
  async until(what: string, limitMs: number, condition: () => boolean | Promise<boolean>): Promise<void> {
    const giveUpAtMs = this.kernel.nowMs + limitMs;
    while (!(await condition())) {
      if (this.kernel.nowMs >= giveUpAtMs) throw new Error(`not within ${limitMs} ms: ${what}`);
      await this.sleep(POLL_MS);
    }
  }

  call(node: SimMachine, request: AdminRequest): Promise<AdminResponse> {
    return this.#operatorTransport.call(addressOf(node.name), request, CALL_TIMEOUT_MS);
  }

  /** One request of a client that talks to a storage node itself. Rejects when the stream breaks. */
  async request(node: SimMachine, group: GroupId, operation: StorageOperation): Promise<StorageResponse> {
    const stream = await this.#operatorTransport.open(addressOf(node.name), 'requests', CALL_TIMEOUT_MS);
    this.#requests += 1;
    const id = this.#requests;
    try {
      return await new Promise((resolve, reject) => {
        stream.onFrame = ({ responses }) => {
          const answer = responses.find((response) => response.id === id);
          if (answer !== undefined) resolve(answer);
        };
        stream.onClose = () => reject(new Error('the stream is closed'));
        stream.send({ requests: [{ id, group, deadlineMs: CALL_TIMEOUT_MS, operation }] });
      });
    } finally {
      stream.close();
    }
  }

  /** Starts everything and forms the cluster. */
  async boot(): Promise<void> {
    for (const machine of this.machines) machine.start();
    const members = this.seeds.map(({ name }, at) => ({ replica: at + 1, node: name, az: must(ZONES[at]) }));
    const addresses = this.seeds.map(({ name }) => ({ node: name, address: addressOf(name) }));
    await this.until('the nodes form a cluster', 30_000, async () => {
      const calls = this.seeds.map((node) => this.call(node, { kind: 'init-cluster', clusterId: CLUSTER_ID, members, addresses }));
      return (await Promise.allSettled(calls)).every(({ status }) => status === 'fulfilled');
    });
    await this.until('everybody is ready', 60_000, () => this.machines.every(({ life }) => life?.service.notReady() === undefined));
  }

  // --- what checks look at -----------------------------------------------------------------------------------------

  /** The replicas that run on a node now. */
  groupsOf(node: SimMachine<StorageNode>): Iterable<Group> {
    return node.life?.service.groups?.all ?? [];
  }

  /** The newest configuration of each group that any replica knows of. */
  memberships(): ReadonlyMap<GroupId, Membership> {
    const newest = new Map<GroupId, Membership>();
    for (const node of this.nodes) {
      for (const { id, identity } of this.groupsOf(node)) {
        if (identity.configuration > (newest.get(id)?.configuration ?? -1)) newest.set(id, identity);
      }
    }
    return newest;
  }

  // --- how it is built ---------------------------------------------------------------------------------------------

  #machine<S extends Service>(name: string, make: (parts: ProcessParts) => S): SimMachine<S> {
    const random = this.#random;
    const clock = new SimClock(this.kernel, random.float() * 1e7, (random.float() * 2 - 1) * WALL_ERROR_MS);
    clock.setRate(1 + (random.float() * 2 - 1) * this.settings.clockErrorMax);
    return new SimMachine(this.kernel, this.network, name, clock, make);
  }

  #storageNode(name: string, az: string, { environment, transport, disk, incarnation }: ProcessParts): StorageNode {
    const { paxos, links, checkpoints, replacement, pageCacheBytesMax, indexRebuildAfterMs } = this.settings;
    const options = {
      node: name,
      az,
      region: REGION,
      advertise: addressOf(name),
      autoAdmins: [addressOf(AUTO_ADMIN)],
      seeds: ZONES.map((zone) => addressOf(`node-${zone}`)),
      pageCacheBytesMax,
      paxos,
      links,
      checkpoints,
      stateHashes: { slots: 64, intervalMs: 3000 },
      scrub: { bytesPerSecond: MIB, intervalMs: 40_000 },
      replacement,
      // A look every few seconds, so that leaders come and go in the midst of one.
      expiry: { sweepIntervalMs: 2000, deletesPerSecond: 200 },
      requestsMax: DEFAULT_REQUESTS_MAX,
      requestBytesMax: DEFAULT_REQUEST_BYTES_MAX,
      queuedBytesMax: DEFAULT_QUEUED_BYTES_MAX,
      indexRebuildAfterMs,
    };
    return new StorageNode({ environment, transport, disk, options, incarnation, onCluster: (id) => transport.joinCluster(id) });
  }

  #router(az: string, seeds: readonly string[], parts: ProcessParts): RouterProcess {
    const { environment, transport } = parts;
    const options = {
      region: REGION,
      az,
      seeds,
      autoAdmins: [addressOf(AUTO_ADMIN)],
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      credentials: new Map([[ACCESS_KEY_ID, { secret: SECRET_ACCESS_KEY, account: ACCOUNT }]]),
      sealer: SEALER,
    };
    let door: SimFrontDoor | undefined;
    const service = new RouterService(environment, transport, options, (handler) => {
      door = new SimFrontDoor((request) => handler.handle(request));
      return door;
    });
    return new RouterProcess(joining(parts, seeds, service), () => door);
  }
}

/** As the main.ts of each process does. */
function joining({ environment, transport }: ProcessParts, seeds: readonly string[], service: Service): JoiningService {
  const onCluster = (id: string): void => transport.joinCluster(id);
  return new JoiningService({ environment, transport, seeds, clusterId: undefined, onCluster, service });
}
