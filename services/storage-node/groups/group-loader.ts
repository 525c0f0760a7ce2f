import { assert } from '../../shared/base/assert.ts';
import { equalBytes } from '../../shared/base/bytes.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { PageStore } from '../../shared/btree/page-store.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { compareBallots, equalBallots, greaterBallot, openingBallot, ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import type { DurableState } from '../../shared/paxos/durable-state.ts';
import type { PaxosOptions } from '../../shared/paxos/options.ts';
import { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { RecoveredGroup } from '../../shared/wal/wal-types.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import { decodeGroupMeta, encodeGroupMeta, type GroupIdentity, type GroupMeta, GroupState, NO_SNAPSHOT } from '../core/group-state.ts';
import { configurationOf, UNKNOWN_MEMBERSHIP } from '../core/membership.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import { Group } from './group.ts';
import type { GroupHost } from './group-host.ts';

const READ_BYTES = 4 << 20;

/** Makes groups: from what a restarted node finds on its disk, and new ones. */
export class GroupLoader {
  readonly #environment: Environment;
  readonly #pages: PageStore;
  readonly #wal: WriteAheadLog;
  readonly #host: GroupHost;
  readonly #options: PaxosOptions;

  constructor(parts: { environment: Environment; pages: PageStore; wal: WriteAheadLog; host: GroupHost; options: PaxosOptions }) {
    this.#environment = parts.environment;
    this.#pages = parts.pages;
    this.#wal = parts.wal;
    this.#host = parts.host;
    this.#options = parts.options;
  }

  /** All groups on the disk. The tree's root is the truth at or below its applied slot, the WAL above it. */
  async load(): Promise<Group[]> {
    const groups: Group[] = [];
    for (const { treeId, meta } of this.#pages.trees().values()) {
      const decoded = decodeGroupMeta(meta, REMEMBER_REQUESTS_MS);
      assert(decoded.identity.replica === treeId, 'a tree that belongs to another replica');
      groups.push(await this.#loadGroup(decoded));
    }
    return groups;
  }

  /** Groups whose log is on the disk and holds something, and whose tree is not readable: to be called after `load`. */
  lost(groups: readonly Group[]): GroupId[] {
    const lost: GroupId[] = [];
    for (const [group, recovered] of this.#wal.recovered()) {
      if (groups.some(({ id }) => id === group)) continue;
      this.#environment.logger.warn('log without a tree', { group });
      if (isInUse(recovered)) lost.push(group);
    }
    return lost;
  }

  async #loadGroup(meta: GroupMeta): Promise<Group> {
    return this.#fromLog(meta, await this.#pages.openTree(meta.identity.replica), this.#wal.recovered().get(meta.identity.group));
  }

  /** The replica's tree is lost: an empty one takes its place, and the log goes on with all that it holds. */
  async rebuild(identity: GroupIdentity): Promise<Group> {
    const meta = { identity, state: GroupState.empty(REMEMBER_REQUESTS_MS), snapshot: NO_SNAPSHOT };
    const tree = await this.#pages.startLoad(identity.replica).install(encodeGroupMeta(identity, meta.state));
    return this.#fromLog(meta, tree, this.#wal.group(identity.group));
  }

  /**
   * The replica's log is damaged where it is still needed, and has stopped: it keeps its tree as it is in memory, and abstains.
   * Should the process end before a checkpoint, the tree on the disk ends below the log, and a snapshot is asked for.
   */
  async abstain({ identity, state, snapshot, tree, paxos }: Group): Promise<Group> {
    const durable = await this.#startAnew(identity, state.applied, paxos.promised);
    return this.#make({ identity, state, snapshot }, tree, durable, [], true);
  }

  async #fromLog(meta: GroupMeta, tree: BTree, recovered: RecoveredGroup | undefined): Promise<Group> {
    const { identity, state } = meta;
    const damage = recovered === undefined ? 'the log of the group is missing' : recovered.damage;
    if (recovered === undefined || damage !== undefined) {
      this.#environment.logger.error('replica abstains', { group: identity.group, replica: identity.replica, damage });
      const durable = await this.#startAnew(identity, state.applied, recovered?.header.promised ?? ZERO_BALLOT);
      return this.#make(meta, tree, durable, [], true);
    }
    const durable = await this.#durable(meta, recovered.header);
    const records = await this.#read(identity.group, durable.commit + 1, durable.last);
    const { logger } = this.#environment;
    logger.info('replica found', { group: identity.group, applied: state.applied, commit: durable.commit, last: durable.last });
    if (durable.trimmed > state.applied) logger.warn('replica needs a snapshot', { group: identity.group, trimmed: durable.trimmed });
    return this.#make(meta, tree, durable, records, true);
  }

  /**
   * The process may have stopped between putting a snapshot in place and noting it in the log. What the log holds at or below
   * the snapshot's slot counts for nothing then, for it may never have been chosen. A log that ends before the tree does is
   * started anew, or what is appended next would not follow on it: a checkpoint never runs ahead of the durable log, so that
   * the tree is a snapshot's.
   */
  async #durable({ identity, state: { applied }, snapshot }: GroupMeta, header: DurableState): Promise<DurableState> {
    const { group, configuration } = identity;
    const opening = openingBallot(configuration);
    const promised = greaterBallot(greaterBallot(header.promised, snapshot.ballot), opening);
    // What was accepted in an earlier configuration than the snapshot's, and stands behind it, was not chosen.
    const isClosed = applied >= identity.since && compareBallots(header.accepted, opening) < 0 && header.last > applied;
    if (header.last >= applied && !isClosed) {
      const trimmed = Math.max(header.trimmed, snapshot.slot);
      this.#wal.trim(group, trimmed);
      // What went was applied, and what was applied was chosen, though the header need not say so.
      return { ...header, promised, trimmed, commit: Math.max(header.commit, applied, trimmed) };
    }
    const accepted = greaterBallot(header.accepted, opening);
    const durable = { ...header, promised, accepted, last: applied, commit: applied, trimmed: applied };
    await new Promise<void>((resolve) => this.#wal.createGroup(group, identity.replica, durable, resolve));
    return durable;
  }

  /** A damaged log is given up: the replica keeps its tree, says so durably, and votes again once a leader has synced it. */
  async #startAnew({ group, replica }: GroupIdentity, applied: Slot, promised: DurableState['promised']): Promise<DurableState> {
    const durable: DurableState = { promised, accepted: ZERO_BALLOT, last: applied, commit: applied, trimmed: applied, abstains: true };
    await new Promise<void>((resolve) => this.#wal.createGroup(group, replica, durable, resolve));
    return durable;
  }

  async #read(group: GroupId, first: Slot, last: Slot): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    while (first + records.length <= last) {
      records.push(...(await this.#wal.read(group, first + records.length, last, READ_BYTES)));
    }
    return records;
  }

  /**
   * A new, empty replica. Repeating it is harmless; `existing` is the group of this id that the node holds already. A `late`
   * one may have had an earlier life on a disk that is gone: it abstains, and is bound by what it may have granted.
   */
  async create(identity: GroupIdentity, existing: Group | undefined, late: boolean): Promise<Group> {
    if (existing !== undefined) {
      if (sameIdentity(existing.identity, identity) || hasMovedOn(existing.identity, identity)) return existing;
      throw new AdminCallError('replica-exists', `group ${identity.group} is on this node with other values`);
    }
    const header: DurableState = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: late };
    this.#refuseLost(identity.group);
    await new Promise<void>((resolve) => this.#wal.createGroup(identity.group, identity.replica, header, resolve));
    const state = GroupState.empty(REMEMBER_REQUESTS_MS);
    const tree = await this.#pages.createTree(identity.replica, encodeGroupMeta(identity, state));
    return this.#make({ identity, state, snapshot: NO_SNAPSHOT }, tree, header, [], late);
  }

  /**
   * A replica that is to become a member: it learns without a vote. A new id never voted before, so it need not keep silent.
   * `logBehind`: not 0, it keeps the log alone, from behind this slot on. Rejects with AdminCallError `replica-lost`.
   */
  async createLearner(identity: GroupIdentity, logBehind: Slot): Promise<Group> {
    const { group, replica } = identity;
    this.#refuseLost(group);
    const header: DurableState = {
      promised: ZERO_BALLOT,
      accepted: ZERO_BALLOT,
      last: logBehind,
      commit: logBehind,
      trimmed: logBehind,
      abstains: false,
    };
    await new Promise<void>((resolve) => this.#wal.createGroup(group, replica, header, resolve));
    const state = GroupState.empty(REMEMBER_REQUESTS_MS);
    const tree = await this.#pages.createTree(replica, encodeGroupMeta(identity, state));
    return this.#make({ identity, state, snapshot: NO_SNAPSHOT }, tree, header, [], false);
  }

  #refuseLost(group: GroupId): void {
    const found = this.#wal.group(group);
    if (found === undefined || !isInUse(found)) return;
    throw new AdminCallError('replica-lost', `the log of group ${group} is here, but its tree is not: the replica is being rebuilt`);
  }

  #make(meta: GroupMeta, tree: BTree, durable: DurableState, records: readonly Uint8Array[], restarted: boolean): Group {
    const { state } = meta;
    // Its peers may know members that its own log has not come to: then it knows none, and is taught.
    const knows = meta.identity.since <= durable.commit;
    const identity = knows ? meta.identity : { ...meta.identity, ...UNKNOWN_MEMBERSHIP };
    const { random, clock } = this.#environment;
    const configuration = configurationOf(identity);
    const abstention = 1 + (random.uint32() >>> 1);
    const start = { self: identity.replica, configuration, options: this.#options, durable, records, restarted, abstention };
    const paxos = new PaxosReplica(start, clock.monotonicMs());
    if (state.applied < durable.trimmed) paxos.awaitSnapshot();
    if (state.applied > paxos.applied) paxos.appliedUpTo(state.applied);
    return new Group({ ...meta, identity, paxos, tree, host: this.#host });
  }
}

/**
 * Its replica may have promised or accepted something: it is more than the beginning of a creation that was cut off. The log of a
 * log replica begins behind slots that it never had, so that a last slot alone tells nothing.
 */
function isInUse({ header, damage }: RecoveredGroup): boolean {
  if (damage !== undefined || !equalBallots(header.promised, ZERO_BALLOT)) return true;
  return header.last > (header.abstains ? 0 : header.trimmed);
}

/** The group was created long ago and has other members since: whoever asks for its creation looks at an old catalog. */
function hasMovedOn(existing: GroupIdentity, asked: GroupIdentity): boolean {
  return existing.configuration > asked.configuration && existing.tableId === asked.tableId && existing.partitionId === asked.partitionId;
}

function sameIdentity(a: GroupIdentity, b: GroupIdentity): boolean {
  return (
    a.replica === b.replica &&
    a.tableId === b.tableId &&
    a.partitionId === b.partitionId &&
    equalBytes(a.low, b.low) &&
    equalBytes(a.high ?? NONE, b.high ?? NONE) &&
    a.members.length === b.members.length &&
    a.members.every((member, at) => member.replica === b.members[at]?.replica && member.node === b.members[at]?.node)
  );
}

const NONE = new Uint8Array(0);
