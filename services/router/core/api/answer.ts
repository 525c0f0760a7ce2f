import { utf8 } from '../../../shared/base/bytes.ts';
import type { Timers } from '../../../shared/env/clock.ts';
import type { Digest } from '../../../shared/env/digest.ts';
import { TURN_BYTES_MAX } from '../../../shared/limits/api-limits.ts';

/** The bytes of answers. Items are put in as the storage nodes sent them: canonical JSON needs no parsing to be passed on. */

const EMPTY_ANSWER = Buffer.from('{}');

/** Parts in a row, text in ASCII or UTF-8 and items in bytes. */
export function joinParts(parts: readonly (string | Uint8Array)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === 'string' ? Buffer.byteLength(part) : part.length;
  const answer = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      at += answer.write(part, at, 'utf8');
    } else {
      answer.set(part, at);
      at += part.length;
    }
  }
  return answer;
}

/** The same for parts that may be 16 MB together, each an item at most: other requests have their turn meanwhile. */
export async function joinManyParts(parts: readonly (string | Uint8Array)[], timers: Timers): Promise<Buffer> {
  const byteParts = parts.map((part) => (typeof part === 'string' ? utf8(part) : part));
  const answer = Buffer.allocUnsafeSlow(byteParts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  let turnEnd = TURN_BYTES_MAX;
  for (const part of byteParts) {
    answer.set(part, at);
    at += part.length;
    if (at < turnEnd) continue;
    turnEnd = at + TURN_BYTES_MAX;
    await nextTurn(timers);
  }
  return answer;
}

/** CRC-32 of an answer; other requests have their turn while a long one is read. */
export async function crc32InTurns(bytes: Buffer, digest: Digest, timers: Timers): Promise<number> {
  let crc = 0;
  for (let at = 0; at < bytes.length; at += TURN_BYTES_MAX) {
    if (at > 0) await nextTurn(timers);
    crc = digest.crc32(bytes.subarray(at, at + TURN_BYTES_MAX), crc);
  }
  return crc;
}

export function nextTurn(timers: Timers): Promise<void> {
  return new Promise((resolve) => timers.endOfTurn(resolve));
}

/** `{"<member>":<item>,<rest>}`, each only when there is something to tell; `rest` holds whole members. */
export function itemAnswer(member: 'Item' | 'Attributes', item: Uint8Array | undefined, rest: string): Buffer {
  if (item === undefined) return rest === '' ? EMPTY_ANSWER : Buffer.from(`{${rest}}`);
  return joinParts(rest === '' ? [`{"${member}":`, item, '}'] : [`{"${member}":`, item, `,${rest}}`]);
}
