import { CATALOG_GROUP } from '../shared/base/ids.ts';
import type { AdminRequest, AdminResponse, NodeDescription } from '../shared/wire/admin.ts';
import { UserError } from './user-error.ts';

/** One administrative call to the process at an address. */
export type AdminCall = (address: string, request: AdminRequest) => Promise<AdminResponse>;

export interface Seed {
  readonly az: string;
  readonly address: string;
}

export interface InitResult {
  readonly clusterId: string;
  /** False when the seeds formed the cluster before. */
  readonly formedNow: boolean;
}

const SEEDS = 3;

/** Under which cluster id to form, and what is known of earlier attempts. */
export interface ClusterToForm {
  readonly clusterId: string;
  /** This very id was given before and not all seeds confirmed it: an empty seed beside formed ones is one that was not reached. */
  readonly begun: boolean;
}

/**
 * Forms the catalog group over the seed nodes, or finds that they already form a cluster; repeating it is safe, and ends what failed
 * half-way: a seed writes down its cluster before it has its replica of the catalog, and may have died in between. Throws UserError
 * when the seeds cannot form one: too few AZs, two clusters, or an empty node beside others whose catalog is in use. That is a
 * node that lost its disk, and it must never come back as its old replica: a quorum could then forget what it had promised.
 */
export async function initCluster(call: AdminCall, seeds: readonly Seed[], toForm: ClusterToForm): Promise<InitResult> {
  if (seeds.length !== SEEDS || new Set(seeds.map(({ az }) => az)).size !== SEEDS) {
    throw new UserError(`A cluster is formed over ${SEEDS} storage nodes in ${SEEDS} different AZs; ${seeds.length} were named.`);
  }
  const nodes = await Promise.all(seeds.map((seed) => describe(call, seed)));
  const known = [...new Set(nodes.map(({ clusterId }) => clusterId).filter((id) => id !== ''))];
  if (known.length > 1) throw new UserError(`These nodes belong to different clusters: ${known.join(', ')}.`);
  const clusterId = known[0] ?? toForm.clusterId;
  const inUse = nodes.find(({ replicas }) => replicas.some(({ group, last }) => group === CATALOG_GROUP && last > 0));
  // Where the catalog is in use, its leader gives a replica to a seed that belongs to the cluster and has none.
  const isFormed = (node: NodeDescription): boolean =>
    node.clusterId !== '' && (inUse !== undefined || node.replicas.some(({ group }) => group === CATALOG_GROUP));
  if (nodes.every(isFormed)) return { clusterId, formedNow: false };
  if (!(toForm.begun && toForm.clusterId === clusterId)) refuseLostDisk(nodes, inUse);
  const members = nodes.map(({ node, az }, position) => ({ replica: position + 1, node, az }));
  const addresses = nodes.map(({ node }, position) => ({ node, address: seeds[position]?.address ?? '' }));
  await Promise.all(seeds.map(({ address }) => call(address, { kind: 'init-cluster', clusterId, members, addresses })));
  return { clusterId, formedNow: true };
}

/** A catalog without a single record was never in use, so nobody can have promised anything in it. */
function refuseLostDisk(nodes: readonly NodeDescription[], inUse: NodeDescription | undefined): void {
  if (inUse === undefined) return;
  const empty = nodes.filter(({ clusterId }) => clusterId === '').map(({ node }) => node);
  throw new UserError(
    `${empty.join(' and ')} has no data, but ${inUse.node} already runs cluster ${inUse.clusterId}: ` +
      'a node that lost its data joins by itself when it is started with --seeds, and its replicas are made anew.',
  );
}

/** Reads `a=host:port,b=host:port,c=host:port`. */
export function parseSeeds(text: string): Seed[] {
  return text.split(',').map((part) => {
    const match = /^([a-z0-9-]{1,63})=([^=\s]+:\d{1,5})$/.exec(part.trim());
    if (match === null) throw new UserError(`A seed is written AZ=host:port, as in a=10.0.0.1:8003; this is not: ${part}`);
    return { az: match[1] ?? '', address: match[2] ?? '' };
  });
}

async function describe(call: AdminCall, { az, address }: Seed): Promise<NodeDescription> {
  const described = await call(address, { kind: 'describe-node' });
  if (described.kind !== 'node-description') throw new UserError(`${address} is no storage node.`);
  if (described.az !== az) throw new UserError(`The node at ${address} runs in AZ ${described.az}, not ${az}.`);
  return described;
}
