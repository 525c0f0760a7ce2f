import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { TurnQueue } from './turn-queue.ts';

test('a turn begins no piece when its time is up, and those that wait come before those that came later', async () => {
  const timers = new ManualTimers();
  let nowMs = 0;
  let turn = 0;
  const ran: string[] = [];
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const queue = new TurnQueue({ clock, timers }, 2);
  const busy = (name: string, times: number) => (): void => {
    ran.push(`${turn}${name}`);
    nowMs += 1;
    if (times > 1) queue.add(busy(name, times - 1));
  };
  for (const name of ['a', 'b', 'c']) queue.add(busy(name, 3));
  const count = (): void => {
    turn += 1;
    if (turn < 9) timers.endOfTurn(count);
  };
  timers.endOfTurn(count);
  await timers.settle();
  assert.deepEqual(
    ran.map((each) => each.slice(1)),
    ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'],
  );
  for (let each = 0; each < 9; each++)
    assert.ok(ran.filter((text) => text.startsWith(String(each))).length <= 2, 'a turn that is too long');
});

test('what is done at once and what waits share the time of a turn', async () => {
  const timers = new ManualTimers();
  let nowMs = 0;
  const queue = new TurnQueue({ clock: { monotonicMs: () => nowMs, wallMs: () => nowMs }, timers }, 2);
  assert.ok(queue.isFree);
  nowMs += 1;
  assert.ok(queue.isFree, 'there is time left');
  nowMs += 1;
  assert.ok(!queue.isFree, 'the time of this turn is over');
  await timers.settle();
  assert.ok(queue.isFree, 'another turn has begun');
  const ran: string[] = [];
  queue.add(() => ran.push('waited'));
  assert.ok(!queue.isFree, 'others came first');
  await timers.settle();
  assert.deepEqual(ran, ['waited']);
  assert.ok(queue.isFree);
});
