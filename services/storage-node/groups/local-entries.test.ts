import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import type { Slot } from '../../shared/base/ids.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap, AttributeValue } from '../../shared/item/attribute-value.ts';
import { localIndexKey } from '../../shared/item/index-key.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { LOCAL_SPACE_LOW, localKey } from '../../shared/item/local-space.ts';
import { decodeStoredValue, encodeStoredValue } from '../../shared/item/stored-value.ts';
import { type PartitionSettings, serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import { encodeLogRecord } from '../../shared/wal/log-record.ts';
import { BALLOT, ownRecord, ReplicaWorld } from './replica-world.fixture.ts';

const SETTINGS: PartitionSettings = {
  version: 1,
  keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'N' } },
  localIndexes: [
    { name: 'byA', number: 1, sort: { name: 'a', type: 'S' }, projection: { kind: 'all' } },
    { name: 'byB', number: 2, sort: { name: 'b', type: 'N' }, projection: { kind: 'include', attributes: ['x'] } },
    { name: 'bySort', number: 5, sort: { name: 's', type: 'N' }, projection: { kind: 'keys-only' } },
  ],
  globalIndexes: [],
};
const NAMES = ['p', 's', 'a', 'b', 'x'];

type Write = { readonly key: AttributeMap; readonly item: AttributeMap | undefined };

const optional = (value: fc.Arbitrary<AttributeValue>): fc.Arbitrary<AttributeValue | undefined> => fc.option(value, { nil: undefined });
const number = (max: number): fc.Arbitrary<AttributeValue> => fc.integer({ min: 0, max }).map((value) => ({ N: String(value) }));
const writes: fc.Arbitrary<Write[]> = fc.array(
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

function recordOf({ key: attributes, item }: Write, slot: Slot): Buffer {
  const key = encodeKey(SETTINGS.keys, attributes, nodeDigest);
  const fields = { flags: 0, slot, timeMs: 1, originRegion: 'local' };
  const newValue = item && encodeStoredValue({ ...fields, size: itemSize(item), json: serializeItem(item) }, key, nodeDigest);
  const change = item === undefined ? ('remove' as const) : ('modify' as const);
  const record = { type: 'write' as const, timeMs: 1, change, identity: { kind: 'user' as const, name: '' }, oldSize: 0, key };
  return encodeLogRecord({ ...record, payload: new Uint8Array(0), ...(newValue === undefined ? {} : { newValue }) }, nodeDigest);
}

/** What the indexes must hold, computed from the items alone: key in hexadecimal, and the item. */
function expected(all: readonly Write[]): Map<string, AttributeMap> {
  const items = new Map<string, AttributeMap>();
  for (const { key, item } of all) {
    const name = encodeKey(SETTINGS.keys, key, nodeDigest).toString('hex');
    if (item === undefined) items.delete(name);
    else items.set(name, item);
  }
  const entries = new Map<string, AttributeMap>();
  for (const [name, item] of items) {
    for (const { number: space, sort, projection } of SETTINGS.localIndexes) {
      const key = localIndexKey(SETTINGS.keys, sort, item, Buffer.from(name, 'hex'));
      if (key === undefined) continue;
      const kept = projection.kind === 'all' ? NAMES : ['p', 's', sort.name, ...(projection.kind === 'include' ? ['x'] : [])];
      const projected = Object.fromEntries(Object.entries(item).filter(([attribute]) => kept.includes(attribute)));
      entries.set(localKey(space, key).toString('hex'), projected);
    }
  }
  return entries;
}

async function found({ group, timers }: ReplicaWorld): Promise<Map<string, AttributeMap>> {
  const entries = new Map<string, AttributeMap>();
  let low: Uint8Array | undefined = LOCAL_SPACE_LOW;
  while (low !== undefined) {
    const step: ScanStep = group.tree.scan(low, undefined, false, (key, value) => {
      entries.set(Buffer.from(key).toString('hex'), parseItem(decodeStoredValue(value, key, nodeDigest).json));
      return true;
    });
    low = step.next;
    await timers.settle();
    await step.wait;
  }
  return entries;
}

describe('entries of local indexes', () => {
  it('follow from the items, whatever was written, through a restart', async () => {
    await fc.assert(
      fc.asyncProperty(writes, fc.nat(40), async (all, at) => {
        const world = new ReplicaWorld();
        await world.create();
        const settings = ownRecord('settings', serializePartitionSettings(SETTINGS));
        const records = all.map((write, index) => recordOf(write, index + 2));
        const before = Math.min(at, records.length);
        await world.follow([settings, ...records.slice(0, before)], 1 + before);
        await world.group.checkpoint();
        await world.restart();
        assert.deepEqual(world.group.state.settings, SETTINGS);
        const log = [settings, ...records];
        const ballot = { ...BALLOT, round: 2 };
        await world.timers.advance(DEFAULT_PAXOS_OPTIONS.leaseMs);
        await world.step({ kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 });
        const { commit } = world.group.paxos;
        await world.step({ kind: 'sync', ballot, from: commit, records: log.slice(commit), commit: log.length });
        assert.equal(world.group.state.applied, log.length);
        assert.deepEqual(await found(world), expected(all));
        assert.deepEqual(world.failures, []);
      }),
      { numRuns: 30 },
    );
  });

  it('are not derived by settings that came too late', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const newer = ownRecord('settings', serializePartitionSettings({ ...SETTINGS, version: 3, localIndexes: [] }));
    const older = ownRecord('settings', serializePartitionSettings(SETTINGS));
    const key = { p: { S: 'one' }, s: { N: '1' } };
    await world.follow([newer, older, recordOf({ key, item: { ...key, a: { S: 'a' } } }, 3)], 3);
    assert.equal(world.group.state.settings?.version, 3);
    assert.equal((await found(world)).size, 0);
  });
});
