import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { nodeDigest } from '../platform/digest.ts';
import {
  decodeStoredValue,
  encodeStoredValue,
  storedChecksum,
  StoredValueDamagedError,
  type StoredValueFields,
  storedItemJson,
  storedItemSize,
  storedSlot,
} from './stored-value.ts';

const someBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

const someFields: fc.Arbitrary<StoredValueFields> = fc.record(
  {
    flags: fc.nat(255),
    size: fc.nat(),
    slot: fc.maxSafeNat(),
    timeMs: fc.maxSafeNat(),
    originRegion: fc.string({ maxLength: 20 }),
    pendingTransaction: fc.string({ minLength: 1, maxLength: 36 }),
    json: someBytes,
  },
  { noNullPrototype: true, requiredKeys: ['flags', 'size', 'slot', 'timeMs', 'originRegion', 'json'] },
);

const FIELDS: StoredValueFields = {
  flags: 0,
  size: 300,
  slot: 0x01_0000_0002,
  timeMs: 1_764_000_000_000,
  originRegion: 'eu-west-1',
  pendingTransaction: 'tx',
  json: Buffer.from('{"a":{"S":"b"}}'),
};
const KEY = Buffer.from('key');

describe('A stored value', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(someFields, someBytes, (fields, key) => {
        const bytes = encodeStoredValue(fields, key, nodeDigest);
        assert.deepEqual(decodeStoredValue(bytes, key, nodeDigest), fields);
        assert.deepEqual(storedItemJson(bytes), fields.json);
        assert.equal(storedItemSize(bytes), fields.size);
        assert.equal(storedSlot(bytes), fields.slot);
        assert.equal(storedChecksum(bytes), crc32(bytes.subarray(0, -4)));
      }),
    );
  });

  it('has these very bytes, whatever becomes of the code', () => {
    const bytes = encodeStoredValue(FIELDS, KEY, nodeDigest);
    const fixed = '01000902' + '0000012c' + '0000000100000002' + '0000019ab697e800' + '00000003' + '0000000f';
    const expected = Buffer.concat([Buffer.from(fixed, 'hex'), Buffer.from('{"a":{"S":"b"}}keyeu-west-1tx')]);
    assert.equal(bytes.subarray(0, -4).toString('hex'), expected.toString('hex'));
    assert.equal(bytes.readUInt32BE(bytes.length - 4), crc32(expected));
  });

  it('lies over the memory that it is read from', () => {
    const bytes = encodeStoredValue(FIELDS, KEY, nodeDigest);
    assert.equal(decodeStoredValue(bytes, KEY, nodeDigest).json.buffer, bytes.buffer);
  });

  it('of another key, with any bit flipped or any end cut off is refused', () => {
    const bytes = encodeStoredValue(FIELDS, KEY, nodeDigest);
    for (const other of ['kez', 'ke', 'keyx', '']) {
      assert.throws(() => decodeStoredValue(bytes, Buffer.from(other), nodeDigest), StoredValueDamagedError);
    }
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => decodeStoredValue(flipped, KEY, nodeDigest), StoredValueDamagedError);
    }
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeStoredValue(bytes.subarray(0, length), KEY, nodeDigest), StoredValueDamagedError);
    }
  });

  it('of another format, or with lengths that do not add up, is refused even if its checksum is right', () => {
    for (const at of [0, 2, 24, 28]) {
      const bytes = encodeStoredValue(FIELDS, KEY, nodeDigest);
      bytes[at] = 9 + (bytes[at] as number);
      bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
      assert.throws(() => decodeStoredValue(bytes, KEY, nodeDigest), StoredValueDamagedError);
    }
  });
});
