import type { Prng } from '../../../services/shared/base/prng.ts';
import type { CheckedLoad } from '../../harness/checked-load.ts';
import { AUTO_ADMIN, type ProcessCluster, ROUTER, STORAGE_NODES, type StorageNodeName } from '../../harness/process-cluster.ts';
import { until } from '../../harness/until.ts';
import type { ProxiedNetwork } from '../network/proxied-network.ts';
import type { Tool } from '../tools.ts';
import type { ChaosDisks } from './chaos-disks.ts';

/** What the cluster of a fault needs around it. */
export type FaultSurroundings = 'plain' | 'proxied' | 'small-disks' | 'disk-images';

/** What a fault may lay its hands on. */
export interface Victim {
  readonly cluster: ProcessCluster;
  readonly load: CheckedLoad;
  readonly random: Prng;
  /** The table of both loads. */
  readonly table: string;
  /** Only with surroundings of that kind. */
  readonly network: ProxiedNetwork;
  readonly disks: ChaosDisks;
  /** The longest that a fault with a duration may last. */
  readonly secondsMax: number;
  /** The harm is done from now on. */
  began(label: string): void;
  /** From now on nothing keeps the cluster from serving. */
  healed(label: string): void;
  /** Something measured, beside what is measured of every fault. */
  figure(name: string, value: number): void;
}

export interface Fault {
  readonly name: string;
  readonly help: string;
  readonly surroundings: FaultSurroundings;
  /** Without these it is skipped, by name. */
  readonly needs: readonly Tool[];
  /** Options of the cluster's processes. */
  readonly options?: Readonly<Record<string, string>>;
  /** Does the harm and undoes it, calling `began` and `healed`; the load goes on meanwhile. */
  inflict(victim: Victim): Promise<void>;
}

export const ALL_PROCESSES = [...STORAGE_NODES, ROUTER, AUTO_ADMIN] as const;
/** While a process starts the load need not be at its fastest: both need the machine. */
const START_REST_MS = 50;

/** The node that leads most partitions of tables. */
export async function leadsMost(cluster: ProcessCluster): Promise<StorageNodeName> {
  return until('somebody leads', async () => {
    const leaders = [...(await cluster.leaders()).values()];
    const led = (name: StorageNodeName): number => leaders.filter((leader) => leader === name).length;
    return leaders.length === 0 ? undefined : [...STORAGE_NODES].sort((a, b) => led(b) - led(a))[0];
  });
}

export function othersThan(name: string): StorageNodeName[] {
  return STORAGE_NODES.filter((node) => node !== name);
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts whatever does not run. */
export async function startAgain({ cluster, load }: Victim): Promise<void> {
  const restMs = load.restMs;
  load.restMs = START_REST_MS;
  await cluster.startMissing();
  load.restMs = restMs;
}
