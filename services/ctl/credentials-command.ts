import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { accountProblem, userNameProblem } from '../shared/placement/credential-rules.ts';
import { serializeRecord } from '../shared/placement/record-format.ts';
import { PolicyError } from '../shared/policy/policy-error.ts';
import { parsePolicy } from '../shared/policy/policy-parser.ts';
import type { CredentialDescription } from '../shared/wire/admin.ts';
import { createAdminCall } from './admin-client.ts';
import { type ClusterOptions, clusterOf } from './credentials-cluster.ts';
import { CredentialAdmin } from './credentials.ts';
import { formatTable } from './text-table.ts';
import { UserError } from './user-error.ts';

const SECRET_BYTES = 30;
const ACCESS_KEY_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ACCESS_KEY_LENGTH = 16;

const EXAMPLES = `
A credential is an access key with a secret, of a user of an account. It may do what its policy allows, an IAM identity policy as a
JSON file, and nothing without one. Every router knows of a change within a second.

The auto-admins and the sealing key are those of the cluster in --dir, made by \`make up\`, unless --auto-admin names others. The key
is then to be that of the routers: STATOR_SEALING_KEY, or --sealing-key-file (\`openssl rand -base64 32\` makes one).

Examples:
  stator credentials create --name ann --policy ann.json
  stator credentials list
  stator credentials policy AKIAEXAMPLE                     shows the policy
  stator credentials policy AKIAEXAMPLE --set other.json    sets another one
  stator credentials revoke AKIAEXAMPLE`;

interface CreateOptions extends ClusterOptions {
  readonly name: string;
  readonly account?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

interface PolicyOptions extends ClusterOptions {
  readonly set?: string;
  readonly remove?: boolean;
}

type Report = (line: string) => void;

/** Adds `stator credentials`: who may use the cluster, and for what. */
export function addCredentialsCommands(program: Command, report: Report): void {
  const credentials = program.command('credentials').description('create, list and revoke credentials, and set their policies');
  credentials.addHelpText('after', EXAMPLES);
  command(credentials, 'create', 'make a credential; its secret is shown this once')
    .addOption(new Option('--name <user>', 'name of the user, as messages and policies have it').makeOptionMandatory())
    .option('--account <id>', 'account of the user: whose tables it sees (default: that of the cluster on this machine)')
    .option('--policy <file>', 'what it may do, as JSON (- for standard input); without one it may do nothing')
    .option('--json', 'print an object with AccessKeyId and SecretAccessKey')
    .action((options: CreateOptions) => create(options, report));
  command(credentials, 'list', 'show all credentials, without their secrets')
    .option('--json', 'print a list of objects')
    .action((options: ClusterOptions & { json?: boolean }) => list(options, report));
  command(credentials, 'revoke <access-key-id>', 'take a credential away for good').action(async (id: string, options: ClusterOptions) => {
    await (await adminOf(options)).revoke(id);
    report(`revoked ${id}`);
  });
  command(credentials, 'policy <access-key-id>', 'show the policy of a credential, or set it')
    .option('--set <file>', 'the new policy, as JSON (- for standard input)')
    .addOption(new Option('--remove', 'leave it without a policy: it may do nothing then').conflicts('set'))
    .action((id: string, options: PolicyOptions) => policy(id, options, report));
}

async function create(options: CreateOptions, report: Report): Promise<void> {
  const { name } = options;
  const problem = userNameProblem(name) ?? (options.account === undefined ? undefined : accountProblem(options.account));
  if (problem !== undefined) throw new UserError(`${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`);
  const policyText = options.policy === undefined ? undefined : readPolicy(options.policy, name);
  const cluster = await clusterOf(options);
  const { autoAdmins, sealer } = cluster;
  const account = options.account ?? cluster.account;
  if (sealer === undefined) {
    throw new UserError('There is no sealing key: set STATOR_SEALING_KEY or --sealing-key-file to that of the routers.');
  }
  const admin = newAdmin(autoAdmins);
  const others = (await admin.list()).filter(({ sealing }) => sealing !== sealer.name).length;
  const accessKeyId = newAccessKeyId();
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const definition = {
    accessKeyId,
    account,
    userName: name,
    sealedSecret: sealer.seal(secret, accessKeyId),
    sealing: sealer.name,
    ...(policyText === undefined ? {} : { policy: policyText }),
    createdAtMs: Date.now(),
  };
  await admin.create(serializeRecord(definition));
  if (options.json === true)
    report(JSON.stringify({ AccessKeyId: accessKeyId, SecretAccessKey: secret, UserName: name, Account: account }));
  else for (const line of createdText(accessKeyId, secret, name, account, policyText !== undefined)) report(line);
  if (others > 0) {
    console.error(`stator: ${others} other credentials are sealed with another key. A router can use those of its own key only.`);
  }
}

function createdText(accessKeyId: string, secret: string, name: string, account: string, hasPolicy: boolean): string[] {
  return [
    `access key   ${accessKeyId}`,
    `secret       ${secret}`,
    `user         arn:aws:iam::${account}:user/${name}`,
    `policy       ${hasPolicy ? 'as given' : 'none: it may do nothing until one is set with `stator credentials policy`'}`,
    'The secret is not shown again.',
  ];
}

async function list(options: ClusterOptions & { json?: boolean }, report: Report): Promise<void> {
  const all = await (await adminOf(options)).list();
  if (options.json === true) report(JSON.stringify(all.map(shown)));
  else for (const line of formatTable(['access key', 'account', 'user', 'created', 'sealed with', 'policy'], all.map(row))) report(line);
}

function row({ accessKeyId, account, userName, createdAtMs, sealing, policy }: CredentialDescription): string[] {
  const statements = policy === '' ? 'none' : counted(statementCount(policy));
  return [accessKeyId, account, userName, new Date(createdAtMs).toISOString(), sealing, statements];
}

function counted(statements: number): string {
  return statements === 1 ? '1 statement' : `${statements} statements`;
}

function statementCount(policy: string): number {
  const { Statement } = JSON.parse(policy) as { Statement: unknown };
  return Array.isArray(Statement) ? Statement.length : 1;
}

function shown({ accessKeyId, account, userName, createdAtMs, sealing, policy }: CredentialDescription): object {
  return {
    AccessKeyId: accessKeyId,
    Account: account,
    UserName: userName,
    CreateDate: new Date(createdAtMs).toISOString(),
    Sealing: sealing,
    Policy: policy === '' ? null : (JSON.parse(policy) as unknown),
  };
}

async function policy(accessKeyId: string, options: PolicyOptions, report: Report): Promise<void> {
  const admin = await adminOf(options);
  const { userName, policy: present } = await admin.find(accessKeyId);
  if (options.remove === true) {
    await admin.setPolicy(accessKeyId, '');
    report(`${accessKeyId} has no policy any more: it may do nothing`);
  } else if (options.set !== undefined) {
    await admin.setPolicy(accessKeyId, readPolicy(options.set, userName));
    report(`set the policy of ${accessKeyId}`);
  } else if (present === '') {
    throw new UserError(`${accessKeyId} has no policy: it may do nothing.`);
  } else {
    report(JSON.stringify(JSON.parse(present), undefined, 2));
  }
}

/** The text of a policy that can be read, without white space that means nothing. Throws UserError. */
function readPolicy(file: string, userName: string): string {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`The policy cannot be read: ${(error as Error).message}.`);
  }
  try {
    parsePolicy(text, { userName });
  } catch (error) {
    if (error instanceof PolicyError) throw new UserError(`The policy is refused: ${error.message}.`);
    throw error;
  }
  return JSON.stringify(JSON.parse(text));
}

async function adminOf(options: ClusterOptions): Promise<CredentialAdmin> {
  return newAdmin((await clusterOf(options)).autoAdmins);
}

function newAdmin(autoAdmins: readonly string[]): CredentialAdmin {
  const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  const parts = { call: createAdminCall(''), callIn: createAdminCall, sleep, nowMs: () => performance.now() };
  return new CredentialAdmin(parts, autoAdmins);
}

/** As the service's: `AKIA` and sixteen letters and digits, at random. */
function newAccessKeyId(): string {
  const letters = [...randomBytes(ACCESS_KEY_LENGTH)].map((byte) => ACCESS_KEY_LETTERS[byte % ACCESS_KEY_LETTERS.length]);
  return `AKIA${letters.join('')}`;
}

/** Every command needs to know which cluster is meant. */
function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('--dir <folder>', 'folder of the cluster on this machine').env('STATOR_DIR').default('.stator'))
    .addOption(new Option('--auto-admin <list>', 'HOST:PORT of each auto-admin instead, separated by commas').env('STATOR_AUTO_ADMIN'))
    .addOption(new Option('--sealing-key-file <file>', 'sealing key of the routers, where --dir has none').env('STATOR_SEALING_KEY_FILE'));
}
