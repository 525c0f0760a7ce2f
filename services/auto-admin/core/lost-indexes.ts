import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import type { NodeId } from '../../shared/base/ids.ts';
import { TransportError } from '../../shared/env/transport.ts';
import type { Timer } from '../../shared/env/clock.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { LOST_INDEXES_POLL_MS, STEP_CALL_TIMEOUT_MS } from '../../shared/limits/auto-admin-limits.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { IndexLoss } from '../../shared/wire/admin.ts';
import type { StatorTransport } from '../../shared/wire/frames.ts';
import type { AdminLease } from './admin-lease.ts';

/**
 * Asks the nodes again and again which global indexes can never catch up with partitions that they lead. Only what was said in the last
 * round counts: a node that does not answer may have lost its leaderships.
 */
export class LostIndexes {
  readonly #environment: Environment;
  readonly #transport: StatorTransport;
  readonly #watcher: CatalogWatcher;
  readonly #lease: AdminLease;
  readonly #onRound: (lost: ReadonlyMap<string, IndexLoss>, unreachable: ReadonlySet<NodeId>) => void;
  #stopped = false;
  /** A round is planned or under way. */
  #next: Timer | undefined;

  /** `onRound` is called after each round, found or not: time has passed, too. It is told which nodes were not reached. */
  constructor(parts: {
    environment: Environment;
    transport: StatorTransport;
    watcher: CatalogWatcher;
    lease: AdminLease;
    onRound: (lost: ReadonlyMap<string, IndexLoss>, unreachable: ReadonlySet<NodeId>) => void;
  }) {
    this.#environment = parts.environment;
    this.#transport = parts.transport;
    this.#watcher = parts.watcher;
    this.#lease = parts.lease;
    this.#onRound = parts.onRound;
  }

  /** The catalog changed. As long as it has no global index nobody is asked. */
  wake(): void {
    if (!this.#stopped && this.#next === undefined && hasGlobalIndexes(this.#watcher.view)) this.#askLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#next?.cancel();
  }

  #askLater(): void {
    this.#next = this.#environment.timers.after(LOST_INDEXES_POLL_MS, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { view } = this.#watcher;
    if (this.#lease.active) {
      const found = new Map<string, IndexLoss>();
      const unreachable = new Set<NodeId>();
      const asked = [...view.nodes()].map(async ({ node, address }) => {
        if (!(await this.#ask(address, found))) unreachable.add(node);
      });
      await Promise.all(asked);
      if (!this.#stopped && this.#lease.active) this.#onRound(found, unreachable);
    }
    this.#next = undefined;
    this.wake();
  }

  /** Whether the node was reached. */
  async #ask(address: string, found: Map<string, IndexLoss>): Promise<boolean> {
    try {
      const answer = await this.#transport.call(address, { kind: 'list-lost-indexes' }, STEP_CALL_TIMEOUT_MS);
      if (answer.kind !== 'lost-indexes') throw new Error(`a node answered ${answer.kind} to list-lost-indexes`);
      for (const { indexId, loss } of answer.indexes) found.set(indexId, loss);
      return true;
    } catch (error) {
      this.#environment.logger.debug('lost-indexes-unknown', { address, error: String(error) });
      return !(error instanceof TransportError);
    }
  }
}

function hasGlobalIndexes(view: CatalogView): boolean {
  for (const { globalIndexes = [] } of view.tables()) if (globalIndexes.length > 0) return true;
  return false;
}
