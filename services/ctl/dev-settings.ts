import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSealingKey } from '../shared/platform/sealer.ts';
import { accountProblem, DEFAULT_ACCOUNT } from '../shared/placement/credential-rules.ts';
import { replaceFile } from './replace-file.ts';
import { UserError } from './user-error.ts';

/** What a cluster on one machine was started with; kept in its folder, so that later commands need not be told again. */
export interface DevSettings {
  /** Absolute path of the cluster's folder. */
  readonly directory: string;
  /** HTTP port of the router; all other ports follow from it. */
  readonly port: number;
  readonly region: string;
  /** Twelve digits: whose tables the access key sees. */
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Seals the secrets of the cluster's other credentials. Absent in a folder of an earlier version until its next start. */
  readonly sealingKey?: string;
  readonly clusterId: string;
  /** All seeds have confirmed that they belong to the cluster: from then on an empty one has lost its disk. */
  readonly formed: boolean;
}

/** What the caller asked for; everything else is kept, or chosen. */
export interface WantedSettings {
  readonly port?: number;
  readonly region?: string;
  readonly account?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

export const DEFAULT_PORT = 8000;
export const DEFAULT_REGION = 'us-east-1';
/** Of clusters that were made before their settings named one. */
const FORMER_ACCOUNT = '000000000000';
export const DEFAULT_ACCESS_KEY_ID = 'STATORDEV';
/** Ports from `port` on that belong to one cluster: what to leave between two. */
export const PORTS_RESERVED = 20;
const PORT_MOST = 65_535;
const SECRET_BYTES = 30;
const FILE_NAME = 'cluster.json';

/** The settings of the cluster in this folder; undefined when there is none. */
export async function readSettings(directory: string): Promise<DevSettings | undefined> {
  const path = join(directory, FILE_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const settings = parseSettings(text);
  if (settings === undefined) throw new UserError(`${path} is damaged. Move the folder away, or remove it with its data.`);
  return { ...settings, directory };
}

/** Written with the secret in it, so for its owner alone. */
export async function writeSettings(settings: DevSettings): Promise<void> {
  const { directory, ...stored } = settings;
  await replaceFile(join(directory, FILE_NAME), `${JSON.stringify(stored, undefined, 2)}\n`, 0o600);
}

/**
 * The settings to start with. Throws UserError when the folder's data was made for another port, region or account: the nodes know each
 * other by address, and tables belong to a region of an account.
 */
export function chooseSettings(directory: string, existing: DevSettings | undefined, wanted: WantedSettings): DevSettings {
  const port = wanted.port ?? existing?.port ?? DEFAULT_PORT;
  if (!Number.isInteger(port) || port < 1 || port + PORTS_RESERVED > PORT_MOST) {
    throw new UserError(`PORT must be a whole number from 1 to ${PORT_MOST - PORTS_RESERVED}, since the ports after it are used as well.`);
  }
  const region = wanted.region ?? existing?.region ?? DEFAULT_REGION;
  if (!/^[a-z0-9-]{1,63}$/.test(region)) throw new UserError(`REGION ${region} is not a name of lower-case letters, digits and hyphens.`);
  const account = wanted.account ?? existing?.account ?? DEFAULT_ACCOUNT;
  if (accountProblem(account) !== undefined) throw new UserError(`ACCOUNT ${account} is not twelve digits.`);
  if (existing !== undefined) refuseChange(existing, port, region, account);
  return {
    directory,
    port,
    region,
    account,
    accessKeyId: keyPart('ACCESS_KEY_ID', wanted.accessKeyId ?? existing?.accessKeyId ?? DEFAULT_ACCESS_KEY_ID),
    secretAccessKey: keyPart('SECRET_ACCESS_KEY', wanted.secretAccessKey ?? existing?.secretAccessKey ?? newSecret()),
    sealingKey: existing?.sealingKey ?? newSealingKey(),
    clusterId: existing?.clusterId ?? randomUUID(),
    formed: existing?.formed ?? false,
  };
}

function refuseChange(existing: DevSettings, port: number, region: string, account: string): void {
  const changes = [
    ...(port === existing.port ? [] : [`PORT ${existing.port}, not ${port}`]),
    ...(region === existing.region ? [] : [`REGION ${existing.region}, not ${region}`]),
    ...(account === existing.account ? [] : [`ACCOUNT ${existing.account}, not ${account}`]),
  ];
  if (changes.length === 0) return;
  throw new UserError(
    `The cluster in ${existing.directory} was made with ${changes.join(' and ')}. Name another folder with DIR= for a second cluster, ` +
      'or remove this one with `make clean`.',
  );
}

/** Both travel in HTTP headers and in a file that a shell reads. */
function keyPart(name: string, value: string): string {
  if (!/^[!-~]{1,128}$/.test(value)) throw new UserError(`${name} must be 1 to 128 visible ASCII characters.`);
  return value;
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function parseSettings(text: string): Omit<DevSettings, 'directory'> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { port, region, accessKeyId, secretAccessKey, clusterId, formed } = value as Record<string, unknown>;
  const { sealingKey, account } = value as Record<string, unknown>;
  if (typeof port !== 'number' || typeof region !== 'string' || typeof accessKeyId !== 'string') return undefined;
  if (typeof secretAccessKey !== 'string' || typeof clusterId !== 'string' || typeof formed !== 'boolean') return undefined;
  const settings = {
    port,
    region,
    account: typeof account === 'string' ? account : FORMER_ACCOUNT,
    accessKeyId,
    secretAccessKey,
    clusterId,
    formed,
  };
  return typeof sealingKey === 'string' ? { ...settings, sealingKey } : settings;
}
