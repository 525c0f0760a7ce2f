import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCloseNumberText, anyNumberText } from './arbitraries.test.ts';
import { addDecimals, canonicalNumber, compareDecimals, compareNumbers, formatDecimal, parseDecimal, subtractDecimals } from './decimal.ts';
import { NumberFormatError } from './item-error.ts';

/** The value of a number text times 10^200, by a way that shares nothing with the code under test. */
function scaled(text: string): bigint {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  assert.ok(parts, `a number: ${text}`);
  const fraction = parts[3] ?? '';
  const power = Number(parts[4] ?? '0') - fraction.length + 200;
  const magnitude = BigInt(`0${parts[2]}${fraction}`) * 10n ** BigInt(power);
  return parts[1] === '-' ? -magnitude : magnitude;
}

function signOf(value: bigint | number): number {
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}

/** The limits of the service, on scaled values. */
function refusal(value: bigint): string | undefined {
  if (value === 0n) return undefined;
  const digits = (value < 0n ? -value : value).toString();
  if (digits.length > 200 + 126) return 'Number overflow. Attempting to store a number with magnitude larger than supported range';
  if (digits.length < 200 - 129) return 'Number underflow. Attempting to store a number with magnitude smaller than supported range';
  const significant = digits.replace(/0+$/, '').length;
  return significant > 38 ? 'Attempting to store more than 38 significant digits in a Number' : undefined;
}

const PLAIN = /^(?:0|-?(?:[1-9]\d*|(?:0|[1-9]\d*)\.\d*[1-9]))$/;

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['0', '0'],
  ['-0', '0'],
  ['-0.00', '0'],
  ['0e999999999999', '0'],
  ['00042', '42'],
  ['+5', '5'],
  ['5.', '5'],
  ['.5', '0.5'],
  ['-.5', '-0.5'],
  ['1.0', '1'],
  ['3.1400', '3.14'],
  ['1.5E2', '150'],
  ['1.5e+2', '150'],
  ['150e-1', '15'],
  ['-1.50', '-1.5'],
  ['100', '100'],
  ['1e3', '1000'],
  ['12e-4', '0.0012'],
  ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ['1234567895171680000000000000000000000000', '1234567895171680000000000000000000000000'],
  ['1E-130', `0.${'0'.repeat(129)}1`],
  ['9.9999999999999999999999999999999999999E+125', '9'.repeat(38) + '0'.repeat(88)],
  [`${'0'.repeat(200)}7${'0'.repeat(50)}e-50`, '7'],
];

test('numbers come back in plain form', () => {
  for (const [written, plain] of EXAMPLES) {
    assert.equal(canonicalNumber(written), plain, written);
    assert.equal(formatDecimal(parseDecimal(written)), plain, written);
  }
});

test('what is no number, or out of range, is refused with the text of the service', () => {
  const notNumeric = [
    'abc',
    '-',
    '+',
    '.',
    '-.',
    'e2',
    '+e2',
    '1e',
    '1e+',
    '1.2.3',
    '1+2',
    '++5',
    ' 5',
    '5 ',
    '1_000',
    'NaN',
    'Infinity',
    '0x10',
    '1e2.5',
    '1e2e3',
    '٣',
  ];
  for (const text of notNumeric) {
    assert.throws(() => canonicalNumber(text), {
      name: 'NumberFormatError',
      kind: 'validation',
      message: `The parameter cannot be converted to a numeric value: ${text}`,
    });
  }
  assert.throws(() => canonicalNumber(''), { message: 'The parameter cannot be converted to a numeric value' });
  for (const text of ['1E126', '-1E126', '1e99999999999999999999', `1${'0'.repeat(126)}`]) {
    assert.throws(() => canonicalNumber(text), {
      message: 'Number overflow. Attempting to store a number with magnitude larger than supported range',
    });
  }
  for (const text of ['1E-131', '-9.9e-131', '1e-99999999999999999999']) {
    assert.throws(() => canonicalNumber(text), {
      message: 'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    });
  }
  for (const text of [
    '123456789012345678901234567890123456789',
    '1.23456789012345678901234567890123456789',
    '-10000000000000000000000000000000000000.1',
  ]) {
    assert.throws(() => canonicalNumber(text), { message: 'Attempting to store more than 38 significant digits in a Number' });
  }
});

test('property: the plain form has the value of what was written, is plain, and is its own plain form', () => {
  fc.assert(
    fc.property(anyNumberText, (text) => {
      const plain = canonicalNumber(text);
      assert.equal(scaled(plain), scaled(text));
      assert.match(plain, PLAIN);
      assert.equal(canonicalNumber(plain), plain);
      assert.deepEqual(parseDecimal(plain), parseDecimal(text));
    }),
    { numRuns: 1000 },
  );
});

test('property: order is that of the values', () => {
  fc.assert(
    fc.property(anyCloseNumberText, anyCloseNumberText, (a, b) => {
      const order = signOf(scaled(a) - scaled(b));
      assert.equal(signOf(compareNumbers(a, b)), order);
      assert.equal(signOf(compareNumbers(canonicalNumber(a), canonicalNumber(b))), order);
      assert.equal(signOf(compareDecimals(parseDecimal(a), parseDecimal(b))), order);
    }),
    { numRuns: 2000 },
  );
});

test('property: sums and differences are exact, or refused as the number itself would be', () => {
  fc.assert(
    fc.property(anyCloseNumberText, anyCloseNumberText, (a, b) => {
      check(scaled(a) + scaled(b), () => formatDecimal(addDecimals(parseDecimal(a), parseDecimal(b))));
      check(scaled(a) - scaled(b), () => formatDecimal(subtractDecimals(parseDecimal(a), parseDecimal(b))));
    }),
    { numRuns: 2000 },
  );

  function check(expected: bigint, actual: () => string): void {
    const message = refusal(expected);
    if (message === undefined) assert.equal(scaled(actual()), expected);
    else assert.throws(actual, new NumberFormatError(message));
  }
});

test('sums at the limits', () => {
  const add = (a: string, b: string) => formatDecimal(addDecimals(parseDecimal(a), parseDecimal(b)));
  assert.equal(add('99999999999999999999999999999999999999', '1'), `1${'0'.repeat(38)}`);
  assert.equal(add('0.1', '0.2'), '0.3');
  assert.equal(add('-7', '7'), '0');
  assert.throws(() => add('1e38', '1'), { message: 'Attempting to store more than 38 significant digits in a Number' });
  assert.throws(() => add('9e125', '1e125'), { message: /^Number overflow/ });
  assert.throws(() => add('1.1e-130', '-1e-130'), { message: /^Number underflow/ });
});
