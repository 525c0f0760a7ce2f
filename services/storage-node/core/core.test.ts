import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { ByteReader } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import { storedItemJson } from '../../shared/item/stored-value.ts';
import { nodeDigest } from '../../shared/platform/digest.ts';
import { decodeLogRecord } from '../../shared/wal/log-record.ts';
import type { PutOperation, UpdateOperation } from '../../shared/wire/storage-operations.ts';
import { decodeGroupMeta, encodeGroupMeta, GroupState } from './group-state.ts';
import { decodeNodeIdentity, encodeNodeIdentity, WrongDataFolderError } from './node-identity.ts';
import { Overlay } from './overlay.ts';
import { REMEMBERED_MAX, RequestTable } from './request-table.ts';
import { WriteEvaluator, type WriteOutcome } from './write-evaluator.ts';

const key = utf8('hash-and-key');
const put: PutOperation = {
  kind: 'put',
  key,
  item: utf8('{"pk":{"S":"a"},"n":{"N":"1"}}'),
  itemSize: 6,
  number: 1,
  returnOld: false,
  returnOldOnFailure: false,
};
const update: UpdateOperation = {
  kind: 'update',
  key,
  keyAttributes: utf8('{"pk":{"S":"a"}}'),
  update: 'SET n = n + :one',
  values: utf8('{":one":{"N":"1"}}'),
  returnValues: 'none',
  number: 2,
  returnOldOnFailure: false,
};
const context = { slot: 7, timeMs: 1000, request: { life: 5, number: 1 } };
const environment = testEnvironment(new ManualTimers());
const evaluator = new WriteEvaluator(nodeDigest, environment.logger, 'local');

function storedBy(outcome: WriteOutcome): Buffer {
  assert(outcome.record !== undefined && outcome.newValue !== undefined);
  return outcome.newValue;
}

describe('evaluating writes', () => {
  test('a put makes a record that carries the whole image', () => {
    const outcome = evaluator.evaluate(put, undefined, context);
    assert(outcome.record !== undefined);
    const record = decodeLogRecord(outcome.record, nodeDigest);
    assert.equal(record.change, 'insert');
    assert.deepEqual(record.request, context.request);
    assert.deepEqual(outcome.answer, { status: 'ok', slot: 7, oldSize: 0, newSize: 6 });
    assert.equal(storedItemJson(storedBy(outcome)).toString(), '{"pk":{"S":"a"},"n":{"N":"1"}}');
  });

  test('a request that nobody foresaw is answered and logged; it ends nobody', () => {
    const torn = utf8('{"pk":');
    const broken = [
      { ...update, keyAttributes: torn },
      { ...update, values: torn },
      { ...put, condition: 'n = :one', values: torn },
    ];
    for (const operation of broken) {
      const { record, answer } = evaluator.evaluate(operation, undefined, context);
      assert.deepEqual([record, answer.status], [undefined, 'validation']);
    }
    assert.ok(environment.lines.some(({ level }) => level === 'error'));
  });

  test('a failed condition makes no record, and shows the old item only when asked', () => {
    const old = storedBy(evaluator.evaluate(put, undefined, context));
    const guarded = { ...put, condition: 'attribute_not_exists(pk)' };
    assert.deepEqual(evaluator.evaluate(guarded, old, context), { record: undefined, answer: { status: 'condition-failed', oldSize: 6 } });
    const shown = evaluator.evaluate({ ...guarded, returnOldOnFailure: true }, old, context);
    assert.equal(Buffer.from(shown.answer.item ?? '').toString(), '{"pk":{"S":"a"},"n":{"N":"1"}}');
  });

  test('an update reads the old image, and one that changes nothing makes no record', () => {
    const old = storedBy(evaluator.evaluate(put, undefined, context));
    assert.equal(storedItemJson(storedBy(evaluator.evaluate(update, old, context))).toString(), '{"pk":{"S":"a"},"n":{"N":"2"}}');
    const same = evaluator.evaluate({ ...update, update: 'SET n = n' } as UpdateOperation, old, context);
    assert.equal(same.record, undefined);
    const without: UpdateOperation = { ...update, update: '' };
    assert.equal(evaluator.evaluate(without, old, context).record, undefined);
    assert.equal(storedItemJson(storedBy(evaluator.evaluate(without, undefined, context))).toString(), '{"pk":{"S":"a"}}');
  });

  test('an update that only takes away makes no item', () => {
    for (const text of ['REMOVE n', 'DELETE tags :gone', 'REMOVE n DELETE tags :gone']) {
      for (const returnValues of ['none', 'all-new', 'updated-new'] as const) {
        const values = utf8('{":gone":{"SS":["x"]},":one":{"N":"1"}}');
        const outcome = evaluator.evaluate({ ...update, update: text, values, returnValues }, undefined, context);
        assert.deepEqual(outcome, { record: undefined, answer: { status: 'ok', oldSize: 0, newSize: 0 } });
      }
    }
    assert.notEqual(evaluator.evaluate({ ...update, update: 'SET a = :one REMOVE n' }, undefined, context).record, undefined);
    assert.notEqual(evaluator.evaluate({ ...update, update: '' }, undefined, context).record, undefined);
  });

  test('an update that the item does not allow is answered, not thrown', () => {
    const outcome = evaluator.evaluate(update, undefined, context);
    assert.equal(outcome.record, undefined);
    assert.equal(outcome.answer.status, 'validation');
    assert.match(outcome.answer.message ?? '', /refers to an attribute that does not exist/);
  });

  test('an update whose result could never be written out is answered, not built', () => {
    const big = `{"pk":{"S":"a"},"x":{"S":"${'\\u0001'.repeat(400_000)}"}}`;
    const old = storedBy(evaluator.evaluate({ ...put, item: utf8(big), itemSize: 400_004 }, undefined, context));
    const copies = Array.from({ length: 500 }, (_, position) => `y${position}=x`).join(',');
    const outcome = evaluator.evaluate({ ...update, update: `SET ${copies}`, values: utf8('{}') }, old, context);
    assert.equal(outcome.record, undefined);
    assert.equal(outcome.answer.status, 'validation');
    assert.equal(outcome.answer.message, 'Item size to update has exceeded the maximum allowed size');
  });

  test('a repeated write is answered from its record as it was the first time', () => {
    const old = storedBy(evaluator.evaluate(put, undefined, context));
    for (const returnValues of ['none', 'all-old', 'all-new', 'updated-old', 'updated-new'] as const) {
      const operation = { ...update, returnValues };
      const first = evaluator.evaluate(operation, old, context);
      assert(first.record !== undefined);
      const record = decodeLogRecord(first.record, nodeDigest);
      assert.deepEqual(evaluator.repeat(operation, record.oldImage, record.newValue, record.oldSize, 7), first.answer);
    }
  });
});

describe('the request table', () => {
  test('remembers a number for a while of log time, then refuses it for ever', () => {
    const table = new RequestTable(30_000);
    table.add({ life: 1, number: 4 }, 10, 1000);
    assert.equal(table.lookUp({ life: 1, number: 4 }), 10);
    assert.equal(table.lookUp({ life: 1, number: 3 }), undefined);
    assert.equal(table.lookUp({ life: 2, number: 4 }), undefined);
    table.add({ life: 1, number: 9 }, 11, 31_000);
    assert.equal(table.lookUp({ life: 1, number: 4 }), 'refused');
    assert.equal(table.lookUp({ life: 1, number: 3 }), 'refused');
    assert.equal(table.lookUp({ life: 1, number: 9 }), 11);
  });

  test('does not grow without end while log time stands still', () => {
    const table = new RequestTable(30_000);
    for (let number = 1; number <= REMEMBERED_MAX + 5; number++) table.add({ life: 1, number }, number, 1000);
    assert.equal(table.size, REMEMBERED_MAX);
    assert.equal(table.lookUp({ life: 1, number: 5 }), 'refused');
    assert.equal(table.lookUp({ life: 1, number: 6 }), 6);
  });

  test('forgets in the order of execution, and goes on when nothing was left', () => {
    const table = new RequestTable(100);
    const add = (number: number, timeMs: number): void => table.add({ life: 1, number }, number + 1000, timeMs);
    add(1, 0);
    add(3, 50);
    add(2, 90);
    add(4, 100);
    assert.equal(table.lookUp({ life: 1, number: 1 }), 'refused');
    assert.equal(table.lookUp({ life: 1, number: 3 }), 1003);
    assert.equal(table.spanMs, 50, 'from 3 to 4');
    table.add({ life: 2, number: 1 }, 2001, 110);
    assert.equal(table.spanMs, 50, 'each life for itself');
    add(5, 180);
    assert.equal(table.lookUp({ life: 1, number: 3 }), 'refused');
    assert.equal(table.lookUp({ life: 1, number: 2 }), 1002, 'executed after 3, so known for longer');
    add(6, 500);
    assert.equal(table.size, 2, 'the other life was told nothing since');
    add(7, 501);
    add(8, 601);
    assert.equal(table.size, 2);
    assert.equal(table.spanMs, 0);
    assert.deepEqual(
      [6, 7, 8, 9].map((number) => table.lookUp({ life: 1, number })),
      ['refused', 'refused', 1008, undefined],
    );
  });

  test('a number that is told twice keeps its place', () => {
    const table = new RequestTable(100);
    const add = (number: number, slot: number, timeMs: number): void => table.add({ life: 1, number }, slot, timeMs);
    add(1, 1, 0);
    add(2, 2, 10);
    add(1, 3, 20);
    assert.equal(table.size, 2);
    assert.equal(table.lookUp({ life: 1, number: 1 }), 3);
    add(3, 4, 115);
    assert.equal(table.size, 3, 'the oldest is younger by its last time');
    add(4, 5, 125);
    assert.equal(table.size, 2);
  });

  test('a checkpoint keeps it whole', () => {
    const table = new RequestTable(30_000);
    for (let number = 1; number <= 50; number++) table.add({ life: number % 3, number }, number * 2, number * 1000);
    const writer = new ByteWriter();
    table.encode(writer);
    const read = RequestTable.decode(new ByteReader(writer.finish()), 30_000);
    for (let number = 1; number <= 60; number++) {
      const request = { life: number % 3, number };
      assert.equal(read.lookUp(request), table.lookUp(request));
    }
  });
});

test('the overlay shows the newest image of a key until its own record is applied', () => {
  const overlay = new Overlay();
  overlay.proposed(key, { slot: 1, value: utf8('one') }, { life: 1, number: 1 });
  overlay.proposed(key, { slot: 2, value: undefined }, { life: 1, number: 2 });
  assert.equal(overlay.slotOf({ life: 1, number: 1 }), 1);
  overlay.applied(key, 1, { life: 1, number: 1 });
  assert.deepEqual(overlay.image(key), { slot: 2, value: undefined });
  assert.equal(overlay.slotOf({ life: 1, number: 1 }), undefined);
  overlay.applied(key, 2, { life: 1, number: 2 });
  assert.equal(overlay.image(key), undefined);
});

test('of several copies of a write that wait, only the last one goes on, and none after one was evaluated', () => {
  const overlay = new Overlay();
  const request = { life: 1, number: 1 };
  const first = overlay.waits(request);
  const second = overlay.waits(request);
  assert.equal(overlay.goesOn(request, first), false);
  assert.equal(overlay.goesOn(request, second), true);
  overlay.evaluated(request);
  assert.equal(overlay.goesOn(request, second), false);
  const third = overlay.waits(request);
  overlay.clear();
  assert.equal(overlay.goesOn(request, third), false);
});

test('identity and state of a group survive a checkpoint', () => {
  const state = GroupState.empty(30_000);
  state.applied = 12;
  state.timeMs = 99;
  state.lastDelete = 5;
  state.halted = 4;
  state.requests.add({ life: 3, number: 1 }, 12, 99);
  const members = [
    { replica: 4, node: 'node-a', az: 'a', logOnly: false },
    { replica: 9, node: 'node-b', az: 'b', logOnly: true },
  ];
  const base = { group: 2, replica: 4, tableId: 't', partitionId: 1, low: Buffer.alloc(0), configuration: 3, since: 11, members };
  for (const high of [undefined, Buffer.from([7])]) {
    const snapshot = { slot: 9, ballot: { configuration: 1, round: 3, replica: 6 } };
    const read = decodeGroupMeta(encodeGroupMeta({ ...base, high }, state, snapshot), 30_000);
    assert.deepEqual(read.snapshot, snapshot);
    assert.deepEqual(read.identity, { ...base, high });
    assert.deepEqual([read.state.applied, read.state.timeMs, read.state.lastDelete, read.state.halted], [12, 99, 5, 4]);
    assert.equal(read.state.requests.lookUp({ life: 3, number: 1 }), 12);
  }
});

test('settings stand in a checkpoint of format 5; one of format 4 ends before them and is read', () => {
  const identity = {
    group: 2,
    replica: 4,
    tableId: 't',
    partitionId: 1,
    low: Buffer.alloc(0),
    high: undefined,
    configuration: 3,
    since: 11,
    members: [],
  };
  const state = GroupState.empty(30_000);
  const without = encodeGroupMeta(identity, state);
  assert.equal(without[0], 5);
  assert.equal(decodeGroupMeta(without, 30_000).state.settings, undefined);
  // Settings, cursors and feeds of global indexes, expiry: that there are none.
  const behind = 4 + 4 + 4 + (1 + 4 + 4 + 4);
  assert(without.subarray(-behind).equals(Buffer.alloc(behind)));
  const earlier = Buffer.from(without.subarray(0, -behind));
  earlier[0] = 4;
  assert.equal(decodeGroupMeta(earlier, 30_000).state.settings, undefined);
  state.settings = {
    version: 7,
    keys: { partition: { name: 'p', type: 'S' }, sort: { name: 's', type: 'B' } },
    localIndexes: [{ name: 'l', number: 2, sort: { name: 'a', type: 'N' }, projection: { kind: 'include', attributes: ['x'] } }],
    globalIndexes: [],
    ttlAttribute: 'ttl',
  };
  assert.deepEqual(decodeGroupMeta(encodeGroupMeta(identity, state), 30_000).state.settings, state.settings);
});

test('a data folder is refused to another node and another format', () => {
  const identity = { formatVersion: 1, clusterId: 'c', node: 'node-a', addresses: {} };
  assert.deepEqual(decodeNodeIdentity(encodeNodeIdentity(identity), 'node-a'), identity);
  assert.deepEqual(decodeNodeIdentity(encodeNodeIdentity(identity), 'node-a', 'c'), identity);
  assert.throws(() => decodeNodeIdentity(encodeNodeIdentity(identity), 'node-b'), WrongDataFolderError);
  assert.throws(() => decodeNodeIdentity(encodeNodeIdentity(identity), 'node-a', 'd'), WrongDataFolderError);
  assert.throws(() => decodeNodeIdentity(encodeNodeIdentity({ ...identity, formatVersion: 2 }), 'node-a'), WrongDataFolderError);
  assert.throws(() => decodeNodeIdentity(utf8('{'), 'node-a'), WrongDataFolderError);
});
