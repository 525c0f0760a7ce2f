import type { ReplicaId } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { AdminCallError } from '../../shared/env/transport.ts';
import type { AdminResponse, TransferLeadership } from '../../shared/wire/admin.ts';
import type { Group } from '../groups/group.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

const PATIENCE_MS = 2000;
const STEP_MS = 5;

/** Gives the leadership of a group to one of its followers. Rejects with AdminCallError when it cannot be done. */
export async function transferLeadership(request: TransferLeadership, groups: NodeGroups): Promise<AdminResponse> {
  const group = groups.group(request.group);
  if (group?.paxos.leading === undefined) throw new AdminCallError('not-leader', `this node does not lead group ${request.group}`);
  if (request.to === group.paxos.self) return { kind: 'done' };
  if (!group.paxos.configuration.members.includes(request.to))
    throw new AdminCallError('no-such-replica', `replica ${request.to} is no member`);
  if (await handOver(group, request.to, groups)) return { kind: 'done' };
  throw new AdminCallError('not-now', `replica ${request.to} did not take over in time; it may be down or behind`);
}

/** Hands over everything this node leads, before a planned stop: the others take over at once instead of waiting for leases. */
export async function handOverAll(groups: NodeGroups): Promise<void> {
  await Promise.all(
    [...groups.all].map(async (group) => {
      for (const [replica] of [...group.paxos.acknowledgements()].sort((a, b) => b[1] - a[1])) {
        const node = group.nodeOf(replica);
        if (node !== undefined && groups.links.connected(node) && (await handOver(group, replica, groups))) return;
      }
    }),
  );
}

/** Waits until the follower has everything, then lets it lead. Nothing new is proposed meanwhile. */
async function handOver(group: Group, to: ReplicaId, groups: NodeGroups): Promise<boolean> {
  const { clock, timers }: Environment = groups.environment;
  const giveUpAtMs = clock.monotonicMs() + PATIENCE_MS;
  while (group.paxos.leading !== undefined && clock.monotonicMs() < giveUpAtMs) {
    const done = group.paxos.handOver(to, clock.monotonicMs());
    groups.wake(group);
    if (done) return true;
    await timers.sleep(STEP_MS);
  }
  group.paxos.cancelHandOver();
  return group.paxos.leading === undefined;
}
