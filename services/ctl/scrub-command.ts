import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ScrubReport } from '../shared/wire/admin.ts';
import { createAdminCall } from './admin-client.ts';
import { readSettings } from './dev-settings.ts';
import { address, topology } from './dev-topology.ts';
import { isAllSound, progressLine, type ScrubResult, scrubNodes, unrepaired } from './scrub.ts';
import { formatTable } from './text-table.ts';
import { UserError } from './user-error.ts';

interface ScrubOptions {
  readonly dir: string;
  readonly nodes?: string;
  readonly start: boolean;
  readonly wait: number;
}

const EXAMPLES = `
Reads every page of every tree and all of the log on each node, at the rate of --scrub-bytes-per-second of the nodes. Damage is
repaired by the nodes themselves, from the log or from the other replicas. Nodes scrub by themselves, too: once a day by default.

Ends with code 0 when every node was looked at and nothing damaged is left, else with code 1.

Examples:
  stator scrub                                        the cluster of this folder, made by \`make up\`
  stator scrub --nodes 10.0.0.1:8003,10.0.1.1:8003    nodes of any cluster
  stator scrub --no-start                             only what was found by now`;

/** Adds `stator scrub`: looks for damage on running nodes, and says what was found and repaired. */
export function addScrubCommand(program: Command, report: (line: string) => void): void {
  program
    .command('scrub')
    .description('look for damage in everything that running storage nodes hold, and follow its repair')
    .addOption(new Option('--dir <folder>', 'folder of the cluster on this machine').env('STATOR_DIR').default('.stator'))
    .addOption(new Option('--nodes <list>', 'HOST:PORT of each storage node instead, separated by commas').env('STATOR_NODES'))
    .option('--no-start', 'begin nothing: tell what is known by now')
    .addOption(new Option('--wait <seconds>', 'how long to wait for repairs at the end').default(60).argParser(seconds))
    .addHelpText('after', EXAMPLES)
    .action(async ({ dir, nodes, start, wait }: ScrubOptions) => {
      const addresses = nodes === undefined ? await addressesIn(dir) : parseNodes(nodes);
      const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
      const parts = { call: createAdminCall(''), callIn: createAdminCall, report, sleep, nowMs: () => performance.now() };
      const result = await scrubNodes(parts, { addresses, start, repairMs: wait * 1000 });
      for (const line of summary(result)) report(line);
      if (!isAllSound(result)) process.exitCode = 1;
    });
}

/** The storage nodes of the cluster in a folder. */
async function addressesIn(dir: string): Promise<string[]> {
  const settings = await readSettings(resolve(dir));
  if (settings === undefined) {
    throw new UserError(`There is no cluster in ${resolve(dir)}; name its folder with --dir, or storage nodes with --nodes HOST:PORT,…`);
  }
  return topology(settings)
    .filter(({ role }) => role === 'storage-node')
    .map(({ ports }) => address(ports.grpc));
}

/** Reads `host:port,host:port`. Throws UserError for anything else. */
export function parseNodes(text: string): string[] {
  return text.split(',').map((part) => {
    const node = part.trim();
    if (!/^[^=\s]+:\d{1,5}$/.test(node)) throw new UserError(`A node is written HOST:PORT, as in 10.0.0.1:8003; this is not: ${part}`);
    return node;
  });
}

/** What is said at the end. */
export function summary(result: ScrubResult): string[] {
  const { reports, silent } = result;
  const lines = reports.map((each) => `${progressLine(each)}, last complete pass ${timeText(each.lastCompleteMs)}`);
  const rows = reports.flatMap((each) => each.findings.map((finding) => findingRow(each, finding)));
  if (rows.length > 0) lines.push('', ...formatTable(['node', 'group', 'table', 'kind', 'found', 'state', 'what'], rows), '');
  for (const { node, findings, findingsTotal } of reports) {
    if (findingsTotal > findings.length) lines.push(`${node} has had ${findingsTotal} findings; the last ${findings.length} are listed.`);
  }
  for (const [node, reason] of silent) lines.push(`${node} could not be scrubbed: ${reason}`);
  const left = reports.reduce((count, each) => count + unrepaired(each).length, 0);
  if (left > 0)
    lines.push(`${left} findings are not repaired yet: run \`stator scrub --no-start\` again, and look at the logs of the nodes.`);
  else if (silent.size > 0) lines.push('Start the nodes that did not answer and run this again: what they hold is not known to be sound.');
  else lines.push(rows.length === 0 ? 'sound' : 'everything found is repaired');
  return lines;
}

function findingRow({ node }: ScrubReport, { group, tableId, kind, detail, foundMs, repaired }: ScrubReport['findings'][number]): string[] {
  return [node, group === 0 ? '-' : String(group), tableId || '-', kind, timeText(foundMs), repaired ? 'repaired' : 'NOT REPAIRED', detail];
}

function timeText(ms: number): string {
  return ms === 0 ? 'never' : new Date(ms).toISOString();
}

function seconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}
