import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { CATALOG_GROUP, type NodeId } from '../../shared/base/ids.ts';
import { GIB, MIB } from '../../shared/base/units.ts';
import { defaultReserveBytes, DiskRoom, type Fullness } from './disk-room.ts';

const RESERVE = 800;
const GROUP = { id: 7, identity: { members: [{ node: 'a' }, { node: 'b' }, { node: 'c' }] } };
const CATALOG = { ...GROUP, id: CATALOG_GROUP };

let peers: Map<NodeId, Fullness>;
let room: DiskRoom;

beforeEach(() => {
  peers = new Map();
  room = new DiskRoom('a', RESERVE, peers, testEnvironment(new ManualTimers()).logger);
});

/** Long after the disk became full. */
function hasRoom(group: typeof GROUP, isDelete: boolean): boolean {
  const refusal = room.refusal(group, isDelete, 60_000);
  assert.ok(refusal === undefined || refusal.status === 'no-room');
  return refusal === undefined;
}

function free(freeBytes: number): readonly [Fullness, boolean] {
  room.observe({ sizeBytes: 100_000, freeBytes }, 0);
  return [room.fullness, room.exhausted];
}

test('less and less is taken the fuller the disk is, and all of it again once space is freed', () => {
  assert.deepEqual([1000, 800, 799, 400, 399, 200, 199].map(free), [
    [0, false],
    [0, false],
    [1, false],
    [1, false],
    [2, false],
    [2, false],
    [2, true],
  ]);
  // Back with a margin.
  assert.deepEqual([250, 300, 450, 500, 850, 900].map(free), [
    [2, true],
    [2, false],
    [2, false],
    [1, false],
    [1, false],
    [0, false],
  ]);
});

test('a leader without room refuses puts; deletes and the catalog go on in half of the reserve', () => {
  free(700);
  assert.deepEqual([hasRoom(GROUP, false), hasRoom(GROUP, true), hasRoom(CATALOG, false)], [false, true, true]);
  free(300);
  assert.deepEqual([hasRoom(GROUP, false), hasRoom(GROUP, true), hasRoom(CATALOG, false)], [false, false, false]);
  assert.equal(room.refused, 4);
  free(10_000);
  assert.equal(hasRoom(GROUP, false), true);
});

test('one full follower stops nobody; two of them do, for there would be no quorum', () => {
  free(10_000);
  peers.set('b', 2);
  assert.equal(hasRoom(GROUP, false), true);
  peers.set('c', 1);
  assert.equal(hasRoom(GROUP, false), false);
  assert.equal(hasRoom(GROUP, true), true, 'the third can still take deletes');
  peers.set('c', 2);
  assert.equal(hasRoom(GROUP, true), false);
  peers.delete('c');
  assert.equal(hasRoom(GROUP, false), true);
  peers.set('elsewhere', 2);
  assert.equal(hasRoom(GROUP, false), true, 'no member');
});

test('a leader without room lets another lead only if a quorum has room', () => {
  free(10_000);
  assert.equal(room.betterLeader(GROUP), undefined);
  free(700);
  assert.equal(room.betterLeader(GROUP), 'b');
  assert.equal(room.refusal(GROUP, false, 100)?.status, 'not-ready', 'it is about to lead');
  assert.equal(room.refusal(GROUP, false, 10_000)?.status, 'no-room', 'it should lead by now');
  peers.set('b', 1);
  assert.equal(room.betterLeader(GROUP), undefined);
});

test('the reserve follows the size of the disk', () => {
  assert.deepEqual(
    [100 * MIB, GIB, 10 * GIB, 40 * GIB, 1000 * GIB].map((bytes) => defaultReserveBytes(bytes) / MIB),
    [25, 256, 512, 2048, 4096],
  );
});
