import { randomFillSync } from 'node:crypto';
import type { Random } from '../env/clock.ts';

const POOL_BYTES = 4096;

/** Unpredictable numbers of the operating system, drawn in blocks. */
class SystemRandom implements Random {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  #at = POOL_BYTES;

  uint32(): number {
    if (this.#at + 4 > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    const value = this.#pool.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(Buffer.allocUnsafe(length));
  }
}

export const systemRandom: Random = new SystemRandom();

/** The incarnation of a process: 48 random bits, so that it fits into every format. */
export function newIncarnation(random: Random): number {
  return random.uint32() * 0x1_0000 + (random.uint32() >>> 16);
}
