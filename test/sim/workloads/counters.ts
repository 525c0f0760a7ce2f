import type { Prng } from '../../../services/shared/base/prng.ts';
import { type Addition, counterProblem } from '../checks/counter-sums.ts';
import { readCall, updateCall, valueIn } from '../items.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const COUNTERS = 4;
const CLIENTS = 4;
const THINK_MS = 300;
const AMOUNT_MAX = 9;

interface Counter {
  readonly name: string;
  readonly additions: Addition[];
}

/** W4: additions to a few counters by update expressions; nothing acknowledged is lost, nothing is counted twice. */
export class CounterWorkload implements Workload {
  readonly name = 'counters';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #counters: Counter[];
  #stopped = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#counters = Array.from({ length: COUNTERS }, (_, at) => ({ name: `counter-${at}`, additions: [] }));
  }

  async setup(): Promise<void> {
    return undefined;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    const { clients } = this.#parts;
    for (const { name, additions } of this.#counters) {
      const sum = valueIn(await clients.insist(readCall(name, true))) ?? 0;
      const problem = counterProblem(additions, sum);
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  }

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      await this.#add(random.pick(this.#counters), random);
    }
  }

  async #add({ name, additions }: Counter, random: Prng): Promise<void> {
    const { clients } = this.#parts;
    const amount = 1 + random.below(AMOUNT_MAX);
    const call = random.chance(0.5)
      ? updateCall(name, 'ADD v :v', { ':v': amount })
      : updateCall(name, 'SET v = if_not_exists(v, :zero) + :v', { ':v': amount, ':zero': 0 });
    const invokedAt = clients.moment();
    const outcome = await clients.execute(call);
    this.answered += 1;
    if (outcome.kind === 'refused') return;
    if (outcome.kind === 'unknown') {
      additions.push({ invokedAt, returnedAt: undefined, amount, sum: undefined });
      return;
    }
    this.succeeded += 1;
    additions.push({ invokedAt, returnedAt: clients.moment(), amount, sum: valueIn(outcome.answer) });
  }
}
