import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessStatus } from '../../services/ctl/dev-folder.ts';
import { metricValues } from '../harness/scrape.ts';

const GROUPS_LED = 'stator_storage_node_groups_led';

/** The processes of the cluster in this folder, as its status.json says. */
export async function readStatuses(directory: string): Promise<ProcessStatus[]> {
  return JSON.parse(await readFile(join(directory, 'status.json'), 'utf8')) as ProcessStatus[];
}

export interface Victim {
  readonly status: ProcessStatus;
  readonly groupsLed: number;
}

/** The storage node that leads most partitions by its own metrics. Throws when none leads any: there would be nothing to prove. */
export async function nodeThatLeadsMost(directory: string): Promise<Victim> {
  const nodes = (await readStatuses(directory)).filter(({ role }) => role === 'storage-node');
  const candidates = await Promise.all(
    nodes.map(async (status) => {
      const led = await metricValues(status.ports.metrics, GROUPS_LED);
      return { status, groupsLed: led.reduce((sum, each) => sum + each, 0) };
    }),
  );
  const most = candidates.filter(({ groupsLed }) => groupsLed > 0).sort((a, b) => b.groupsLed - a.groupsLed)[0];
  if (most === undefined) throw new Error(`no storage node leads a partition, by the metric ${GROUPS_LED}`);
  return most;
}
