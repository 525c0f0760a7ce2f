import { assert } from '../base/assert.ts';
import { MalformedBytesError } from '../base/byte-reader.ts';
import type { AttributeValue, KeyAttributeType } from './attribute-value.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';
import type { Decimal } from './decimal.ts';

/**
 * Strings, numbers and binaries as bytes that sort as the values do. Every encoding says where it ends, and none is
 * a prefix of another, so encodings can follow one another in a key.
 *
 *     negative number   0x10, then the bytes of the positive number behind its type byte, each subtracted from 0xff
 *     zero              0x11
 *     positive number   0x12, exponent + 130 (1 byte: the power of ten of the first digit, -130 to 125),
 *                       each two significant digits as their value + 1 (1 to 100; an odd last digit counts tenfold), 0x00
 *     string            0x20, UTF-8 bytes escaped, 0x00
 *     binary            0x30, bytes escaped, 0x00
 *
 * Escaped: 0x00 becomes 0x01 0x01, 0x01 becomes 0x01 0x02, every other byte stays. So 0x00 occurs only at the end, where
 * it is below all that could stand there.
 */

const NEGATIVE = 0x10;
const ZERO = 0x11;
const POSITIVE = 0x12;
const STRING = 0x20;
const BINARY = 0x30;

const END = 0x00;
const ESCAPE = 0x01;
const EXPONENT_BIAS = 130;

/** Type byte, exponent, 19 pairs of digits, end. */
const NUMBER_BYTES_MAX = 22;

const DIGIT_ZERO = 0x30;

/** No encoding of this value is longer. */
export function orderedBytesMax(value: AttributeValue): number {
  // A UTF-16 unit is at most three bytes of UTF-8, and only one-byte characters are escaped.
  if ('S' in value) return 2 + 3 * value.S.length;
  if ('B' in value) return 2 + 2 * value.B.length;
  return NUMBER_BYTES_MAX;
}

/** The self-delimiting, order-preserving bytes of a string, number or binary of any length. */
export function encodeOrdered(value: AttributeValue): Buffer {
  const target = Buffer.allocUnsafe(orderedBytesMax(value));
  return target.subarray(0, writeOrdered(target, 0, value));
}

/** Writes the value into `target`, which has room for it; returns the offset behind it. */
export function writeOrdered(target: Buffer, offset: number, value: AttributeValue): number {
  if ('S' in value) return writeString(target, offset, value.S);
  if ('N' in value) return writeNumber(target, offset, parseDecimal(value.N));
  assert('B' in value, 'only strings, numbers and binaries are ordered');
  target[offset] = BINARY;
  return writeEscaped(target, offset + 1, Buffer.from(value.B, 'base64'));
}

/** The value whose encoding begins at `offset`, and the offset behind it. Throws MalformedBytesError. */
export function decodeOrderedValue(bytes: Buffer, offset: number, type: KeyAttributeType): { value: AttributeValue; end: number } {
  if (type === 'N') return decodeNumber(bytes, offset);
  if (bytes[offset] !== (type === 'S' ? STRING : BINARY)) throw new MalformedBytesError(`no key value of type ${type}`);
  const end = bytes.indexOf(END, offset + 1);
  if (end < 0) throw new MalformedBytesError('a key value without its end');
  const raw = withoutEscapes(bytes.subarray(offset + 1, end));
  return { value: type === 'S' ? { S: decodedText(raw) } : { B: raw.toString('base64') }, end: end + 1 };
}

/** Decoding puts U+FFFD for what is not UTF-8, so only a text that has one may have lost something. */
function decodedText(raw: Buffer): string {
  const text = raw.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(raw)) throw new MalformedBytesError('a key value that is not UTF-8');
  return text;
}

function writeString(target: Buffer, offset: number, text: string): number {
  target[offset] = STRING;
  let at = offset + 1;
  for (let unit = 0; unit < text.length; unit++) {
    const code = text.charCodeAt(unit);
    if (code > 0x7f) return writeEscaped(target, offset + 1, Buffer.from(text, 'utf8'));
    if (code <= ESCAPE) {
      target[at++] = ESCAPE;
      target[at++] = code + 1;
    } else {
      target[at++] = code;
    }
  }
  target[at++] = END;
  return at;
}

/** The escaped bytes and their end; returns the offset behind them. */
function writeEscaped(target: Buffer, offset: number, bytes: Uint8Array): number {
  let at = offset;
  for (const byte of bytes) {
    if (byte <= ESCAPE) {
      target[at++] = ESCAPE;
      target[at++] = byte + 1;
    } else {
      target[at++] = byte;
    }
  }
  target[at++] = END;
  return at;
}

function withoutEscapes(escaped: Buffer): Buffer {
  if (!escaped.includes(ESCAPE)) return escaped;
  const raw = Buffer.allocUnsafe(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at++) {
    let byte = escaped[at] as number;
    if (byte === ESCAPE) {
      at += 1;
      byte = (escaped[at] ?? 0) - 1;
      if (byte !== 0 && byte !== 1) throw new MalformedBytesError('a bad escape in a key value');
    }
    raw[length++] = byte;
  }
  return raw.subarray(0, length);
}

function writeNumber(target: Buffer, offset: number, decimal: Decimal): number {
  if (decimal.sign === 0) {
    target[offset] = ZERO;
    return offset + 1;
  }
  const { digits, exponent } = decimal;
  const mirror = decimal.sign < 0 ? 0xff : 0;
  target[offset] = decimal.sign < 0 ? NEGATIVE : POSITIVE;
  target[offset + 1] = (exponent + EXPONENT_BIAS) ^ mirror;
  let at = offset + 2;
  for (let digit = 0; digit < digits.length; digit += 2) {
    const tens = digits.charCodeAt(digit) - DIGIT_ZERO;
    const ones = digit + 1 < digits.length ? digits.charCodeAt(digit + 1) - DIGIT_ZERO : 0;
    target[at++] = (tens * 10 + ones + 1) ^ mirror;
  }
  target[at++] = END ^ mirror;
  return at;
}

function decodeNumber(bytes: Buffer, offset: number): { value: AttributeValue; end: number } {
  const kind = bytes[offset];
  if (kind === ZERO) return { value: { N: '0' }, end: offset + 1 };
  if (kind !== NEGATIVE && kind !== POSITIVE) throw new MalformedBytesError('no key value of type N');
  const mirror = kind === NEGATIVE ? 0xff : 0;
  const end = bytes.indexOf(END ^ mirror, offset + 2);
  if (end < 0 || end > offset + NUMBER_BYTES_MAX - 1) throw new MalformedBytesError('a number in a key without its end');
  let digits = '';
  for (let at = offset + 2; at < end; at++) {
    const pair = ((bytes[at] as number) ^ mirror) - 1;
    if (pair > 99) throw new MalformedBytesError('a bad pair of digits in a key');
    digits += pair < 10 ? `0${pair}` : pair;
  }
  if (digits.endsWith('0')) digits = digits.slice(0, -1);
  if (digits === '' || digits.startsWith('0') || digits.endsWith('0')) throw new MalformedBytesError('superfluous zeros in a key');
  const exponent = ((bytes[offset + 1] as number) ^ mirror) - EXPONENT_BIAS;
  const decimal: Decimal = { sign: kind === NEGATIVE ? -1 : 1, digits, exponent };
  return { value: { N: formatDecimal(decimal) }, end: end + 1 };
}
