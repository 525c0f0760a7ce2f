import { type Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';
import { DEFAULT_ACCOUNT } from '../shared/placement/credential-rules.ts';
import type { DevCluster } from './dev-cluster.ts';
import { DEFAULT_ACCESS_KEY_ID, DEFAULT_PORT, DEFAULT_REGION, readSettings, type WantedSettings } from './dev-settings.ts';
import { statusTable, welcome } from './dev-text.ts';
import { topology } from './dev-topology.ts';
import { whyNotReady } from './health.ts';
import { localCluster } from './local-cluster.ts';
import { followLines, lastLines } from './logs.ts';
import { UserError } from './user-error.ts';

interface FolderOption {
  readonly dir: string;
}

interface SettingOptions {
  readonly port?: string;
  readonly region?: string;
  readonly account?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

/** Adds the commands that run a whole cluster on one machine. */
export function addDevCommands(program: Command, report: (line: string) => void): void {
  const clusterIn = (dir: string): DevCluster => localCluster(dir, report);
  addUp(program, clusterIn, report);
  command(program, 'down', 'stop the cluster; its data stays').action(async ({ dir }: FolderOption) => {
    if (!(await clusterIn(dir).down())) report('nothing was running');
  });
  command(program, 'clean', 'stop the cluster and remove it with its data').action(async ({ dir }: FolderOption) => {
    await clusterIn(dir).clean();
  });
  addStatus(program, clusterIn, report);
  addNode(program, clusterIn);
  addLogs(program, report);
}

function addUp(program: Command, clusterIn: (dir: string) => DevCluster, report: (line: string) => void): void {
  command(program, 'dev', 'start a whole cluster on this machine, or what is missing of it')
    .addOption(setting('--port <number>', `HTTP port; all others follow from it (default: ${DEFAULT_PORT})`))
    .addOption(setting('--region <name>', `(default: ${DEFAULT_REGION})`))
    .addOption(setting('--account <id>', `twelve digits; whose tables the access key sees (default: ${DEFAULT_ACCOUNT})`))
    .addOption(setting('--access-key-id <id>', `(default: ${DEFAULT_ACCESS_KEY_ID})`))
    .addOption(setting('--secret-access-key <secret>', '(default: made at the first start)'))
    .action(async ({ dir, ...settings }: FolderOption & SettingOptions) =>
      report(welcome(await clusterIn(dir).up(wantedSettings(settings)))),
    );
}

/** An option that may come by environment: `--access-key-id` by STATOR_ACCESS_KEY_ID. An empty one counts as not given. */
function setting(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`STATOR_${(option.long ?? '').slice(2).replaceAll('-', '_').toUpperCase()}`);
}

function wantedSettings({ port, region, account, accessKeyId, secretAccessKey }: SettingOptions): WantedSettings {
  return {
    ...(port ? { port: Number(port) } : {}),
    ...(region ? { region } : {}),
    ...(account ? { account } : {}),
    ...(accessKeyId ? { accessKeyId } : {}),
    ...(secretAccessKey ? { secretAccessKey } : {}),
  };
}

function addStatus(program: Command, clusterIn: (dir: string) => DevCluster, report: (line: string) => void): void {
  command(program, 'status', 'show each process and whether it is ready')
    .option('--json', 'as in status.json')
    .action(async ({ dir, json }: FolderOption & { json?: boolean }) => {
      const settings = await readSettings(resolve(dir));
      if (settings === undefined) {
        report(`There is no cluster in ${resolve(dir)}.`);
        return;
      }
      const statuses = await clusterIn(dir).statuses(settings);
      const reasons = new Map<string, string>();
      for (const { name, pid, ports } of statuses) {
        const reason = pid === null ? undefined : await whyNotReady(ports.metrics);
        if (reason !== undefined) reasons.set(name, reason);
      }
      report(json ? JSON.stringify(statuses) : statusTable(statuses, reasons));
    });
}

function addNode(program: Command, clusterIn: (dir: string) => DevCluster): void {
  const node = program.command('node').description('start, stop or kill one process of the cluster on this machine');
  command(node, 'start <name>', 'start it and wait until it is ready').action((name: string, { dir }: FolderOption) =>
    clusterIn(dir).startProcess(name),
  );
  command(node, 'stop <name>', 'let it drain and hand over, then end it').action((name: string, { dir }: FolderOption) =>
    clusterIn(dir).stopProcess(name),
  );
  command(node, 'kill <name>', 'end it by SIGKILL').action((name: string, { dir }: FolderOption) => clusterIn(dir).killProcess(name));
}

function addLogs(program: Command, report: (line: string) => void): void {
  command(program, 'logs [names...]', 'show the end of the logs, of all processes or of those named')
    .addOption(new Option('--lines <number>', 'of each process').default(20).argParser(wholeNumber))
    .option('--follow', 'go on with what is written')
    .action(async (names: string[], { dir, lines, follow }: FolderOption & { lines: number; follow?: boolean }) => {
      const settings = await readSettings(resolve(dir));
      if (settings === undefined) throw new UserError(`There is no cluster in ${resolve(dir)}.`);
      const all = topology(settings);
      const processes = all.filter(({ name }) => names.length === 0 || names.includes(name));
      if (processes.length === 0) throw new UserError(`No such process; there are ${all.map(({ name }) => name).join(', ')}.`);
      const following: Promise<void>[] = [];
      for (const { name, log } of processes) {
        const print = (line: string): void => report(`${name}  ${line}`);
        const end = await lastLines(log, lines);
        end.lines.forEach(print);
        if (follow === true) following.push(followLines(log, end.position, new AbortController().signal, print));
      }
      await Promise.all(following);
    });
}

/** Every command of this file works on a cluster's folder. */
function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('--dir <folder>', 'folder of the cluster: data, logs, settings').env('STATOR_DIR').default('.stator'));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
