/** A candidate that is smaller than what is known to fail: whether it fails, too. */
export type StillFails<T> = (candidate: T) => Promise<boolean>;

/**
 * The smallest part of a list that still fails, in the order of the list, as far as that can be found (Zeller and Hildebrandt,
 * "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002, the algorithm ddmin). The whole list is known to fail.
 */
export async function shrinkList<T>(whole: readonly T[], fails: StillFails<readonly T[]>): Promise<readonly T[]> {
  if (whole.length > 0 && (await fails([]))) return [];
  let failing = whole;
  let parts = 2;
  while (failing.length > 1) {
    const smaller = await smallerFailing(failing, Math.min(parts, failing.length), fails);
    if (smaller !== undefined) {
      failing = smaller;
      parts = Math.max(2, parts - 1);
    } else if (parts >= failing.length) break;
    else parts *= 2;
  }
  return failing;
}

/** The list without one of its parts. */
async function smallerFailing<T>(failing: readonly T[], parts: number, fails: StillFails<readonly T[]>): Promise<readonly T[] | undefined> {
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((part * failing.length) / parts);
    const to = Math.floor(((part + 1) * failing.length) / parts);
    const rest = [...failing.slice(0, from), ...failing.slice(to)];
    if (rest.length > 0 && (await fails(rest))) return rest;
  }
  return undefined;
}

/** The least number, from `least` on, that still fails, to within a tenth of it; `most` is known to fail. */
export async function shrinkNumber(least: number, most: number, fails: StillFails<number>): Promise<number> {
  let passing = least;
  let failing = most;
  while (failing - passing > failing / 10) {
    const middle = Math.ceil((passing + failing) / 2);
    if (middle >= failing) break;
    if (await fails(middle)) failing = middle;
    else passing = middle;
  }
  return failing;
}
