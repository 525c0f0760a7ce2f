import type { GroupId, NodeId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { SnapshotMessage } from '../../shared/wire/frames.ts';
import { decodeGroupMeta, encodeGroupMeta, type GroupIdentity, GroupState } from '../core/group-state.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import type { Group } from './group.ts';
import type { GroupLoader } from './group-loader.ts';
import type { PeerLinks } from './peer-links.ts';
import type { SnapshotReceiver } from './snapshot-receiver.ts';
import type { SnapshotSender } from './snapshot-sender.ts';
import { StateDiffersError } from './state-hash-watch.ts';

/** Peers are asked again after so long. */
const ASK_MS = 1000;
const APPENDS_CHECK_MS = 1;

/** What the rebuilder needs of its node. */
export interface RebuilderParts {
  readonly node: NodeId;
  readonly environment: Environment;
  readonly links: Pick<PeerLinks, 'sendSnapshot' | 'flush' | 'nodes'>;
  readonly loader: GroupLoader;
  readonly sender: SnapshotSender;
  readonly receiver: SnapshotReceiver;
  readonly groups: () => Iterable<Group>;
  readonly groupOf: (group: GroupId) => Group | undefined;
  /** Whose log of the group is on the disk; 0: not known. */
  readonly logOwner: (group: GroupId) => ReplicaId;
  /** A replica takes the place of the one of its group, if there is one. */
  readonly put: (group: Group) => void;
  /** The replica has begun anew with this part of it empty, and is whole once nothing is awaited any more. */
  readonly rebuilding: (group: GroupId, part: 'tree' | 'log') => void;
}

/**
 * Brings replicas back that lost their tree and not their log. Such a replica has forgotten no promise and none of the records
 * that it accepted: it votes and takes new ones, but serves nothing and does not lead before a snapshot has come, for which it
 * asks. If even the tree's header is gone, it does not know its group, and asks its peers for that first.
 */
export class ReplicaRebuilder {
  readonly #parts: RebuilderParts;
  /** Groups whose log is here, and of whose tree not even the header is. */
  readonly #unknown = new Set<GroupId>();
  /** The verdict for which a replica was built anew last: what comes to the same again is no accident of its disk. */
  readonly #verdicts = new Map<GroupId, Slot>();
  readonly #underWay = new Map<GroupId, Promise<void>>();
  #stopped = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  /** Sums for metrics. */
  rebuilt = 0;

  constructor(parts: RebuilderParts) {
    this.#parts = parts;
  }

  /** Replicas that this node should have and does not even know. */
  get unknown(): ReadonlySet<GroupId> {
    return this.#unknown;
  }

  /** A log without a tree was found. */
  lost(group: GroupId): void {
    this.#unknown.add(group);
  }

  /** The replica is not wanted any more: resolves when nothing of it is put in place any more. */
  async forget(group: GroupId): Promise<void> {
    await this.#underWay.get(group);
    this.#unknown.delete(group);
  }

  /** Begins nothing any more; resolves when nothing is being rebuilt. The stores must stay open until then. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#underWay.values());
  }

  /**
   * A page of the tree is damaged, or the tree differs from the others', so that the replica has stopped: the tree goes, and
   * what the log holds is applied anew. A replica that comes to the same contradiction from its log again stays stopped.
   */
  treeDamaged(group: Group, error: Error): void {
    if (error instanceof StateDiffersError) {
      if (this.#verdicts.get(group.id) === error.verdict) {
        this.#parts.environment.logger.error('replica differs again and stays stopped', { group: group.id, error: String(error) });
        return;
      }
      this.#verdicts.set(group.id, error.verdict);
    }
    this.#inTurn(group.identity, 'tree', async () => {
      await this.#quiet(group);
      return this.#parts.loader.rebuild(group.identity);
    });
  }

  /** The log is damaged where it is still needed, so that the replica has stopped: it abstains until a leader has synced it anew. */
  logDamaged(group: Group): void {
    this.#inTurn(group.identity, 'log', async () => {
      await this.#quiet(group);
      return this.#parts.loader.abstain(group);
    });
  }

  /** Nothing of the stopped replica is under way any more. */
  async #quiet(group: Group): Promise<void> {
    await this.#parts.receiver.forget(group);
    while (!group.appendsDone) await this.#parts.environment.timers.sleep(APPENDS_CHECK_MS);
  }

  /** To be called every 50 ms or so. */
  tick(nowMs: number): void {
    if (nowMs - this.#askedAtMs < ASK_MS) return;
    this.#askedAtMs = nowMs;
    for (const group of this.#unknown) this.#ask(group, 0, this.#parts.links.nodes);
    for (const group of this.#parts.groups()) {
      if (group.stopped || !group.awaitsSnapshot || group.keepsLogOnly) continue;
      const leader = group.leaderNode();
      if (leader !== undefined) this.#ask(group.id, group.paxos.trimmed, [leader]);
    }
  }

  /** A peer asks for a snapshot of a group, or for what the group is. */
  onRequest(from: NodeId, message: SnapshotMessage & { readonly kind: 'request' }): void {
    const group = this.#parts.groupOf(message.group);
    if (group === undefined || group.stopped) return;
    const replica = group.identity.members.find(({ node }) => node === from)?.replica;
    const ballot = group.paxos.leading;
    if (ballot !== undefined && replica !== undefined && group.paxos.serves && message.position > 0) {
      this.#parts.sender.start(group, { replica, ballot, position: message.position, bySnapshot: true });
    } else if (message.position === 0) {
      // Also to the node of a replica that was replaced meanwhile: it need not know.
      const state = encodeGroupMeta(group.identity, GroupState.empty(REMEMBER_REQUESTS_MS));
      this.#send(from, { kind: 'identity', group: group.id, state });
    }
  }

  /**
   * A peer says what an unknown group is. Who the members are is believed by whoever has all that came before (GroupLoader): it finds
   * nothing in its log that says so, nor would anybody teach it what it has.
   */
  onIdentity(message: SnapshotMessage & { readonly kind: 'identity' }): void {
    if (!this.#unknown.has(message.group)) return;
    const { identity } = decodeGroupMeta(message.state, REMEMBER_REQUESTS_MS);
    const own = identity.members.find(({ node }) => node === this.#parts.node);
    const replica = this.#parts.logOwner(message.group) || own?.replica;
    if (replica === undefined) return;
    // Somebody else's log is no help to a member: its votes would be forgotten. A learner, or one that was replaced, keeps its own id.
    this.#rebuild({ ...identity, replica });
  }

  #rebuild(identity: GroupIdentity): void {
    this.#inTurn(identity, 'tree', () => this.#parts.loader.rebuild(identity));
  }

  #inTurn(identity: GroupIdentity, part: 'tree' | 'log', make: () => Promise<Group>): void {
    // What is not begun any more is as if the process had ended before the damage was met.
    if (this.#stopped || this.#underWay.has(identity.group)) return;
    this.#underWay.set(identity.group, this.#putAnew(identity, part, make));
  }

  async #putAnew({ group, replica }: GroupIdentity, part: 'tree' | 'log', make: () => Promise<Group>): Promise<void> {
    const { environment, put, rebuilding } = this.#parts;
    try {
      environment.logger.warn('replica is rebuilt', { group, replica });
      put(await make());
      rebuilding(group, part);
      this.#unknown.delete(group);
      this.rebuilt += 1;
    } catch (error) {
      environment.logger.error('replica not rebuilt', { group, replica, error: String(error) });
    } finally {
      this.#underWay.delete(group);
    }
  }

  #ask(group: GroupId, position: number, nodes: Iterable<NodeId>): void {
    for (const node of nodes) this.#send(node, { kind: 'request', group, position });
  }

  #send(node: NodeId, message: SnapshotMessage): void {
    this.#parts.links.sendSnapshot(node, message);
    this.#parts.links.flush();
  }
}
