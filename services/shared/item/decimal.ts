import { NUMBER_DIGITS_MAX, NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MIN } from '../limits/item-limits.ts';
import { NumberFormatError } from './item-error.ts';

/**
 * DynamoDB's numbers: 38 significant decimal digits, magnitudes of 1E-130 to 9.99…E+125, and zero (Developer Guide,
 * "Supported data types and naming rules"). They are never turned into a JavaScript number.
 *
 * The value is sign × d.ddd… × 10^exponent, where d.ddd… are the `digits`. There is one form of each value.
 */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  /** Significant digits: the first and the last are not zero; empty for zero. */
  readonly digits: string;
  /** Power of ten of the first digit; 0 for zero. */
  readonly exponent: number;
}

const ZERO: Decimal = { sign: 0, digits: '', exponent: 0 };

const NOT_NUMERIC = 'The parameter cannot be converted to a numeric value';
const OVERFLOW = 'Number overflow. Attempting to store a number with magnitude larger than supported range';
const UNDERFLOW = 'Number underflow. Attempting to store a number with magnitude smaller than supported range';
const TOO_MANY_DIGITS = `Attempting to store more than ${NUMBER_DIGITS_MAX} significant digits in a Number`;

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;

/** Exponents beyond this are out of range for every coefficient that fits into a request. */
const WRITTEN_EXPONENT_MAX = 1e9;

/**
 * Reads a number as DynamoDB does: an optional sign, digits with at most one point, an optional exponent; no spaces.
 * Throws NumberFormatError when it is none, out of range, or has more than 38 significant digits.
 */
export function parseDecimal(text: string): Decimal {
  const length = text.length;
  let at = 0;
  const lead = text.charCodeAt(0);
  if (lead === MINUS || lead === PLUS) at = 1;
  let digitCount = 0;
  let point = -1;
  let first = -1;
  let last = -1;
  for (; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= DIGIT_ZERO && unit <= DIGIT_NINE) {
      digitCount += 1;
      if (unit === DIGIT_ZERO) continue;
      if (first < 0) first = at;
      last = at;
    } else if (unit === POINT && point < 0) {
      point = at;
    } else {
      break;
    }
  }
  if (digitCount === 0) throw notNumeric(text);
  const coefficientEnd = at;
  const written = at < length ? writtenExponent(text, at) : 0;
  if (first < 0) return ZERO;
  const unitsAt = point < 0 ? coefficientEnd : point;
  const exponent = written + (first < unitsAt ? unitsAt - first - 1 : unitsAt - first);
  let digits = text.slice(first, last + 1);
  if (first < point && point < last) digits = text.slice(first, point) + text.slice(point + 1, last + 1);
  return checked(lead === MINUS ? -1 : 1, digits, exponent);
}

/** Plain form, as DynamoDB prints it: no exponent, no superfluous zeros; `0` for zero. */
export function formatDecimal(decimal: Decimal): string {
  const { sign, digits, exponent } = decimal;
  if (sign === 0) return '0';
  const minus = sign < 0 ? '-' : '';
  if (exponent < 0) return `${minus}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const integerDigits = exponent + 1;
  if (integerDigits >= digits.length) return minus + digits + '0'.repeat(integerDigits - digits.length);
  return `${minus}${digits.slice(0, integerDigits)}.${digits.slice(integerDigits)}`;
}

/** The plain form of any number text. Throws NumberFormatError as `parseDecimal` does. */
export function canonicalNumber(text: string): string {
  return isShortPlainNumber(text) ? text : formatDecimal(parseDecimal(text));
}

/** Order by value: negative, zero or positive. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exponent !== b.exponent) return a.sign * (a.exponent - b.exponent);
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -a.sign : a.sign;
}

/** Order of two number texts by value, in whatever form. Throws NumberFormatError as `parseDecimal` does. */
export function compareNumbers(aText: string, bText: string): number {
  if (isShortPlainNumber(aText) && isShortPlainNumber(bText)) return comparePlain(aText, bText);
  return compareDecimals(parseDecimal(aText), parseDecimal(bText));
}

/**
 * The exact sum. DynamoDB rounds nothing: a sum that it cannot hold is refused with the text that the same number
 * gets when it is stored. Throws NumberFormatError.
 */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.sign === 0) return b;
  if (b.sign === 0) return a;
  const lastPower = Math.min(powerOfLastDigit(a), powerOfLastDigit(b));
  const sum = coefficient(a, lastPower) + coefficient(b, lastPower);
  if (sum === 0n) return ZERO;
  const printed = (sum < 0n ? -sum : sum).toString();
  let end = printed.length;
  while (printed.charCodeAt(end - 1) === DIGIT_ZERO) end -= 1;
  return checked(sum < 0n ? -1 : 1, printed.slice(0, end), printed.length - 1 + lastPower);
}

/** The exact difference a − b; as `addDecimals`. */
export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, b.sign === 0 ? b : { sign: b.sign < 0 ? 1 : -1, digits: b.digits, exponent: b.exponent });
}

/**
 * True only for plain texts short enough to be in range whatever their digits, so that nothing else is to be checked.
 * Nearly every number of a real item is one; a longer plain number merely takes the long way.
 */
function isShortPlainNumber(text: string): boolean {
  const length = text.length;
  if (length > NUMBER_DIGITS_MAX) return false;
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  let point = -1;
  for (let at = start; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= DIGIT_ZERO && unit <= DIGIT_NINE) continue;
    if (unit !== POINT || point >= 0) return false;
    point = at;
  }
  const integerDigits = (point < 0 ? length : point) - start;
  if (integerDigits === 0) return false;
  if (text.charCodeAt(start) === DIGIT_ZERO && (integerDigits > 1 || (start === 1 && point < 0))) return false;
  if (point < 0) return true;
  const lastUnit = text.charCodeAt(length - 1);
  return lastUnit !== DIGIT_ZERO && lastUnit !== POINT;
}

function comparePlain(a: string, b: string): number {
  if (a === b) return 0;
  const aNegative = a.charCodeAt(0) === MINUS;
  const bNegative = b.charCodeAt(0) === MINUS;
  if (aNegative !== bNegative) return aNegative ? -1 : 1;
  const aInteger = integerLength(a);
  const bInteger = integerLength(b);
  const greater = aInteger === bInteger ? a > b : aInteger > bInteger;
  return greater === aNegative ? -1 : 1;
}

function integerLength(plain: string): number {
  const point = plain.indexOf('.');
  return point < 0 ? plain.length : point;
}

/** The exponent that begins with the `e` at `start`, clamped to ± WRITTEN_EXPONENT_MAX. */
function writtenExponent(text: string, start: number): number {
  const letter = text.charCodeAt(start);
  if (letter !== 0x65 && letter !== 0x45) throw notNumeric(text);
  let at = start + 1;
  const sign = text.charCodeAt(at);
  if (sign === MINUS || sign === PLUS) at += 1;
  if (at === text.length) throw notNumeric(text);
  let magnitude = 0;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < DIGIT_ZERO || unit > DIGIT_NINE) throw notNumeric(text);
    magnitude = Math.min(magnitude * 10 + unit - DIGIT_ZERO, WRITTEN_EXPONENT_MAX);
  }
  return sign === MINUS ? -magnitude : magnitude;
}

function checked(sign: -1 | 1, digits: string, exponent: number): Decimal {
  if (exponent > NUMBER_EXPONENT_MAX) throw new NumberFormatError(OVERFLOW);
  if (exponent < NUMBER_EXPONENT_MIN) throw new NumberFormatError(UNDERFLOW);
  if (digits.length > NUMBER_DIGITS_MAX) throw new NumberFormatError(TOO_MANY_DIGITS);
  return { sign, digits, exponent };
}

function notNumeric(text: string): NumberFormatError {
  return new NumberFormatError(text === '' ? NOT_NUMERIC : `${NOT_NUMERIC}: ${text}`);
}

function powerOfLastDigit(decimal: Decimal): number {
  return decimal.exponent - decimal.digits.length + 1;
}

/** The signed integer that times 10^lastPower is the value. */
function coefficient(decimal: Decimal, lastPower: number): bigint {
  const magnitude = BigInt(decimal.digits + '0'.repeat(powerOfLastDigit(decimal) - lastPower));
  return decimal.sign < 0 ? -magnitude : magnitude;
}
