import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { MemoryStore } from '../../../test/harness/memory-store.ts';
import { nodeDigest, testEnvironment } from '../../../test/harness/test-environment.ts';
import { openWal } from '../../../test/harness/wal-workload.ts';
import { MemoryMarkFile } from '../../../test/harness/memory-mark-file.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import { PageStore } from '../../shared/btree/page-store.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { DEFAULT_PAXOS_OPTIONS, firstConfiguration } from '../../shared/paxos/options.ts';
import { PaxosReplica } from '../../shared/paxos/replica.ts';
import { encodeGroupMeta, GroupState, NO_SNAPSHOT } from '../core/group-state.ts';
import { WriteEvaluator } from '../core/write-evaluator.ts';
import { Group } from './group.ts';
import { TurnQueue } from './turn-queue.ts';

const MEMBERS = [1, 2, 3].map((replica) => ({ replica, node: `node-${replica}`, az: `az-${replica}`, logOnly: false }));
const IDENTITY = {
  group: 7,
  replica: 1,
  tableId: 't',
  partitionId: 0,
  low: Buffer.alloc(0),
  high: undefined,
  configuration: 1,
  since: 0,
  members: MEMBERS,
};
const LAST = 5;

let group: Group;

/** A follower whose log ends at LAST, and whose tree is empty. */
beforeEach(async () => {
  const environment = testEnvironment(new ManualTimers());
  const { timers, logger, clock } = environment;
  const onFailure = (error: unknown): void => assert.fail(String(error));
  const pages = await PageStore.open({ store: new MemoryStore(), digest: nodeDigest, logger, timers, cacheBytesMax: 1 << 20, onFailure });
  const state = GroupState.empty(30_000);
  const tree = await pages.createTree(IDENTITY.replica, encodeGroupMeta(IDENTITY, state));
  const durable = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: LAST, commit: LAST, trimmed: 0, abstains: false };
  const configuration = firstConfiguration(MEMBERS.map(({ replica }) => replica));
  const start = { self: 1, configuration, options: DEFAULT_PAXOS_OPTIONS, durable, records: [], restarted: true, abstention: 9 };
  const paxos = new PaxosReplica(start, clock.monotonicMs());
  const nothing = (): void => {};
  const host = {
    environment,
    wal: await openWal(new MemoryStore(), new MemoryMarkFile()),
    applying: new TurnQueue(environment, 4),
    evaluator: new WriteEvaluator(nodeDigest, logger, 'local'),
    itemCollectionBytesMax: Number.POSITIVE_INFINITY,
    send: nothing,
    catchUp: nothing,
    roomRefusal: () => undefined,
    indexRefusal: () => undefined,
    indexFloor: () => 0,
    hasRoom: () => true,
    treeDamaged: nothing,
    logDamaged: nothing,
    wake: nothing,
    commitNews: () => undefined,
    hurryHeartbeat: nothing,
    elected: nothing,
    watchClock: nothing,
    clocksAgree: () => true,
    applied: nothing,
  };
  group = new Group({ identity: IDENTITY, paxos, tree, state, snapshot: NO_SNAPSHOT, host });
});

test('no checkpoint is begun while a snapshot is put in place: it would be of the tree that goes', () => {
  assert.equal(group.checkpointable, false, 'nothing is new');
  group.state.applied = LAST;
  assert.equal(group.checkpointable, true);
  group.holdApplying();
  assert.equal(group.checkpointable, false);
  group.resumeApplying();
  assert.equal(group.checkpointable, true);
});

test('a damaged page stops the replica; a tree that was replaced while its page was awaited does not', () => {
  group.pageUnreadable(new TreeClosedError('tree 1 was replaced by a load'));
  assert.equal(group.stopped, false);
  group.pageUnreadable(new PageDamagedError(1, 10, 'its checksum is wrong'));
  assert.equal(group.stopped, true);
});
