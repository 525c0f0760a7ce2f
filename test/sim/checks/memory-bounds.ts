import type { SimCluster } from '../cluster.ts';
import type { SimMachine } from '../machine.ts';
import { heldByAutoAdmin, heldByRouter, type HeldMemory, NodeMemory } from './held-memory.ts';

const SAMPLE_MS = 500;
/** How long the last requests and pages may take once nobody asks for anything. */
const REST_MS = 30_000;

/** A machine, and what its process holds now; undefined: there is no process. */
interface Watched {
  readonly machine: SimMachine;
  readonly held: () => HeldMemory | undefined;
}

/**
 * What processes hold in memory stays within its bounds under faults, and goes back to nearly nothing once nobody asks for
 * anything: a request, an answer or a record that nobody lets go of shows at the latest then.
 */
export class MemoryBounds {
  readonly #cluster: SimCluster;
  readonly #watched: readonly Watched[];
  readonly #most: Record<string, number> = {};
  #resting = false;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    const { nodes, routers, autoAdmin } = cluster;
    this.#watched = [
      ...nodes.map((machine) => {
        const memory = new NodeMemory(cluster, machine);
        return { machine, held: () => memory.held() };
      }),
      ...routers.map((machine) => ({ machine, held: () => machine.life && heldByRouter(machine.life) })),
      { machine: autoAdmin, held: () => autoAdmin.life && heldByAutoAdmin(autoAdmin.life) },
    ];
  }

  /** Looks at all processes every so often from now on. */
  watch(): void {
    this.#cluster.kernel.after(SAMPLE_MS, () => {
      if (this.#resting) return;
      for (const { machine, held } of this.#watched) this.#check(machine.name, held() ?? {});
      this.watch();
    });
  }

  /** After the load: rejects when something is still held. */
  async checkRest(): Promise<void> {
    this.#resting = true;
    const { kernel } = this.#cluster;
    kernel.trace.line(kernel.nowMs, 'scenario', 'most held by a process', this.#most);
    for (const { machine, held } of this.#watched) {
      let left: string | undefined;
      try {
        await this.#cluster.until('nothing is held', REST_MS, () => {
          left = leftAtRest(held() ?? {});
          return left === undefined;
        });
      } catch {
        kernel.violated('memory', `${machine.name} holds on to something with nothing to do: ${left}`);
      }
    }
  }

  #check(name: string, memory: HeldMemory): void {
    for (const [what, { amount, most }] of Object.entries(memory)) {
      this.#most[what] = Math.max(this.#most[what] ?? 0, amount);
      if (amount > most) this.#cluster.kernel.violated('memory', `${name} holds ${amount} ${what}, more than ${most}`);
    }
  }
}

function leftAtRest(memory: HeldMemory): string | undefined {
  const left = Object.entries(memory).filter(([, { amount, most, atRest = most }]) => amount > atRest);
  return left.length === 0
    ? undefined
    : left.map(([what, { amount, most, atRest = most }]) => `${amount} ${what}, more than ${atRest}`).join('; ');
}
