import { consumedCapacity } from './capacity.ts';
import type { CapacityDetail } from './capacity.ts';

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

/** `{"<member>":<item>,"ConsumedCapacity":…}`, each only when there is something to tell. */
export function itemAnswer(
  member: 'Item' | 'Attributes',
  item: Uint8Array | undefined,
  detail: CapacityDetail,
  tableName: string,
  units: number,
): Buffer {
  if (detail === 'NONE') return item === undefined ? EMPTY_ANSWER : joinParts([`{"${member}":`, item, '}']);
  const capacity = `"ConsumedCapacity":${consumedCapacity(detail, tableName, units)}}`;
  return item === undefined ? Buffer.from(`{${capacity}`) : joinParts([`{"${member}":`, item, ',', capacity]);
}
