import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { AdminCallError, TransportError } from '../shared/env/transport.ts';
import { type AdminCall, initCluster, type InitResult, parseSeeds, type Seed } from './init.ts';
import { UserError } from './user-error.ts';

const RETRY_MS = 500;

/** Adds `stator init`, which forms a cluster over storage nodes on any machines. */
export function addInitCommand(program: Command, call: AdminCall, report: (line: string) => void): void {
  program
    .command('init')
    .description('form a cluster over three storage nodes in three AZs, once; safe to repeat')
    .addOption(new Option('--seeds <list>', 'AZ=HOST:PORT of each node, separated by commas').env('STATOR_SEEDS').makeOptionMandatory())
    .addOption(new Option('--wait <seconds>', 'how long to wait for nodes that do not answer').default('0'))
    .action(async ({ seeds, wait }: { seeds: string; wait: string }) => {
      const { clusterId, formedNow } = await formWithin(call, parseSeeds(seeds), 1000 * Number(wait));
      report(formedNow ? `formed cluster ${clusterId}` : `the nodes already form cluster ${clusterId}`);
    });
}

/** Tries again until every seed answers or the time is over. */
async function formWithin(call: AdminCall, seeds: readonly Seed[], waitMs: number): Promise<InitResult> {
  const deadline = performance.now() + waitMs;
  const clusterId = randomUUID();
  for (let begun = false; ; begun = true) {
    try {
      return await initCluster(call, seeds, { clusterId, begun });
    } catch (error) {
      if (!(error instanceof TransportError || error instanceof AdminCallError)) throw error;
      if (performance.now() > deadline) throw new UserError(`Not every seed could be reached: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
