import type { Clients, Json } from '../clients.ts';
import { putCall, readCall, scanCall, valueIn } from '../items.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const CLIENTS = 2;
const THINK_MS = 250;
const SETUP_ITEMS = 40;
const PADDING_MAX = 700;
/** A few items are as large as a catch-up message or a snapshot's chunk has to be divided for. */
const LARGE_ONE_OF = 40;
const LARGE_PADDING = 60_000;

/** New items only: trees grow beyond a page, and whatever was acknowledged is there at the end, whole. */
export class InsertWorkload implements Workload {
  readonly name = 'inserts';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  /** Number of each item -> whether it must be there; undefined: nobody knows. */
  readonly #items = new Map<number, boolean | undefined>();
  #stopped = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  async setup(): Promise<void> {
    for (let count = 0; count < SETUP_ITEMS; count++) await this.#insert();
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    const { clients } = this.#parts;
    const scanned = await scanAll(clients);
    for (const [number, expected] of this.#items) {
      const value = valueIn(await clients.insist(readCall(nameOf(number), true)));
      if (scanned.get(nameOf(number)) !== value) return `item ${number}: a scan found ${scanned.get(nameOf(number))}, a read ${value}`;
      if (value !== undefined && value !== number) return `item ${number} holds ${value}`;
      if (expected === true && value === undefined) return `item ${number} was acknowledged and is not there`;
      if (expected === false && value !== undefined) return `item ${number} was refused and is there`;
    }
    return undefined;
  }

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      await this.#insert();
    }
  }

  async #insert(): Promise<void> {
    const { clients, random } = this.#parts;
    const number = this.#items.size + 1;
    this.#items.set(number, undefined);
    const padding = random.below(LARGE_ONE_OF) === 0 ? random.below(LARGE_PADDING) : random.below(PADDING_MAX);
    const call = putCall(nameOf(number), number, padding, { condition: 'attribute_not_exists(pk)' });
    const outcome = await clients.execute(call);
    this.answered += 1;
    if (outcome.kind === 'unknown') return;
    const inserted = outcome.kind === 'done';
    if (inserted) this.succeeded += 1;
    this.#items.set(number, inserted);
  }
}

/** Every item of the table by a Scan in pages: its number by its key. */
async function scanAll(clients: Clients): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  let from: Json | undefined;
  do {
    const page = await clients.insist(scanCall(from));
    for (const { pk, v } of page['Items'] as readonly ScannedItem[]) numbers.set(pk.S, Number(v.N));
    from = page['LastEvaluatedKey'] as Json | undefined;
  } while (from !== undefined);
  return numbers;
}

interface ScannedItem {
  readonly pk: { readonly S: string };
  readonly v: { readonly N: string };
}

function nameOf(number: number): string {
  return `insert-${number}`;
}
