import { utf8 } from '../../services/shared/base/bytes.ts';
import type { ItemOperation } from '../../services/router/core/storage-port.ts';
import { getAttribute, parseItem, serializeItem } from '../../services/shared/item/attribute-map.ts';
import type { KeySchema } from '../../services/shared/item/attribute-value.ts';
import { itemSize } from '../../services/shared/item/item-size.ts';
import { encodeKey } from '../../services/shared/item/key-encoding.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';

/** The workloads' items: a key `pk`, a number `v`, and padding `p` where something is to weigh. */
const KEYS: KeySchema = { partition: { name: 'pk', type: 'S' } };

export function keyOf(name: string): Buffer {
  return encodeKey(KEYS, { pk: { S: name } }, nodeDigest);
}

export function readOperation(name: string, consistent: boolean): ItemOperation {
  return { kind: 'get', key: keyOf(name), consistent };
}

export function putOperation(name: string, value: number, padding: number, more: Partial<ItemOperation> = {}): ItemOperation {
  const item = { pk: { S: name }, v: { N: String(value) }, ...(padding > 0 && { p: { S: 'x'.repeat(padding) } }) };
  const fields = { kind: 'put', key: keyOf(name), item: serializeItem(item), itemSize: itemSize(item), returnOld: true } as const;
  return { ...fields, returnOldOnFailure: true, ...more } as ItemOperation;
}

export function deleteOperation(name: string, more: Partial<ItemOperation> = {}): ItemOperation {
  return { kind: 'delete', key: keyOf(name), returnOld: true, returnOldOnFailure: true, ...more } as ItemOperation;
}

/** An update that answers with all attributes it finds afterwards. */
export function updateOperation(name: string, update: string, value: number, more: Partial<ItemOperation> = {}): ItemOperation {
  const fields = {
    kind: 'update',
    key: keyOf(name),
    keyAttributes: serializeItem({ pk: { S: name } }),
    update,
    values: values({ ':v': value }),
    returnValues: 'all-new',
  } as const;
  return { ...fields, returnOldOnFailure: true, ...more } as ItemOperation;
}

/** Placeholders for numbers. */
export function values(numbers: Readonly<Record<string, number>>): Buffer {
  const entries = Object.entries(numbers).map(([name, value]) => [name, { N: String(value) }]);
  return utf8(JSON.stringify(Object.fromEntries(entries)));
}

/** The number in an item; undefined when there is no item. */
export function numberOf(item: Uint8Array | undefined): number | undefined {
  if (item === undefined) return undefined;
  const value = getAttribute(parseItem(item), 'v');
  if (value === undefined || !('N' in value)) throw new Error('an item without its number');
  return Number(value.N);
}
