import { JoiningService } from '../shared/cluster-client/joining-service.ts';
import { createTransport } from '../shared/platform/grpc-transport.ts';
import { runProcess } from '../shared/platform/process-shell.ts';
import { AUTO_ADMIN_OPTIONS, quotasOf } from './config.ts';
import { AutoAdminService } from './service.ts';

await runProcess({
  process: 'auto-admin',
  description: 'The control plane: registers nodes, creates and deletes tables.',
  options: AUTO_ADMIN_OPTIONS,
  argv: process.argv.slice(2),
  environment: process.env,
  create: async ({ options, environment, incarnation }) => {
    let clusterId = '';
    const identity = { name: options.name, incarnation, clusterId: () => clusterId };
    const { digest, logger, metrics } = environment;
    const { name, seeds, indexRebuildPauseMs } = options;
    const transport = createTransport({ identity, listen: options.listen, digest, logger, metrics, process: 'auto_admin' });
    const service = new AutoAdminService(environment, transport, {
      name,
      seeds,
      clusterId: () => clusterId,
      quotas: quotasOf(options),
      indexRebuildPauseMs,
    });
    const onCluster = (id: string): void => {
      clusterId = id;
    };
    return new JoiningService({ environment, transport, seeds, clusterId: options.clusterId, onCluster, service });
  },
});
