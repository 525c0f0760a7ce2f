import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogStarts } from './log-starts.ts';

const member = (replica: number, logOnly = false) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly });
const MEMBERS = [member(1), member(2), member(3)];

test('whoever has said nothing may have the record, next in the succession first', () => {
  const starts = new LogStarts();
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'elsewhere', replica: 3 });
  starts.heard(3, 10);
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'elsewhere', replica: 1 });
  assert.deepEqual(starts.search(11, 2, MEMBERS), { kind: 'elsewhere', replica: 3 }, 'its log begins with just that record');
});

test('whoever has it comes before who has said nothing', () => {
  const starts = new LogStarts();
  starts.heard(1, 9);
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'elsewhere', replica: 1 });
});

test('it is gone by the word of all others alone, and the last word counts', () => {
  const starts = new LogStarts();
  starts.heard(1, 10);
  starts.heard(3, 4);
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'elsewhere', replica: 3 });
  starts.heard(3, 12);
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'gone' });
  assert.deepEqual(
    starts.search(10, 2, [...MEMBERS.slice(0, 2), member(4)]),
    { kind: 'elsewhere', replica: 4 },
    'a new member has said nothing',
  );
  starts.forget();
  assert.deepEqual(starts.search(10, 2, MEMBERS), { kind: 'elsewhere', replica: 3 });
  assert.deepEqual(starts.search(10, 2, [member(2)]), { kind: 'gone' });
});

test('a member that keeps the log alone is not let lead, but waited for as long as it may have the record', () => {
  const starts = new LogStarts();
  const members = [member(1, true), member(2), member(3)];
  starts.heard(3, 10);
  assert.deepEqual(starts.search(10, 2, members), { kind: 'not-led' });
  starts.heard(1, 9);
  assert.deepEqual(starts.search(10, 2, members), { kind: 'not-led' });
  starts.heard(1, 10);
  assert.deepEqual(starts.search(10, 2, members), { kind: 'gone' });
});
