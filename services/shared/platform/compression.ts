import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { KIB, MIB } from '../base/units.ts';
import type { Compression } from '../env/compression.ts';

const gzipBytes = promisify(gzip);
const gunzipBytes = promisify(gunzip);
/** Output comes in pieces: fewer for long input, without a long piece for each short one. */
const PIECE_BYTES_MIN = 16 * KIB;
const PIECE_BYTES_MAX = MIB;

function pieceBytes(expected: number): number {
  return Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, Math.ceil(expected)));
}

/** Node's own, on the threads of libuv's pool. */
export const nodeCompression: Compression = {
  gzip: (bytes) => gzipBytes(bytes, { level: constants.Z_BEST_SPEED, chunkSize: pieceBytes(bytes.length / 2) }),
  gunzip: async (bytes, bytesMax) => {
    try {
      return await gunzipBytes(bytes, { maxOutputLength: bytesMax, chunkSize: pieceBytes(bytes.length * 4) });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'damaged';
    }
  },
};
