import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import type { BTree } from '../../shared/btree/tree.ts';
import type { Ballot } from '../../shared/paxos/ballot.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { GroupState, NO_SNAPSHOT } from '../core/group-state.ts';
import type { Answer, WriteOutcome } from '../core/write-evaluator.ts';
import { Group } from './group.ts';
import type { GroupHost } from './group-host.ts';
import { RangeReader } from './range-reader.ts';
import { TurnQueue } from './turn-queue.ts';

const BALLOT: Ballot = { configuration: 1, round: 2, replica: 1 };
const LOW = utf8('b');
const HIGH = utf8('x');

let timers: ManualTimers;
/** The leader's lease, its leadership, and what looking at the clocks does to them. */
let leased: boolean;
let leading: Ballot | undefined;
let onWatchClock: () => void;
/** Sending time of the last heartbeat that a quorum answered. */
let confirmedAtMs: number;
let hurried: number;
/** A page that is being read. */
let page: Promise<void> | undefined;
let group: Group;
let answers: string[];
let proposed: number;
/** What evaluating a write comes to. */
let outcome: WriteOutcome;

const respond = ({ status }: Answer): void => void answers.push(status);

beforeEach(() => {
  timers = new ManualTimers();
  leased = true;
  leading = BALLOT;
  onWatchClock = () => undefined;
  confirmedAtMs = Number.NEGATIVE_INFINITY;
  hurried = 0;
  page = undefined;
  answers = [];
  proposed = 0;
  outcome = { record: undefined, answer: { status: 'condition-failed' } };
  const paxos = {
    last: 0,
    nextSlot: 1,
    propose: () => {
      proposed += 1;
      return 1;
    },
    role: 'leader',
    full: false,
    get serves() {
      return leading !== undefined;
    },
    get leading() {
      return leading;
    },
    leaseValid: () => leased,
    confirmedAtMs: () => confirmedAtMs,
  } as unknown as PaxosReplica;
  const tree = {
    fetch: () => page,
    get: () => undefined,
    scan: (low: Uint8Array) => (page === undefined ? { next: undefined } : { next: low, wait: page }),
  } as unknown as BTree;
  const host = {
    environment: testEnvironment(timers),
    clocksAgree: () => true,
    roomRefusal: () => undefined,
    indexRefusal: () => undefined,
    indexFloor: () => 0,
    watchClock: () => onWatchClock(),
    wake: () => undefined,
    applying: new TurnQueue(testEnvironment(timers), 4),
    evaluator: { evaluate: () => outcome },
    commitNews: () => undefined,
    hurryHeartbeat: () => {
      hurried += 1;
    },
  } as unknown as GroupHost;
  const members = [1, 2, 3].map((replica) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly: false }));
  const identity = { group: 7, replica: 1, tableId: 't', partitionId: 0, low: LOW, high: HIGH, configuration: 1, since: 0, members };
  group = new Group({ identity, paxos, tree, state: GroupState.empty(30_000), snapshot: NO_SNAPSHOT, host });
});

function read(key = 'm'): void {
  group.read(utf8(key), true, timers.monotonicMs() + 5000, respond, () => ({ status: 'ok' }));
}

/** The read waits for this page from now on; the function brings it. */
function awaitPage(): () => Promise<void> {
  let bring: () => void = () => undefined;
  page = new Promise((resolve) => {
    bring = resolve;
  });
  return async () => {
    page = undefined;
    bring();
    await timers.settle();
  };
}

test('with a lease a strong read is answered at once, without one when a heartbeat sent after it was answered', async () => {
  read();
  assert.deepEqual(answers, ['ok']);
  leased = false;
  await timers.advance(10);
  read();
  confirmedAtMs = timers.monotonicMs() - 1;
  group.leadershipConfirmed();
  assert.deepEqual([answers.length, hurried], [1, 1], 'that one was sent before the read');
  confirmedAtMs = timers.monotonicMs();
  group.leadershipConfirmed();
  assert.deepEqual(answers, ['ok', 'ok']);
});

test('a read that waited for a page looks at the lease when it has read', async () => {
  const bring = awaitPage();
  read();
  leased = false;
  await bring();
  assert.deepEqual([answers, hurried], [[], 1]);
});

test('the clocks are looked at before a lease is relied on', () => {
  onWatchClock = () => {
    leased = false;
  };
  read();
  assert.deepEqual(answers, []);
});

test('a key of another partition is refused', () => {
  read('a');
  read('x');
  read('b');
  assert.deepEqual(answers, ['wrong-range', 'wrong-range', 'ok']);
});

test('a strong read of a range ends when leadership changes between its slices, be it back to the same replica', async () => {
  const bring = awaitPage();
  const reader = new RangeReader(testEnvironment(timers));
  const range = { kind: 'range', low: LOW, reverse: false, limit: 0, byteLimit: 1000, countOnly: false } as const;
  reader.read(group, { ...range, consistent: true }, timers.monotonicMs() + 5000, respond);
  leading = { ...BALLOT, round: 4 };
  await bring();
  assert.deepEqual(answers, ['not-leader']);
});

function write(number: number): void {
  const put = { kind: 'put', key: utf8('m'), item: utf8('{}'), itemSize: 2, number, returnOld: false, returnOldOnFailure: false } as const;
  group.write(put, { life: 1, number }, timers.monotonicMs() + 5000, respond);
}

test('a write that is repeated while it is proposed and not applied is not evaluated again, and another one is', () => {
  outcome = { record: Buffer.from('record'), newValue: undefined, answer: { status: 'ok' } };
  write(3);
  write(3);
  assert.deepEqual([answers, proposed], [[], 1]);
  write(4);
  assert.deepEqual([answers, proposed], [[], 2]);
});

test('a copy of a write that waited is not carried out when a later copy was answered meanwhile', async () => {
  const bring = awaitPage();
  write(3);
  page = undefined;
  write(3);
  assert.deepEqual(answers, ['condition-failed']);
  // By now the condition would hold, but the client has heard that it did not.
  outcome = { record: Buffer.from('record'), newValue: undefined, answer: { status: 'ok' } };
  await bring();
  assert.deepEqual([answers, proposed], [['condition-failed', 'not-ready'], 0]);
});
