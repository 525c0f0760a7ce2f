import { assert, must } from '../../../services/shared/base/assert.ts';
import type { SimCluster } from '../cluster.ts';

const QUIET_MS = 30_000;
const COMPARISONS_MAX = 50;

interface ReplicaHash {
  readonly node: string;
  readonly applied: number;
  readonly stateHash: string;
}

/** With nothing under way all replicas come to the same state. Rejects when they do not come to an end; returns what differs. */
export async function differenceOfReplicas(cluster: SimCluster): Promise<string | undefined> {
  try {
    await cluster.until('all replicas apply everything', QUIET_MS, () => isQuiet(cluster));
  } catch (error) {
    for (const node of cluster.nodes) traceReplicas(cluster, node);
    throw error;
  }
  for (const [id, { members }] of cluster.memberships()) {
    const nodes = cluster.nodes.filter(({ name }) => members.some((member) => member.node === name));
    const difference = await differenceOfGroup(cluster, id, nodes);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Each group has all its members, full copies all of them, and they have applied the same. */
function isQuiet(cluster: SimCluster): boolean {
  // One may have met the end of a fault just now, and its supervisor has not started it again yet.
  if (cluster.nodes.some(({ life }) => life?.service.groups === undefined)) return false;
  const memberships = cluster.memberships();
  for (const [id, { members }] of memberships) {
    const slots = new Set<number>();
    for (const { node: name, replica, logOnly } of members) {
      const node = must(cluster.nodes.find((each) => each.name === name));
      const group = [...cluster.groupsOf(node)].find((each) => each.id === id);
      if (group === undefined || group.identity.replica !== replica || logOnly || !group.paxos.isMember) return false;
      slots.add(group.state.applied).add(group.paxos.last);
    }
    if (slots.size !== 1) return false;
  }
  return memberships.size > 0;
}

async function differenceOfGroup(cluster: SimCluster, group: number, nodes: SimCluster['nodes']): Promise<string | undefined> {
  let hashes = await hashesOf(cluster, group, nodes);
  // The catalog never rests: an auto-admin renews its lease. Replicas are compared where they have applied the same.
  for (let tries = 1; tries < COMPARISONS_MAX && !hashes.every(({ applied }) => applied === hashes[0]?.applied); tries++) {
    await cluster.sleep(100);
    hashes = await hashesOf(cluster, group, nodes);
  }
  if (new Set(hashes.map(({ applied, stateHash }) => `${applied} ${stateHash}`)).size === 1) return undefined;
  return `the replicas of group ${group} differ: ${JSON.stringify(hashes)}`;
}

async function hashesOf(cluster: SimCluster, group: number, nodes: SimCluster['nodes']): Promise<ReplicaHash[]> {
  const answers = await Promise.all(nodes.map((node) => cluster.call(node, { kind: 'inspect-group', group })));
  return answers.map((answer, at) => {
    assert(answer.kind === 'group-inspection', 'an inspection is answered by something else');
    return { node: must(nodes[at]).name, applied: answer.replica.applied, stateHash: answer.stateHash };
  });
}

function traceReplicas(cluster: SimCluster, node: SimCluster['nodes'][number]): void {
  const { nowMs, trace } = cluster.kernel;
  for (const { id, paxos, state, stopped } of cluster.groupsOf(node)) {
    trace.line(nowMs, node.name, `group ${id}: ${paxos.describe()} in the tree=${state.applied}${stopped ? ' stopped' : ''}`);
  }
}
