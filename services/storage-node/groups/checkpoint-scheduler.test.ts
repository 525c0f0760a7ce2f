import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIB } from '../../shared/base/units.ts';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { CheckpointScheduler, DEFAULT_CHECKPOINT_OPTIONS, type ScheduledGroup } from './checkpoint-scheduler.ts';

interface FakeGroup extends ScheduledGroup {
  readonly tree: { dirtyBytes: number };
  walBytes: number;
  checkpoints: number;
}

function fakeGroup(id: number, walBytes: number, dirtyBytes = 0): FakeGroup {
  return {
    id,
    walBytes,
    checkpoints: 0,
    stopped: false,
    checkpointable: true,
    checkpointSlot: 0,
    checkpointAtMs: 0,
    state: { applied: 1 },
    tree: { dirtyBytes },
    checkpoint() {
      this.checkpoints += 1;
      this.walBytes = 0;
      this.tree.dirtyBytes = 0;
      return Promise.resolve(1);
    },
    pageUnreadable: (error) => assert.fail(String(error)),
  };
}

function schedulerOf(groups: readonly FakeGroup[]): CheckpointScheduler {
  return new CheckpointScheduler({
    environment: testEnvironment(new ManualTimers()),
    wal: { groupBytesAbove: (id) => groups.find((group) => group.id === id)?.walBytes ?? 0 },
    options: DEFAULT_CHECKPOINT_OPTIONS,
    groups: () => groups,
    fail: (error) => assert.fail(String(error)),
  });
}

/** The checkpoint that one tick begins. */
async function tick(groups: readonly FakeGroup[]): Promise<number[]> {
  const scheduler = schedulerOf(groups);
  scheduler.tick();
  await scheduler.stop();
  return groups.filter(({ checkpoints }) => checkpoints > 0).map(({ id }) => id);
}

test('a partition is due by its own log or by its changed pages, the one with most log first', async () => {
  assert.deepEqual(await tick([fakeGroup(1, 63 * MIB), fakeGroup(2, MIB)]), []);
  assert.deepEqual(await tick([fakeGroup(1, 64 * MIB), fakeGroup(2, 65 * MIB), fakeGroup(3, 2 * MIB, 8 * MIB)]), [2]);
  assert.deepEqual(await tick([fakeGroup(1, 63 * MIB), fakeGroup(3, 2 * MIB, 8 * MIB)]), [3]);
});

test('a page that is found damaged by a checkpoint is told to its group, and ends no node', async () => {
  const damage = new PageDamagedError(1, 2, 'checksum differs');
  const told: unknown[] = [];
  const damaged = {
    ...fakeGroup(1, 64 * MIB),
    checkpoint: () => Promise.reject(damage),
    pageUnreadable: (error: unknown) => void told.push(error),
  };
  await tick([damaged]);
  assert.deepEqual(told, [damage]);
});

test('many partitions that are not due by themselves are, before their log together is more than a start may have to read', async () => {
  const seven = Array.from({ length: 7 }, (_, at) => fakeGroup(at, 60 * MIB));
  assert.deepEqual(await tick(seven), []);
  assert.deepEqual(await tick([...seven, fakeGroup(8, 32 * MIB), fakeGroup(9, 62 * MIB)]), [9]);
});

test('many partitions with few changed pages each are, before all those take too much memory, the one with most first', async () => {
  const many = Array.from({ length: 17 }, (_, at) => fakeGroup(at, 10 * MIB, 7 * MIB));
  assert.deepEqual(await tick([...many, fakeGroup(20, 1 * MIB, 7.5 * MIB)]), []);
  assert.deepEqual(await tick([...many, fakeGroup(20, 1 * MIB, 7.5 * MIB), fakeGroup(21, 1 * MIB, 2 * MIB)]), [20]);
});

test('while the node is short one checkpoint follows on the other, and then no more', async () => {
  const groups = Array.from({ length: 40 }, (_, at) => fakeGroup(at, 1 * MIB, 5 * MIB + at));
  const scheduler = schedulerOf(groups);
  scheduler.tick();
  for (let turns = 0; turns < 1000; turns++) await Promise.resolve();
  const done = groups.filter(({ checkpoints }) => checkpoints > 0).map(({ id }) => id);
  assert.deepEqual(done, [25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
  assert.ok(groups.every(({ checkpoints }) => checkpoints <= 1));
});
