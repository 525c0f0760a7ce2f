import type { GroupId, ReplicaId } from '../../shared/base/ids.ts';
import type { PageStore } from '../../shared/btree/page-store.ts';
import type { AddLearner, AdminResponse, CreateReplica, DeleteReplica } from '../../shared/wire/admin.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import { decodeGroupMeta, type GroupIdentity } from '../core/group-state.ts';
import { REMEMBER_REQUESTS_MS } from '../core/options.ts';
import type { NodeGroups } from '../groups/node-groups.ts';
import { deleteReplica, destroyReplica } from './delete-replica.ts';

/** Replicas, and groups, whose destruction is remembered. Late copies of calls die with the process; so many come in minutes at most. */
const DESTROYED_REMEMBERED_MAX = 10_000;

/**
 * Creates and destroys replicas, one call after the other. A call can lie in a socket while this process stands still, and be found
 * behind the one that came later: what was destroyed here is never created again, since ids are not used twice. Only groups that go as a
 * whole have replicas destroyed, so that nothing of such a group is made here by another one's leader either: a node that was down may
 * come back with a replica of it and lead others.
 */
export class ReplicaCreator {
  readonly #groups: NodeGroups;
  readonly #destroyed = new Set<ReplicaId>();
  readonly #destroyedGroups = new Set<GroupId>();
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(groups: NodeGroups) {
    this.#groups = groups;
  }

  /** Begins nothing any more; resolves when what was begun is done. The stores must stay open until then. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#turn;
  }

  /** As `deleteReplica`; rejects with AdminCallError `stopping`, too. */
  destroy(request: DeleteReplica, pages: PageStore): Promise<AdminResponse> {
    return this.#inTurn(() => {
      remember(this.#destroyed, request.replica);
      remember(this.#destroyedGroups, request.group);
      return deleteReplica(request, this.#groups, pages);
    });
  }

  /** What waited for its turn when the node was told to stop is not begun. */
  #inTurn(work: () => Promise<AdminResponse>): Promise<AdminResponse> {
    const run = this.#turn.then(() => {
      if (this.#stopped) throw stoppingError();
      return work();
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  /**
   * Creates an empty replica of a new group; repeating it changes nothing. Rejects with AdminCallError `replica-exists`, `replica-lost`,
   * `replica-destroyed` or `stopping`.
   */
  create(request: CreateReplica): Promise<AdminResponse> {
    return this.#inTurn(() => this.#create(request));
  }

  /**
   * Creates a replica that learns without a vote, for the leader of a group; a learner that is here already does as well. Rejects
   * with AdminCallError `other-life`, `unwanted`, `replica-exists`, `replica-lost` or `stopping`.
   */
  addLearner(request: AddLearner, incarnation: number, isWanted: (identity: GroupIdentity) => boolean): Promise<AdminResponse> {
    return this.#inTurn(() => this.#addLearner(request, incarnation, isWanted));
  }

  async #addLearner(request: AddLearner, incarnation: number, isWanted: (identity: GroupIdentity) => boolean): Promise<AdminResponse> {
    // The replica that was meant may have voted in an earlier life of this node, and lost it with its disk.
    if (request.incarnation !== incarnation) throw new AdminCallError('other-life', 'the node was started anew meanwhile');
    const { identity } = decodeGroupMeta(request.state, REMEMBER_REQUESTS_MS);
    if (!isWanted(identity) || this.#destroyedGroups.has(request.group))
      throw new AdminCallError('unwanted', `the table of group ${request.group} does not exist any more`);
    const existing = this.#groups.group(request.group);
    if (existing?.paxos.isMember === true) {
      throw new AdminCallError('replica-exists', `group ${request.group} is here as member ${existing.identity.replica}`);
    }
    // One that never voted and has lost its log is no use to anybody: nobody re-admits a learner.
    if (existing?.paxos.abstains === true) await destroyReplica(existing, this.#groups, this.#groups.pages);
    else if (existing !== undefined) return { kind: 'learner-added', replica: existing.identity.replica };
    this.#groups.add(await this.#groups.loader.createLearner({ ...identity, replica: request.replica }, request.logBehind));
    return { kind: 'learner-added', replica: request.replica };
  }

  async #create(request: CreateReplica): Promise<AdminResponse> {
    if (this.#destroyed.has(request.replica))
      throw new AdminCallError('replica-destroyed', `replica ${request.replica} of group ${request.group} was destroyed here`);
    const existing = this.#groups.group(request.group);
    const group = await this.#groups.loader.create(identityOf(request), existing, request.late);
    if (group !== existing) this.#groups.add(group);
    return { kind: 'done' };
  }
}

function remember<Id>(destroyed: Set<Id>, id: Id): void {
  destroyed.add(id);
  for (const oldest of destroyed) {
    if (destroyed.size <= DESTROYED_REMEMBERED_MAX) return;
    destroyed.delete(oldest);
  }
}

/** Nothing was done; whoever asked asks again, of the next life of this node. */
export function stoppingError(): AdminCallError {
  return new AdminCallError('stopping', 'the node is stopping, and did nothing: ask again when it has started anew');
}

/** The preferred leader comes first in the ring, the others follow in their order. */
function identityOf(request: CreateReplica): GroupIdentity {
  const first = request.members.findIndex(({ replica }) => replica === request.preferredLeader);
  const places = [...request.members.slice(Math.max(0, first)), ...request.members.slice(0, Math.max(0, first))];
  const members = places.map((place) => ({ ...place, logOnly: false }));
  const { group, replica, tableId, partitionId } = request;
  const low = Buffer.from(request.low);
  const high = request.high.length === 0 ? undefined : Buffer.from(request.high);
  return { group, replica, tableId, partitionId, low, high, configuration: 1, since: 0, members };
}
