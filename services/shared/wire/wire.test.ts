import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { AssertionError } from '../base/assert.ts';
import { MalformedBytesError } from '../base/byte-reader.ts';
import { loadProtoFiles, PROTO_PACKAGE } from '../platform/proto-files.ts';
import { readAdminCall, writeAdminCall } from './codec-admin-call.ts';
import { readAdminReply, writeAdminReply } from './codec-admin-reply.ts';
import { readFirstFrame, writeHello } from './codec-hello.ts';
import * as arbitraries from './frame-arbitraries.test-support.ts';
import type { ProtoReader } from './proto-reader.ts';
import { ProtoWriter } from './proto-writer.ts';
import { CRC_TRAILER_BYTES, DamagedFrameError, sealFrame, unsealFrame } from './sealed-frame.ts';
import { STREAM_CODECS } from './stream-codecs.ts';

const checksum = { crc32: (bytes: Uint8Array, seed?: number) => crc32(bytes, seed) };
const definitions = loadProtoFiles();

/** The frame's bytes after a foreign protobuf implementation read and wrote them again, by proto/ alone. */
function throughForeignCodec(message: string, bytes: Buffer): Buffer {
  const { serialize, deserialize } = definitions[`${PROTO_PACKAGE}.${message}`] as MessageTypeDefinition<object, object>;
  const { crc, ...content } = deserialize(bytes) as { crc: number };
  assert.equal(crc, crc32(bytes.subarray(0, bytes.length - CRC_TRAILER_BYTES)), 'the checksum is the field crc');
  const encoded = serialize(content);
  const sealed = Buffer.alloc(encoded.length + CRC_TRAILER_BYTES);
  sealed.set(encoded);
  sealed[encoded.length] = (15 << 3) | 5;
  sealed.writeUInt32LE(crc32(encoded), encoded.length + 1);
  return sealed;
}

function roundTrip<T>(
  message: string,
  arbitrary: fc.Arbitrary<T>,
  write: (writer: ProtoWriter, frame: T) => void,
  read: (reader: ProtoReader) => T,
): void {
  // One writer for all frames, as in production: a frame must not disturb those before it.
  const writer = new ProtoWriter();
  test(`${message}: what is written is read again`, () => {
    let previous: { readonly sealed: Buffer; readonly frame: T } | undefined;
    const property = fc.property(arbitrary, (frame) => {
      const sealed = sealFrame(writer, checksum, write, frame);
      assert.deepEqual(read(unsealFrame(sealed, checksum)), frame);
      if (previous !== undefined) assert.deepEqual(read(unsealFrame(previous.sealed, checksum)), previous.frame);
      previous = { sealed, frame };
    });
    fc.assert(property, { numRuns: 400 });
  });
  test(`${message}: proto/ describes the same bytes`, () => {
    const property = fc.property(arbitrary, (frame) => {
      const sealed = throughForeignCodec(message, sealFrame(writer, checksum, write, frame));
      assert.deepEqual(read(unsealFrame(sealed, checksum)), frame);
    });
    fc.assert(property, { numRuns: 200 });
  });
}

describe('frames', () => {
  roundTrip('ControlFrame', arbitraries.controlFrame, STREAM_CODECS.control.up.write, STREAM_CODECS.control.up.read);
  roundTrip('BulkFrame', arbitraries.bulkFrame, STREAM_CODECS.bulk.up.write, STREAM_CODECS.bulk.up.read);
  roundTrip('RequestFrame', arbitraries.requestFrame, STREAM_CODECS.requests.up.write, STREAM_CODECS.requests.up.read);
  roundTrip('ResponseFrame', arbitraries.responseFrame, STREAM_CODECS.requests.down.write, STREAM_CODECS.requests.down.read);
  roundTrip('WatchFrame', arbitraries.watchFrame, STREAM_CODECS.watch.up.write, STREAM_CODECS.watch.up.read);
  roundTrip('AdminCall', arbitraries.adminCall, writeAdminCall, readAdminCall);
  roundTrip('AdminReply', arbitraries.adminReply, writeAdminReply, readAdminReply);
  for (const message of ['ControlFrame', 'BulkFrame', 'RequestFrame', 'ResponseFrame', 'WatchFrame']) {
    roundTrip(message, arbitraries.hello, writeHello, (reader) => readFirstFrame(reader) as NonNullable<ReturnType<typeof readFirstFrame>>);
  }
});

describe('division of frames that are too large', () => {
  /** All the parts, once nothing can be divided any more. */
  function parts<T>(frame: T, halve: (frame: T) => readonly [T, T] | undefined): T[] {
    const divided = halve(frame);
    return divided === undefined ? [frame] : [...parts(divided[0], halve), ...parts(divided[1], halve)];
  }

  test('requests, responses and messages keep their order, and everything is there once', () => {
    const { control, bulk, requests } = STREAM_CODECS;
    const property = fc.property(
      arbitraries.controlFrame,
      arbitraries.bulkFrame,
      arbitraries.requestFrame,
      arbitraries.responseFrame,
      (controlFrame, bulkFrame, requestFrame, responseFrame) => {
        const controlParts = parts(controlFrame, control.up.halve);
        assert.deepEqual(
          controlParts.flatMap((part) => part.messages),
          controlFrame.messages,
        );
        assert.deepEqual(controlParts[0]?.heartbeat, controlFrame.heartbeat);
        assert.equal(controlParts.filter((part) => part.heartbeat !== undefined || part.heartbeatAnswer !== undefined).length <= 1, true);
        const bulkParts = parts(bulkFrame, bulk.up.halve);
        assert.deepEqual(
          bulkParts.flatMap((part) => part.messages),
          bulkFrame.messages,
        );
        assert.deepEqual(
          bulkParts.flatMap((part) => part.snapshots),
          bulkFrame.snapshots,
        );
        assert.equal(
          bulkParts.reduce((sum, part) => sum + part.credit, 0),
          bulkFrame.credit,
        );
        assert.deepEqual(
          parts(requestFrame, requests.up.halve).flatMap((part) => part.requests),
          requestFrame.requests,
        );
        assert.deepEqual(
          parts(responseFrame, requests.down.halve).flatMap((part) => part.responses),
          responseFrame.responses,
        );
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  test('only the last part of a snapshot is the end of it', () => {
    const records = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
    const divided = parts({ kind: 'snapshot', slot: 7, records, done: true } as const, STREAM_CODECS.watch.up.halve);
    assert.deepEqual(divided, [
      { kind: 'snapshot', slot: 7, records: [{ key: 'a' }], done: false },
      { kind: 'snapshot', slot: 7, records: [{ key: 'b' }], done: false },
      { kind: 'snapshot', slot: 7, records: [{ key: 'c' }], done: true },
    ]);
  });
});

describe('damage', () => {
  const writer = new ProtoWriter();

  function sealed(text: string): Buffer {
    const response = { id: 5, status: 'ok', item: Buffer.from(text) } as const;
    return Buffer.from(sealFrame(writer, checksum, STREAM_CODECS.requests.down.write, { responses: [response] }));
  }

  test('every single changed bit is noticed', () => {
    const bytes = sealed('{"a":{"N":"1"}}');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.throws(() => unsealFrame(damaged, checksum), DamagedFrameError, `bit ${bit}`);
    }
  });

  test('every shortened frame is noticed', () => {
    const bytes = sealed('{"a":{"N":"1"}}');
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => unsealFrame(bytes.subarray(0, length), checksum), DamagedFrameError, `${length} bytes`);
    }
  });

  test('content that no version writes is refused, whatever it is, and nothing outside the frame is read', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), (content) => {
      const surrounded = Buffer.concat([content, Buffer.alloc(CRC_TRAILER_BYTES)]);
      surrounded[content.length] = (15 << 3) | 5;
      surrounded.writeUInt32LE(crc32(content), content.length + 1);
      for (const kind of ['control', 'bulk', 'requests', 'watch'] as const) {
        for (const codec of [STREAM_CODECS[kind].up, STREAM_CODECS[kind].down]) {
          try {
            codec.read(unsealFrame(surrounded, checksum));
          } catch (error) {
            assert(error instanceof MalformedBytesError, String(error));
          }
        }
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('writer', () => {
  test('frames larger than a slab, and many small ones across slabs, stay as they were', () => {
    const writer = new ProtoWriter();
    const sizes = [10, 70_000, 20, 300_000, ...Array.from({ length: 2000 }, (_, index) => 50 + (index % 100)), 65_530, 65_536, 1];
    const frames = sizes.map((size, id) => ({ responses: [{ id, status: 'ok', item: Buffer.alloc(size, id) } as const] }));
    const sealed = frames.map((frame) => sealFrame(writer, checksum, STREAM_CODECS.requests.down.write, frame));
    for (const [index, bytes] of sealed.entries()) {
      assert.deepEqual(STREAM_CODECS.requests.down.read(unsealFrame(bytes, checksum)), frames[index]);
    }
  });

  test('integers that are not safe are our own mistake, those received are refused', () => {
    const writer = new ProtoWriter();
    for (const id of [-1, 0.5, 2 ** 53, Number.NaN]) {
      writer.begin(0);
      assert.throws(() => writer.presentUint(8, id), AssertionError);
    }
    const { serialize } = definitions[`${PROTO_PACKAGE}.ResponseFrame`] as MessageTypeDefinition<object, object>;
    const tooLarge = serialize({ responses: [{ id: '9007199254740992' }] });
    const frame = Buffer.concat([tooLarge, Buffer.from([(15 << 3) | 5, 0, 0, 0, 0])]);
    frame.writeUInt32LE(crc32(tooLarge), tooLarge.length + 1);
    assert.throws(() => STREAM_CODECS.requests.down.read(unsealFrame(frame, checksum)), MalformedBytesError);
  });

  test('fields of a later version are passed over', () => {
    const writer = new ProtoWriter();
    const sealed = sealFrame(
      writer,
      checksum,
      (out) => {
        STREAM_CODECS.control.up.write(out, {
          messages: [],
          heartbeat: { sequence: 3, leaderships: Buffer.from('x'), floors: Buffer.alloc(0) },
        });
        out.presentBytes(8 * 200 + 2, Buffer.from('later'));
        out.presentUint(8 * 201, 2 ** 53 - 1);
      },
      undefined,
    );
    const frame = STREAM_CODECS.control.up.read(unsealFrame(sealed, checksum));
    assert.deepEqual(frame, { messages: [], heartbeat: { sequence: 3, leaderships: Buffer.from('x'), floors: Buffer.alloc(0) } });
  });

  test('byte strings are parts of the frame, not copies', () => {
    const sealed = sealFrame(new ProtoWriter(), checksum, STREAM_CODECS.requests.down.write, {
      responses: [{ id: 1, status: 'ok', item: Buffer.from('item') }],
    });
    const item = STREAM_CODECS.requests.down.read(unsealFrame(sealed, checksum)).responses[0]?.item;
    assert.equal(item?.buffer, sealed.buffer);
  });
});
