import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyItem, anyNumber, anyNumberText } from './arbitraries.test.ts';
import { getAttribute } from './attribute-map.ts';
import type { AttributeValue } from './attribute-value.ts';
import { canonicalizeItem, canonicalizeValue, ItemError } from './canonical-value.ts';

const INVALID = 'One or more parameter values were invalid: ';

function refused(kind: 'validation' | 'serialization', input: unknown): string {
  try {
    canonicalizeItem(input);
  } catch (error) {
    assert.ok(error instanceof ItemError);
    assert.equal(error.kind, kind);
    return error.message;
  }
  return assert.fail(`accepted: ${JSON.stringify(input)}`);
}

test('values take their only form', () => {
  const forms: readonly (readonly [unknown, AttributeValue])[] = [
    [{ S: '' }, { S: '' }],
    [{ N: '1.50E1' }, { N: '15' }],
    [{ B: '' }, { B: '' }],
    [{ B: '/+8=' }, { B: '/+8=' }],
    [{ BOOL: false }, { BOOL: false }],
    [{ BOOL: 'true' }, { BOOL: true }],
    [{ BOOL: 'No' }, { BOOL: false }],
    [{ NULL: true }, { NULL: true }],
    [{ NULL: 'yes' }, { NULL: true }],
    [{ SS: ['b', '', '\uffff', '\u{10000}', 'a'] }, { SS: ['', 'a', 'b', '\uffff', '\u{10000}'] }],
    [{ NS: ['10', '9', '-1.0', '1e-5'] }, { NS: ['-1', '0.00001', '9', '10'] }],
    [{ BS: ['/w==', 'AAA=', 'AA==', '+A=='] }, { BS: ['AA==', 'AAA=', '+A==', '/w=='] }],
    [{ L: [] }, { L: [] }],
    [{ M: {} }, { M: {} }],
    [{ L: [{ M: { a: { N: '01' } } }, { S: 'x' }] }, { L: [{ M: { a: { N: '1' } } }, { S: 'x' }] }],
    [{ S: 'x', N: null, Unknown: 5 }, { S: 'x' }],
  ];
  for (const [input, form] of forms) {
    const before = JSON.stringify(input);
    assert.deepEqual(canonicalizeValue(input), form);
    assert.equal(JSON.stringify(input), before, 'what is given does not change');
  }
});

test('property: a canonical item is returned itself', () => {
  fc.assert(fc.property(anyItem, (item) => assert.equal(canonicalizeItem(item), item)));
});

test('property: a canonical item is not changed by writing its numbers otherwise', () => {
  const sets = fc.uniqueArray(anyNumber, { minLength: 1 });
  fc.assert(
    fc.property(anyNumberText, sets, (number, members) => {
      const item = canonicalizeItem({ n: { N: number }, s: { L: [{ NS: members.map((member) => `+${member}`.replace('+-', '-')) }] } });
      assert.equal(canonicalizeItem(item), item);
      assert.deepEqual(canonicalizeItem({ n: { N: `${number}` }, s: { L: [{ NS: members.toReversed() }] } }), item);
    }),
  );
});

test('what is canonical is shared with the input, and only the path to what is not is copied', () => {
  const input = { kept: { M: { a: { S: 'x' } } }, path: { M: { number: { N: '1.0' }, other: { L: [] } } } };
  const item = canonicalizeItem(input);
  assert.notEqual(item, input);
  assert.equal(getAttribute(item, 'kept'), input.kept);
  assert.deepEqual(getAttribute(item, 'path'), { M: { number: { N: '1' }, other: { L: [] } } });
  assert.equal(input.path.M.number.N, '1.0');
});

test('__proto__ is an ordinary attribute name', () => {
  const item = canonicalizeItem(JSON.parse('{"__proto__":{"N":"1.0"},"m":{"M":{"__proto__":{"M":{"__proto__":{"S":"x"}}}}}}'));
  assert.equal(JSON.stringify(item), '{"__proto__":{"N":"1"},"m":{"M":{"__proto__":{"M":{"__proto__":{"S":"x"}}}}}}');
  assert.equal(Object.getPrototypeOf(item), Object.prototype);
  assert.equal(
    refused('validation', { a: JSON.parse('{"__proto__":{"S":"x"}}') }),
    'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
  );
});

test('values that are not allowed are refused with the text of the service', () => {
  const texts: readonly (readonly [unknown, string])[] = [
    [{}, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [null, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [{ X: '1' }, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [{ S: null }, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
    [{ S: 'a', N: '1' }, 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes'],
    [{ NULL: false }, `${INVALID}Null attribute value types must have the value of true`],
    [{ SS: [] }, `${INVALID}An string set  may not be empty`],
    [{ NS: [] }, `${INVALID}An number set  may not be empty`],
    [{ BS: [] }, `${INVALID}Binary sets should not be empty`],
    [{ SS: ['a', 'b', 'a'] }, `${INVALID}Input collection [a, b, a] contains duplicates.`],
    [{ NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
    [{ BS: ['AQ==', 'AQ=='] }, `${INVALID}Input collection [AQ==, AQ==]of type BS contains duplicates.`],
    [{ NS: ['1', 'x'] }, 'The parameter cannot be converted to a numeric value: x'],
    [{ NS: ['2', null, '1'] }, `${INVALID}A set may not have a null as a member`],
    [{ N: '' }, 'The parameter cannot be converted to a numeric value'],
    [{ N: '1e126' }, 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
    [{ L: [{ SS: [] }] }, `${INVALID}An string set  may not be empty`],
    [{ M: { a: { L: [{ NULL: false }] } } }, `${INVALID}Null attribute value types must have the value of true`],
  ];
  for (const [value, text] of texts) assert.equal(refused('validation', { a: { S: 'ok' }, b: value }), text);
});

test('a request of the wrong form is refused with the text of the service', () => {
  const model = 'com.amazonaws.dynamodb.v20120810.AttributeValue';
  const texts: readonly (readonly [unknown, string])[] = [
    ['text', 'Unexpected value type in payload'],
    [5, 'Unexpected value type in payload'],
    [[], `Unrecognized collection type class ${model}`],
    [{ S: 5 }, 'NUMBER_VALUE cannot be converted to String'],
    [{ S: 5.5 }, 'DECIMAL_VALUE cannot be converted to String'],
    [{ S: true }, 'TRUE_VALUE cannot be converted to String'],
    [{ N: false }, 'FALSE_VALUE cannot be converted to String'],
    [{ N: 5 }, 'NUMBER_VALUE cannot be converted to String'],
    [{ S: [] }, 'Unrecognized collection type class java.lang.String'],
    [{ S: {} }, 'Start of structure or map found where not expected'],
    [{ B: 5 }, 'only base-64-encoded strings are convertible to bytes'],
    [{ B: [] }, 'Unrecognized collection type class java.nio.ByteBuffer'],
    [{ B: {} }, 'Start of structure or map found where not expected'],
    [{ B: 'YWI' }, 'Base64 encoded length is expected a multiple of 4 bytes but found: 3'],
    [{ B: 'YWJ=' }, 'Invalid last non-pad Base64 character dectected'],
    [{ B: 'Y===' }, 'Invalid last non-pad Base64 character dectected'],
    [{ B: 'YW_-' }, 'Invalid last non-pad Base64 character dectected'],
    [{ B: 'YW\nJ' }, 'Invalid last non-pad Base64 character dectected'],
    [{ BOOL: 1 }, 'NUMBER_VALUE cannot be converted to Boolean'],
    [{ BOOL: 'maybe' }, 'Unexpected token received from parser'],
    [{ BOOL: [] }, 'Unrecognized collection type class java.lang.Boolean'],
    [{ NULL: {} }, 'Start of structure or map found where not expected'],
    [{ SS: 'a' }, 'Unexpected field type'],
    [{ SS: {} }, 'Start of structure or map found where not expected'],
    [{ NS: [1] }, 'NUMBER_VALUE cannot be converted to String'],
    [{ L: {} }, 'Start of structure or map found where not expected'],
    [{ M: [] }, `Unrecognized collection type java.util.Map<java.lang.String, ${model}>`],
    [{ M: 'a' }, 'Unexpected field type'],
  ];
  for (const [value, text] of texts) assert.equal(refused('serialization', { a: { S: 'ok' }, b: value }), text);
  assert.equal(refused('serialization', 'item'), 'Unexpected field type');
  assert.equal(refused('serialization', []), `Unrecognized collection type java.util.Map<java.lang.String, ${model}>`);
});

test('an error of form wins over values that are not allowed, of which the first is told', () => {
  assert.equal(refused('serialization', { a: { N: 'x' }, b: { L: [{ S: 5 }] } }), 'NUMBER_VALUE cannot be converted to String');
  assert.equal(refused('validation', { a: { N: 'x' }, b: { SS: [] } }), 'The parameter cannot be converted to a numeric value: x');
});

test('a surrogate without its pair is refused wherever it stands', () => {
  for (const value of [{ S: '\ud800' }, { SS: ['a', '\udfff'] }, { M: { '\ud800': { S: '' } } }]) {
    assert.match(refused('validation', { a: value }), /surrogate/);
  }
  assert.match(refused('validation', { '\udc00': { S: '' } }), /surrogate/);
});

test('names have 1 to 65,535 bytes', () => {
  assert.doesNotThrow(() => canonicalizeItem({ ['é'.repeat(32767) + 'x']: { S: '' } }));
  assert.equal(refused('validation', { ['é'.repeat(32768)]: { S: '' } }), 'Attribute name is too large, must be less than 65536 bytes');
  assert.match(refused('validation', { m: { M: { '': { S: '' } } } }), /Attribute name must not be empty/);
});

test('32 levels are allowed, the value of the item itself being the first', () => {
  const nested = (containers: number, isMap: boolean): unknown => {
    let value: unknown = { S: 'leaf' };
    for (let made = 0; made < containers; made++) value = isMap ? { M: { a: value } } : { L: [value] };
    return value;
  };
  const text = 'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';
  for (const isMap of [true, false]) {
    assert.doesNotThrow(() => canonicalizeItem({ a: nested(31, isMap) }));
    assert.equal(refused('validation', { a: nested(32, isMap) }), text);
    assert.equal(refused('validation', { a: nested(5000, isMap) }), text);
    assert.throws(() => canonicalizeValue(nested(32, isMap)), { message: text });
  }
});

test('a large set of long numbers is put in order', () => {
  const members: string[] = [];
  for (let exponent = -130; exponent <= 125; exponent++) {
    for (let digit = 9; digit >= 1; digit--) members.push(`${digit}E${exponent}`, `-${digit}E${exponent}`);
  }
  const value = canonicalizeValue({ NS: members });
  assert.ok('NS' in value);
  assert.equal(value.NS.length, members.length);
  assert.equal(value.NS[0], `-9${'0'.repeat(125)}`);
  assert.equal(value.NS.at(-1), `9${'0'.repeat(125)}`);
  assert.equal(canonicalizeValue(value), value);
});
