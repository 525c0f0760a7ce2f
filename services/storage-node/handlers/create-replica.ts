import type { AdminResponse, CreateReplica } from '../../shared/wire/admin.ts';
import type { GroupIdentity } from '../core/group-state.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/** Calls for one group run one after the other. */
export class ReplicaCreator {
  readonly #groups: NodeGroups;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(groups: NodeGroups) {
    this.#groups = groups;
  }

  /** Creates an empty replica of a new group; repeating it changes nothing. Rejects with AdminCallError `replica-exists` or `replica-lost`. */
  create(request: CreateReplica): Promise<AdminResponse> {
    const run = this.#turn.then(() => this.#create(request));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async #create(request: CreateReplica): Promise<AdminResponse> {
    const existing = this.#groups.group(request.group);
    const group = await this.#groups.loader.create(identityOf(request), existing, request.late);
    if (group !== existing) this.#groups.add(group);
    return { kind: 'done' };
  }
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
