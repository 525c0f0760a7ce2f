import { asBuffer } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import { ControlFrameTags } from './generated/field-tags.ts';
import { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Key byte of `fixed32 crc = 15`, the same in every frame, and the four bytes of the value. */
const CRC_TAG = ControlFrameTags.crc;
export const CRC_TRAILER_BYTES = 5;

/** The part of a digest that frames need. */
export type Checksum = Pick<Digest, 'crc32'>;

/** A frame was changed on its way, or is none of ours. The stream that brought it is of no use any more. */
export class DamagedFrameError extends Error {
  override readonly name = 'DamagedFrameError';
}

/** Encodes a frame and appends `fixed32 crc = 15` over everything before it. */
export function sealFrame<T>(writer: ProtoWriter, digest: Checksum, write: (writer: ProtoWriter, frame: T) => void, frame: T): Buffer {
  writer.begin(CRC_TRAILER_BYTES);
  write(writer, frame);
  const sealed = writer.finish();
  const end = sealed.length - CRC_TRAILER_BYTES;
  sealed[end] = CRC_TAG;
  sealed.writeUInt32LE(digest.crc32(sealed.subarray(0, end)), end + 1);
  return sealed;
}

/** Verifies the checksum, then gives a reader for the content. Throws DamagedFrameError. */
export function unsealFrame(bytes: Uint8Array, digest: Checksum): ProtoReader {
  const sealed = asBuffer(bytes);
  const end = sealed.length - CRC_TRAILER_BYTES;
  if (end < 0 || sealed[end] !== CRC_TAG) throw new DamagedFrameError(`a frame of ${sealed.length} bytes without a checksum at its end`);
  const expected = sealed.readUInt32LE(end + 1);
  const actual = digest.crc32(sealed.subarray(0, end));
  if (expected !== actual) throw new DamagedFrameError(`checksum ${actual.toString(16)}, the frame says ${expected.toString(16)}`);
  return new ProtoReader(sealed, end);
}
