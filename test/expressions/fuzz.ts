import type { ExpressionCase } from './case.ts';
import { caseOf } from './generate/case.ts';
import { answersOf, type Difference, difference, nameOf, type Outcome } from './outcome.ts';
import { byStator } from './real-side.ts';
import { byReference } from './reference-side.ts';

/** The two sides do not agree about a case. */
export interface Disagreement extends Difference {
  readonly one: ExpressionCase;
}

/** Compares both sides. What Stator throws beside an ExpressionError is a disagreement as well. */
export function compare(one: ExpressionCase): { readonly reference: Outcome; readonly disagreement: Disagreement | undefined } {
  const reference = byReference(one);
  try {
    const found = difference(byStator(one), reference);
    return { reference, disagreement: found === undefined ? undefined : { one, ...found } };
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { reference, disagreement: { one, message: `threw ${message}`, signature: `threw ${message.slice(0, 24)}` } };
  }
}

/** What the cases came to, so that a run that proves little can be told: by kind of expression and outcome. */
export type Tally = Record<string, number>;

/** Compares the cases of so many seeds. */
export function fuzz(firstSeed: number, cases: number, tell: (seed: number, disagreement: Disagreement) => void): Tally {
  const tally: Tally = {};
  for (let seed = firstSeed; seed < firstSeed + cases; seed += 1) {
    const one = caseOf(seed);
    const { reference, disagreement } = compare(one);
    if (disagreement !== undefined) tell(seed, disagreement);
    for (const answer of answersOf(reference)) {
      const name = `${one.kind} ${nameOf(answer)}`;
      tally[name] = (tally[name] ?? 0) + 1;
    }
  }
  return tally;
}
