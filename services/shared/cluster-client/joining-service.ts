import type { Environment, Service } from '../env/environment.ts';
import type { StatorTransport } from '../wire/frames.ts';
import { findCluster } from './seed-inquiry.ts';

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
    const { environment, transport, seeds, clusterId, onCluster, service } = this.#parts;
    const id = clusterId ?? (await findCluster(environment, transport, seeds, false, () => this.#stopping))?.clusterId;
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
}
