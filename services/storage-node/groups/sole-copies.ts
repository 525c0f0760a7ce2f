import type { GroupId, ReplicaId } from '../../shared/base/ids.ts';
import type { Clock } from '../../shared/env/clock.ts';
import type { InstalledSnapshot } from '../core/group-state.ts';
import { type Origins, witness } from '../core/state-hash-judgement.ts';
import type { StateHashWatch } from './state-hash-watch.ts';

/** What is looked at of a replica that leads. */
export interface ComparedGroup {
  readonly id: GroupId;
  readonly paxos: { readonly self: ReplicaId; readonly configuration: { readonly members: readonly ReplicaId[] } };
  readonly state: { readonly halted: number };
  readonly snapshot: InstalledSnapshot;
  readonly stateHashes: Pick<StateHashWatch, 'heardOf' | 'originOf'>;
}

/** Who lost its copy says so every second or so; what was said longer ago counts no more. */
const LOSS_LASTS_MS = 5000;

/** Where the members' copies come from, as this leader knows: only those that came from others. */
export function originsIn({ paxos, snapshot, stateHashes }: Omit<ComparedGroup, 'id' | 'state'>): Origins {
  const origins = new Map<ReplicaId, ReplicaId>();
  for (const member of paxos.configuration.members) {
    const origin = member === paxos.self ? stateHashes.originOf(snapshot) : stateHashes.heardOf(member)?.origin;
    if (origin !== undefined) origins.set(member, origin);
  }
  return origins;
}

/** What is known of the other members of a halted group. */
interface Others {
  /** When a member said last that it has no copy. */
  readonly lostAtMs: Map<ReplicaId, number>;
  /** Those that put this replica's copy in place since. */
  readonly given: Set<ReplicaId>;
}

/**
 * Whether others may be given the leader's copy. Of a halted group that would be to choose it, and nobody here knows which copy is
 * right: so only once there is nothing to choose from, since all other members say that they have lost theirs, or have it from here.
 */
export class SoleCopies {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Of groups that are halted. */
  readonly #others = new Map<GroupId, Others>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** A member says that it has no copy. */
  lost(group: ComparedGroup, replica: ReplicaId): void {
    this.#othersIn(group)?.lostAtMs.set(replica, this.#clock.monotonicMs());
  }

  /** A replica has put this one's copy in place. */
  given(group: ComparedGroup, replica: ReplicaId): void {
    this.#othersIn(group)?.given.add(replica);
  }

  mayBeGiven(group: ComparedGroup): boolean {
    const others = this.#othersIn(group);
    if (others === undefined) return true;
    const { self, configuration } = group.paxos;
    const origins = originsIn(group);
    const own = witness(self, origins);
    const nowMs = this.#clock.monotonicMs();
    const isLost = (member: ReplicaId): boolean => nowMs - (others.lostAtMs.get(member) ?? Number.NEGATIVE_INFINITY) < LOSS_LASTS_MS;
    return configuration.members.every((member) => witness(member, origins) === own || others.given.has(member) || isLost(member));
  }

  /** Undefined: the group is not halted. */
  #othersIn({ id, state: { halted } }: ComparedGroup): Others | undefined {
    if (halted === 0) {
      this.#others.delete(id);
      return undefined;
    }
    let others = this.#others.get(id);
    if (others === undefined) {
      others = { lostAtMs: new Map(), given: new Set() };
      this.#others.set(id, others);
    }
    return others;
  }
}
