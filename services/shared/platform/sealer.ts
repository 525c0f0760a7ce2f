import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Sealer } from '../env/sealer.ts';
import { OptionsError } from './options.ts';

const METHOD = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What a key is known by: enough to tell two keys apart, and nothing about the key. */
const KEY_ID_DIGITS = 12;

/** A new key, in the form in which operators keep it. */
export function newSealingKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/**
 * AES-256-GCM under `key`, 32 bytes, with a random nonce for each secret and the owner as associated data: a sealed secret that was
 * moved to another owner does not open. The sealed text is Base64 of nonce, ciphertext and tag.
 */
export function createSealer(key: Uint8Array): Sealer {
  const id = createHmac('sha256', key).update('id of a sealing key').digest('hex').slice(0, KEY_ID_DIGITS);
  return {
    name: `${METHOD}:${id}`,
    seal(secret: string, boundTo: string): string {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(METHOD, key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(boundTo));
      return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
    },
    open(sealed: string, boundTo: string): string | undefined {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(METHOD, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(boundTo));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
      try {
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

/** How an operator supplies the key: as text, or as a file that holds it. Empty counts as not given. */
export interface SealingKeySource {
  readonly key: string | undefined;
  readonly file: string | undefined;
}

/**
 * The sealer of the operator's key; undefined when none is given. The key is 32 bytes, in hexadecimal or Base64 (`openssl rand
 * -base64 32`). Throws OptionsError, which never shows what was given.
 */
export function sealerOf({ key, file }: SealingKeySource): Sealer | undefined {
  if (key && file) throw new OptionsError(['The sealing key is given twice: as a text and as a file.']);
  if (!key && !file) return undefined;
  const bytes = parseKey(key || readKeyFile(file as string));
  if (bytes === undefined) {
    const place = key ? 'The sealing key' : `The sealing key in ${file}`;
    throw new OptionsError([`${place} is not ${KEY_BYTES} bytes in hexadecimal or Base64 (openssl rand -base64 ${KEY_BYTES}).`]);
  }
  return createSealer(bytes);
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new OptionsError([`The sealing key cannot be read: ${(error as Error).message}`]);
  }
}

function parseKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (/^[A-Za-z0-9+/]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64');
  return undefined;
}
