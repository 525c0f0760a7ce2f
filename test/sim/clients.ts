import { must } from '../../services/shared/base/assert.ts';
import type { ItemOperation, TableView } from '../../services/router/core/storage-port.ts';
import type { StorageResponse } from '../../services/shared/wire/storage-operations.ts';
import type { SimCluster } from './cluster.ts';

/** What a client hears: an answer, that surely nothing was done, or that nobody knows. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: StorageResponse }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

/** A router's default (limits/cluster-client-limits.ts); short ones leave more outcomes unknown. */
const DEADLINE_MS = 5000;
const REFUSED: Outcome = { kind: 'refused' };
const UNKNOWN: Outcome = { kind: 'unknown' };

/** The application's side: sends operations through the router, whichever life of it is there. */
export class Clients {
  readonly #cluster: SimCluster;
  /** Calls that a life of the router has not answered. */
  #open: Set<(outcome: Outcome) => void> | undefined;
  #moments = 0;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** A place in the order of everything that happened. */
  moment(): number {
    this.#moments += 1;
    return this.#moments;
  }

  /** Never rejects. */
  execute(table: TableView, operation: ItemOperation, deadlineMs = DEADLINE_MS): Promise<Outcome> {
    const life = this.#cluster.router.life;
    if (life === undefined) return Promise.resolve(REFUSED);
    const open = this.#openCalls();
    return new Promise((resolve) => {
      open.add(resolve);
      life.process.run(() => {
        void life.service.storage.execute(table, operation, deadlineMs).then((response) => {
          open.delete(resolve);
          resolve(outcomeOf(response));
        });
      });
    });
  }

  /** Whoever waits for a router that ends never hears what came of it. */
  #openCalls(): Set<(outcome: Outcome) => void> {
    if (this.#open !== undefined) return this.#open;
    const open = new Set<(outcome: Outcome) => void>();
    this.#open = open;
    this.#cluster.router.onEnd(() => {
      this.#open = undefined;
      for (const resolve of open) resolve(UNKNOWN);
    });
    return open;
  }

  /** Repeats an operation that may be repeated until it is answered: for setting up and for looking at the end. */
  async insist(table: TableView, operation: ItemOperation): Promise<StorageResponse> {
    let answer: StorageResponse | undefined;
    await this.#cluster.until(`${operation.kind} is answered`, 60_000, async () => {
      const outcome = await this.execute(table, operation);
      if (outcome.kind === 'answered') answer = outcome.response;
      return answer !== undefined;
    });
    return must(answer);
  }
}

function outcomeOf(response: StorageResponse): Outcome {
  switch (response.status) {
    case 'ok':
    case 'condition-failed':
    case 'validation':
      return { kind: 'answered', response };
    case 'unknown-outcome':
    case 'number-refused':
      return UNKNOWN;
    default:
      return REFUSED;
  }
}
