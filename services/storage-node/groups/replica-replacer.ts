import { assert, AssertionError } from '../../shared/base/assert.ts';
import type { GroupId, NodeId, ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import type { AdminRequest, AdminResponse, MemberPlace } from '../../shared/wire/admin.ts';
import type { ReplicaAbsent } from '../../shared/wire/frames.ts';
import { encodeGroupMeta, GroupState } from '../core/group-state.ts';
import { learnersMembership, swapped } from '../core/membership.ts';
import { REMEMBER_REQUESTS_MS, type ReplacementOptions } from '../core/options.ts';
import type { Group } from './group.ts';
import type { SoleCopies } from './sole-copies.ts';

/** What the replacer needs of its node. */
export interface ReplacerParts {
  readonly environment: Environment;
  readonly options: ReplacementOptions;
  readonly addressOf: (node: NodeId) => string | undefined;
  readonly call: (address: string, request: AdminRequest, timeoutMs: number) => Promise<AdminResponse>;
  /** A snapshot is on its way to the replica. */
  readonly sendsCopy: (replica: ReplicaId) => boolean;
  /** Has the group pumped at the end of this turn. */
  readonly wake: (group: Group) => void;
  readonly copies: Pick<SoleCopies, 'mayBeGiven'>;
}

/** What a node says of a replica that it should have. */
interface Absence {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly node: NodeId;
  readonly sinceMs: number;
  lastMs: number;
}

const CALL_TIMEOUT_MS = 5000;
const POLL_MS = 20;
/** What failed is begun again after so long. */
const RETRY_MS = 2000;
/** A node that has said nothing for so long may have found the replica. */
const ABSENCE_LASTS_MS = 5000;
/** A learner that lacks no more than this is near enough: the Swap itself takes as long as some records. */
const NEAR_SLOTS = 256;
/** A replacement whose learner does not come nearer for so long is given up; it may be begun again. */
const PATIENCE_MS = 60_000;
/** At most so many at once on this node: each may copy a whole partition. */
const AT_ONCE = 2;
/** Ids that the catalog gives count up from 1; those that leaders choose have the highest bit set, and are drawn. */
const OWN_IDS = 0x8000_0000;

/**
 * Gives a group's member's place to another replica, while this node leads the group: a learner is created, brought near, and
 * then takes the place by one Swap record (architecture.md 4.2, Membership). It does so by itself for a replica of whose log and
 * tree its node has no trace any more: that one is lost for good, whatever it had promised.
 *
 * Nothing here needs to be remembered: a replacement that ends half-way leaves a learner, which the next one takes up.
 */
export class ReplicaReplacer {
  readonly #parts: ReplacerParts;
  readonly #absences = new Map<GroupId, Absence>();
  /** The replica that leaves or comes, for each group whose members are being changed. */
  readonly #underWay = new Map<GroupId, ReplicaId>();
  /** Groups in which a change failed lately. */
  readonly #notBeforeMs = new Map<GroupId, number>();
  /** Sums for metrics. */
  replaced = 0;
  failed = 0;

  constructor(parts: ReplacerParts) {
    this.#parts = parts;
  }

  /** A node has no trace of a replica that this node's leader sent something to. */
  onAbsent(node: NodeId, group: Group, { replica, incarnation }: ReplicaAbsent, nowMs: number): void {
    const isMember = group.identity.members.some((member) => member.replica === replica && member.node === node);
    const isLearner = this.#underWay.get(group.id) === replica;
    if (group.paxos.leading === undefined || !(isMember || isLearner)) return;
    const known = this.#absences.get(group.id);
    const goesOn = known?.replica === replica && known.incarnation === incarnation && nowMs - known.lastMs < ABSENCE_LASTS_MS;
    if (goesOn) known.lastMs = nowMs;
    else this.#absences.set(group.id, { replica, incarnation, node, sinceMs: nowMs, lastMs: nowMs });
  }

  /** To be called every 50 ms or so. */
  tick(groups: Iterable<Group>, nowMs: number): void {
    for (const group of groups) {
      if (this.#underWay.size >= AT_ONCE) return;
      if (!group.paxos.serves || this.#underWay.has(group.id) || nowMs < (this.#notBeforeMs.get(group.id) ?? 0)) continue;
      if (!this.#parts.copies.mayBeGiven(group)) continue;
      const lost = this.#lostMember(group, nowMs);
      if (lost !== undefined) {
        const logOnly = group.tree.itemBytes > this.#parts.options.logFirstBytes && !hasLogReplica(group, lost.replica);
        this.#begin(group, lost.replica, { ...lost, replica: 0, logOnly });
        continue;
      }
      const bare = group.identity.members.find(({ replica, logOnly }) => logOnly && group.paxos.isSynced(replica));
      if (bare !== undefined) this.#begin(group, bare.replica, { ...bare, logOnly: false });
    }
  }

  /**
   * Puts `into` in the place of the member `out`; `into.replica` is 0 for a new replica, or `out` itself in another role.
   * Resolves when the new configuration is applied here. Rejects with AdminCallError when it cannot be done now.
   */
  async replace(group: Group, out: ReplicaId, into: MemberPlace): Promise<void> {
    if (this.#underWay.has(group.id)) throw new AdminCallError('not-now', `the members of group ${group.id} are being changed already`);
    if (!group.identity.members.some(({ replica }) => replica === out))
      throw new AdminCallError('no-such-replica', `replica ${out} is no member`);
    if (into.logOnly && hasLogReplica(group, out))
      throw new AdminCallError('not-now', `group ${group.id} has a replica of the log alone already: two full copies must be left`);
    if (!this.#parts.copies.mayBeGiven(group)) throw halted(group);
    if (out === group.paxos.self) throw new AdminCallError('leader', 'a leader does not replace itself: transfer the leadership first');
    this.#underWay.set(group.id, out);
    const { logger } = this.#parts.environment;
    logger.info('replica is replaced', { group: group.id, out, node: into.node, logOnly: into.logOnly });
    try {
      await this.#run(group, out, into);
      this.replaced += 1;
    } catch (error) {
      this.failed += 1;
      logger.warn('replica not replaced', { group: group.id, out, node: into.node, error: String(error) });
      throw error;
    } finally {
      this.#underWay.delete(group.id);
    }
  }

  #begin(group: Group, out: ReplicaId, into: MemberPlace): void {
    this.#absences.delete(group.id);
    this.#notBeforeMs.delete(group.id);
    this.replace(group, out, into).catch((error: unknown) => {
      // A broken rule is no reason to try again.
      if (error instanceof AssertionError) return this.#parts.environment.fatal('a member could not be replaced', error);
      this.#notBeforeMs.set(group.id, this.#parts.environment.clock.monotonicMs() + RETRY_MS);
    });
  }

  /** Only what its node says counts: a node that is silent may come back with all it had. */
  #lostMember(group: Group, nowMs: number): MemberPlace | undefined {
    const absence = this.#absences.get(group.id);
    if (absence === undefined) return undefined;
    if (nowMs - absence.lastMs >= ABSENCE_LASTS_MS) {
      this.#absences.delete(group.id);
      return undefined;
    }
    if (nowMs - absence.sinceMs < this.#parts.options.lostAfterMs) return undefined;
    return group.identity.members.find(({ replica }) => replica === absence.replica);
  }

  async #run(group: Group, out: ReplicaId, into: MemberPlace): Promise<void> {
    const ballot = group.paxos.leading;
    const leads = (): boolean => group.paxos.leading === ballot && !group.stopped;
    const target = group.identity.configuration + 1;
    const replica = into.replica === out ? out : await this.#teach(group, into, leads);
    try {
      while (!(group.paxos.serves && !group.paxos.closing)) {
        await this.#parts.environment.timers.sleep(POLL_MS);
        if (!leads()) throw notLeading();
      }
      assert(group.identity.configuration === target - 1, 'the members changed under one ballot');
      if (!this.#parts.copies.mayBeGiven(group)) throw halted(group);
      group.proposeSwap(swapped(group.identity, out, { ...into, replica }));
    } catch (error) {
      group.paxos.removeLearner(replica);
      throw error;
    }
    while (group.identity.configuration < target) {
      await this.#parts.environment.timers.sleep(POLL_MS);
      if (!leads() && group.identity.configuration < target) throw notLeading();
    }
  }

  /** Creates a learner on the node and brings it near; its id. */
  async #teach(group: Group, into: MemberPlace, leads: () => boolean): Promise<ReplicaId> {
    const { environment, wake } = this.#parts;
    // A log that begins before anything was chosen would be a full copy's.
    if (into.logOnly && group.state.applied === 0) throw new AdminCallError('not-now', `nothing is chosen yet in group ${group.id}`);
    const replica = await this.#addLearner(group, into);
    if (!leads()) throw notLeading();
    this.#underWay.set(group.id, replica);
    group.meet(replica, into.node);
    group.paxos.addLearner(replica, environment.clock.monotonicMs());
    wake(group);
    let best: Slot = 0;
    let patientUntilMs = environment.clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      await environment.timers.sleep(POLL_MS);
      if (!leads()) throw notLeading();
      const acknowledged = group.paxos.learners().get(replica) ?? 0;
      if (group.paxos.isSynced(replica) && acknowledged + NEAR_SLOTS >= group.paxos.last) return replica;
      const nowMs = environment.clock.monotonicMs();
      // A large copy takes its time, and acknowledges nothing before it is complete.
      if (acknowledged > best || this.#parts.sendsCopy(replica)) {
        best = Math.max(best, acknowledged);
        patientUntilMs = nowMs + PATIENCE_MS;
      }
      if (nowMs >= patientUntilMs || this.#absences.get(group.id)?.replica === replica) {
        group.paxos.removeLearner(replica);
        throw new AdminCallError('not-now', `the new replica on ${into.node} does not come near`);
      }
    }
  }

  async #addLearner(group: Group, { node, logOnly }: MemberPlace): Promise<ReplicaId> {
    const { environment } = this.#parts;
    const described = await this.#call(node, { kind: 'describe-node' });
    assert(described.kind === 'node-description', `a node answered ${described.kind}`);
    const identity = { ...group.identity, ...(logOnly ? {} : learnersMembership(group.identity)) };
    const answer = await this.#call(node, {
      kind: 'add-learner',
      group: group.id,
      replica: OWN_IDS + (environment.random.uint32() >>> 1),
      incarnation: described.incarnation,
      state: encodeGroupMeta(identity, GroupState.empty(REMEMBER_REQUESTS_MS)),
      logBehind: logOnly ? group.state.applied : 0,
    });
    assert(answer.kind === 'learner-added', `a node answered ${answer.kind} to add-learner`);
    return answer.replica;
  }

  async #call(node: NodeId, request: AdminRequest): Promise<AdminResponse> {
    const address = this.#parts.addressOf(node);
    if (address === undefined) throw new AdminCallError('no-such-node', `node ${node} is not known here`);
    try {
      return await this.#parts.call(address, request, CALL_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof AdminCallError) throw error;
      throw new AdminCallError('not-now', `node ${node} is not reached: ${String(error)}`);
    }
  }
}

/** Another member may have the right copy, and a new one would come from the leader's. */
function halted(group: Group): AdminCallError {
  return new AdminCallError('not-now', `the copies of group ${group.id} contradict each other`);
}

/** Whether a member other than this one keeps the log alone. */
function hasLogReplica({ identity }: Group, but: ReplicaId): boolean {
  return identity.members.some(({ replica, logOnly }) => logOnly && replica !== but);
}

function notLeading(): AdminCallError {
  return new AdminCallError('not-leader', 'this node leads the group no more');
}
