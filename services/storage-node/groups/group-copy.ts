import { AssertionError } from '../../shared/base/assert.ts';
import { compareBytes } from '../../shared/base/bytes.ts';
import type { NodeId, ReplicaId } from '../../shared/base/ids.ts';
import type { BTree, Rank } from '../../shared/btree/tree.ts';
import { LOCAL_SPACE_LOW, localKey, localSpaceEnd } from '../../shared/item/local-space.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { LocalIndexSize } from '../../shared/wire/admin.ts';
import type { GroupIdentity, GroupMeta, GroupState, InstalledSnapshot } from '../core/group-state.ts';
import { Acquaintances } from './acquaintances.ts';

/**
 * A node's copy of a group: what the partition is, who its members are, and what the replica holds of it. It changes as records
 * are applied, and as a whole when a snapshot takes its place.
 */
export class GroupCopy {
  readonly paxos: PaxosReplica;
  identity: GroupIdentity;
  tree: BTree;
  state: GroupState;
  /** The last snapshot that took the tree's place. */
  snapshot: InstalledSnapshot;
  /** The replica does nothing any more. */
  stopped = false;
  readonly #acquaintances = new Acquaintances();
  #itemTotals: Rank = { items: 0, itemBytes: 0 };

  constructor({ identity, state, snapshot, paxos, tree }: GroupMeta & { paxos: PaxosReplica; tree: BTree }) {
    this.identity = identity;
    this.state = state;
    this.snapshot = snapshot;
    this.paxos = paxos;
    this.tree = tree;
  }

  /** The log begins behind what the tree holds, for the tree was lost: only a snapshot helps. */
  get awaitsSnapshot(): boolean {
    return this.state.applied < this.paxos.trimmed;
  }

  /** A member that makes writes durable and has no tree on purpose. */
  get keepsLogOnly(): boolean {
    return this.identity.members.some(({ replica, logOnly }) => logOnly && replica === this.identity.replica);
  }

  nodeOf(replica: ReplicaId): NodeId | undefined {
    return this.identity.members.find((member) => member.replica === replica)?.node ?? this.#acquaintances.nodeOf(replica);
  }

  /**
   * A message of a replica came from a node. False: it is somebody else's. Who is no member may be one of a later
   * configuration, a former one, or a learner; consensus tells them apart, and here is remembered where they are.
   */
  hears(replica: ReplicaId, node: NodeId): boolean {
    const member = this.identity.members.find((each) => each.replica === replica);
    if (member !== undefined) return member.node === node;
    this.meet(replica, node);
    return true;
  }

  meet(replica: ReplicaId, node: NodeId): void {
    this.#acquaintances.meet(replica, node);
  }

  /** Where the leader is, as far as this replica knows. */
  leaderNode(): NodeId | undefined {
    const { leader } = this.paxos;
    return leader === undefined ? undefined : this.nodeOf(leader);
  }

  /** The key is one of an item of this partition. */
  holds(key: Uint8Array): boolean {
    const { low, high } = this.identity;
    return compareBytes(key, low) >= 0 && compareBytes(key, high ?? LOCAL_SPACE_LOW) < 0;
  }

  /** Items and their bytes, without what is derived from them; as of the last look where a page that tells is not in memory. */
  get itemTotals(): Rank {
    const { tree } = this;
    if (this.state.settings === undefined || this.stopped) return { items: tree.items, itemBytes: tree.itemBytes };
    const totals = tree.below(LOCAL_SPACE_LOW);
    if (totals !== undefined) this.#itemTotals = totals;
    else this.fetch(LOCAL_SPACE_LOW, 'place')?.catch(() => undefined);
    return this.#itemTotals;
  }

  /** The same, of this moment. */
  async countItems(): Promise<Rank> {
    // Whoever needs a page that cannot be read finds out by himself.
    if (this.state.settings !== undefined) await this.fetch(LOCAL_SPACE_LOW, 'place')?.catch(() => undefined);
    return this.itemTotals;
  }

  /** Entries of each local index and their bytes. Figures of a moment: those of an index may be from either side of a write. */
  async countLocalIndexes(): Promise<LocalIndexSize[]> {
    const sizes: LocalIndexSize[] = [];
    try {
      for (const { number } of this.state.settings?.localIndexes ?? []) {
        const low = await this.tree.rank(localKey(number, NOTHING));
        const high = await this.tree.rank(localSpaceEnd(number));
        sizes.push({ number, entries: Math.max(0, high.items - low.items), bytes: Math.max(0, high.itemBytes - low.itemBytes) });
      }
    } catch (error) {
      // Whoever needs a page that cannot be read finds out by himself.
      if (error instanceof AssertionError) throw error;
    }
    return sizes;
  }

  /** As the tree's own, but what the tree throws at once is a rejection too: it ended since the last look. */
  fetch(key: Uint8Array, need: 'value' | 'place', more = false): Promise<void> | undefined {
    try {
      return this.tree.fetch(key, need, more);
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      return Promise.reject(error);
    }
  }
}

const NOTHING = new Uint8Array(0);
