import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { seededRandom } from '../../../test/harness/test-environment.ts';
import type { ReplicaId } from '../../shared/base/ids.ts';
import { decodeLeaderships, encodeRefusals } from '../../shared/paxos/heartbeat.ts';
import type { Heartbeat } from '../../shared/wire/frames.ts';
import { NO_SNAPSHOT } from '../core/group-state.ts';
import { decodeGroupMarks, decodeOrigins, encodeGroupMarks, encodeOrigins } from './group-marks.ts';
import { encodeGroupSlots } from './group-slots.ts';
import { type BeatingGroup, Heartbeats } from './heartbeats.ts';
import { LogStarts } from '../core/log-starts.ts';
import { StateHashWatch } from './state-hash-watch.ts';
import { TrimFloor } from './trim-floor.ts';

const BALLOT = { configuration: 1, round: 1, replica: 1 };
const NO_REFUSALS = encodeRefusals([]);

let heartbeats: Heartbeats<BeatingGroup>;
let group: BeatingGroup;
let stateHashes: StateHashWatch;
/** Sending times of the heartbeats whose answers counted. */
let counted: number[];

beforeEach(() => {
  counted = [];
  stateHashes = new StateHashWatch();
  heartbeats = new Heartbeats(seededRandom(1), 1e-3);
  group = {
    id: 7,
    identity: { members: [1, 2].map((replica) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly: false })) },
    stopped: false,
    checkpointSlot: 0,
    sharedFloor: 0,
    trimFloor: new TrimFloor(),
    ownLogStart: undefined,
    logStarts: new LogStarts(),
    snapshot: NO_SNAPSHOT,
    stateHashes,
    followCommit: () => undefined,
    paxos: {
      leading: BALLOT,
      heartbeat: () => ({ ballot: BALLOT, commit: 5, reachesQuorum: true }),
      onHeartbeat: () => true,
      onHeartbeatAnswer: (_from: ReplicaId, _ballot, sentAtMs) => void counted.push(sentAtMs),
    },
  };
});

function beat(hurried: boolean, nowMs: number): number | undefined {
  return heartbeats.make('node-2', [group], hurried, nowMs)?.sequence;
}

function answer(sequence: number | undefined, said = { marks: encodeGroupMarks([]), origins: encodeOrigins([]), fullness: 0 }) {
  assert(sequence !== undefined, 'nothing was sent');
  const answered = {
    sequence,
    refusals: NO_REFUSALS,
    checkpoints: encodeGroupSlots([]),
    logStarts: encodeGroupSlots([]),
    monotonicUs: 0,
    ...said,
  };
  return heartbeats.answered('node-2', answered, 1000);
}

test('reads that hurry heartbeats faster than they are answered do not push the awaited ones out', () => {
  const first = beat(true, 0);
  for (let nowMs = 1; nowMs < 200; nowMs++) assert.equal(beat(true, nowMs), undefined);
  assert.deepEqual(answer(first), { groups: [group], again: true, news: new Set() });
  assert.deepEqual(counted, [0]);
  const second = beat(true, 200);
  assert.deepEqual(answer(second), { groups: [group], again: false, news: new Set() });
});

test('what was chosen is told at once, of its group alone; while that is on its way further news gather', () => {
  const other: BeatingGroup = { ...group, id: 8 };
  const told = (groups: BeatingGroup[], nowMs: number): Heartbeat | undefined => heartbeats.makeNews('node-2', new Set(groups), nowMs);
  const first = told([group], 0);
  assert.deepEqual(
    decodeLeaderships(first?.leaderships ?? assert.fail('nothing was sent')).map((news) => news.group),
    [7],
  );
  assert.equal(told([group], 1), undefined);
  assert.equal(told([other], 2), undefined);
  assert.deepEqual(answer(first?.sequence), { groups: [group], again: false, news: new Set([group, other]) });
  assert.notEqual(told([group, other], 3), undefined);
  // A regular heartbeat is about all groups, and takes the news along.
  assert.equal(told([other], 4), undefined);
  const regular = heartbeats.make('node-2', [group, other], false, 5);
  assert.deepEqual(answer(regular?.sequence), { groups: [group, other], again: false, news: new Set() });
});

test('a hurried heartbeat that is lost holds up nobody beyond the next regular one', () => {
  beat(true, 0);
  assert.equal(beat(true, 1), undefined);
  const regular = beat(false, 300);
  assert.notEqual(beat(true, 301), undefined);
  assert.equal(answer(regular).groups.length, 1);
});

test('an answer to a heartbeat of an earlier life of the process counts for nothing', () => {
  const earlier = new Heartbeats<BeatingGroup>(seededRandom(2), 1e-3).make('node-2', [group], false, 0);
  for (let nowMs = 1; nowMs < 50; nowMs++) beat(false, nowMs);
  assert.deepEqual(answer(earlier?.sequence).groups, []);
  assert.deepEqual(counted, []);
});

test('now and then checkpoints and floors travel along, and only of groups that are granted', () => {
  const follower = new Heartbeats<BeatingGroup>(seededRandom(2), 1e-3);
  const floor = new TrimFloor();
  const theirs: BeatingGroup = { ...group, checkpointSlot: 40, trimFloor: floor };
  group = { ...group, sharedFloor: 20 };
  let told = 0;
  for (let nowMs = 0; nowMs < 3000; nowMs += 300) {
    const heartbeat = heartbeats.make('node-2', [group], false, nowMs);
    assert(heartbeat !== undefined);
    if (heartbeat.floors.length > 0) told += 1;
    heartbeats.answered(
      'node-2',
      follower.receive(heartbeat, () => theirs, nowMs),
      nowMs,
    );
  }
  assert.equal(told, 2);
  assert.equal(floor.told, 20);
  assert.equal((group.trimFloor as TrimFloor).secondBest(50, [2]), 40);
  const refusing = { ...theirs, checkpointSlot: 60, paxos: { ...theirs.paxos, onHeartbeat: () => false } };
  for (let nowMs = 3000; nowMs < 6000; nowMs += 300) {
    const heartbeat = heartbeats.make('node-2', [group], false, nowMs);
    assert(heartbeat !== undefined);
    heartbeats.answered(
      'node-2',
      follower.receive(heartbeat, () => refusing, nowMs),
      nowMs,
    );
  }
  assert.equal((group.trimFloor as TrimFloor).secondBest(70, [2]), 40);
});

test('the leader hears the last mark of a follower, and how full its disk is', () => {
  const mark = { slot: 12, hash: '0123456789abcdef', origin: 1 };
  const marks = [{ group: 7, ...mark }];
  answer(beat(false, 0), { marks: encodeGroupMarks(marks), origins: encodeOrigins(marks), fullness: 1 });
  assert.deepEqual(stateHashes.heardOf(2), mark);
  assert.deepEqual([...heartbeats.peerFullness], [['node-2', 1]]);
  answer(beat(false, 300));
  assert.deepEqual([...heartbeats.peerFullness], []);
});

test('a follower answers a heartbeat that carries floors with its mark', () => {
  const watch = new StateHashWatch();
  watch.apply(9, { kind: 'mark', slot: 0, hash: '0'.repeat(16) }, 1, 'fedcba9876543210');
  const snapshot = { slot: 8, ballot: { configuration: 1, round: 1, replica: 3 } };
  const follower = { ...group, snapshot, stateHashes: watch };
  const sent = heartbeats.make('node-2', [group], false, 0);
  assert.ok(sent);
  const answered = heartbeats.receive(sent, () => follower, 0);
  assert.deepEqual(decodeGroupMarks(answered.marks), [{ group: 7, slot: 9, hash: 'fedcba9876543210' }]);
  assert.deepEqual([...decodeOrigins(answered.origins)], [[7, 3]], 'its copy came from replica 3');
  assert.equal(answered.fullness, 0);
});

test('the leader hears where the logs of followers begin that may hold what an index needs, and of no others', () => {
  const follower = new Heartbeats<BeatingGroup>(seededRandom(2), 1e-3);
  const starts = group.logStarts as LogStarts;
  const members = [1, 2].map((replica) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly: false }));
  const exchange = (ownLogStart: number | undefined, nowMs: number): void => {
    for (let beats = 0; beats < 5; beats++) {
      const sent = heartbeats.make('node-2', [group], false, nowMs + beats * 300);
      assert.ok(sent);
      heartbeats.answered(
        'node-2',
        follower.receive(sent, () => ({ ...group, ownLogStart }), nowMs),
        nowMs,
      );
    }
  };
  exchange(undefined, 0);
  assert.deepEqual(starts.search(40, 1, members), { kind: 'elsewhere', replica: 2 });
  exchange(40, 2000);
  assert.deepEqual(starts.search(40, 1, members), { kind: 'gone' });
  assert.deepEqual(starts.search(41, 1, members), { kind: 'elsewhere', replica: 2 });
});
