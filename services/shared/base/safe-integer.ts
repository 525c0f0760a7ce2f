import { assert } from './assert.ts';

/** Writes an integer of 0 to 2^53 - 1 as eight bytes, big-endian, so that byte order is the order of numbers. */
export function writeSafeInteger(bytes: Buffer, value: number, at: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, () => `not a safe unsigned integer: ${value}`);
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

/** What writeSafeInteger wrote. Damaged bytes may give a number over 2^53 - 1: check the checksum first. */
export function readSafeInteger(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
