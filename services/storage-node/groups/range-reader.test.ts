import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../shared/base/bytes.ts';
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
