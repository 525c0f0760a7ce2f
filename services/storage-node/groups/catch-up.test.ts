import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { GroupEnvelope } from '../../shared/wire/frames.ts';
import { CatchUpSender } from './catch-up.ts';
import type { Group } from './group.ts';
import type { PeerLinks } from './peer-links.ts';
import type { SnapshotSender } from './snapshot-sender.ts';

const BALLOT: Ballot = { configuration: 1, round: 2, replica: 1 };

/** A leader at commit 10 whose own disk holds its log up to `durableLast`; what it sends to a follower that has 4 slots. */
async function taught(durableLast: number, leads: (reads: number) => Ballot | undefined = () => BALLOT): Promise<number[]> {
  const sent: GroupEnvelope[] = [];
  let reads = 0;
  const wal = {
    read: async (_group: number, first: number, last: number) => {
      reads += 1;
      return Array.from({ length: last - first + 1 }, (_, at) => Buffer.from([first + at]));
    },
  } as unknown as WriteAheadLog;
  const links = {
    sendBulk: (_node: string, envelope: GroupEnvelope) => void sent.push(envelope),
    flush: () => undefined,
  } as unknown as PeerLinks;
  const snapshots = { sendingTo: () => false } as unknown as SnapshotSender;
  const group = {
    id: 7,
    durableLast,
    nodeOf: () => 'node-b',
    paxos: {
      self: 1,
      commit: 10,
      trimmed: 0,
      get leading() {
        return leads(reads);
      },
    },
  } as unknown as Group;
  const timers = new ManualTimers();
  new CatchUpSender({ environment: testEnvironment(timers), wal, links, snapshots, logDamaged: () => undefined }).send(group, {
    replica: 2,
    ballot: BALLOT,
    position: 4,
    bySnapshot: false,
  });
  await timers.settle();
  return sent.flatMap(({ message }) => (message.kind === 'learn' ? message.records.map((record) => record[0] as number) : []));
}

test('a follower is taught chosen records that the own disk holds, and no others', async () => {
  assert.deepEqual(await taught(20), [5, 6, 7, 8, 9, 10]);
  assert.deepEqual(await taught(7), [5, 6, 7]);
  assert.deepEqual(await taught(4), []);
});

test('who led when the records were read, and does not any more, teaches nobody', async () => {
  assert.deepEqual(await taught(20, (reads) => (reads === 0 ? BALLOT : undefined)), []);
  assert.deepEqual(await taught(20, (reads) => (reads === 0 ? BALLOT : { ...BALLOT, round: 3 })), []);
});
