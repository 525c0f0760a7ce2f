import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotMessage } from '../../shared/wire/frames.ts';
import { AbsenceNotices } from './absence-notices.ts';

test('absence is said for each replica by itself: a leader may write to a member and to a learner of one place', () => {
  const said: string[] = [];
  const send = (node: string, message: SnapshotMessage): void => {
    assert(message.kind === 'absent');
    said.push(`${node} ${message.group} ${message.replica} ${message.incarnation}`);
  };
  const notices = new AbsenceNotices(9, send);
  notices.say('node-a', 7, 3, 0);
  notices.say('node-a', 7, 4, 10);
  notices.say('node-a', 7, 3, 20);
  notices.say('node-a', 7, 3, 600);
  assert.deepEqual(said, ['node-a 7 3 9', 'node-a 7 4 9', 'node-a 7 3 9']);
});
