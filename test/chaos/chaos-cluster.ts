import { ProcessCluster, type Surroundings } from '../harness/process-cluster.ts';
import { ChaosDisks } from './faults/chaos-disks.ts';
import type { Fault, FaultSurroundings } from './faults/fault.ts';
import { ProxiedNetwork } from './network/proxied-network.ts';

/** A cluster, and what was put around it for a fault. */
export interface ChaosCluster {
  readonly cluster: ProcessCluster;
  readonly network: ProxiedNetwork | undefined;
  readonly disks: ChaosDisks | undefined;
}

export async function startChaosCluster(fault: Pick<Fault, 'surroundings' | 'options'>): Promise<ChaosCluster> {
  const surroundings = make(fault.surroundings);
  const cluster = await ProcessCluster.start(fault.options ?? {}, surroundings);
  return {
    cluster,
    network: surroundings instanceof ProxiedNetwork ? surroundings : undefined,
    disks: surroundings instanceof ChaosDisks ? surroundings : undefined,
  };
}

function make(kind: FaultSurroundings): Surroundings {
  switch (kind) {
    case 'plain':
      return {};
    case 'proxied':
      return new ProxiedNetwork();
    case 'small-disks':
    case 'disk-images':
      return new ChaosDisks(kind);
  }
}
