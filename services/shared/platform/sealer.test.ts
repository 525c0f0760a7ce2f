import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { OptionsError } from './options.ts';
import { createSealer, newSealingKey, sealerOf } from './sealer.ts';

const SECRET = 'wJalr, a secret with ü in it';

test('what is sealed opens under the same key for the same owner only', () => {
  const key = randomBytes(32);
  const sealer = createSealer(key);
  const sealed = sealer.seal(SECRET, 'AKIAONE');
  assert.equal(sealer.open(sealed, 'AKIAONE'), SECRET);
  assert.equal(createSealer(key).open(sealed, 'AKIAONE'), SECRET);
  assert.equal(sealer.open(sealed, 'AKIATWO'), undefined);
  assert.equal(createSealer(randomBytes(32)).open(sealed, 'AKIAONE'), undefined);
  assert.notEqual(sealer.seal(SECRET, 'AKIAONE'), sealed);
  assert.ok(!Buffer.from(sealed, 'base64').includes('secret'));
});

test('every changed byte is noticed, and so is what is too short', () => {
  const sealer = createSealer(randomBytes(32));
  const bytes = Buffer.from(sealer.seal(SECRET, 'AKIAONE'), 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.equal(sealer.open(changed.toString('base64'), 'AKIAONE'), undefined);
  }
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(sealer.open(bytes.subarray(0, length).toString('base64'), 'AKIAONE'), undefined);
  }
  assert.equal(sealer.open('no Base64!', 'AKIAONE'), undefined);
});

test('the stored form is nonce, ciphertext and tag of AES-256-GCM with the owner as associated data', () => {
  const key = randomBytes(32);
  const bytes = Buffer.from(createSealer(key).seal(SECRET, 'AKIAONE'), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from('AKIAONE'));
  decipher.setAuthTag(bytes.subarray(-16));
  assert.equal(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString(), SECRET);
});

test('the name tells keys apart', () => {
  const key = randomBytes(32);
  assert.match(createSealer(key).name, /^aes-256-gcm:[0-9a-f]{12}$/);
  assert.equal(createSealer(key).name, createSealer(key).name);
  assert.notEqual(createSealer(key).name, createSealer(randomBytes(32)).name);
});

test('the key comes as text or as a file, in hexadecimal or Base64', () => {
  const key = randomBytes(32);
  const { name } = createSealer(key);
  const none = { key: undefined, file: undefined };
  assert.equal(sealerOf(none), undefined);
  assert.equal(sealerOf({ key: '', file: '' }), undefined);
  for (const text of [key.toString('hex'), key.toString('base64'), ` ${key.toString('base64').slice(0, -1)}\n`]) {
    assert.equal(sealerOf({ ...none, key: text })?.name, name);
  }
  assert.ok(sealerOf({ ...none, key: newSealingKey() }));
  const folder = mkdtempSync(join(tmpdir(), 'sealing-key-'));
  try {
    const file = join(folder, 'key');
    writeFileSync(file, `${key.toString('base64')}\n`);
    assert.equal(sealerOf({ ...none, file })?.name, name);
    writeFileSync(file, 'an old password');
    const wrong = [
      { ...none, file },
      { ...none, file: join(folder, 'absent') },
      { ...none, key: 'hunter2' },
      { key: 'x', file },
    ];
    for (const source of wrong) {
      assert.throws(
        () => sealerOf(source),
        (error) => error instanceof OptionsError && !/hunter2|password/.test(error.message),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
