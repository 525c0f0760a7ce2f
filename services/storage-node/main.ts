import { DataFolder } from '../shared/platform/data-folder.ts';
import { createTransport } from '../shared/platform/grpc-transport.ts';
import { runProcess } from '../shared/platform/process-shell.ts';
import { STORAGE_NODE_OPTIONS, storageNodeOptions } from './config.ts';
import { StorageNode } from './service.ts';

await runProcess({
  process: 'storage-node',
  description: 'Holds replicas of partitions: write-ahead log, B+trees, consensus.',
  options: STORAGE_NODE_OPTIONS,
  argv: process.argv.slice(2),
  environment: process.env,
  create: async ({ options, environment, incarnation }) => {
    let clusterId = options.clusterId ?? '';
    const identity = { name: options.name, incarnation, clusterId: () => clusterId };
    const { digest, logger, metrics } = environment;
    const transport = createTransport({ identity, listen: options.listen, digest, logger, metrics, process: 'storage_node' });
    const onCluster = (id: string): void => {
      clusterId = id;
    };
    const disk = new DataFolder(options.dataDir, logger);
    return new StorageNode({ environment, transport, disk, options: storageNodeOptions(options), incarnation, onCluster });
  },
});
