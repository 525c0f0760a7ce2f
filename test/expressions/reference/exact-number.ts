import { Refusal } from './refusal.ts';

/**
 * A number as the guide describes it ("Supported data types and naming rules"): up to 38 significant digits, magnitudes from 1E-130 to
 * 9.99…E+125. It is coefficient × 10^power, and the coefficient does not end in a zero.
 */
export interface ExactNumber {
  readonly coefficient: bigint;
  readonly power: number;
}

const FORM = /^(?<sign>[+-]?)(?:(?<whole>\d+)\.?(?<part>\d*)|\.(?<only>\d+))(?:[eE](?<exponent>[+-]?\d+))?$/;

/** Reads any way of writing a number. Throws an Error when it is none: the generator writes none of that kind. */
export function readNumber(text: string): ExactNumber {
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) throw new Error(`not a number: ${text}`);
  const fraction = groups['part'] ?? groups['only'] ?? '';
  const magnitude = BigInt(`${groups['whole'] ?? ''}${fraction}`);
  return reduced(groups['sign'] === '-' ? -magnitude : magnitude, Number(groups['exponent'] ?? 0) - fraction.length);
}

export function negated({ coefficient, power }: ExactNumber): ExactNumber {
  return { coefficient: -coefficient, power };
}

/** The exact sum. Throws Refusal where it is no number that can be stored. */
export function sum(one: ExactNumber, two: ExactNumber): ExactNumber {
  const power = Math.min(one.power, two.power);
  return storable(reduced(scaled(one, power) + scaled(two, power), power));
}

/** Below zero, zero or above: as `one` stands to `two`. */
export function compareExact(one: ExactNumber, two: ExactNumber): number {
  const power = Math.min(one.power, two.power);
  const difference = scaled(one, power) - scaled(two, power);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Whether a text is a number that can be stored. */
export function isStorable(text: string): boolean {
  try {
    storable(readNumber(text));
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function scaled({ coefficient, power }: ExactNumber, to: number): bigint {
  return coefficient * 10n ** BigInt(power - to);
}

function reduced(coefficient: bigint, power: number): ExactNumber {
  if (coefficient === 0n) return { coefficient, power: 0 };
  let [rest, zeros] = [coefficient, 0];
  for (; rest % 10n === 0n; rest /= 10n) zeros += 1;
  return { coefficient: rest, power: power + zeros };
}

function storable(number: ExactNumber): ExactNumber {
  if (number.coefficient === 0n) return number;
  const digits = String(number.coefficient).replace('-', '').length;
  const exponent = digits - 1 + number.power;
  if (exponent > 125) throw new Refusal('number-overflow');
  if (exponent < -130) throw new Refusal('number-underflow');
  if (digits > 38) throw new Refusal('number-digits');
  return number;
}
