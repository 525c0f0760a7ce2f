import { CATALOG_GROUP, type GroupId, type NodeId } from '../../services/shared/base/ids.ts';
import { CATALOG_KEYS } from '../../services/shared/cluster-client/catalog-store.ts';
import { AdminCallError, type FrameStream } from '../../services/shared/env/transport.ts';
import { parseItem, serializeItem } from '../../services/shared/item/attribute-map.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { parsePartitionSettings } from '../../services/shared/placement/partition-settings.ts';
import { type CatalogRecord, serializeRecord } from '../../services/shared/placement/record-format.ts';
import type {
  AdminRequest,
  AdminResponse,
  ChangeSettings,
  CreateReplica,
  LostIndex,
  ReplicaDescription,
} from '../../services/shared/wire/admin.ts';
import type { CatalogEntry, RequestFrame, ResponseFrame, StatorTransport, WatchFrame } from '../../services/shared/wire/frames.ts';
import type { StorageRequest, StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import { FakeGroup } from './fake-group.ts';
import { FakeNetwork } from './fake-transport.ts';
import type { ManualTimers } from './manual-timers.ts';
import { nodeDigest } from './test-environment.ts';

type WatchServerStream = FrameStream<WatchFrame, WatchFrame>;
/** What a node does with a request: carry it out, carry it out without answering, swallow it, or answer something else. */
export type RequestVerdict = 'execute' | 'execute-silently' | 'swallow' | Omit<StorageResponse, 'id'>;

/** Three or more storage nodes without disks or consensus, over a fake network. */
export class FakeCluster {
  readonly timers: ManualTimers;
  readonly network: FakeNetwork;
  readonly nodes = new Map<NodeId, FakeNode>();
  readonly groups = new Map<GroupId, FakeGroup>();
  readonly catalog = new FakeGroup(CATALOG_GROUP, 'catalog', Buffer.alloc(0), Buffer.alloc(0));
  /** Indexes that can never catch up, as the leader of each group says. */
  readonly lost: LostIndex[] = [];
  /** Asked about every request that reaches a node. */
  onRequest: (node: NodeId, request: StorageRequest) => RequestVerdict = () => 'execute';

  constructor(timers: ManualTimers, names: readonly NodeId[] = ['node-a', 'node-b', 'node-c']) {
    this.timers = timers;
    this.network = new FakeNetwork(timers);
    this.groups.set(CATALOG_GROUP, this.catalog);
    for (const name of names) this.nodes.set(name, new FakeNode(this, name));
    this.catalog.leader = names[0];
    this.catalog.onWrite = (key, item) => {
      const entry = item === undefined ? { key: this.#catalogKeys.get(hex(key)) ?? '' } : entryOf(item);
      this.#catalogKeys.set(hex(key), entry.key);
      for (const node of this.nodes.values()) node.announce(entry);
    };
  }

  readonly #catalogKeys = new Map<string, string>();

  get seeds(): string[] {
    return [...this.nodes.values()].slice(0, 3).map((node) => node.address);
  }

  node(name: NodeId): FakeNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  group(id: GroupId): FakeGroup {
    const group = this.groups.get(id);
    if (group === undefined) throw new Error(`no group ${id}`);
    return group;
  }

  /** Writes a catalog record as if its writer had been an auto-admin; undefined deletes it. */
  putRecord(key: string, record: (CatalogRecord & { readonly generation: number }) | undefined): void {
    const encoded = encodeKey(CATALOG_KEYS, { k: { S: key } }, nodeDigest);
    const number = this.catalog.slot + 1;
    const common = { key: encoded, number, returnOld: false, returnOldOnFailure: false } as const;
    if (record === undefined) {
      this.catalog.execute({ kind: 'delete', ...common }, 0);
      return;
    }
    const item = serializeItem({ k: { S: key }, v: { S: serializeRecord(record).toString('utf8') }, g: { N: String(record.generation) } });
    this.catalog.execute({ kind: 'put', ...common, item, itemSize: item.length }, 0);
  }

  /** The catalog as key -> record. */
  records(): Map<string, Record<string, unknown>> {
    const entries = this.catalog.items.map(({ item }) => entryOf(item));
    return new Map(
      entries.map(({ key, value }) => [key, JSON.parse(Buffer.from(value ?? []).toString('utf8')) as Record<string, unknown>]),
    );
  }

  /** Registers all nodes in the catalog. */
  registerNodes(): void {
    for (const { name, az, address } of this.nodes.values()) {
      this.putRecord(`node/${name}`, { node: name, az, address, incarnation: 1, generation: 1 });
    }
  }
}

/** One node: what it was told to hold, and its streams. */
export class FakeNode {
  readonly name: NodeId;
  /** The part of the name behind the dash, without digits: `node-a2` is in AZ `a`. */
  readonly az: string;
  readonly address: string;
  readonly replicas = new Map<GroupId, CreateReplica>();
  /** Slots behind which this node's watch stays, for a replica that hears nothing of the leader. */
  watchPaused = false;
  readonly #cluster: FakeCluster;
  readonly #watchers = new Set<WatchServerStream>();
  #incarnation = 1;

  constructor(cluster: FakeCluster, name: NodeId) {
    this.#cluster = cluster;
    this.name = name;
    this.az = name.replace(/^.*-/, '').replace(/[0-9]/g, '');
    this.address = `${name}:7000`;
    this.start();
  }

  start(): void {
    const transport: StatorTransport = this.#cluster.network.transport(this.address, this.name, this.#incarnation++);
    void transport.listen({
      requests: (stream) => this.#serveRequests(stream),
      watch: (stream) => this.#serveWatch(stream),
      admin: (request) => this.#admin(request),
    });
  }

  kill(): void {
    this.#watchers.clear();
    this.#cluster.network.kill(this.address);
  }

  announce(entry: CatalogEntry): void {
    if (this.watchPaused) return;
    for (const watcher of this.#watchers) watcher.send({ kind: 'changes', slot: this.#cluster.catalog.slot, records: [entry] });
  }

  #serveRequests(stream: FrameStream<ResponseFrame, RequestFrame>): void {
    stream.onFrame = (frame) => {
      const responses: StorageResponse[] = [];
      for (const request of frame.requests) {
        const answer = this.#answer(request, stream.peer.incarnation);
        if (answer !== undefined) responses.push({ id: request.id, ...answer });
      }
      if (responses.length > 0) stream.send({ responses });
    };
  }

  #answer(request: StorageRequest, life: number): Omit<StorageResponse, 'id'> | undefined {
    const verdict = this.#cluster.onRequest(this.name, request);
    if (verdict === 'swallow') return undefined;
    if (typeof verdict === 'object') return verdict;
    const answer = this.#execute(request, life);
    return verdict === 'execute' ? answer : undefined;
  }

  #execute(request: StorageRequest, life: number): Omit<StorageResponse, 'id'> {
    const { operation } = request;
    const group = this.#cluster.groups.get(request.group);
    if (group === undefined || !this.#holds(request.group)) return { status: 'no-such-group' };
    const needsLeader = operation.kind === 'get' || operation.kind === 'range' ? operation.consistent : true;
    if (needsLeader && group.leader !== this.name)
      return { status: 'not-leader', ...(group.leader === undefined ? {} : { leader: group.leader }) };
    if (needsLeader && !group.ready) return { status: 'not-ready' };
    if (!group.holds(operation)) return { status: 'wrong-range' };
    return group.execute(operation, life);
  }

  #holds(group: GroupId): boolean {
    return group === CATALOG_GROUP ? this.#cluster.seeds.includes(this.address) : this.replicas.has(group);
  }

  #serveWatch(stream: WatchServerStream): void {
    if (!this.#holds(CATALOG_GROUP)) return stream.close();
    const { timers, catalog } = this.#cluster;
    stream.onClose = () => this.#watchers.delete(stream);
    stream.onFrame = () => {
      this.#sendSnapshot(stream);
      this.#watchers.add(stream);
      beat();
    };
    const beat = (): void => {
      if (!this.#watchers.has(stream)) return;
      if (!this.watchPaused) stream.send({ kind: 'changes', slot: catalog.slot, records: [] });
      timers.after(1000, beat);
    };
  }

  /** Sends every watcher the whole catalog again. */
  resendCatalog(): void {
    for (const watcher of this.#watchers) this.#sendSnapshot(watcher);
  }

  #sendSnapshot(stream: WatchServerStream): void {
    const { catalog } = this.#cluster;
    const entries = catalog.items.map(({ item }) => entryOf(item));
    const half = Math.ceil(entries.length / 2);
    stream.send({ kind: 'snapshot', slot: catalog.slot, records: entries.slice(0, half), done: false });
    stream.send({ kind: 'snapshot', slot: catalog.slot, records: entries.slice(half), done: true });
  }

  async #admin(request: AdminRequest): Promise<AdminResponse> {
    switch (request.kind) {
      case 'create-replica':
        this.#createReplica(request);
        return { kind: 'done' };
      case 'delete-replica':
        if (this.replicas.get(request.group) !== undefined) this.replicas.delete(request.group);
        return { kind: 'done' };
      case 'describe-node': {
        const replicas = [...this.replicas.keys()].map((group) => this.#describe(group));
        return { kind: 'node-description', node: this.name, az: this.az, clusterId: 'test', incarnation: 1, replicas };
      }
      case 'change-settings':
        return this.#changeSettings(request);
      case 'list-lost-indexes': {
        const { lost, groups } = this.#cluster;
        return { kind: 'lost-indexes', indexes: lost.filter(({ group }) => groups.get(group)?.leader === this.name) };
      }
      case 'inspect-group':
        if (!this.#holds(request.group)) throw new AdminCallError('no-such-group', `no group ${request.group} here`);
        return {
          kind: 'group-inspection',
          replica: this.#describe(request.group),
          stateHash: '0000000000000000',
          low: Buffer.alloc(0),
          high: Buffer.alloc(0),
          configuration: 1,
          members: [],
          localIndexes: [],
        };
      default:
        throw new AdminCallError('unsupported', request.kind);
    }
  }

  /** An index that takes in what was there before is built when it was asked after for the third time. */
  #changeSettings({ group: id, settings }: ChangeSettings): AdminResponse {
    const group = this.#cluster.groups.get(id);
    if (group === undefined || group.leader !== this.name) throw new AdminCallError('not-leader', `${this.name} does not lead ${id}`);
    const { version, globalIndexes } = parsePartitionSettings(settings);
    group.settingsTold = version === group.settingsVersion ? group.settingsTold + 1 : 1;
    group.settingsVersion = Math.max(version, group.settingsVersion);
    const delivered = group.settingsTold >= 3;
    const indexes = globalIndexes.map(({ indexId }) => ({ indexId, backfilled: true, delivered, itemsDone: 0, items: 0 }));
    return { kind: 'settings-applied', version: group.settingsVersion, indexes };
  }

  #createReplica(request: CreateReplica): void {
    const present = this.replicas.get(request.group);
    if (present !== undefined) {
      if (present.replica !== request.replica) throw new AdminCallError('replica-exists', 'with another id');
      return;
    }
    this.replicas.set(request.group, request);
    const group = this.#cluster.groups.get(request.group) ?? new FakeGroup(request.group, request.tableId, request.low, request.high);
    this.#cluster.groups.set(request.group, group);
    const holders = [...this.#cluster.nodes.values()].filter((node) => node.replicas.has(request.group));
    const preferred = request.members.find((member) => member.replica === request.preferredLeader)?.node;
    if (holders.length >= 2) group.leader ??= holders.find((node) => node.name === preferred)?.name ?? holders[0]?.name;
  }

  #describe(id: GroupId): ReplicaDescription {
    const group = this.#cluster.group(id);
    return {
      group: id,
      replica: this.replicas.get(id)?.replica ?? 1,
      tableId: group.tableId,
      leading: group.leader === this.name,
      damaged: false,
      ballot: { configuration: 1, round: 1, replica: 1 },
      commit: group.slot,
      applied: group.slot,
      last: group.slot,
      trimmed: 0,
      checkpoint: 0,
      items: group.items.length,
      itemBytes: group.items.reduce((bytes, { size }) => bytes + size, 0),
    };
  }
}

function entryOf(item: Uint8Array): CatalogEntry {
  const attributes = parseItem(item) as Record<string, { readonly S?: string }>;
  return { key: attributes['k']?.S ?? '', value: Buffer.from(attributes['v']?.S ?? '', 'utf8') };
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}
