import { assert } from '../../shared/base/assert.ts';
import type { GroupId, NodeId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import { CATALOG_GROUP } from '../../shared/base/ids.ts';
import { MIB } from '../../shared/base/units.ts';
import type { PageStore } from '../../shared/btree/page-store.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import { INDEX_REBUILD_AFTER_MS } from '../../shared/limits/index-limits.ts';
import { ITEM_COLLECTION_BYTES_MAX } from '../../shared/limits/table-limits.ts';
import type { CatchUp } from '../../shared/paxos/leadership.ts';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import type { LogRecord } from '../../shared/wal/log-record.ts';
import type { WalDamagedError } from '../../shared/wal/wal-types.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { BulkFrame, ControlFrame, GroupEnvelope, StatorTransport } from '../../shared/wire/frames.ts';
import { CLOCK_JUMP_MS, REMEMBER_REQUESTS_MS, type StorageNodeOptions, SYNC_STALL_MS } from '../core/options.ts';
import { type Answer, WriteEvaluator } from '../core/write-evaluator.ts';
import { DiskRoom } from './disk-room.ts';
import { Findings, type ReplicaHealth } from './findings.ts';
import type { CatalogFeed } from './catalog-feed.ts';
import { CatchUpSender } from './catch-up.ts';
import { CheckpointScheduler } from './checkpoint-scheduler.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import type { Group } from './group.ts';
import type { GroupHost } from './group-host.ts';
import { GroupLoader } from './group-loader.ts';
import { Heartbeats } from './heartbeats.ts';
import { type LogAllowances, LogTrimmer } from './log-trimmer.ts';
import { PeerLinks } from './peer-links.ts';
import { AbsenceNotices } from './absence-notices.ts';
import type { IndexSenderHost } from './index-sender.ts';
import { IndexSenders } from './index-senders.ts';
import { ReplicaRebuilder } from './replica-rebuilder.ts';
import { Scrubber } from './scrubber.ts';
import { ReplicaReplacer } from './replica-replacer.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SoleCopies } from './sole-copies.ts';
import { StateHashKeeper } from './state-hash-keeper.ts';
import { StateDiffersError } from './state-hash-watch.ts';
import { TurnQueue } from './turn-queue.ts';

/** What all groups of a node together apply in a turn of the loop, milliseconds; the slice that was begun is finished. */
const APPLY_TURN_MS = 4;

/** Applied records that all groups of a node keep in memory for followers that are a little behind, bytes; each may keep the least. */
const WINDOWS_BYTES = 128 * MIB;
const WINDOW_BYTES_MIN = 1 * MIB;

/** All replicas of a node, and what they share: WAL, page store, links, heartbeats, checkpoints. */
export class NodeGroups implements GroupHost {
  readonly environment: Environment;
  readonly wal: WriteAheadLog;
  readonly pages: PageStore;
  readonly evaluator: WriteEvaluator;
  readonly applying: TurnQueue;
  readonly itemCollectionBytesMax: number;
  readonly links: PeerLinks;
  readonly checkpoints: CheckpointScheduler;
  readonly loader: GroupLoader;
  readonly snapshotSender: SnapshotSender;
  readonly snapshotReceiver: SnapshotReceiver;
  readonly catchUpSender: CatchUpSender;
  readonly rebuilder: ReplicaRebuilder;
  readonly room: DiskRoom;
  readonly findings: Findings;
  readonly scrubber: Scrubber;
  readonly stateHashes: StateHashKeeper<Group>;
  readonly replacer: ReplicaReplacer;
  readonly expiry: ExpirySweeper<Group>;
  readonly #copies: SoleCopies;
  readonly absences: AbsenceNotices;
  readonly indexes: IndexSenders;
  readonly #catalog: CatalogFeed;
  /** Lets another replica lead, when it can. */
  readonly #handOver: (group: Group, to: ReplicaId) => void;
  readonly #heartbeats: Heartbeats<Group>;
  readonly #trimmer: LogTrimmer;
  readonly #groups = new Map<GroupId, Group>();
  #awake = new Set<Group>();
  #turnScheduled = false;
  #stopped = false;
  #heartbeatHurried = false;
  /** Groups whose followers will not hear soon of what was chosen. */
  readonly #news = new Set<Group>();
  /** Wall minus monotonic time at the last look. */
  #clockOffsetMs: number;
  /** Sums for metrics. */
  clockJumps = 0;
  elections = 0;
  commits = 0;
  stalledHeartbeats = 0;

  constructor(parts: {
    environment: Environment;
    transport: StatorTransport;
    wal: WriteAheadLog;
    pages: PageStore;
    catalog: CatalogFeed;
    options: StorageNodeOptions;
    incarnation: number;
    allowances: LogAllowances;
    /** Kept free on the disk. */
    reserveBytes: number;
    handOver: (group: Group, to: ReplicaId) => void;
    /** How partitions of indexes are found and reached. */
    cluster: Pick<IndexSenderHost, 'view' | 'execute'>;
    /** Ends the process. */
    onTreeFailure: (error: unknown) => void;
  }) {
    const { environment, wal, pages, options } = parts;
    this.environment = environment;
    this.wal = wal;
    this.pages = pages;
    this.#catalog = parts.catalog;
    this.#heartbeats = new Heartbeats(environment.random, options.paxos.clockDrift);
    this.room = new DiskRoom(options.node, parts.reserveBytes, this.#heartbeats.peerFullness, environment.logger);
    this.#handOver = parts.handOver;
    this.applying = new TurnQueue(environment, APPLY_TURN_MS);
    this.evaluator = new WriteEvaluator(environment.digest, environment.logger, options.region);
    this.itemCollectionBytesMax = options.itemCollectionBytesMax ?? ITEM_COLLECTION_BYTES_MAX;
    this.links = new PeerLinks(environment, parts.transport, options.links, {
      onControl: (node, frame) => this.onControl(node, frame),
      onBulk: (node, frame) => this.onBulk(node, frame),
      onConnected: (node) => this.#onConnected(node),
    });
    this.checkpoints = new CheckpointScheduler({
      environment,
      wal,
      options: options.checkpoints,
      groups: () => this.#groups.values(),
      fail: parts.onTreeFailure,
    });
    this.#trimmer = new LogTrimmer(wal, parts.allowances);
    const checkpoint = (group: Group): Promise<void> => this.checkpoints.checkpoint(group);
    this.#copies = new SoleCopies(environment.clock);
    this.snapshotSender = new SnapshotSender({ environment, links: this.links, checkpoint, copies: this.#copies });
    const replaced = (group: Group): Promise<void> => this.feedCatalog(group);
    const receiver = { environment, pages, links: this.links, room: this.room, rememberRequestsMs: REMEMBER_REQUESTS_MS, replaced };
    this.snapshotReceiver = new SnapshotReceiver(receiver);
    const logDamaged = (group: Group, slot: Slot, error: WalDamagedError): void => void this.scrubber.logDamaged(group, slot, error);
    this.catchUpSender = new CatchUpSender({ environment, wal, links: this.links, snapshots: this.snapshotSender, logDamaged });
    this.loader = new GroupLoader({ environment, pages, wal, host: this, options: options.paxos });
    this.findings = new Findings(environment.clock, environment.logger);
    this.stateHashes = new StateHashKeeper(options.stateHashes, environment.logger, parts.handOver);
    this.expiry = new ExpirySweeper(options.expiry, environment);
    this.rebuilder = new ReplicaRebuilder({
      node: options.node,
      environment,
      links: this.links,
      loader: this.loader,
      sender: this.snapshotSender,
      receiver: this.snapshotReceiver,
      groups: () => this.#groups.values(),
      groupOf: (group) => this.#groups.get(group),
      logOwner: (group) => wal.group(group)?.replica ?? 0,
      put: (group) => this.add(group),
      rebuilding: (group, part) => this.findings.rebuilt(group, part),
    });
    this.scrubber = new Scrubber({
      environment,
      wal,
      groups: () => this.#groups.values(),
      groupOf: (group) => this.#groups.get(group),
      unknown: () => this.rebuilder.unknown,
      findings: this.findings,
      checkpoint,
      options: options.scrub,
    });
    this.replacer = new ReplicaReplacer({
      environment,
      options: options.replacement,
      addressOf: (node) => this.links.address(node),
      sendsCopy: (replica) => this.snapshotSender.sendingTo(replica),
      call: (address, request, timeoutMs) => parts.transport.call(address, request, timeoutMs),
      wake: (group) => this.wake(group),
      copies: this.#copies,
    });
    const { view, execute } = parts.cluster;
    const logBytesMax = parts.allowances.groupBytes;
    const rebuildAfterMs = options.indexRebuildAfterMs ?? INDEX_REBUILD_AFTER_MS;
    this.indexes = new IndexSenders({ environment, wal, view, execute, logBytesMax, rebuildAfterMs, handOver: parts.handOver });
    this.absences = new AbsenceNotices(parts.incarnation, (node, message) => this.links.sendSnapshot(node, message));
    this.#clockOffsetMs = this.#clockOffset();
  }

  get all(): IterableIterator<Group> {
    return this.#groups.values();
  }

  get size(): number {
    return this.#groups.size;
  }

  group(id: GroupId): Group | undefined {
    return this.#groups.get(id);
  }

  add(group: Group): void {
    assert(!this.#stopped, 'a replica comes to a node that has stopped');
    this.#groups.set(group.id, group);
    this.wake(group);
  }

  /** Stops all replicas. What makes replicas has stopped before: one that came later would write to a log that is closing. */
  stop(): void {
    this.#stopped = true;
    for (const group of this.#groups.values()) group.stop();
    this.indexes.stop();
  }

  /** Feeds the catalog's watchers from the tree of its replica. Nothing may be applied meanwhile; does nothing for other groups. */
  async feedCatalog(group: Group): Promise<void> {
    if (group.id !== CATALOG_GROUP) return;
    const values: Uint8Array[] = [];
    let low: Uint8Array | undefined = NO_BYTES;
    while (low !== undefined) {
      const step: ScanStep = group.tree.scan(low, LOCAL_SPACE_LOW, false, (_key, value) => {
        values.push(value);
        return true;
      });
      low = step.next;
      await step.wait;
    }
    this.#catalog.reload(values, group.state.applied);
  }

  remove(group: Group): void {
    group.stop();
    this.indexes.forget(group.id);
    this.#groups.delete(group.id);
    this.#awake.delete(group);
  }

  // --- what groups ask of their node -------------------------------------------------------------------------------

  send(group: Group, to: ReplicaId, message: PaxosMessage): void {
    const node = group.nodeOf(to);
    if (node !== undefined) this.links.send(node, { group: group.id, from: group.paxos.self, to, message });
  }

  treeDamaged(group: Group, error: Error): void {
    const kind = error instanceof StateDiffersError ? 'state-hash' : 'page';
    this.findings.add({ group: group.id, tableId: group.identity.tableId }, kind, error.message);
    this.rebuilder.treeDamaged(group, error);
  }

  roomRefusal(group: Group, isDelete: boolean): Answer | undefined {
    return this.room.refusal(group, isDelete, this.environment.clock.monotonicMs());
  }

  indexRefusal(group: Group, key: Uint8Array, old: Uint8Array | undefined, next: Uint8Array | undefined): Answer | undefined {
    const message = this.indexes.refusal(group, key, old, next);
    return message === undefined ? undefined : { status: 'index-behind', message };
  }

  indexFloor(group: Group): Slot {
    return this.indexes.floor(group);
  }

  hasRoom(group: Group, isDelete: boolean): boolean {
    return this.room.hasRoom(group, isDelete);
  }

  logDamaged(group: Group, error: Error): void {
    this.findings.add({ group: group.id, tableId: group.identity.tableId }, 'log', error.message);
    this.rebuilder.logDamaged(group);
  }

  #health(id: GroupId): ReplicaHealth {
    const group = this.#groups.get(id);
    if (group === undefined) return this.rebuilder.unknown.has(id) ? 'unsound' : 'gone';
    if (group.keepsLogOnly) return group.stopped ? 'unsound' : 'sound';
    return group.stopped || group.awaitsSnapshot || group.paxos.abstains || group.state.halted > 0 ? 'unsound' : 'sound';
  }

  catchUp(group: Group, catchUp: CatchUp): void {
    this.catchUpSender.send(group, catchUp);
  }

  wake(group: Group): void {
    this.#awake.add(group);
    this.#scheduleTurn();
  }

  hurryHeartbeat(): void {
    this.#heartbeatHurried = true;
    this.#scheduleTurn();
  }

  commitNews(group: Group): void {
    this.#news.add(group);
    this.#scheduleTurn();
  }

  elected(): void {
    this.elections += 1;
    this.hurryHeartbeat();
  }

  applied(group: Group, slot: Slot, record: LogRecord): void {
    this.commits += 1;
    this.indexes.applied(group);
    if (record.type === 'state-hash') this.#followHalt(group, slot);
    if (group.id !== CATALOG_GROUP) return;
    this.#catalog.applied(slot, record);
    // Followers feed watchers too, and would learn of the change only with the next heartbeat: whoever waits for a table waits for it.
    if (group.paxos.serves) this.hurryHeartbeat();
  }

  /** The record at `slot` may have been the one by which the group refuses to answer, or goes on. */
  #followHalt({ id, identity: { tableId }, state }: Group, slot: Slot): void {
    if (state.halted === slot) this.findings.add({ group: id, tableId }, 'halted', 'no two copies agree');
    else if (state.halted === 0) this.findings.repaired(id, 'halted');
  }

  // --- turns and time ----------------------------------------------------------------------------------------------

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.environment.timers.endOfTurn(() => this.#turn());
  }

  /** Once at the end of a turn of the loop: every group that has something to do, then one frame for each peer. */
  #turn(): void {
    this.#turnScheduled = false;
    this.watchClock();
    const awake = this.#awake;
    this.#awake = new Set();
    for (const group of awake) group.pump();
    if (this.#heartbeatHurried) {
      this.#heartbeatHurried = false;
      this.#sendHeartbeats(this.links.nodes, true);
    } else if (this.#news.size > 0) {
      this.#sendNews(this.links.nodes, this.#news);
    }
    this.#news.clear();
    this.links.flush();
    this.#catalog.flush(false);
  }

  /** To be called every 50 ms or so. */
  tick(): void {
    this.watchClock();
    const nowMs = this.environment.clock.monotonicMs();
    const windowBytes = Math.max(WINDOW_BYTES_MIN, WINDOWS_BYTES / this.#groups.size);
    for (const group of this.#groups.values()) {
      group.paxos.limitWindow(windowBytes);
      group.tick(nowMs);
    }
    this.rebuilder.tick(nowMs);
    this.stateHashes.tick(this.#groups.values(), nowMs);
    this.findings.follow((group) => this.#health(group));
    this.replacer.tick(this.#groups.values(), nowMs);
    this.indexes.tick(this.#groups.values());
    this.expiry.tick(this.#groups.values(), nowMs);
  }

  /** To be called every few hundred milliseconds: lets log go, and takes the checkpoint that is most due. */
  tickCheckpoints(): void {
    this.#trimmer.trim(this.#groups.values());
    this.checkpoints.tick();
    this.scrubber.tick();
    if (this.room.fullness > 0) this.#leadElsewhere();
  }

  /** What is led here could take no writes, though a quorum has room for them. */
  #leadElsewhere(): void {
    for (const group of this.#groups.values()) {
      const node = group.paxos.serves ? this.room.betterLeader(group) : undefined;
      const better = group.identity.members.find((member) => member.node === node);
      if (better !== undefined) this.#handOver(group, better.replica);
    }
  }

  /** Sends heartbeats to all peers; a node whose disk hangs keeps them back, and so loses its leases in time. */
  beat(): void {
    this.#sendHeartbeats(this.links.nodes, false);
    this.links.flush();
  }

  #sendHeartbeats(nodes: Iterable<NodeId>, hurried: boolean): void {
    if (this.wal.syncAgeMs() > SYNC_STALL_MS) {
      this.stalledHeartbeats += 1;
      return;
    }
    const nowMs = this.environment.clock.monotonicMs();
    for (const node of nodes) {
      const heartbeat = this.#heartbeats.make(node, this.#groups.values(), hurried, nowMs);
      if (heartbeat !== undefined) this.links.heartbeat(node, heartbeat);
    }
  }

  #sendNews(nodes: Iterable<NodeId>, groups: ReadonlySet<Group>): void {
    if (this.wal.syncAgeMs() > SYNC_STALL_MS) return;
    const nowMs = this.environment.clock.monotonicMs();
    for (const node of nodes) {
      const heartbeat = this.#heartbeats.makeNews(node, groups, nowMs);
      if (heartbeat !== undefined) this.links.heartbeat(node, heartbeat);
    }
  }

  /** The clocks have jumped apart since the last look: no lease that is held now will be relied on, for that is looked at first. */
  get clocksApart(): boolean {
    return Math.abs(this.#clockOffset() - this.#clockOffsetMs) > CLOCK_JUMP_MS;
  }

  /**
   * What a suspended machine does to its clocks cannot be told from inside, but a jump shows that something was done. The first
   * thing that a resumed process finds may be a read that lay in its socket: so this is asked before each use of a lease too.
   */
  watchClock(): void {
    let offsetMs = this.#clockOffset();
    // The process may have been held up between reading one clock and the other: then a second look shows nothing.
    if (Math.abs(offsetMs - this.#clockOffsetMs) > CLOCK_JUMP_MS) offsetMs = this.#clockOffset();
    const jumped = Math.abs(offsetMs - this.#clockOffsetMs) > CLOCK_JUMP_MS;
    this.#clockOffsetMs = offsetMs;
    if (!jumped) return;
    this.clockJumps += 1;
    this.environment.logger.warn('clock jumped: leases dropped', {});
    const nowMs = this.environment.clock.monotonicMs();
    for (const group of this.#groups.values()) group.paxos.dropLease(nowMs);
    this.hurryHeartbeat();
  }

  /** Nodes whose monotonic clock runs at another rate than the own one: no lease of a group that both are in is relied on. */
  get differingClocks(): ReadonlySet<NodeId> {
    return this.#heartbeats.differingClocks;
  }

  clocksAgree({ identity }: Group): boolean {
    const { differingClocks } = this.#heartbeats;
    return differingClocks.size === 0 || !identity.members.some(({ node }) => differingClocks.has(node));
  }

  #clockOffset(): number {
    const { clock } = this.environment;
    return clock.wallMs() - clock.monotonicMs();
  }

  // --- what peers send ---------------------------------------------------------------------------------------------

  onControl(node: NodeId, frame: ControlFrame): void {
    const nowMs = this.environment.clock.monotonicMs();
    if (frame.heartbeat !== undefined) {
      this.#heartbeats.fullness = this.room.fullness;
      const answer = this.#heartbeats.receive(frame.heartbeat, (id) => this.#groups.get(id), nowMs);
      this.links.answerHeartbeat(node, answer);
    }
    if (frame.heartbeatAnswer !== undefined) {
      const differed = this.differingClocks.has(node);
      const { groups, again, news } = this.#heartbeats.answered(node, frame.heartbeatAnswer, nowMs);
      const differs = this.differingClocks.has(node);
      if (differs !== differed)
        this.environment.logger.warn(differs ? 'clock rates differ: no leases' : 'clock rates agree again', { node });
      for (const group of groups) group.leadershipConfirmed();
      if (again) {
        this.#sendHeartbeats([node], true);
        this.#scheduleTurn();
      } else if (news.size > 0) {
        this.#sendNews([node], news);
        this.#scheduleTurn();
      }
    }
    for (const envelope of frame.messages) this.#deliver(node, envelope, nowMs);
  }

  onBulk(node: NodeId, frame: BulkFrame): void {
    const nowMs = this.environment.clock.monotonicMs();
    for (const envelope of frame.messages) this.#deliver(node, envelope, nowMs);
    for (const message of frame.snapshots) {
      if (message.kind === 'request') {
        if (message.position > 0) this.#copyLost(node, message);
        this.rebuilder.onRequest(node, message);
        continue;
      }
      if (message.kind === 'identity') {
        this.rebuilder.onIdentity(message);
        continue;
      }
      const group = this.#groups.get(message.group);
      if (group === undefined || group.stopped) continue;
      if (message.kind === 'absent') {
        this.#copyLost(node, message);
        this.replacer.onAbsent(node, group, message, nowMs);
        continue;
      }
      // What comes back from a receiver has the same kinds as what is sent: an empty chunk is an acknowledgement.
      const answer = message.kind === 'installed' || (message.kind === 'chunk' && message.entries.length === 0);
      if (answer || (message.kind === 'abort' && this.snapshotSender.sends(node, message))) this.snapshotSender.onAnswer(node, message);
      else this.snapshotReceiver.onMessage(node, group, message);
      if (message.kind === 'chunk') group.taughtAtMs = nowMs;
    }
  }

  /** A node says that it has no copy of a group, or one that is of no use. */
  #copyLost(node: NodeId, said: { readonly group: GroupId; readonly replica?: ReplicaId }): void {
    const group = this.#groups.get(said.group);
    const member = group?.identity.members.find((each) => each.node === node);
    if (group === undefined || member === undefined || (said.replica ?? member.replica) !== member.replica) return;
    this.#copies.lost(group, member.replica);
  }

  #deliver(node: NodeId, { group: id, from, to, message }: GroupEnvelope, nowMs: number): void {
    const group = this.#groups.get(id);
    if (group === undefined || group.paxos.self !== to) return this.#sayAbsent(node, id, to, nowMs);
    if (group.stopped || !group.hears(from, node)) return;
    if (this.room.exhausted && carriesRecords(message)) {
      // As if it were lost: its sender goes on with the others, and sends again.
      this.room.notTaken += 1;
      return;
    }
    if (carriesRecords(message)) group.taughtAtMs = nowMs;
    group.paxos.step(from, message, nowMs);
    this.wake(group);
  }

  /** Of what is here in pieces, or as a member under another id, nothing is said: only a replica without a trace is lost. */
  #sayAbsent(node: NodeId, group: GroupId, replica: ReplicaId, nowMs: number): void {
    if (this.rebuilder.unknown.has(group) || this.#groups.get(group)?.paxos.isMember === true) return;
    this.absences.say(node, group, replica, nowMs);
    this.#scheduleTurn();
  }

  #onConnected(node: NodeId): void {
    const nowMs = this.environment.clock.monotonicMs();
    for (const group of this.#groups.values()) {
      const replica = group.identity.members.find((member) => member.node === node)?.replica;
      if (replica === undefined) continue;
      group.paxos.reconnected(replica, nowMs);
      this.wake(group);
    }
  }
}

/** Following the message writes records of somebody else's log. */
function carriesRecords(message: PaxosMessage): boolean {
  return (message.kind === 'accept' || message.kind === 'sync' || message.kind === 'learn') && message.records.length > 0;
}

const NO_BYTES = new Uint8Array(0);
