import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import type { Slot } from '../../shared/base/ids.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import { compareBytes } from '../../shared/base/bytes.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import { decodeStoredValue } from '../../shared/item/stored-value.ts';
import { serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import { decodeGroupMeta, encodeGroupMeta } from '../core/group-state.ts';
import { entriesOf, itemsAfter, SETTINGS, type Write, writeRecord, writes } from './local-indexes.fixture.ts';
import { BALLOT, IDENTITY, ownRecord, ReplicaWorld, stateAt } from './replica-world.fixture.ts';

const keyOf = (s: number): AttributeMap => ({ p: { S: 'one' }, s: { N: String(s) } });

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

async function applied({ group, timers }: ReplicaWorld, slot: Slot): Promise<void> {
  for (let turns = 0; turns < 5000 && group.state.applied < slot; turns++) await timers.settle();
  assert.equal(group.state.applied, slot);
}

/** A large checkpoint pauses between turns. */
async function checkpointed({ group, timers }: ReplicaWorld): Promise<void> {
  let isDone = false;
  const checkpoint = group.checkpoint().then(() => {
    isDone = true;
  });
  while (!isDone) await timers.settle();
  await checkpoint;
}

describe('entries of local indexes', () => {
  it('follow from the items, whatever was written, through a restart', async () => {
    await fc.assert(
      fc.asyncProperty(writes, fc.nat(40), async (all, at) => {
        const world = new ReplicaWorld();
        await world.create();
        const settings = ownRecord('settings', serializePartitionSettings(SETTINGS));
        const records = all.map((write, index) => writeRecord(write, index + 2));
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
        const items = itemsAfter(all);
        assert.deepEqual(await found(world), entriesOf(items));
        const itemBytes = [...items.values()].reduce((sum, item) => sum + itemSize(item), 0);
        assert.deepEqual(await world.group.countItems(), { items: items.size, itemBytes });
        assert.deepEqual(world.failures, []);
      }),
      { numRuns: 30 },
    );
  });

  it('are part of a snapshot of the tree', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const all = Array.from({ length: 9 }, (_, s): Write => ({ key: keyOf(s), item: { ...keyOf(s), a: { S: `a${s}` }, b: { N: '1' } } }));
    const records = [ownRecord('settings', serializePartitionSettings(SETTINGS)), ...all.map((write, at) => writeRecord(write, at + 2))];
    await world.follow(records, records.length);
    await world.group.checkpoint();
    const pinned = await world.group.tree.pinned();
    const entries = new Map<string, AttributeMap>();
    for await (const [key, value] of pinned.entries()) {
      if (compareBytes(key, LOCAL_SPACE_LOW) >= 0)
        entries.set(Buffer.from(key).toString('hex'), parseItem(decodeStoredValue(value, key, nodeDigest).json));
    }
    await pinned.close();
    assert.deepEqual(entries, entriesOf(itemsAfter(all)));
    assert.deepEqual(decodeGroupMeta(pinned.meta, 1).state.settings, SETTINGS);
  });

  it('are derived by the settings that a snapshot has brought', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const slot = 10;
    const state = stateAt(slot);
    state.settings = SETTINGS;
    const meta = encodeGroupMeta(IDENTITY, state, { slot, ballot: BALLOT });
    const tree = await world.pages.startLoad(IDENTITY.replica).install(meta);
    world.group.installed(tree, { identity: IDENTITY, state }, BALLOT);
    const all = Array.from({ length: 9 }, (_, s): Write => ({ key: keyOf(s), item: { ...keyOf(s), a: { S: `a${s}` }, b: { N: '1' } } }));
    await world.follow(
      all.map((write, at) => writeRecord(write, slot + 1 + at)),
      slot + all.length,
    );
    await applied(world, slot + all.length);
    assert.deepEqual(await found(world), entriesOf(itemsAfter(all)));
    assert.deepEqual(world.failures, []);
  });

  it('are derived with hardly a page in memory, while records ahead are read, too', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const count = 150;
    const writeOf = (s: number, round: number): Write => {
      const attributes = { a: { S: `a${(s * 7 + round * 11) % count}` }, b: { N: String((s * 31 + round) % count) } };
      return { key: keyOf(s), item: { ...keyOf(s), ...attributes, x: { S: 'x'.repeat(900) } } };
    };
    const numbers = Array.from({ length: count }, (_, s) => (s * 67) % count);
    const all = [...numbers.map((s) => writeOf(s, 0)), ...numbers.map((s) => writeOf(s, 1))];
    const records = [ownRecord('settings', serializePartitionSettings(SETTINGS)), ...all.map((write, at) => writeRecord(write, at + 2))];
    await world.follow(records.slice(0, count + 1), count + 1);
    await applied(world, count + 1);
    await checkpointed(world);
    // Whoever reads for ever never lets a turn end.
    const { tree } = world.group;
    const fetch = tree.fetch.bind(tree);
    let fetches = 0;
    tree.fetch = (...given) => {
      fetches += 1;
      assert(fetches < 200_000, 'pages are read again and again');
      return fetch(...given);
    };
    // All of them are chosen at once, so that there is much to read ahead.
    await world.step({ kind: 'sync', ballot: BALLOT, from: count + 1, records: records.slice(count + 1), commit: records.length });
    await applied(world, records.length);
    assert.deepEqual(await found(world), entriesOf(itemsAfter(all)));
  });

  it('are not derived by settings that came too late', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const newer = ownRecord('settings', serializePartitionSettings({ ...SETTINGS, version: 3, localIndexes: [] }));
    const older = ownRecord('settings', serializePartitionSettings(SETTINGS));
    const key = { p: { S: 'one' }, s: { N: '1' } };
    await world.follow([newer, older, writeRecord({ key, item: { ...key, a: { S: 'a' } } }, 3)], 3);
    assert.equal(world.group.state.settings?.version, 3);
    assert.equal((await found(world)).size, 0);
  });
});
