import type { Environment, Service } from '../env/environment.ts';
import type { StatorTransport } from '../wire/frames.ts';

const CALL_TIMEOUT_MS = 1000;
const RETRY_MS = 300;

export interface JoiningParts {
  readonly environment: Environment;
  readonly transport: StatorTransport;
  readonly seeds: readonly string[];
  /** Known already: the seeds are not asked. */
  readonly clusterId: string | undefined;
  readonly onCluster: (clusterId: string) => void;
  readonly service: Service;
}

/**
 * A service that must know its cluster before it can talk to anybody: asks the seeds which cluster they belong to, again and
 * again until one of them does, and then runs the service.
 */
export class JoiningService implements Service {
  readonly #parts: JoiningParts;
  #joined = false;
  #stopping = false;

  constructor(parts: JoiningParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { environment, clusterId, onCluster, service } = this.#parts;
    const id = clusterId ?? (await this.#ask());
    if (id === undefined) return;
    onCluster(id);
    this.#joined = true;
    environment.logger.info('cluster found', { clusterId: id });
    await service.run();
  }

  notReady(): string | undefined {
    return this.#joined ? this.#parts.service.notReady() : 'no seed belongs to a cluster yet: run `stator init`';
  }

  async drain(): Promise<void> {
    this.#stopping = true;
    if (this.#joined) await this.#parts.service.drain();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#joined) await this.#parts.service.stop();
    else await this.#parts.transport.close();
  }

  /** The id of the cluster that the first answering seed belongs to; undefined when the process stops before. */
  async #ask(): Promise<string | undefined> {
    const { environment, transport, seeds } = this.#parts;
    for (let turn = 0; !this.#stopping; turn++) {
      const seed = seeds[turn % seeds.length];
      if (seed === undefined) throw new Error('no seeds are given');
      try {
        const answer = await transport.call(seed, { kind: 'describe-node' }, CALL_TIMEOUT_MS);
        if (answer.kind === 'node-description' && answer.clusterId !== '') return answer.clusterId;
      } catch (error) {
        environment.logger.debug('seed does not answer', { seed, error: String(error) });
      }
      await environment.timers.sleep(RETRY_MS);
    }
    return undefined;
  }
}
