import type { ReplicaId } from '../../shared/base/ids.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import type { AdminResponse, TransferLeadership } from '../../shared/wire/admin.ts';
import { HEARTBEAT_MS } from '../core/options.ts';
import type { Group } from '../groups/group.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

const PATIENCE_MS = 2000;
const STEP_MS = 5;
/** A follower that answered no heartbeat of so late may be gone: writes must not wait for it. */
const HEARD_MS = 3 * HEARTBEAT_MS;
/** A new leader knows its followers after one heartbeat or two. */
const SEARCH_MS = 2 * HEARTBEAT_MS;

/** Gives the leadership of a group to one of its followers. Rejects with AdminCallError when it cannot be done. */
export async function transferLeadership(request: TransferLeadership, groups: NodeGroups): Promise<AdminResponse> {
  const group = groups.group(request.group);
  if (group?.paxos.leading === undefined) throw new AdminCallError('not-leader', `this node does not lead group ${request.group}`);
  const { to } = request;
  if (to === group.paxos.self) return { kind: 'done' };
  if (!group.paxos.configuration.members.includes(to)) throw new AdminCallError('no-such-replica', `replica ${to} is no member`);
  if (await handOver(group, groups, (nowMs) => (canTakeOver(group, to, nowMs) ? to : undefined), 0)) return { kind: 'done' };
  throw new AdminCallError('not-now', `replica ${to} cannot take over now: it is down, behind or slow`);
}

/** Hands over everything this node leads, before a planned stop: the others take over at once instead of waiting for leases. */
export async function handOverAll(groups: NodeGroups): Promise<void> {
  await Promise.all(
    [...groups.all].map((group) => {
      const reachable = group.identity.members.some(({ node }) => groups.links.connected(node));
      return handOver(group, groups, (nowMs) => nearest(group, nowMs), reachable ? SEARCH_MS : 0);
    }),
  );
}

function canTakeOver(group: Group, to: ReplicaId, nowMs: number): boolean {
  return group.paxos.canTakeOver(to, HEARD_MS, nowMs);
}

/** The follower that lacks least of those that can take over. */
function nearest(group: Group, nowMs: number): ReplicaId | undefined {
  const followers = [...group.paxos.acknowledgements()].filter(([replica]) => canTakeOver(group, replica, nowMs));
  return followers.sort((a, b) => b[1] - a[1])[0]?.[0];
}

/**
 * Waits until a follower has everything, then lets it lead; nothing new is proposed while one is waited for. Without anybody
 * to wait for, the group goes on as it is, and somebody is looked for until `searchMs` are over. False: nobody took over.
 */
async function handOver(
  group: Group,
  groups: NodeGroups,
  successor: (nowMs: number) => ReplicaId | undefined,
  searchMs: number,
): Promise<boolean> {
  const { clock, timers } = groups.environment;
  const startedAtMs = clock.monotonicMs();
  for (let nowMs = startedAtMs; group.paxos.leading !== undefined && nowMs - startedAtMs < PATIENCE_MS; nowMs = clock.monotonicMs()) {
    const to = successor(nowMs);
    if (to === undefined && nowMs - startedAtMs >= searchMs) break;
    const done = to !== undefined && group.paxos.handOver(to, nowMs);
    if (to === undefined) group.paxos.cancelHandOver();
    groups.wake(group);
    if (done) return true;
    await timers.sleep(STEP_MS);
  }
  group.paxos.cancelHandOver();
  return group.paxos.leading === undefined;
}
