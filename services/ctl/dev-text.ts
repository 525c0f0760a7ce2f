import type { ProcessStatus } from './dev-folder.ts';
import type { RunningCluster } from './dev-cluster.ts';
import { join } from 'node:path';
import { formatTable } from './text-table.ts';

/** What `make up` says at its end: everything that one needs to use the cluster. */
export function welcome(cluster: RunningCluster): string {
  const { settings, endpoint, processes } = cluster;
  const metrics = processes.map(({ name, ports }) => `${name} ${ports.metrics}`).join(', ');
  return `
Stator is ready.
  endpoint     ${endpoint}
  region       ${settings.region}
  account      ${settings.account}
  access key   ${settings.accessKeyId}
  secret       ${settings.secretAccessKey}
  data         ${join(settings.directory, 'data')}
  logs         ${join(settings.directory, 'log')}
  metrics      http://127.0.0.1:PORT/metrics (${metrics})
  processes    ${join(settings.directory, 'status.json')}
  environment  . ${join(settings.directory, 'env')}

With the AWS SDK for JavaScript (npm i @aws-sdk/client-dynamodb):
  import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
  const client = new DynamoDBClient({
    endpoint: '${endpoint}',
    region: '${settings.region}',
    credentials: { accessKeyId: '${settings.accessKeyId}', secretAccessKey: '${settings.secretAccessKey}' },
  });
  console.log(await client.send(new ListTablesCommand()));

Stop with \`make down\`; the data stays.`;
}

/** One line for each process; `whyNotReady` gives a reason for those that run and are not ready. */
export function statusTable(statuses: readonly ProcessStatus[], whyNotReady: ReadonlyMap<string, string>): string {
  const rows = statuses.map(({ name, role, az, pid, ports }) => [
    name,
    role,
    az,
    pid === null ? '-' : String(pid),
    ports.http === undefined ? '-' : String(ports.http),
    String(ports.grpc),
    String(ports.metrics),
    pid === null ? 'stopped' : (whyNotReady.get(name) ?? 'ready'),
  ]);
  return formatTable(['name', 'role', 'az', 'pid', 'http', 'grpc', 'metrics', 'state'], rows).join('\n');
}
