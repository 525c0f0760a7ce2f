import type { Group } from '../../../services/storage-node/groups/group.ts';
import type { SimCluster } from '../cluster.ts';

type StorageMachine = SimCluster['nodes'][number];

const POLL_MS = 100;

/**
 * Calls back when every replica that the node should have is there, votes, and could be read from one end to the other since the
 * node was started: a damaged page is found when somebody reads it. Meanwhile the cluster has a repair under way.
 */
export function untilWhole(cluster: SimCluster, node: StorageMachine, then: () => void): void {
  cluster.repairs += 1;
  void (async () => {
    do await cluster.sleep(POLL_MS);
    while (!isWhole(cluster, node) || !(await readsWhole(cluster, node)) || !isWhole(cluster, node));
    cluster.repairs -= 1;
    then();
  })();
}

/** Every replica that the node should have is there, votes, and has a tree. */
export function isWhole(cluster: SimCluster, node: StorageMachine): boolean {
  const groups = [...cluster.groupsOf(node)];
  for (const [id, { members }] of cluster.memberships()) {
    const member = members.find(({ node: name }) => name === node.name);
    const group = groups.find((each) => each.id === id);
    if (member !== undefined && (group === undefined || group.identity.replica !== member.replica || !isSound(group))) return false;
  }
  return node.life !== undefined;
}

function isSound(group: Group): boolean {
  return !group.stopped && !group.paxos.abstains && group.paxos.isMember && !group.awaitsSnapshot;
}

/** Reads all that the node's members hold, as a client would that asks for no more than eventual consistency. */
async function readsWhole(cluster: SimCluster, node: StorageMachine): Promise<boolean> {
  const { life } = node;
  const memberships = cluster.memberships();
  for (const group of [...cluster.groupsOf(node)]) {
    const { members = [] } = memberships.get(group.id) ?? {};
    const isMember = members.some(({ replica }) => replica === group.identity.replica);
    // Who was replaced answers nobody.
    if (isMember && !group.keepsLogOnly && !(await readsGroup(cluster, node, group))) return false;
  }
  return node.life === life;
}

async function readsGroup(cluster: SimCluster, node: StorageMachine, { id, identity }: Group): Promise<boolean> {
  let { low } = identity;
  for (;;) {
    const range = {
      kind: 'range' as const,
      low,
      ...(identity.high !== undefined && { high: identity.high }),
      reverse: false,
      consistent: false,
      limit: 0,
      byteLimit: 1 << 20,
      countOnly: false,
    };
    const answer = await cluster.request(node, id, range).catch(() => undefined);
    if (answer?.status !== 'ok' || answer.range === undefined) return false;
    const { more, lastKey } = answer.range;
    if (!more || lastKey === undefined) return true;
    low = Buffer.concat([lastKey, Buffer.alloc(1)]);
  }
}
