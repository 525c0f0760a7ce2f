import { type ProcessCluster, STORAGE_NODES } from './process-cluster.ts';

/** Sum over groups of the greatest round that a replica has promised: it grows with every ballot that is begun. All nodes must run. */
export async function roundsOf(cluster: ProcessCluster, groups: readonly number[]): Promise<number> {
  const nodes = await Promise.all(STORAGE_NODES.map((name) => cluster.describe(name)));
  const rounds = (group: number): number[] =>
    nodes.flatMap(({ replicas }) => replicas.filter((replica) => replica.group === group).map(({ ballot }) => ballot.round));
  return groups.reduce((sum, group) => sum + Math.max(0, ...rounds(group)), 0);
}
