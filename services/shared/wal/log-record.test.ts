import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { nodeDigest } from '../platform/digest.ts';
import { decodeLogRecord, encodeLogRecord, type LogRecord, LogRecordDamagedError, UnknownRecordTypeError } from './log-record.ts';

const TYPES = [
  'no-op',
  'write',
  'swap',
  'split',
  'settings',
  'state-hash',
  'transaction-prepare',
  'transaction-commit',
  'transaction-cancel',
  'index-position',
  'backfill',
  'ttl-delete',
] as const;

const someBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const safeInteger = fc.maxSafeNat();

const someRecord: fc.Arbitrary<LogRecord> = fc.record(
  {
    type: fc.constantFrom(...TYPES),
    timeMs: safeInteger,
    request: fc.record({ life: safeInteger, number: safeInteger }, { noNullPrototype: true }),
    change: fc.constantFrom('none' as const, 'insert' as const, 'modify' as const, 'remove' as const),
    identity: fc.record(
      { kind: fc.constantFrom('user' as const, 'service' as const), name: fc.string({ unit: 'grapheme', maxLength: 20 }) },
      { noNullPrototype: true },
    ),
    oldSize: fc.nat(),
    key: someBytes,
    oldImage: someBytes,
    newValue: someBytes,
    payload: someBytes,
  },
  { noNullPrototype: true, requiredKeys: ['type', 'timeMs', 'change', 'identity', 'oldSize', 'key', 'payload'] },
);

const WRITE: LogRecord = {
  type: 'write',
  timeMs: 1_764_000_000_000,
  request: { life: 0x0102_0304_0506, number: 7 },
  change: 'modify',
  identity: { kind: 'user', name: 'AKID' },
  oldSize: 300,
  key: Buffer.from('key'),
  oldImage: Buffer.from('old'),
  newValue: Buffer.from('new!'),
  payload: Buffer.alloc(0),
};

describe('A log record', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(someRecord, (record) => {
        const bytes = encodeLogRecord(record, nodeDigest);
        assert.deepEqual(decodeLogRecord(bytes, nodeDigest), record);
      }),
    );
  });

  it('has these very bytes, whatever becomes of the code', () => {
    const bytes = encodeLogRecord(WRITE, nodeDigest);
    const fixed = '01020702' + '0000019ab697e800' + '0000010203040506' + '0000000000000007' + '0000012c';
    const lengths = '0004' + '00000003' + '00000003' + '00000004' + '00000000';
    const content = Buffer.from('AKIDkeyoldnew!').toString('hex');
    const expected = Buffer.from(fixed + lengths + content, 'hex');
    assert.equal(bytes.subarray(0, -4).toString('hex'), expected.toString('hex'));
    assert.equal(bytes.readUInt32BE(bytes.length - 4), crc32(expected));
  });

  it('keeps its type numbers for ever', () => {
    const numbers = TYPES.map((type) => encodeLogRecord({ ...WRITE, type }, nodeDigest)[1]);
    assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('with any bit flipped or any end cut off is refused', () => {
    const bytes = encodeLogRecord(WRITE, nodeDigest);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => decodeLogRecord(flipped, nodeDigest), LogRecordDamagedError);
    }
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeLogRecord(bytes.subarray(0, length), nodeDigest), LogRecordDamagedError);
    }
  });

  it('of an unknown type, format or flag, but whole, is told apart from a damaged one', () => {
    for (const [at, value] of [
      [0, 2],
      [1, 0],
      [1, 14],
      [2, 16],
    ] as const) {
      const bytes = encodeLogRecord(WRITE, nodeDigest);
      bytes[at] = value;
      bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
      assert.throws(() => decodeLogRecord(bytes, nodeDigest), UnknownRecordTypeError);
    }
  });

  it('with lengths that do not add up is damaged even if its checksum is right', () => {
    const bytes = encodeLogRecord(WRITE, nodeDigest);
    bytes.writeUInt32BE(1_000_000, 34);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    assert.throws(() => decodeLogRecord(bytes, nodeDigest), LogRecordDamagedError);
  });
});
