import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBytes, utf8 } from '../../shared/base/bytes.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { RangeReader } from './range-reader.ts';
import { keyOf, recordOf, ReplicaWorld } from './replica-world.fixture.ts';

test('a range read that nobody foresaw is answered; it ends nobody', async () => {
  const world = new ReplicaWorld();
  await world.create();
  await world.follow([recordOf(0, 1)], 1);
  world.heartbeat(1);
  const answers: Answer[] = [];
  const range = { kind: 'range', low: keyOf(0), reverse: false, consistent: false, limit: 0, byteLimit: 1 << 20, countOnly: true } as const;
  const reader = new RangeReader(world.environment);
  const deadlineMs = world.timers.monotonicMs() + 5000;
  const respond = (answer: Answer): void => void answers.push(answer);
  reader.read(world.group, { ...range, filter: 'pk = :pk', values: utf8('{"pk":') }, deadlineMs, respond);
  reader.read(world.group, range, deadlineMs, respond);
  await world.timers.settle();
  assert.deepEqual(
    answers.map(({ status, range: result }) => [status, result?.count]),
    [
      ['validation', undefined],
      ['ok', 1],
    ],
  );
});

test('many ranges at once: so many are read at a time, in slices, and each gets all of its own', async () => {
  const world = new ReplicaWorld();
  await world.create();
  const items = 600;
  await world.follow(
    Array.from({ length: items }, (_, at) => recordOf(at, at + 1)),
    items,
  );
  world.heartbeat(items);
  await world.timers.settle();
  const answers: Answer[] = [];
  let slices = 0;
  let begunBeforeAnswer = 0;
  const { tree } = world.group;
  const scan = tree.scan.bind(tree);
  tree.scan = (...given) => {
    slices += 1;
    if (answers.length === 0 && compareBytes(given[0], keyOf(0)) <= 0) begunBeforeAnswer += 1;
    return scan(...given);
  };
  const reader = new RangeReader(world.environment);
  const deadlineMs = world.timers.monotonicMs() + 5000;
  const range = {
    kind: 'range',
    low: keyOf(0),
    reverse: false,
    consistent: false,
    limit: 0,
    byteLimit: 1 << 20,
    countOnly: false,
  } as const;
  for (let at = 0; at < 100; at++) reader.read(world.group, range, deadlineMs, (answer) => void answers.push(answer));
  assert.deepEqual([slices, answers.length], [1, 0], 'none is read in one turn');
  await world.timers.settle();
  assert.deepEqual([answers.length, new Set(answers.map(({ range: result }) => result?.count))], [100, new Set([items])]);
  assert.equal(begunBeforeAnswer, 32, 'no more than these hold items');
});
