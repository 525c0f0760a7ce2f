import type { GroupId, NodeId, ReplicaId } from '../../shared/base/ids.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import {
  decodeLeaderships,
  decodeRefusals,
  encodeLeaderships,
  encodeRefusals,
  type GroupLeadership,
} from '../../shared/paxos/heartbeat.ts';
import type { Heartbeat, HeartbeatAnswer } from '../../shared/wire/frames.ts';
import type { Group } from './group.ts';

/** One heartbeat on its way: what its answer is about. */
interface SentHeartbeat {
  readonly sentAtMs: number;
  readonly led: readonly { readonly group: Group; readonly ballot: Ballot; readonly follower: ReplicaId }[];
}

/** Older heartbeats than so many are not answered any more. */
const REMEMBERED = 32;

/**
 * One heartbeat for each pair of nodes, for all groups together. The leader's clock is read before anything is sent, the
 * follower's when the frame arrives: a lease counted from the sending never outlasts the grant.
 */
export class Heartbeats {
  readonly #sent = new Map<NodeId, Map<number, SentHeartbeat>>();
  #sequence = 0;

  /** The heartbeat to a peer for the groups led here that have a replica there; undefined when there is none. */
  make(node: NodeId, groups: Iterable<Group>, nowMs: number): Heartbeat | undefined {
    const leaderships: GroupLeadership[] = [];
    const led: { group: Group; ballot: Ballot; follower: ReplicaId }[] = [];
    for (const group of groups) {
      const follower = group.identity.members.find((member) => member.node === node);
      if (follower === undefined || group.paxos.leading === undefined) continue;
      const news = group.paxos.heartbeat(nowMs);
      if (news === undefined) continue;
      leaderships.push({ group: group.id, ...news });
      led.push({ group, ballot: news.ballot, follower: follower.replica });
    }
    if (led.length === 0) return undefined;
    const sequence = ++this.#sequence;
    this.#remember(node, sequence, { sentAtMs: nowMs, led });
    return { sequence, leaderships: encodeLeaderships(leaderships) };
  }

  /** A peer's heartbeat: each group grants or refuses. */
  receive(heartbeat: Heartbeat, groupOf: (group: GroupId) => Group | undefined, nowMs: number): HeartbeatAnswer {
    const refusals: GroupId[] = [];
    for (const news of decodeLeaderships(heartbeat.leaderships)) {
      const group = groupOf(news.group);
      if (group === undefined || group.stopped || !group.paxos.onHeartbeat(news, nowMs)) refusals.push(news.group);
      else group.followCommit(news, nowMs);
    }
    return { sequence: heartbeat.sequence, refusals: encodeRefusals(refusals) };
  }

  /** A peer's answer. Returns the groups it was about. */
  answered(node: NodeId, answer: HeartbeatAnswer, nowMs: number): Group[] {
    const sent = this.#sent.get(node)?.get(answer.sequence);
    if (sent === undefined) return [];
    this.#sent.get(node)?.delete(answer.sequence);
    const refusals = decodeRefusals(answer.refusals);
    for (const { group, ballot, follower } of sent.led) {
      group.paxos.onHeartbeatAnswer(follower, ballot, sent.sentAtMs, !refusals.has(group.id), nowMs);
    }
    return sent.led.map(({ group }) => group);
  }

  #remember(node: NodeId, sequence: number, heartbeat: SentHeartbeat): void {
    let sent = this.#sent.get(node);
    if (sent === undefined) {
      sent = new Map();
      this.#sent.set(node, sent);
    }
    sent.set(sequence, heartbeat);
    for (const old of sent.keys()) {
      if (sent.size <= REMEMBERED) break;
      sent.delete(old);
    }
  }
}
