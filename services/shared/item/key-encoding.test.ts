import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyBase64, anyNumber, anyOrderedValue, anyText } from './arbitraries.test.ts';
import { typeOf } from './attribute-map.ts';
import type { AttributeMap, AttributeValue, KeyAttributeType, KeySchema } from './attribute-value.ts';
import type { Digest } from '../env/digest.ts';
import { canonicalNumber, compareNumbers } from './decimal.ts';
import { decodeKey, encodeKey, encodePartitionPrefix, encodeRequestKey, KEY_HASH_BYTES } from './key-encoding.ts';
import { encodeOrdered } from './ordered-value.ts';

const digest: Pick<Digest, 'md5'> = { md5: (bytes) => createHash('md5').update(bytes).digest() };
const md5Only = digest as Digest;

const stringAndNumber: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: '__proto__', type: 'N' } };
const stringOnly: KeySchema = { partition: { name: 'pk', type: 'S' } };

const keyValues: Readonly<Record<KeyAttributeType, fc.Arbitrary<AttributeValue>>> = {
  S: anyText.filter((text) => text !== '').map((S) => ({ S })),
  N: anyNumber.map((N) => ({ N })),
  B: anyBase64.filter((text) => text !== '').map((B) => ({ B })),
};

const anyKeyType = fc.constantFrom<KeyAttributeType>('S', 'N', 'B');

function keyOf(schema: KeySchema, partition: AttributeValue, sort?: AttributeValue): Buffer {
  return encodeKey(schema, itemOf(partition, sort), md5Only);
}

function itemOf(partition: AttributeValue, sort?: AttributeValue): AttributeMap {
  return sort === undefined ? { pk: partition } : { pk: partition, sk: sort };
}

test('the format, byte by byte', () => {
  const hex = (value: AttributeValue) => encodeOrdered(value).toString('hex');
  assert.equal(hex({ S: 'ab' }), '20616200');
  assert.equal(hex({ S: 'a\0\u0001\u0002é' }), '2061' + '0101' + '0102' + '02' + 'c3a9' + '00');
  assert.equal(hex({ B: Buffer.from([0xff, 0x00, 0x01]).toString('base64') }), '30ff0101010200');
  assert.equal(hex({ N: '0' }), '11');
  assert.equal(hex({ N: '1' }), '12' + '82' + '0b' + '00');
  assert.equal(hex({ N: '99' }), '12' + '83' + '64' + '00');
  assert.equal(hex({ N: '-1' }), '10' + '7d' + 'f4' + 'ff');
  assert.equal(hex({ N: canonicalNumber('1e125') }), '12' + 'ff' + '0b' + '00');
  assert.equal(hex({ N: canonicalNumber('1e-130') }), '12' + '00' + '0b' + '00');
  assert.equal(hex({ N: canonicalNumber('-1e125') }), '10' + '00' + 'f4' + 'ff');
  assert.equal(hex({ N: '12.345' }), '12' + '83' + '0d2333' + '00');
  const ordered = Buffer.from('2061620012820b00', 'hex');
  const hash = createHash('md5').update(Buffer.from('20616200', 'hex')).digest().subarray(0, 8);
  const schema: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type: 'N' } };
  assert.deepEqual(keyOf(schema, { S: 'ab' }, { N: '1' }), Buffer.concat([hash, ordered]));
});

test('property: bytes sort as values, and no encoding begins another', () => {
  const pair = anyKeyType.chain((type) => fc.tuple(keyValues[type], keyValues[type]));
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const left = encodeOrdered(a);
      const right = encodeOrdered(b);
      assert.equal(Buffer.compare(left, right), expectedOrder(a, b));
      if (expectedOrder(a, b) !== 0) assert.ok(!right.subarray(0, left.length).equals(left));
    }),
    { numRuns: 3000 },
  );

  function expectedOrder(a: AttributeValue, b: AttributeValue): number {
    if ('N' in a && 'N' in b) return Math.sign(compareNumbers(a.N, b.N));
    return Buffer.compare(rawBytes(a), rawBytes(b));
  }
});

function rawBytes(value: AttributeValue): Buffer {
  if ('S' in value) return Buffer.from(value.S);
  return 'B' in value ? Buffer.from(value.B, 'base64') : Buffer.alloc(0);
}

test('property: a key gives back its attributes', () => {
  const anyCase = fc
    .tuple(anyKeyType, fc.option(anyKeyType, { nil: undefined }))
    .chain(([partition, sort]) =>
      fc.tuple(
        fc.constant<KeySchema>(
          sort === undefined
            ? { partition: { name: 'pk', type: partition } }
            : { partition: { name: 'pk', type: partition }, sort: { name: 'sk', type: sort } },
        ),
        keyValues[partition],
        sort === undefined ? fc.constant(undefined) : keyValues[sort],
      ),
    );
  fc.assert(
    fc.property(anyCase, ([schema, partition, sort]) => {
      const key = keyOf(schema, partition, sort);
      assert.deepEqual(decodeKey(schema, key), itemOf(partition, sort));
      assert.deepEqual(encodeRequestKey(schema, itemOf(partition, sort), md5Only), key);
      const prefix = encodePartitionPrefix(schema, partition, md5Only);
      assert.deepEqual(key.subarray(0, prefix.length), prefix);
      assert.deepEqual(key.subarray(prefix.length), sort === undefined ? Buffer.alloc(0) : encodeOrdered(sort));
    }),
    { numRuns: 1000 },
  );
});

test('property: keys of different partition values share no prefix, even under one hash', () => {
  const sameHash = { md5: () => new Uint8Array(16) } as Partial<Digest> as Digest;
  const schema: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type: 'B' } };
  fc.assert(
    fc.property(keyValues.S, keyValues.S, keyValues.B, (a, b, sort) => {
      const prefix = encodePartitionPrefix(schema, a, sameHash);
      const key = encodeKey(schema, itemOf(b, sort), sameHash);
      assert.equal(key.subarray(0, prefix.length).equals(prefix), (a as { S: string }).S === (b as { S: string }).S);
    }),
    { numRuns: 1000 },
  );
});

test('bytes that are no key are refused', () => {
  const key = encodeKey(stringAndNumber, JSON.parse('{"pk":{"S":"a\\u0000b"},"__proto__":{"N":"-1.5"}}'), md5Only);
  for (let length = 0; length < key.length; length++) {
    assert.throws(() => decodeKey(stringAndNumber, key.subarray(0, length)), { name: 'MalformedBytesError' }, `${length} bytes`);
  }
  assert.throws(() => decodeKey(stringAndNumber, Buffer.concat([key, Buffer.alloc(1)])), { name: 'MalformedBytesError' });
  assert.throws(() => decodeKey(stringOnly, key), { name: 'MalformedBytesError' });
  assert.throws(() => decodeKey({ partition: { name: 'pk', type: 'B' } }, key), { name: 'MalformedBytesError' });
  const after = (hex: string) => Buffer.concat([Buffer.alloc(KEY_HASH_BYTES), Buffer.from(hex, 'hex')]);
  const number: KeySchema = { partition: { name: 'pk', type: 'N' } };
  for (const hex of [
    '',
    '13',
    '12',
    '1282',
    '128200',
    '12820100',
    '12826500',
    '1282ff00',
    '12820b01' + '00',
    '128201' + '0b00',
    '10ff',
    `1282${'0b'.repeat(20)}00`,
  ]) {
    assert.throws(() => decodeKey(number, after(hex)), { name: 'MalformedBytesError' }, hex);
  }
  for (const hex of ['20010300', '200100', '20ff00', '20f09f9800', '20eda08000', '2061']) {
    assert.throws(() => decodeKey(stringOnly, after(hex)), { name: 'MalformedBytesError' }, hex);
  }
});

test('property: what decodes encodes to the same bytes', () => {
  const anyHex = fc.array(fc.constantFrom(0, 1, 2, 0x0b, 0x10, 0x11, 0x12, 0x20, 0x30, 0x61, 0x82, 0xc3, 0xa9, 0xf4, 0xff), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(anyHex, anyKeyType, (tail, type) => {
      const schema: KeySchema = { partition: { name: 'pk', type } };
      const bytes = Buffer.from([...new Uint8Array(KEY_HASH_BYTES), ...tail]);
      let value: AttributeValue | undefined;
      try {
        value = decodeKey(schema, bytes)['pk'];
      } catch (error) {
        assert.equal((error as Error).name, 'MalformedBytesError');
        return;
      }
      assert.deepEqual(encodeOrdered(value as AttributeValue), bytes.subarray(KEY_HASH_BYTES));
    }),
    { numRuns: 5000 },
  );
});

test('items without a proper key are refused with the text of PutItem', () => {
  const invalid = 'One or more parameter values were invalid: ';
  const texts: readonly (readonly [AttributeMap, string])[] = [
    [{}, `${invalid}Missing the key pk in the item`],
    [{ pk: { S: 'a' } }, `${invalid}Missing the key sk in the item`],
    [{ pk: { N: '1' }, sk: { S: 'a' } }, `${invalid}Type mismatch for key pk expected: S actual: N`],
    [{ pk: { S: 'a' }, sk: { M: {} } }, `${invalid}Type mismatch for key sk expected: B actual: M`],
    [
      { pk: { S: '' }, sk: { B: 'AA==' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      { pk: { S: 'a' }, sk: { B: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: sk',
    ],
    [{ pk: { S: 'é'.repeat(1025) }, sk: { B: 'AA==' } }, `${invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes`],
    [
      { pk: { S: 'a' }, sk: { B: Buffer.alloc(1025).toString('base64') } },
      `${invalid}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
    ],
  ];
  const schema: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type: 'B' } };
  for (const [item, message] of texts) {
    assert.throws(() => encodeKey(schema, item, md5Only), { name: 'ItemError', kind: 'validation', message });
  }
  const proto: KeySchema = { partition: { name: '__proto__', type: 'S' } };
  assert.throws(() => encodeKey(proto, {}, md5Only), { message: `${invalid}Missing the key __proto__ in the item` });
});

test('the longest keys fit, escapes and all', () => {
  const schema: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type: 'B' } };
  const item: AttributeMap = { pk: { S: '\u0001'.repeat(2048) }, sk: { B: Buffer.alloc(1024).toString('base64') } };
  const key = encodeKey(schema, item, md5Only);
  assert.equal(key.length, 8 + 4098 + 2050);
  assert.deepEqual(decodeKey(schema, key), item);
});

test('a Key that is not that of the table is refused with the text of GetItem', () => {
  const schema: KeySchema = { partition: { name: 'pk', type: 'S' }, sort: { name: 'sk', type: 'N' } };
  const message = 'The provided key element does not match the schema';
  const keys: readonly AttributeMap[] = [
    {},
    { pk: { S: 'a' } },
    { pk: { S: 'a' }, sk: { S: '1' } },
    { pk: { S: 'a' }, other: { N: '1' } },
    { pk: { S: 'a' }, sk: { N: '1' }, other: { N: '1' } },
  ];
  for (const key of keys) assert.throws(() => encodeRequestKey(schema, key, md5Only), { kind: 'validation', message });
  assert.throws(() => encodeRequestKey(schema, { pk: { S: '' }, sk: { N: '1' } }, md5Only), {
    message: /cannot contain an empty string value. Key: pk$/,
  });
});

test('the type of any ordered value is seen from its first byte', () => {
  fc.assert(
    fc.property(anyOrderedValue, (value) => {
      const first = encodeOrdered(value)[0] as number;
      assert.equal({ 0x10: 'N', 0x11: 'N', 0x12: 'N', 0x20: 'S', 0x30: 'B' }[first], typeOf(value));
    }),
  );
});
