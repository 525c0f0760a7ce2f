import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { itemSize } from '../../shared/item/item-size.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { decodeLogRecord } from '../../shared/wal/log-record.ts';
import { MEASURE_COLLECTION, MEASURE_INDEXES, type DeleteOperation } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupTies } from './group-host.ts';
import { IndexAccounts } from './index-accounts.ts';
import { entriesOf, itemsAfter, SETTINGS, type Write, writeRecord } from './local-indexes.fixture.ts';
import { ownRecord, ReplicaWorld } from './replica-world.fixture.ts';

function writeOf(p: string, s: number, fill = 0): Write {
  const key = { p: { S: p }, s: { N: String(s) } };
  return { key, item: { ...key, a: { S: 'a' }, b: { N: String(s) }, f: { S: 'f'.repeat(fill) } } };
}

/** Bytes of what is there after these writes with a partition key, items and entries. */
function bytesOf(all: readonly Write[], p: string): number {
  const items = new Map([...itemsAfter(all)].filter(([, item]) => JSON.stringify(item['p']) === JSON.stringify({ S: p })));
  return [...items.values(), ...entriesOf(items).values()].reduce((sum, item) => sum + itemSize(item), 0);
}

const keyOf = ({ key }: Write): Buffer => encodeKey(SETTINGS.keys, key, nodeDigest);
const imageOf = (write: Write): Uint8Array | undefined => decodeLogRecord(writeRecord(write, 9), nodeDigest).newValue;

async function accountsOf(all: readonly Write[], itemCollectionBytesMax = 10 ** 10, settings = SETTINGS) {
  const world = new ReplicaWorld();
  await world.create();
  const records = [ownRecord('settings', serializePartitionSettings(settings)), ...all.map((write, at) => writeRecord(write, at + 2))];
  await world.follow(records, records.length);
  const { tree, state } = world.group;
  const copy = { tree, state, fetch: (key: Uint8Array) => tree.fetch(key, 'place') } as unknown as GroupCopy;
  const ties = { host: { itemCollectionBytesMax, environment: world.environment } } as unknown as GroupTies;
  return { world, state, accounts: new IndexAccounts(copy, ties) };
}

const operation = (write: Write, measure: number): DeleteOperation => ({
  kind: 'delete',
  key: keyOf(write),
  returnOld: false,
  number: 1,
  returnOldOnFailure: false,
  measure,
});

describe('the size of an item collection', () => {
  const all = [...Array.from({ length: 30 }, (_, s) => writeOf('one', s, s * 10)), writeOf('two', 1, 100), writeOf('three', 1)];

  it('is told with the answer of a write that asks for it, from items and entries', async () => {
    const { world, accounts } = await accountsOf(all);
    for (const p of ['one', 'two', 'three', 'four']) {
      const answers: Answer[] = [];
      accounts.telling(operation(writeOf(p, 1), MEASURE_COLLECTION), (answer) => void answers.push(answer))({ status: 'ok', slot: 5 });
      for (let turns = 0; turns < 100 && answers.length === 0; turns++) await world.timers.settle();
      assert.deepEqual(answers, [{ status: 'ok', slot: 5, collectionBytes: bytesOf(all, p) }]);
    }
  });

  it('is not told where it is not asked for, of a write that failed, and where there is no local index', async () => {
    const { accounts } = await accountsOf(all);
    const none = await accountsOf([], 0, { ...SETTINGS, localIndexes: [] });
    const answers: Answer[] = [];
    const respond = (answer: Answer): void => void answers.push(answer);
    const write = writeOf('one', 1);
    accounts.telling(operation(write, MEASURE_INDEXES), respond)({ status: 'ok' });
    accounts.telling(operation(write, MEASURE_COLLECTION), respond)({ status: 'condition-failed' });
    none.accounts.telling(operation(write, MEASURE_COLLECTION), respond)({ status: 'ok' });
    assert.deepEqual(answers, [{ status: 'ok' }, { status: 'condition-failed' }, { status: 'ok' }]);
    assert.equal(none.accounts.growth(keyOf(write), undefined, imageOf(write)), 0, 'a table without local indexes has no limit');
  });

  it('may grow up to its limit, and not beyond; what is under way counts', async () => {
    const grown = writeOf('one', 100, 200);
    const room = bytesOf([grown], 'one') + 400;
    const { world, state, accounts } = await accountsOf(all, bytesOf(all, 'one') + room);
    assert.equal(accounts.fetch(keyOf(grown)), undefined);
    const growth = accounts.growth(keyOf(grown), undefined, imageOf(grown));
    assert(growth !== undefined);
    assert.equal(growth, room - 400);
    // An item of `fill` bytes has them twice: itself, and in the index that holds all.
    const exact = 400;
    assert.equal(accounts.growth(keyOf(grown), undefined, imageOf(writeOf('one', 100, exact))), room);
    assert.equal(accounts.growth(keyOf(grown), undefined, imageOf(writeOf('one', 100, exact + 1))), undefined);
    accounts.proposed(keyOf(grown), world.group.state.applied + 1, growth);
    const next = writeOf('one', 200, exact);
    assert.equal(accounts.growth(keyOf(next), undefined, imageOf(next)), undefined, 'with what is under way it is too much');
    const elsewhere = writeOf('two', 200, exact);
    assert.equal(accounts.growth(keyOf(elsewhere), undefined, imageOf(elsewhere)), bytesOf([elsewhere], 'two'));
    const shrunk = accounts.growth(keyOf(writeOf('one', 3)), imageOf(writeOf('one', 3, 30)), imageOf(writeOf('one', 3, 0)));
    assert.equal(shrunk, -60, 'what shrinks passes');
    assert.equal(accounts.growth(keyOf(writeOf('one', 3)), imageOf(writeOf('one', 3)), undefined), -bytesOf([writeOf('one', 3)], 'one'));
    state.applied += 1;
    assert.equal(accounts.growth(keyOf(next), undefined, imageOf(next)), room, 'what is applied counts in the tree alone');
    accounts.proposed(keyOf(next), state.applied + 1, room);
    assert.equal(accounts.growth(keyOf(next), undefined, imageOf(next)), undefined);
    accounts.drop();
    assert.equal(accounts.growth(keyOf(next), undefined, imageOf(next)), room);
  });

  it('costs nothing as long as the partition is far smaller than the limit', async () => {
    const { world, accounts } = await accountsOf(all);
    const { tree } = world.group;
    tree.below = () => assert.fail('the tree is asked');
    assert.equal(accounts.fetch(keyOf(writeOf('one', 1))), undefined);
    assert.equal(accounts.growth(keyOf(writeOf('one', 200)), undefined, imageOf(writeOf('one', 200))), 0);
  });
});

describe('the units that a write takes in indexes', () => {
  it('are told where they are asked for', async () => {
    const { accounts } = await accountsOf([]);
    const write = writeOf('one', 1, 2000);
    const units = accounts.withUnits(operation(write, MEASURE_INDEXES), undefined, imageOf(write), { status: 'ok' });
    assert.deepEqual(units.indexUnits, [
      { index: 'byA', units: 2 },
      { index: 'byB', units: 1 },
      { index: 'bySort', units: 1 },
    ]);
    assert.deepEqual(accounts.withUnits(operation(write, MEASURE_COLLECTION), undefined, imageOf(write), { status: 'ok' }), {
      status: 'ok',
    });
  });
});
