/** One addition to a counter. Times are places in the order of everything that happened. */
export interface Addition {
  readonly invokedAt: number;
  /** Undefined: nobody knows whether it happened. */
  readonly returnedAt: number | undefined;
  readonly amount: number;
  /** The sum after it, where the answer told. */
  readonly sum: number | undefined;
}

/**
 * What is wrong with a counter that is only ever added to, amounts positive; undefined: nothing. The final sum lies between
 * what was acknowledged and what may have happened beside it; every answer has a sum of its own; and an addition that began
 * after another one had returned has the greater sum.
 */
export function counterProblem(additions: readonly Addition[], finalSum: number): string | undefined {
  let acknowledged = 0;
  let unknown = 0;
  for (const { returnedAt, amount } of additions) {
    if (returnedAt === undefined) unknown += amount;
    else acknowledged += amount;
  }
  if (finalSum < acknowledged) return `the sum is ${finalSum}, but ${acknowledged} was acknowledged`;
  if (finalSum > acknowledged + unknown) return `the sum is ${finalSum}; ${acknowledged} was acknowledged and ${unknown} is unknown`;
  return orderProblem(additions, finalSum);
}

function orderProblem(additions: readonly Addition[], finalSum: number): string | undefined {
  const known = additions.filter(({ sum }) => sum !== undefined) as (Addition & { readonly sum: number; readonly returnedAt: number })[];
  const seen = new Set<number>();
  for (const { sum } of known) {
    if (seen.has(sum)) return `two additions were answered with the sum ${sum}`;
    if (sum > finalSum) return `an addition was answered with the sum ${sum}, the final sum is ${finalSum}`;
    seen.add(sum);
  }
  const byReturn = [...known].sort((a, b) => a.returnedAt - b.returnedAt);
  let returned = 0;
  let greatest = 0;
  for (const { invokedAt, sum } of [...known].sort((a, b) => a.invokedAt - b.invokedAt)) {
    for (let next = byReturn[returned]; next !== undefined && next.returnedAt < invokedAt; next = byReturn[returned]) {
      greatest = Math.max(greatest, next.sum);
      returned += 1;
    }
    if (sum <= greatest) return `an addition was answered with the sum ${sum} after another had been answered with ${greatest}`;
  }
  return undefined;
}
