import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DevSettings } from './dev-settings.ts';

export type ProcessRole = 'router' | 'storage-node' | 'auto-admin';

export interface ProcessPorts {
  readonly http?: number;
  readonly grpc: number;
  readonly metrics: number;
}

/** One process of the cluster: how to start it, and where it is found. */
export interface DevProcess {
  readonly name: string;
  readonly role: ProcessRole;
  readonly az: string;
  readonly ports: ProcessPorts;
  /** Null for a process that holds nothing durable. */
  readonly dataDir: string | null;
  readonly log: string;
  /** Its options, as on the command line. */
  readonly options: readonly string[];
  /** What must not stand on a command line. */
  readonly environment: Readonly<Record<string, string>>;
}

export const HOST = '127.0.0.1';
const AZS = ['a', 'b', 'c'] as const;

/** Offsets from the cluster's port. They never change: the nodes' addresses are part of the data. */
const ROUTER_GRPC = 1;
const ROUTER_METRICS = 2;
const FIRST_NODE = 3;
const AUTO_ADMIN = 9;

/** Three storage nodes in three AZs, one auto-admin, one router: in the order in which they are started. */
export function topology(settings: DevSettings): DevProcess[] {
  return [...AZS.map((az) => storageNode(settings, az)), autoAdmin(settings), router(settings)];
}

/** The seeds as `stator init` takes them: AZ and address of each storage node. */
export function seedsByAz(settings: DevSettings): { az: string; address: string }[] {
  return AZS.map((az) => ({ az, address: address(nodePorts(settings, az).grpc) }));
}

/** Entry file of a process in the built tree. */
export function programOf(role: ProcessRole): string {
  return fileURLToPath(new URL(`../${role}/main.js`, import.meta.url));
}

export function address(port: number): string {
  return `${HOST}:${port}`;
}

function nodePorts(settings: DevSettings, az: (typeof AZS)[number]): ProcessPorts {
  const grpc = settings.port + FIRST_NODE + 2 * AZS.indexOf(az);
  return { grpc, metrics: grpc + 1 };
}

function autoAdminPorts(settings: DevSettings): ProcessPorts {
  return { grpc: settings.port + AUTO_ADMIN, metrics: settings.port + AUTO_ADMIN + 1 };
}

function storageNode(settings: DevSettings, az: (typeof AZS)[number]): DevProcess {
  const name = `node-${az}`;
  const ports = nodePorts(settings, az);
  const dataDir = join(settings.directory, 'data', name);
  return {
    name,
    role: 'storage-node',
    az,
    ports,
    dataDir,
    log: logOf(settings, name),
    options: flags({
      name,
      az,
      'data-dir': dataDir,
      listen: address(ports.grpc),
      advertise: address(ports.grpc),
      'metrics-listen': address(ports.metrics),
      'auto-admin': address(autoAdminPorts(settings).grpc),
      seeds: seedAddresses(settings),
    }),
    environment: {},
  };
}

function autoAdmin(settings: DevSettings): DevProcess {
  const name = 'auto-admin-1';
  const ports = autoAdminPorts(settings);
  return {
    name,
    role: 'auto-admin',
    az: 'a',
    ports,
    dataDir: null,
    log: logOf(settings, name),
    options: flags({
      name,
      az: 'a',
      seeds: seedAddresses(settings),
      listen: address(ports.grpc),
      'metrics-listen': address(ports.metrics),
      region: settings.region,
    }),
    environment: {},
  };
}

function router(settings: DevSettings): DevProcess {
  const name = 'router-1';
  const ports = { http: settings.port, grpc: settings.port + ROUTER_GRPC, metrics: settings.port + ROUTER_METRICS };
  return {
    name,
    role: 'router',
    az: 'a',
    ports,
    dataDir: null,
    log: logOf(settings, name),
    options: flags({
      name,
      az: 'a',
      seeds: seedAddresses(settings),
      'auto-admin': address(autoAdminPorts(settings).grpc),
      'http-listen': address(ports.http),
      listen: address(ports.grpc),
      'metrics-listen': address(ports.metrics),
      region: settings.region,
      account: settings.account,
    }),
    environment: {
      STATOR_ACCESS_KEY_ID: settings.accessKeyId,
      STATOR_SECRET_ACCESS_KEY: settings.secretAccessKey,
      STATOR_SEALING_KEY: settings.sealingKey ?? '',
    },
  };
}

function seedAddresses(settings: DevSettings): string {
  return seedsByAz(settings)
    .map((seed) => seed.address)
    .join(',');
}

function logOf(settings: DevSettings, name: string): string {
  return join(settings.directory, 'log', `${name}.log`);
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}
