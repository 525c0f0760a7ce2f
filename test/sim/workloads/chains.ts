import { type ChainOperation, chainProblem } from '../checks/version-chain.ts';
import type { Outcome } from '../clients.ts';
import { putCall, readCall, valueIn } from '../items.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const KEYS = 2;
const CLIENTS = 4;
const THINK_MS = 250;
const PADDING_MAX = 300;
const FIRST = 0;

interface Chain {
  readonly name: string;
  readonly history: ChainOperation[];
  /** Values given to writes so far. */
  sent: number;
  /** The value that some client saw last. */
  seen: number;
}

/** Writes that each take the place of one known version, and strong reads: histories of any length are checked to be linearizable. */
export class ChainWorkload implements Workload {
  readonly name = 'chains';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #chains: Chain[];
  #stopped = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#chains = Array.from({ length: KEYS }, (_, at) => ({ name: `chain-${at}`, history: [], sent: FIRST, seen: FIRST }));
  }

  async setup(): Promise<void> {
    for (const { name } of this.#chains) await this.#parts.clients.insist(putCall(name, FIRST, 0));
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    for (const chain of this.#chains) {
      const { clients } = this.#parts;
      const invokedAt = clients.moment();
      const value = valueIn(await clients.insist(readCall(chain.name, true)));
      if (value === undefined) return `${chain.name} is gone`;
      chain.history.push({ invokedAt, returnedAt: clients.moment(), previous: undefined, value });
      const problem = chainProblem(chain.history, FIRST);
      if (problem !== undefined) return `${chain.name}: ${problem}`;
    }
    return undefined;
  }

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      const chain = random.pick(this.#chains);
      if (random.chance(0.5)) await this.#read(chain);
      else await this.#write(chain);
    }
  }

  async #read(chain: Chain): Promise<void> {
    const { clients } = this.#parts;
    const invokedAt = clients.moment();
    const outcome = await clients.execute(readCall(chain.name, true));
    this.answered += 1;
    if (outcome.kind === 'done') this.#saw(chain, invokedAt, outcome);
  }

  async #write(chain: Chain): Promise<void> {
    const { clients, random } = this.#parts;
    const previous = chain.seen;
    chain.sent += 1;
    const value = chain.sent;
    const call = putCall(chain.name, value, random.below(PADDING_MAX), { condition: 'v = :seen', values: { ':seen': previous } });
    const invokedAt = clients.moment();
    const outcome = await clients.execute(call);
    this.answered += 1;
    if (outcome.kind === 'condition-failed') return this.#saw(chain, invokedAt, outcome);
    if (outcome.kind === 'refused') return;
    const isDone = outcome.kind === 'done';
    chain.history.push({ invokedAt, returnedAt: isDone ? clients.moment() : undefined, previous, value });
    if (!isDone) return;
    this.succeeded += 1;
    chain.seen = value;
  }

  /** An answer showed the value, or that there is no item, which is never right. */
  #saw(chain: Chain, invokedAt: number, outcome: Outcome & { readonly kind: 'done' | 'condition-failed' }): void {
    const value = valueIn(outcome.answer) ?? Number.NaN;
    this.succeeded += 1;
    chain.history.push({ invokedAt, returnedAt: this.#parts.clients.moment(), previous: undefined, value });
    if (!Number.isNaN(value)) chain.seen = value;
  }
}
