import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from './crc32c.ts';
import { nodeDigest } from './digest.ts';

describe('The digests of the platform', () => {
  it('agree with published values', () => {
    const check = Buffer.from('123456789');
    assert.equal(nodeDigest.crc32(check), 0xcbf43926);
    assert.equal(nodeDigest.crc32(check.subarray(4), nodeDigest.crc32(check.subarray(0, 4))), 0xcbf43926);
    // RFC 1321, A.5.
    assert.equal(Buffer.from(nodeDigest.md5(Buffer.from('abc'))).toString('hex'), '900150983cd24fb0d6963f7d28e17f72');
    // FIPS 180-2, B.1.
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(nodeDigest.sha256Hex('abc'), sha256);
    assert.equal(nodeDigest.sha256Hex(Buffer.from('abc')), sha256);
    // RFC 4231, test case 2.
    const hmac = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    assert.equal(Buffer.from(nodeDigest.hmacSha256('Jefe', 'what do ya want for nothing?')).toString('hex'), hmac);
  });

  it('compare in constant time, and tell unequal lengths apart', () => {
    assert.equal(nodeDigest.equalConstantTime(Buffer.from('same'), Buffer.from('same')), true);
    assert.equal(nodeDigest.equalConstantTime(Buffer.from('same'), Buffer.from('samf')), false);
    assert.equal(nodeDigest.equalConstantTime(Buffer.from('same'), Buffer.from('sam')), false);
  });

  it('include the CRC-32C of RFC 3720, B.4', () => {
    assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
    assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
    const ascending = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
    assert.equal(crc32c(ascending), 0x46dd794e);
    assert.equal(crc32c(Buffer.from(ascending).reverse()), 0x113fdb5c);
    assert.equal(crc32c(Buffer.from('x123456789y'), 1, 10), 0xe3069283);
  });
});
