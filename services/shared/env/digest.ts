/** Checksums and cryptographic digests, all native in production. */
export interface Digest {
  /** CRC-32 (ISO 3309, as zlib), continued from `seed`. Guards what we store and send against damage, not against people. */
  crc32(bytes: Uint8Array, seed?: number): number;
  /** 16 bytes. DynamoDB-like hash of partition keys; no security rests on it. */
  md5(bytes: Uint8Array): Uint8Array;
  /** Lower-case hexadecimal. */
  sha256Hex(bytes: Uint8Array | string): string;
  /** 32 bytes. */
  hmacSha256(key: Uint8Array | string, message: Uint8Array | string): Uint8Array;
  /** Compares in constant time; false for unequal lengths. */
  equalConstantTime(a: Uint8Array, b: Uint8Array): boolean;
}
