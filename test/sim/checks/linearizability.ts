import { must } from '../../../services/shared/base/assert.ts';

/** One operation of a history. Times are places in the order of everything that happened: no two are equal. */
export interface Operation<Call> {
  readonly invokedAt: number;
  /** Undefined: nobody knows whether it happened, or when; it may take effect at any time after its call, or never. */
  readonly returnedAt: number | undefined;
  readonly call: Call;
}

/** What an object does with one operation after the other. States are numbers, so that they can be compared. */
export interface SequentialModel<Call> {
  readonly initial: number;
  /** The state after the call with the result that it had; undefined when it cannot have had that result in this state. */
  readonly step: (state: number, call: Call) => number | undefined;
}

/** The history cannot be explained: no order of its operations that respects time gives their results. */
export interface NotLinearizable<Call> {
  /** The operation whose return could not be explained. */
  readonly operation: Operation<Call>;
  /** Completed operations before it. */
  readonly explained: number;
  /** States that were possible just before. */
  readonly states: readonly number[];
}

/** Too many ways to explain the history: the check gave up. A workload must not let it come to that. */
export class HistoryTooHardError extends Error {
  override readonly name = 'HistoryTooHardError';
}

/** Ways kept at a time. */
const CONFIGURATIONS_MAX = 200_000;

/**
 * One way to explain the history so far: the state, and which of the pending operations took effect already. Operations that
 * returned are in every way, so they need not be named: this is what keeps the memo small.
 */
interface Configuration {
  readonly state: number;
  /** One bit for each place in the table of pending operations. */
  readonly done: bigint;
}

/**
 * Whether a history of one object is linearizable: just-in-time linearization (Gavin Lowe, "Testing for linearizability",
 * Concurrency and Computation 29(4), 2017; after Wing and Gong, "Testing and verifying concurrent objects", 1993). It goes
 * through calls and returns in their order and keeps every way to explain them; an operation is put in order no sooner than
 * some return needs it. Undefined: it is linearizable.
 */
export function checkLinearizable<Call>(
  operations: readonly Operation<Call>[],
  model: SequentialModel<Call>,
): NotLinearizable<Call> | undefined {
  const search = new Search(model);
  let explained = 0;
  for (const { operation, isReturn } of inOrder(operations)) {
    if (!isReturn) {
      search.invoked(operation);
      continue;
    }
    const states = search.states();
    if (!search.returned(operation)) return { operation, explained, states };
    explained += 1;
  }
  return undefined;
}

interface Moment<Call> {
  readonly at: number;
  readonly operation: Operation<Call>;
  readonly isReturn: boolean;
}

function inOrder<Call>(operations: readonly Operation<Call>[]): Moment<Call>[] {
  const moments: Moment<Call>[] = [];
  for (const operation of operations) {
    moments.push({ at: operation.invokedAt, operation, isReturn: false });
    if (operation.returnedAt !== undefined) moments.push({ at: operation.returnedAt, operation, isReturn: true });
  }
  return moments.sort((a, b) => a.at - b.at);
}

class Search<Call> {
  readonly #model: SequentialModel<Call>;
  /** Pending operations by place; a place is used again once its operation has returned. */
  readonly #pending: (Operation<Call> | undefined)[] = [];
  readonly #places = new Map<Operation<Call>, number>();
  /** Bits of operations that will never return. */
  #indeterminate = 0n;
  #configurations: Configuration[];

  constructor(model: SequentialModel<Call>) {
    this.#model = model;
    this.#configurations = [{ state: model.initial, done: 0n }];
  }

  states(): number[] {
    return [...new Set(this.#configurations.map(({ state }) => state))];
  }

  invoked(operation: Operation<Call>): void {
    let place = this.#pending.indexOf(undefined);
    if (place < 0) place = this.#pending.length;
    this.#pending[place] = operation;
    this.#places.set(operation, place);
    if (operation.returnedAt === undefined) this.#indeterminate |= 1n << BigInt(place);
  }

  /** Keeps the ways in which the operation has taken effect by now; false when there is none. */
  returned(operation: Operation<Call>): boolean {
    const place = must(this.#places.get(operation));
    const bit = 1n << BigInt(place);
    const reached = this.#reachable(bit);
    this.#pending[place] = undefined;
    this.#places.delete(operation);
    const kept = new UndominatedConfigurations(this.#indeterminate);
    this.#configurations = reached
      .map(({ state, done }) => ({ state, done: done & ~bit }))
      .filter((configuration) => kept.add(configuration));
    return this.#configurations.length > 0;
  }

  /** The ways with `bit` done that the present ways lead to, without those that others stand for. */
  #reachable(bit: bigint): Configuration[] {
    const kept = new UndominatedConfigurations(this.#indeterminate);
    const reached: Configuration[] = [];
    // Breadth first: what uses fewer operations of unknown outcome comes first and stands for what uses more.
    const open = [...this.#configurations];
    for (let at = 0; at < open.length; at++) {
      const configuration = open[at] as Configuration;
      if (!kept.add(configuration)) continue;
      if (kept.size > CONFIGURATIONS_MAX) throw new HistoryTooHardError(`more than ${CONFIGURATIONS_MAX} ways to explain a history`);
      if ((configuration.done & bit) !== 0n) reached.push(configuration);
      else this.#addSuccessors(configuration, open);
    }
    return reached;
  }

  #addSuccessors({ state, done }: Configuration, open: Configuration[]): void {
    for (let place = 0; place < this.#pending.length; place++) {
      const operation = this.#pending[place];
      const bit = 1n << BigInt(place);
      if (operation === undefined || (done & bit) !== 0n) continue;
      const next = this.#model.step(state, operation.call);
      // An operation of unknown outcome that changes nothing need not be put in order at all.
      if (next === undefined || (next === state && operation.returnedAt === undefined)) continue;
      open.push({ state: next, done: done | bit });
    }
  }
}

/**
 * Ways of which none stands for another: one that has used more of the operations of unknown outcome, with nothing else to
 * show for it, explains nothing that the other does not.
 */
class UndominatedConfigurations {
  readonly #indeterminate: bigint;
  readonly #groups = new Map<string, bigint[]>();
  size = 0;

  constructor(indeterminate: bigint) {
    this.#indeterminate = indeterminate;
  }

  /** False: another one stands for it. */
  add({ state, done }: Configuration): boolean {
    const key = `${state}:${(done & ~this.#indeterminate).toString(36)}`;
    const used = done & this.#indeterminate;
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, [used]);
    else if (group.some((other) => isSubset(other, used))) return false;
    else group.push(used);
    this.size += 1;
    return true;
  }
}

function isSubset(a: bigint, b: bigint): boolean {
  return (a & ~b) === 0n;
}
