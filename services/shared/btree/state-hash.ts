import { mix32 } from '../base/hash.ts';

/**
 * The hash of a set of values that does not depend on their order: two 32-bit sums over mixed checksums. A change adds
 * the new value's share and takes the old one's away, so nothing is ever read again to know it. Two lanes of one checksum
 * guard against a sum that comes out right by chance; the checksum itself limits it to 32 bits for a single value.
 */
const LANE_A_CONSTANT = 0x9e3779b9;
const LANE_B_CONSTANT = 0x7f4a7c15;

/** What a value with this CRC-32 adds to the first lane, a signed 32-bit integer. */
export function hashShareA(checksum: number): number {
  return mix32(checksum ^ LANE_A_CONSTANT) | 0;
}

/** What a value with this CRC-32 adds to the second lane, a signed 32-bit integer. */
export function hashShareB(checksum: number): number {
  return mix32(Math.imul(checksum, 0x2c1b3c6d) ^ LANE_B_CONSTANT) | 0;
}

/** Sixteen hexadecimal digits, lane A first. */
export function stateHashText(hashA: number, hashB: number): string {
  return lane(hashA) + lane(hashB);
}

function lane(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
