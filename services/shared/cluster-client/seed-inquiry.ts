import { CATALOG_GROUP, type NodeId } from '../base/ids.ts';
import type { Environment } from '../env/environment.ts';
import type { NodeDescription } from '../wire/admin.ts';
import type { StatorTransport } from '../wire/frames.ts';

const CALL_TIMEOUT_MS = 1000;
const RETRY_MS = 300;

/** What a seed says of the cluster that it belongs to. */
export interface FoundCluster {
  readonly clusterId: string;
  /** The seed that answered. */
  readonly node: NodeId;
  readonly address: string;
}

/**
 * Asks the seeds in turn, again and again, until one of them belongs to a cluster; undefined when `stopped` says so before.
 * `inUse`: only a cluster counts whose catalog has, or had, a leader: a majority of its seeds has formed it then.
 */
export async function findCluster(
  { timers, logger }: Pick<Environment, 'timers' | 'logger'>,
  transport: StatorTransport,
  seeds: readonly string[],
  inUse: boolean,
  stopped: () => boolean,
): Promise<FoundCluster | undefined> {
  for (let turn = 0; !stopped(); turn++) {
    const address = seeds[turn % seeds.length];
    if (address === undefined) throw new Error('no seeds are given');
    try {
      const answer = await transport.call(address, { kind: 'describe-node' }, CALL_TIMEOUT_MS);
      if (answer.kind === 'node-description' && belongs(answer, inUse)) return { clusterId: answer.clusterId, node: answer.node, address };
    } catch (error) {
      logger.debug('seed does not answer', { seed: address, error: String(error) });
    }
    await timers.sleep(RETRY_MS);
  }
  return undefined;
}

function belongs({ clusterId, replicas }: NodeDescription, inUse: boolean): boolean {
  if (clusterId === '') return false;
  return !inUse || replicas.some(({ group, leading, commit }) => group === CATALOG_GROUP && (leading || commit > 0));
}
