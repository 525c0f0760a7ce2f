import { localCluster } from '../../services/ctl/local-cluster.ts';
import type { RunningTarget, Target } from './target.ts';

/** A whole cluster of ours, as `make up` starts it, in a folder of its own: router, three storage nodes, auto-admin. */
export class StatorTarget implements Target {
  readonly name = 'stator';
  readonly #directory: string;
  readonly #port: number;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
  }

  async start(): Promise<RunningTarget> {
    const cluster = localCluster(this.#directory, () => {});
    // What an interrupted run left behind is no part of this one.
    await cluster.clean();
    try {
      const { settings, processes } = await cluster.up({ port: this.#port });
      const { port, region, accessKeyId, secretAccessKey } = settings;
      return {
        host: '127.0.0.1',
        port,
        credentials: { accessKeyId, secretAccessKey, region },
        processes: processes.map(({ name, role, pid, ports }) => ({
          name,
          pid: pid ?? 0,
          loopLag: { metricsPort: ports.metrics, metrics: lagMetrics(`stator_${role.replace('-', '_')}`) },
        })),
        stop: () => cluster.clean(),
      };
    } catch (error) {
      await cluster.down();
      throw error;
    }
  }
}

function lagMetrics(process: string): { all: string; own: string } {
  return { all: `${process}_event_loop_lag_seconds`, own: `${process}_event_loop_own_lag_seconds` };
}
