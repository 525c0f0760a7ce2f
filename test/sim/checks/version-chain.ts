/** A write that takes place only on one known value, or a look at the value. Every value is written at most once. */
export interface ChainOperation {
  /** Places in the order of everything that happened. */
  readonly invokedAt: number;
  /** Undefined: nobody knows whether it took place. Reads that were not answered are left out. */
  readonly returnedAt: number | undefined;
  /** Of a write: the value that it asks for; undefined for a read. */
  readonly previous: number | undefined;
  /** What was written or read. */
  readonly value: number;
}

/**
 * Whether a history of one item is linearizable, for histories of any length: conditional writes with values of their own name
 * their predecessor, so that all writes that took place make one chain from the first value, and what is left to check is that the
 * chain does not contradict the order of time. Takes n log n steps. Returns what is wrong, if anything.
 */
export function chainProblem(history: readonly ChainOperation[], first: number): string | undefined {
  const writes = new Map<number, ChainOperation>();
  for (const operation of history) {
    if (operation.previous === undefined) continue;
    if (operation.value === first || writes.has(operation.value)) return `${operation.value} was written twice`;
    writes.set(operation.value, operation);
  }
  const successors = new Map<number, number>();
  const seen = new Set<number>([first]);
  for (const { value, returnedAt } of history) {
    if (returnedAt === undefined) continue;
    const problem = addUpTo(value, writes, successors, seen);
    if (problem !== undefined) return problem;
  }
  const positions = positionsOf(successors, first);
  if (positions.size !== seen.size) return `${seen.size - positions.size} values do not come from ${first}`;
  return orderProblem(history, positions);
}

/** Marks the value and all before it as having been there. */
function addUpTo(
  value: number,
  writes: ReadonlyMap<number, ChainOperation>,
  successors: Map<number, number>,
  seen: Set<number>,
): string | undefined {
  for (let at = value; !seen.has(at); ) {
    seen.add(at);
    const previous = writes.get(at)?.previous;
    if (previous === undefined) return `${at} was seen and never written`;
    const other = successors.get(previous);
    if (other !== undefined) return `${other} and ${at} both took the place of ${previous}`;
    successors.set(previous, at);
    at = previous;
  }
  return undefined;
}

function positionsOf(successors: ReadonlyMap<number, number>, first: number): ReadonlyMap<number, number> {
  const positions = new Map<number, number>();
  for (let at: number | undefined = first; at !== undefined; at = successors.get(at)) positions.set(at, positions.size);
  return positions;
}

/** Nobody may see, or replace, what was replaced before he asked; nobody may see what is written only later. */
function orderProblem(history: readonly ChainOperation[], positions: ReadonlyMap<number, number>): string | undefined {
  const invoked = history.filter(({ value }) => positions.has(value)).sort((a, b) => a.invokedAt - b.invokedAt);
  const returned = invoked.filter(hasReturned).sort((a, b) => a.returnedAt - b.returnedAt);
  const positionOf = ({ value }: ChainOperation): number => positions.get(value) ?? Number.NaN;
  let latest: ChainOperation | undefined;
  let next = 0;
  for (const operation of invoked) {
    for (let done = returned[next]; done !== undefined && done.returnedAt < operation.invokedAt; done = returned[++next]) {
      if (latest === undefined || positionOf(done) > positionOf(latest)) latest = done;
    }
    if (latest === undefined) continue;
    const least = positionOf(latest) + (operation.previous === undefined ? 0 : 1);
    if (!(positionOf(operation) >= least)) {
      const what = operation.previous === undefined ? 'read' : 'written';
      return `${operation.value} was ${what} at ${operation.invokedAt}, after ${latest.value} was seen at ${latest.returnedAt}`;
    }
  }
  return undefined;
}

function hasReturned(operation: ChainOperation): operation is ChainOperation & { readonly returnedAt: number } {
  return operation.returnedAt !== undefined;
}
