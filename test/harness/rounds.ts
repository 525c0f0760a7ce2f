import { type ProcessCluster, STORAGE_NODES } from './process-cluster.ts';

/** The greatest round that a replica has promised, for each of the groups: it grows with every ballot that is begun. All nodes must run. */
export async function roundsOfEach(cluster: ProcessCluster, groups: readonly number[]): Promise<number[]> {
  const nodes = await Promise.all(STORAGE_NODES.map((name) => cluster.describe(name)));
  const rounds = (group: number): number[] =>
    nodes.flatMap(({ replicas }) => replicas.filter((replica) => replica.group === group).map(({ ballot }) => ballot.round));
  return groups.map((group) => Math.max(0, ...rounds(group)));
}

/** The sum of them. */
export async function roundsOf(cluster: ProcessCluster, groups: readonly number[]): Promise<number> {
  return (await roundsOfEach(cluster, groups)).reduce((sum, rounds) => sum + rounds, 0);
}
