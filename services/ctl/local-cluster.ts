import { resolve } from 'node:path';
import { createAdminCall } from './admin-client.ts';
import { DevCluster } from './dev-cluster.ts';
import { initCluster } from './init.ts';

/** The cluster of this machine in a folder, made of the built processes. */
export function localCluster(directory: string, report: (line: string) => void): DevCluster {
  return new DevCluster({
    directory: resolve(directory),
    // A node that belongs to no cluster yet answers only callers that name none.
    initCluster: (seeds, toForm) => initCluster(createAdminCall(''), seeds, toForm),
    report,
  });
}
