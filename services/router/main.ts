import { JoiningService } from '../shared/cluster-client/joining-service.ts';
import { LARGE_REQUEST_HEAP_BYTES_MAX } from '../shared/limits/api-limits.ts';
import { splitAddress } from '../shared/platform/common-options.ts';
import { nodeCompression } from '../shared/platform/compression.ts';
import { createTransport } from '../shared/platform/grpc-transport.ts';
import { DEFAULT_HTTP_LIMITS } from '../shared/platform/http-limits.ts';
import { createHttpServer } from '../shared/platform/http-server.ts';
import { runProcess } from '../shared/platform/process-shell.ts';
import { sealerOf } from '../shared/platform/sealer.ts';
import { startWorkerThread } from '../shared/platform/worker-thread.ts';
import { ROUTER_OPTIONS, type RouterCommandLine } from './config.ts';
import type { Credential } from './core/api/identity.ts';
import { RouterService } from './service.ts';

/** Compiled, as all that runs. */
const LARGE_REQUEST_THREAD = new URL('./handlers/large-request-thread.js', import.meta.url);

await runProcess({
  process: 'router',
  description: 'Serves the DynamoDB API over HTTP.',
  options: ROUTER_OPTIONS,
  argv: process.argv.slice(2),
  environment: process.env,
  create: async ({ options, environment, incarnation }) => {
    let clusterId = '';
    const identity = { name: options.name, incarnation, clusterId: () => clusterId };
    const { digest, logger, metrics } = environment;
    const { az, region, seeds, requestTimeoutMs } = options;
    const transport = createTransport({ identity, listen: options.listen, digest, logger, metrics, process: 'router' });
    const serviceOptions = {
      az,
      region,
      seeds,
      autoAdmins: options.autoAdmin ?? [],
      requestTimeoutMs,
      startThread: () =>
        startWorkerThread({ module: LARGE_REQUEST_THREAD, name: 'large-requests', heapBytes: LARGE_REQUEST_HEAP_BYTES_MAX }),
      compression: nodeCompression,
      credentials: credentialsOf(options),
      sealer: sealerOf({ key: options.sealingKey, file: options.sealingKeyFile }),
    };
    const service = new RouterService(environment, transport, serviceOptions, (handler) =>
      createHttpServer({ ...splitAddress(options.httpListen), limits: DEFAULT_HTTP_LIMITS, handler, logger, metrics, process: 'router' }),
    );
    const onCluster = (id: string): void => {
      clusterId = id;
    };
    return new JoiningService({ environment, transport, seeds, clusterId: options.clusterId, onCluster, service });
  },
});

/** The access key of the command line or the environment; none without both parts. */
function credentialsOf({ accessKeyId, secretAccessKey, account }: RouterCommandLine): ReadonlyMap<string, Credential> {
  if (accessKeyId === undefined || secretAccessKey === undefined) return new Map();
  return new Map([[accessKeyId, { secret: secretAccessKey, account }]]);
}
