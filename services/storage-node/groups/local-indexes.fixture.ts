import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import type { Slot } from '../../shared/base/ids.ts';
import { serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../../shared/item/attribute-value.ts';
import { localIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { localKey } from '../../shared/item/local-space.ts';
import { encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { encodeLogRecord } from '../../shared/wal/log-record.ts';

/** A table with three local indexes, one of each kind of projection. */
export const SETTINGS: PartitionSettings = {
  version: 1,
  keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'N' } },
  localIndexes: [
    { name: 'byA', number: 1, sort: { name: 'a', type: 'S' }, projection: { kind: 'all' } },
    { name: 'byB', number: 2, sort: { name: 'b', type: 'N' }, projection: { kind: 'include', attributes: ['x'] } },
    { name: 'bySort', number: 5, sort: { name: 's', type: 'N' }, projection: { kind: 'keys-only' } },
  ],
  globalIndexes: [],
};

export type Write = { readonly key: AttributeMap; readonly item: AttributeMap | undefined };

const optional = (value: fc.Arbitrary<AttributeValue>): fc.Arbitrary<AttributeValue | undefined> => fc.option(value, { nil: undefined });
const number = (max: number): fc.Arbitrary<AttributeValue> => fc.integer({ min: 0, max }).map((value) => ({ N: String(value) }));
export const writes: fc.Arbitrary<Write[]> = fc.array(
  fc
    .record({
      p: fc.constantFrom<AttributeValue>({ S: 'one' }, { S: 'two' }),
      s: number(5),
      isDelete: fc.boolean(),
      // Also values of another type, and empty ones: those are in no index.
      a: optional(fc.constantFrom<AttributeValue>({ S: 'a' }, { S: 'b' }, { S: '' }, { N: '1' })),
      b: optional(number(3)),
      x: optional(fc.constant<AttributeValue>({ L: [{ BOOL: true }] })),
    })
    .map(({ p, s, isDelete, ...rest }): Write => {
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as AttributeMap;
      return { key: { p, s }, item: isDelete ? undefined : { p, s, ...given } };
    }),
  { minLength: 1, maxLength: 40 },
);

/** The record by which the leader of SETTINGS' table changes an item. */
export function writeRecord({ key: attributes, item }: Write, slot: Slot): Buffer {
  const key = encodeKey(SETTINGS.keys, attributes, nodeDigest);
  const fields = { flags: 0, slot, timeMs: 1, originRegion: 'local' };
  const newValue = item && encodeStoredValue({ ...fields, size: itemSize(item), json: serializeItem(item) }, key, nodeDigest);
  const change = item === undefined ? ('remove' as const) : ('modify' as const);
  const record = { type: 'write' as const, timeMs: 1, change, identity: { kind: 'user' as const, name: '' }, oldSize: 0, key };
  return encodeLogRecord({ ...record, payload: new Uint8Array(0), ...(newValue === undefined ? {} : { newValue }) }, nodeDigest);
}

/** The items that are there after these writes, by their keys in hexadecimal. */
export function itemsAfter(all: readonly Write[]): Map<string, AttributeMap> {
  const items = new Map<string, AttributeMap>();
  for (const { key, item } of all) {
    const name = encodeKey(SETTINGS.keys, key, nodeDigest).toString('hex');
    if (item === undefined) items.delete(name);
    else items.set(name, item);
  }
  return items;
}

/** What the indexes must hold, computed from the items alone: key in the tree, in hexadecimal, and the item that the entry holds. */
export function entriesOf(items: ReadonlyMap<string, AttributeMap>): Map<string, AttributeMap> {
  const entries = new Map<string, AttributeMap>();
  for (const [name, item] of items) {
    for (const { number: space, sort, projection } of SETTINGS.localIndexes) {
      const key = localIndexKey(SETTINGS.keys, sort, item, Buffer.from(name, 'hex'));
      if (key === undefined) continue;
      const kept = projection.kind === 'all' ? Object.keys(item) : ['p', 's', sort.name, ...(projection.kind === 'include' ? ['x'] : [])];
      const projected = Object.fromEntries(Object.entries(item).filter(([attribute]) => kept.includes(attribute)));
      entries.set(localKey(space, key).toString('hex'), projected);
    }
  }
  return entries;
}
