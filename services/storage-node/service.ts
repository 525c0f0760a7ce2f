import { assert } from '../shared/base/assert.ts';
import { CATALOG_GROUP, type GroupId, type NodeId, type ReplicaId } from '../shared/base/ids.ts';
import { PageDamagedError } from '../shared/btree/errors.ts';
import type { PageStore } from '../shared/btree/page-store.ts';
import { CatalogWatcher } from '../shared/cluster-client/catalog-watcher.ts';
import { findCluster } from '../shared/cluster-client/seed-inquiry.ts';
import type { Timer } from '../shared/env/clock.ts';
import type { Environment, Service } from '../shared/env/environment.ts';
import { AdminCallError } from '../shared/env/transport.ts';
import { WriteAheadLog } from '../shared/wal/write-ahead-log.ts';
import type { AdminRequest, AdminResponse, InitCluster } from '../shared/wire/admin.ts';
import type { StatorTransport } from '../shared/wire/frames.ts';
import { DATA_FORMAT_VERSION, decodeNodeIdentity, encodeNodeIdentity, type NodeIdentity } from './core/node-identity.ts';
import {
  CATALOG_BEAT_MS,
  CHECKPOINT_TICK_MS,
  HEARTBEAT_MS,
  LOOK_FOR_MISSING_MS,
  NODE_ALLOWANCE_SHARE,
  REGISTER_MS,
  type StorageNodeOptions,
  TICK_MS,
  TREES_HOLD_MS,
} from './core/options.ts';
import { isWantedGroup, neededGroups } from './core/wanted-group.ts';
import { CatalogFeed } from './groups/catalog-feed.ts';
import type { Group } from './groups/group.ts';
import { defaultReserveBytes } from './groups/disk-room.ts';
import type { NodeDisk } from './groups/node-disk.ts';
import { IndexCluster } from './groups/index-cluster.ts';
import { MissingReplicas } from './groups/missing-replicas.ts';
import { NodeGroups } from './groups/node-groups.ts';
import { RangeReader } from './groups/range-reader.ts';
import { whyNotReady } from './groups/readiness.ts';
import { RequestServer } from './groups/request-server.ts';
import { isStoreDamage, openTrees, SetAsideTree } from './groups/set-aside-tree.ts';
import { changeSettings } from './handlers/change-settings.ts';
import { ReplicaCreator, stoppingError } from './handlers/create-replica.ts';
import { describeNode } from './handlers/describe-node.ts';
import { inspectGroup } from './handlers/inspect-group.ts';
import { scrub } from './handlers/scrub.ts';
import { swapReplica } from './handlers/swap-replica.ts';
import { handOverAll, transferLeadership } from './handlers/transfer-leadership.ts';
import { StorageNodeMetrics } from './metrics.ts';

export interface StorageNodeParts {
  readonly environment: Environment;
  readonly transport: StatorTransport;
  readonly disk: NodeDisk;
  readonly options: StorageNodeOptions;
  /** Another in each life of the process. */
  readonly incarnation: number;
  /** Told once the node belongs to a cluster: streams carry it from then on. */
  readonly onCluster: (clusterId: string) => void;
}

/** Other seeds are waited for so long while a cluster is formed. */
const SEED_ANSWERS_MS = 1000;
const DISK_FAILED = 'the disk failed: nothing more may be promised by this process';

/** What a node has once it belongs to a cluster and its stores are open. */
interface OpenNode {
  readonly groups: NodeGroups;
  readonly pages: PageStore;
  readonly wal: WriteAheadLog;
  readonly catalog: CatalogFeed;
  readonly creator: ReplicaCreator;
  readonly requests: RequestServer;
  readonly watcher: CatalogWatcher;
  readonly missing: MissingReplicas;
  /** What still reads or writes, then the stores. Nothing comes to the log any more. */
  readonly close: () => Promise<void>;
}

/** A storage node: the replicas on one machine, and those who talk to them. */
export class StorageNode implements Service {
  readonly #parts: StorageNodeParts;
  readonly #metrics: StorageNodeMetrics;
  readonly #timers = new Set<Timer>();
  #identity: NodeIdentity | undefined;
  #node: OpenNode | undefined;
  #joining: Promise<void> = Promise.resolve();
  #started = false;
  #registered = false;
  /** It found its cluster in use: whatever replica it may have had there is lost. */
  #joined = false;
  /** An earlier life of the process belonged to a cluster already: it may have had replicas that are lost now. */
  #hadLife = false;
  #stopping = false;
  /** The damage of the trees is being noted, and then the process ends. */
  #endsForDamage = false;

  constructor(parts: StorageNodeParts) {
    this.#parts = parts;
    this.#metrics = new StorageNodeMetrics(parts.environment.metrics);
  }

  /** The replicas on this node; undefined before it belongs to a cluster. */
  get groups(): NodeGroups | undefined {
    return this.#node?.groups;
  }

  async run(): Promise<void> {
    const { disk, options, transport, environment } = this.#parts;
    const bytes = await disk.readIdentity();
    this.#hadLife = bytes !== undefined;
    if (bytes !== undefined) await this.#open(decodeNodeIdentity(bytes, options.node, options.clusterId));
    else environment.logger.info('the data folder is empty', { node: options.node });
    await transport.listen({
      admin: (request) => this.#admin(request),
      control: (stream) => {
        stream.onFrame = (frame) => this.#node?.groups.onControl(stream.peer.name, frame);
      },
      bulk: (stream) => {
        stream.onFrame = (frame) => this.#node?.groups.onBulk(stream.peer.name, frame);
      },
      requests: (stream) => (this.#node === undefined ? stream.close() : this.#node.requests.serve(stream)),
      watch: (stream) => {
        const catalog = this.#node?.groups.group(CATALOG_GROUP);
        if (this.#node === undefined || catalog === undefined || catalog.awaitsSnapshot || !catalog.paxos.isMember) stream.close();
        else this.#node.catalog.serve(stream);
      },
    });
    if (this.#node !== undefined) this.#start(this.#node);
    else void this.#joinCluster();
  }

  /**
   * Not ready before it belongs to a cluster, its replicas, but those of retired groups, have a leader that reaches a quorum (`whyNotReady`), it has all that it
   * should have (`MissingReplicas`), and the catalog says where the node is.
   */
  notReady(): string | undefined {
    if (this.#node === undefined || !this.#started) return 'the node belongs to no cluster yet: run `stator init`';
    if (this.#stopping) return 'the node is stopping';
    if (this.#node.groups.rebuilder.unknown.size > 0) return 'a replica that lost its tree has not heard yet what it is';
    const { environment, options } = this.#parts;
    const { watcher, missing, groups } = this.#node;
    // The other nodes may have nothing any more of a group that is retired.
    const reason = whyNotReady(neededGroups(groups.all, watcher.view), options.paxos.leaseMs, environment.clock.monotonicMs());
    if (reason !== undefined) return reason;
    if (!watcher.ready) return 'the node has not read the catalog yet, and does not know what it should hold';
    const lost = missing.first(environment.clock.monotonicMs());
    if (lost !== undefined)
      return `no member of ${lost === CATALOG_GROUP ? 'the catalog' : `group ${lost}`} is here yet, where there should be one`;
    return this.#registered || this.#isInCatalog(this.#node) ? undefined : 'the node is not registered with an auto-admin yet';
  }

  /** Gives away everything it leads, then refuses requests. */
  async drain(): Promise<void> {
    this.#stopping = true;
    if (this.#node === undefined) return;
    await handOverAll(this.#node.groups);
    await this.#node.requests.drain();
  }

  /**
   * In the order in which one thing uses another, so that nothing comes to a log that is closing: what makes and destroys replicas,
   * which ends what it has begun, while the replicas take part as ever; the replicas, at once with all that speaks for them; what
   * still reads or writes for one of them; the stores.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#joining;
    const node = this.#node;
    await node?.creator.stop();
    await node?.groups.rebuilder.stop();
    for (const timer of this.#timers) timer.cancel();
    node?.watcher.stop();
    node?.groups.stop();
    node?.groups.links.close();
    await this.#parts.transport.close();
    if (node === undefined) return;
    await node.close();
    await this.#noteTreesHold();
  }

  // --- the node's life ---------------------------------------------------------------------------------------------

  async #open(identity: NodeIdentity): Promise<OpenNode> {
    const { environment, transport, disk, options, onCluster } = this.#parts;
    const { logger, digest, clock, timers } = environment;
    this.#identity = identity;
    onCluster(identity.clusterId);
    const onFailure = (error: unknown): void => environment.fatal(DISK_FAILED, error);
    const onTreeFailure = (error: unknown): void => this.#treesFailed(error);
    const { store, mark, damage } = await disk.openWal();
    const storeDamage = damage === undefined ? {} : { storeDamage: damage };
    const wal = await WriteAheadLog.open({ store, mark, digest, logger, clock, onFailure, ...storeDamage });
    const trees = { digest, logger, timers, cacheBytesMax: options.pageCacheBytesMax, onFailure: onTreeFailure };
    const { store: treeStore, pages, setAside } = await openTrees(disk, trees);
    const catalog = new CatalogFeed(logger);
    const space = await disk.space();
    const nodeBytes = options.checkpoints.nodeAllowanceBytes ?? NODE_ALLOWANCE_SHARE * space.sizeBytes;
    const reserveBytes = options.diskReserveBytes ?? defaultReserveBytes(space.sizeBytes);
    const allowances = { groupBytes: options.checkpoints.followerAllowanceBytes, nodeBytes };
    const handOver = (group: Group, to: ReplicaId): void => this.#handOver(groups, group, to);
    const { incarnation } = this.#parts;
    const addresses = [...new Set([...Object.values(identity.addresses), ...options.seeds])];
    const watcher = new CatalogWatcher(environment, transport, addresses);
    const cluster = new IndexCluster(environment, transport, watcher, addresses, options.az);
    const groups = new NodeGroups({
      environment,
      transport,
      wal,
      pages,
      catalog,
      options,
      incarnation,
      allowances,
      reserveBytes,
      handOver,
      cluster,
      onTreeFailure,
    });
    groups.room.observe(space, clock.monotonicMs());
    const loaded = await groups.loader.load();
    for (const group of loaded) {
      let damage: PageDamagedError | undefined;
      await groups.feedCatalog(group).catch((error: unknown) => {
        if (!(error instanceof PageDamagedError)) throw error;
        damage = error;
      });
      groups.add(group);
      if (damage !== undefined) group.pageUnreadable(damage);
    }
    for (const group of groups.loader.lost(loaded)) groups.rebuilder.lost(group);
    if (setAside !== undefined) groups.findings.add({ group: 0, tableId: '' }, 'store', `the trees were set aside: ${setAside}`);
    const ranges = new RangeReader(environment);
    const isLost = (id: GroupId): boolean => groups.rebuilder.unknown.has(id);
    const requests = new RequestServer({ clock, timers, groupOf: (id) => groups.group(id), isLost, ranges, options });
    const missing = new MissingReplicas({
      node: options.node,
      view: () => watcher.view,
      hasMember: (group) => groups.group(group)?.paxos.isMember === true,
      absences: groups.absences,
      catalogAddresses: addresses.filter((address) => address !== options.advertise),
      call: (address, request, timeoutMs) => transport.call(address, request, timeoutMs),
    });
    const close = async (): Promise<void> => {
      cluster.stop();
      await groups.snapshotSender.stop();
      await groups.scrubber.stop();
      await groups.checkpoints.stop();
      await wal.close();
      await pages.close();
      await store.close();
      await treeStore.close();
      await mark.close();
    };
    const node = { groups, pages, wal, catalog, creator: new ReplicaCreator(groups), requests, watcher, missing, close };
    this.#node = node;
    this.#metrics.watch({ groups, pages, wal, requests, catalog });
    return node;
  }

  #handOver(groups: NodeGroups, { id }: Group, to: ReplicaId): void {
    transferLeadership({ kind: 'transfer-leadership', group: id, to }, groups).catch((error: unknown) => {
      this.#parts.environment.logger.warn('leadership not given to the majority', { group: id, to, error: String(error) });
    });
  }

  /** Damage that the store of the trees met by itself is noted first: the next start sets them aside and asks the peers. */
  #treesFailed(error: unknown): void {
    const { environment, disk } = this.#parts;
    if (!isStoreDamage(error)) environment.fatal(DISK_FAILED, error);
    if (this.#endsForDamage) return;
    this.#endsForDamage = true;
    const note = disk.noteTreeDamage(String(error));
    const noted = note.catch((failure: unknown) => environment.logger.error('damage not noted', { error: String(failure) }));
    void noted.then(() => environment.fatal('the store of the trees is damaged: it is set aside at the next start', error));
  }

  async #noteTreesHold(): Promise<void> {
    try {
      await this.#parts.disk.noteTreesHold();
    } catch (error) {
      this.#parts.environment.logger.warn('the next start checks all trees', { error: String(error) });
    }
  }

  /** Once only, however often the cluster is formed or joined. */
  #start(node: OpenNode): void {
    assert(this.#identity !== undefined, 'started without an identity');
    if (this.#started || this.#stopping) return;
    this.#started = true;
    this.#setAddresses(this.#identity.addresses);
    node.watcher.onChange(() => this.#learnAddresses(node));
    node.watcher.start();
    this.#every(TICK_MS, () => node.groups.tick());
    this.#every(HEARTBEAT_MS, () => node.groups.beat());
    this.#every(HEARTBEAT_MS, () => node.requests.giveSignsOfLife());
    this.#every(CHECKPOINT_TICK_MS, () => node.groups.tickCheckpoints());
    this.#every(CHECKPOINT_TICK_MS, () => void this.#watchDisk(node));
    const aside = new SetAsideTree(this.#parts.disk, node.groups, node.groups.findings, this.#parts.environment.logger);
    this.#every(CHECKPOINT_TICK_MS, () => void aside.tick());
    this.#timers.add(this.#parts.environment.timers.after(TREES_HOLD_MS, () => void this.#noteTreesHold()));
    this.#every(CATALOG_BEAT_MS, () => {
      const catalog = node.groups.group(CATALOG_GROUP);
      if (catalog !== undefined && !catalog.stopped && catalog.paxos.isMember) node.catalog.flush(true);
      else node.catalog.dismiss();
    });
    this.#every(LOOK_FOR_MISSING_MS, () => void node.missing.look());
    void this.#register();
  }

  #every(periodMs: number, action: () => void): void {
    const { timers } = this.#parts.environment;
    let timer: Timer;
    const again = (): void => {
      this.#timers.delete(timer);
      if (this.#stopping && periodMs !== TICK_MS && periodMs !== HEARTBEAT_MS) return;
      timer = timers.after(periodMs, again);
      this.#timers.add(timer);
      action();
    };
    timer = timers.after(periodMs, again);
    this.#timers.add(timer);
  }

  async #watchDisk(node: OpenNode): Promise<void> {
    try {
      node.groups.room.observe(await this.#parts.disk.space(), this.#parts.environment.clock.monotonicMs());
    } catch (error) {
      this.#parts.environment.logger.warn('free space unknown', { error: String(error) });
    }
  }

  // --- finding the others ------------------------------------------------------------------------------------------

  #setAddresses(addresses: Readonly<Record<NodeId, string>>): void {
    for (const [node, address] of Object.entries(addresses)) {
      if (node !== this.#parts.options.node) this.#node?.groups.links.setAddress(node, address);
    }
  }

  /** The catalog names every node; the folder keeps the last addresses, for a start without anybody to ask. */
  #learnAddresses(node: OpenNode): void {
    const identity = this.#identity;
    if (identity === undefined) return;
    const addresses: Record<NodeId, string> = { ...identity.addresses };
    for (const record of node.watcher.view.nodes()) addresses[record.node] = record.address;
    if (JSON.stringify(addresses) === JSON.stringify(identity.addresses)) return;
    this.#identity = { ...identity, addresses };
    this.#setAddresses(addresses);
    this.#parts.disk.writeIdentity(encodeNodeIdentity(this.#identity)).catch((error: unknown) => {
      this.#parts.environment.logger.warn('addresses not saved', { error: String(error) });
    });
  }

  /** Tells an auto-admin who and where this node is, again and again: addresses change, and so do auto-admins. */
  async #register(): Promise<void> {
    const { transport, options, environment, incarnation } = this.#parts;
    for (const address of options.autoAdmins) {
      if (this.#registered) break;
      const { node, az, advertise } = options;
      try {
        await transport.call(address, { kind: 'register-node', node, az, address: advertise, incarnation }, REGISTER_MS);
        this.#registered = true;
        environment.logger.info('registered', { autoAdmin: address });
      } catch (error) {
        environment.logger.debug('not registered', { autoAdmin: address, error: String(error) });
      }
    }
    if (!this.#registered && !this.#stopping) this.#timers.add(environment.timers.after(REGISTER_MS / 10, () => void this.#register()));
  }

  /** Others find the node by an earlier registration: it needs no auto-admin to serve again after a restart. */
  #isInCatalog(node: OpenNode): boolean {
    const { options } = this.#parts;
    return node.watcher.view.node(options.node)?.address === options.advertise;
  }

  // --- administrative calls ----------------------------------------------------------------------------------------

  async #admin(request: AdminRequest): Promise<AdminResponse> {
    if (request.kind === 'init-cluster') return this.#init(request);
    if (request.kind === 'describe-node') return this.#describe();
    const node = this.#node;
    if (node === undefined) throw new AdminCallError('no-cluster', 'the node belongs to no cluster yet: run `stator init`');
    switch (request.kind) {
      case 'create-replica':
        return node.creator.create(request);
      case 'add-learner':
        return node.creator.addLearner(request, this.#parts.incarnation, (identity) => isWantedGroup(identity, node.watcher.view));
      case 'swap-replica':
        return swapReplica(request, node.groups);
      case 'delete-replica':
        return node.creator.destroy(request, node.pages);
      case 'change-settings':
        return changeSettings(request, node.groups);
      case 'inspect-group':
        return inspectGroup(request, node.groups);
      case 'list-lost-indexes':
        return { kind: 'lost-indexes', indexes: node.groups.indexes.lost() };
      case 'scrub':
        return scrub(request, this.#parts.options.node, node.groups);
      case 'transfer-leadership':
        return transferLeadership(request, node.groups);
      default:
        throw new AdminCallError('wrong-process', `a storage node does not serve ${request.kind}`);
    }
  }

  #describe(): Promise<AdminResponse> {
    const { options, incarnation } = this.#parts;
    const place = { node: options.node, az: options.az, clusterId: this.#identity?.clusterId ?? '', incarnation };
    return describeNode(place, this.#node?.groups.all ?? []);
  }

  /** Forms the catalog group on this seed. One call at a time; repeating it changes nothing, or ends what failed before. */
  #init(request: InitCluster): Promise<AdminResponse> {
    return this.#inTurn(() => this.#form(request)).then(() => ({ kind: 'done' }));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const run = this.#joining.then(work);
    this.#joining = run.catch(() => undefined);
    return run;
  }

  async #form(request: InitCluster): Promise<void> {
    if (this.#stopping) throw stoppingError();
    const { options } = this.#parts;
    const own = request.members.find(({ node }) => node === options.node);
    if (own === undefined) throw new AdminCallError('not-a-seed', `node ${options.node} is not among the seeds`);
    if (own.az !== options.az) throw new AdminCallError('wrong-az', `node ${options.node} is in AZ ${options.az}, not in ${own.az}`);
    const known = this.#identity?.clusterId ?? options.clusterId;
    if (known !== undefined && known !== request.clusterId) {
      throw new AdminCallError('other-cluster', `node ${options.node} belongs to cluster ${known} already`);
    }
    const addresses = Object.fromEntries(request.addresses.map(({ node, address }) => [node, address]));
    // The leader gives it a new replica; as its old one it would have forgotten what it promised.
    if (this.#joined) return;
    if (this.#node !== undefined && this.#hadLife && (await this.#hasLostCatalog(this.#node, request))) return;
    const node = this.#node ?? (await this.#openNew(request.clusterId, addresses));
    await node.creator.create({
      kind: 'create-replica',
      group: CATALOG_GROUP,
      replica: own.replica,
      tableId: CATALOG_TABLE_ID,
      partitionId: 0,
      low: NO_BYTES,
      high: NO_BYTES,
      members: request.members,
      preferredLeader: request.members[0]?.replica ?? own.replica,
      late: false,
    });
    this.#start(node);
  }

  /**
   * A node that was started anew has an identity and no replica of the catalog: either forming the cluster failed half-way, or
   * there is a catalog in use, of which this node lost its replica or never had one. Only the others can tell, and each of them
   * may be the one that knows. Rejects with AdminCallError `not-now` when one of them does not answer and none says it.
   */
  async #hasLostCatalog({ groups }: OpenNode, { addresses }: InitCluster): Promise<boolean> {
    const { options, transport } = this.#parts;
    if (groups.group(CATALOG_GROUP) !== undefined) return false;
    const others = addresses.filter(({ node }) => node !== options.node);
    const calls = others.map(({ address }) => transport.call(address, { kind: 'describe-node' }, SEED_ANSWERS_MS));
    const answers = await Promise.allSettled(calls);
    if (answers.some((answer) => answer.status === 'fulfilled' && saysCatalogInUse(answer.value))) return true;
    const silent = others.filter((_other, at) => answers[at]?.status !== 'fulfilled').map(({ node }) => node);
    if (silent.length > 0)
      throw new AdminCallError('not-now', `whether the catalog is in use already must be asked of ${silent.join(', ')}`);
    return false;
  }

  /**
   * A node with an empty folder joins the cluster that a seed belongs to. It holds nothing until it is given something. Only a
   * cluster that is in use is joined: one that is being formed may need this very node for it.
   */
  async #joinCluster(): Promise<void> {
    const { environment, transport, options } = this.#parts;
    const others = options.seeds.filter((seed) => seed !== options.advertise);
    if (others.length < options.seeds.length || others.length === 0) {
      environment.logger.info('waiting for the cluster to be formed', { node: options.node });
    }
    if (others.length === 0) return;
    const found = await findCluster(environment, transport, others, true, () => this.#stopping || this.#node !== undefined);
    if (found === undefined) return;
    await this.#inTurn(async () => {
      if (this.#node !== undefined || this.#stopping) return;
      environment.logger.info('joins', { clusterId: found.clusterId, seed: found.node });
      this.#joined = true;
      this.#start(await this.#openNew(found.clusterId, { [found.node]: found.address }));
    }).catch((error: unknown) => environment.fatal('the cluster cannot be joined', error));
  }

  async #openNew(clusterId: string, addresses: Readonly<Record<NodeId, string>>): Promise<OpenNode> {
    const { options, disk } = this.#parts;
    const identity = { formatVersion: DATA_FORMAT_VERSION, clusterId, node: options.node, addresses };
    await disk.writeIdentity(encodeNodeIdentity(identity));
    return this.#open(identity);
  }
}

/** Its log holds something, or somebody leads it: a replica that is created now must not take the place of one that had a part in it. */
function saysCatalogInUse(answer: AdminResponse): boolean {
  if (answer.kind !== 'node-description') return false;
  return answer.replicas.some(({ group, leading, last, commit }) => group === CATALOG_GROUP && (leading || last > 0 || commit > 0));
}

/** The catalog's own table id: no table has it, for table ids are UUIDs. */
const CATALOG_TABLE_ID = 'catalog';
const NO_BYTES = new Uint8Array(0);
