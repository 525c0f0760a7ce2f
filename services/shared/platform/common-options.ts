import type { OptionValues } from './options.ts';
import { addressesOption, addressOption, choiceOption, integerOption, nameOption, optional, textOption } from './options.ts';

/** Options that every process has. A process adds its own, and may give these another default. */
export const COMMON_OPTIONS = {
  name: nameOption({ help: 'Name of this process, unique in the cluster; the node id of a storage node.' }),
  clusterId: optional(textOption({ help: 'Id of the cluster; normally learned from the data folder or from other processes.' })),
  dataDir: textOption({ help: 'Folder for everything this process keeps on disk.', default: 'data' }),
  listen: addressOption({ help: 'Where to accept connections of other processes.', default: '127.0.0.1:7100' }),
  advertise: optional(addressOption({ help: 'Where other processes reach this one; the listening address when absent.' })),
  seeds: optional(addressesOption({ help: 'Storage nodes to ask first.' })),
  az: nameOption({ help: 'Availability zone, the failure domain of this process.', default: 'a' }),
  region: nameOption({ help: 'Region, as clients sign it.', default: 'us-east-1' }),
  metricsListen: addressOption({ help: 'Where /metrics, /healthz and /readyz are served.', default: '127.0.0.1:7200' }),
  metricsPort: optional(integerOption({ help: 'Takes the place of the port in --metrics-listen.', max: 65_535 })),
  logLevel: choiceOption(['debug', 'info', 'warn', 'error'], { help: 'Least severity that is logged.', default: 'info' }),
};

export type CommonOptions = OptionValues<typeof COMMON_OPTIONS>;

/** Host and port of an address as the option types admit it. */
export function splitAddress(hostAndPort: string): { readonly host: string; readonly port: number } {
  const colon = hostAndPort.lastIndexOf(':');
  const host = hostAndPort.slice(0, colon);
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(hostAndPort.slice(colon + 1)) };
}

/** Where the operations server listens. */
export function metricsAddress(options: CommonOptions): { readonly host: string; readonly port: number } {
  const { host, port } = splitAddress(options.metricsListen);
  return { host, port: options.metricsPort ?? port };
}
