import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import type { PageStore } from '../../shared/btree/page-store.ts';
import { type Ballot, ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { encodeLogRecord } from '../../shared/wal/log-record.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { MemberPlace } from '../../shared/wire/admin.ts';
import type { SnapshotMessage } from '../../shared/wire/frames.ts';
import { encodeGroupMeta, type GroupIdentity } from '../core/group-state.ts';
import { encodeSwap, swapped } from '../core/membership.ts';
import { deleteReplica } from '../handlers/delete-replica.ts';
import type { Group } from './group.ts';
import type { NodeGroups } from './node-groups.ts';
import { rebuilderOf } from './replica-rebuilder.fixture.ts';
import { BALLOT, IDENTITY, recordOf, ReplicaWorld, stateAt, successorOf, swapRecord } from './replica-world.fixture.ts';

function swapOf(identity: GroupIdentity, out: number, into: MemberPlace): Buffer {
  const record = {
    type: 'swap' as const,
    timeMs: 1,
    change: 'none' as const,
    identity: { kind: 'service' as const, name: '' },
    oldSize: 0,
  };
  return encodeLogRecord({ ...record, key: new Uint8Array(0), payload: encodeSwap(swapped(identity, out, into)) }, nodeDigest);
}

describe('a member that lost its trees, told of a later configuration than its log knows', () => {
  it('is rebuilt, and its node starts again', async () => {
    const world = new ReplicaWorld();
    await world.create();
    // It acknowledged slots 1 to 3 in configuration 1, slot 3 being the Swap; it does not know yet that it is chosen.
    await world.follow([recordOf(0, 1), recordOf(1, 2), swapRecord()], 1);
    await world.restart({ loseTrees: true });
    const groups: Group[] = [];
    const rebuilder = rebuilderOf(world, groups);
    rebuilder.lost(IDENTITY.group);
    const told = { ...successorOf(3), replica: 1 };
    for (let at = 0; at < 3; at++) {
      rebuilder.onIdentity({ kind: 'identity', group: IDENTITY.group, state: encodeGroupMeta(told, stateAt(0)) });
      await world.timers.settle();
    }
    let failed: unknown;
    await world.restart().catch((error: unknown) => {
      failed = error;
    });
    assert.equal(failed, undefined);
    assert.equal(rebuilder.unknown.size, 0);
  });
});

describe('a member in configuration 2 that lost tree and log together', () => {
  it('abstains, and its node starts again', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), swapRecord()], 2);
    assert.equal(world.group.paxos.configuration.number, 2);
    // The tree is damaged while running; the log was trimmed behind a checkpoint, so that it awaits a snapshot.
    await world.group.checkpoint();
    world.group.trim(2);
    await world.step({ kind: 'ask-leader', question: 1 });
    const group = world.group;
    group.stop();
    await world.timers.settle();
    const anew = await world.loader.rebuild(group.identity);
    assert.equal(anew.awaitsSnapshot, true);
    // Now the log turns out damaged, too, before the snapshot came.
    await world.loader.abstain(anew);
    let start: unknown;
    await world.restart().catch((error: unknown) => {
      start = error;
    });
    assert.equal(start, undefined);
  });
});

describe('a log replica whose log was trimmed past the Swap that made it a member', () => {
  const into: MemberPlace = { replica: 4, node: 'node-3', az: 'az-3', logOnly: true };
  const two: GroupIdentity = { ...IDENTITY, replica: 4, ...swapped(IDENTITY, 3, into), since: 7 };
  const ballot2: Ballot = { configuration: 2, round: 1, replica: 1 };

  async function trimmed(): Promise<ReplicaWorld> {
    const world = new ReplicaWorld();
    await world.createLearner({ ...IDENTITY, replica: 4 }, 5);
    await world.step({ kind: 'prepare', ballot: BALLOT, released: ZERO_BALLOT, rejoin: 0 });
    await world.step({ kind: 'sync', ballot: BALLOT, from: 5, records: [recordOf(0, 6), swapOf(IDENTITY, 3, into)], commit: 7 });
    assert.deepEqual([world.group.keepsLogOnly, world.group.identity.configuration], [true, 2]);
    await world.step({ kind: 'prepare', ballot: ballot2, released: ZERO_BALLOT, rejoin: 0 });
    await world.step({ kind: 'sync', ballot: ballot2, from: 7, records: [recordOf(1, 8), recordOf(2, 9)], commit: 9 });
    // Two storage replicas hold slots up to 9 in checkpoints, says the leader.
    world.group.trimFloor.raise(9);
    const floor = world.group.ownFloor;
    assert.equal(floor, 9);
    world.group.trim(floor);
    await world.step({ kind: 'accept', ballot: ballot2, first: 10, records: [recordOf(3, 10)], commit: 10 });
    return world;
  }

  it('votes after a restart', async () => {
    const world = await trimmed();
    await world.restart();
    world.group.pump();
    await world.timers.settle();
    await world.timers.advance(3000);
    world.sent.length = 0;
    // Replica 1 died; replica 2 stands in configuration 2.
    const ballot = { configuration: 2, round: 2, replica: 2 };
    world.group.paxos.step(2, { kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 }, world.timers.monotonicMs());
    world.group.pump();
    await world.timers.settle();
    assert.equal(world.sent.at(-1)?.kind, 'promise');
  });

  it('starts when the Swap that makes it a full member is in its log', async () => {
    const world = await trimmed();
    await world.step({ kind: 'accept', ballot: ballot2, first: 11, records: [swapOf(two, 4, { ...into, logOnly: false })], commit: 11 });
    assert.deepEqual([world.group.identity.configuration, world.group.keepsLogOnly, world.group.awaitsSnapshot], [3, false, true]);
    await world.restart();
    let failed: unknown;
    try {
      world.group.pump();
      await world.timers.settle();
    } catch (error) {
      failed = error;
    }
    assert.equal(failed, undefined);
  });
});

describe('a node that lost its trees, of a replica that was replaced meanwhile', () => {
  it('is told what the group is: it need not know that it is no member any more', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), swapRecord()], 2);
    const sent: SnapshotMessage[] = [];
    const rebuilder = rebuilderOf(world, [world.group], sent);
    rebuilder.onRequest('node-9', { kind: 'request', group: IDENTITY.group, position: 0 });
    assert.deepEqual(
      sent.map(({ kind }) => kind),
      ['identity'],
    );
  });
});

describe('DeleteTable', () => {
  const hanging = new Promise<never>(() => undefined);

  function groupsOf(world: ReplicaWorld, group: Group | undefined, wal: Partial<WriteAheadLog> = world.wal): NodeGroups {
    return {
      rebuilder: { forget: () => Promise.resolve() },
      group: () => group,
      remove: () => group?.stop(),
      snapshotReceiver: { forget: () => Promise.resolve() },
      wal,
    } as unknown as NodeGroups;
  }

  it('removes a learner of configuration 1 while it is taught', async () => {
    const world = new ReplicaWorld();
    await world.createLearner({ ...IDENTITY, replica: 0x80000001 }, 0);
    await deleteReplica({ kind: 'delete-replica', group: 7, replica: 3 }, groupsOf(world, world.group), world.pages);
    assert.deepEqual([world.wal.group(7), world.pages.trees().size], [undefined, 0]);
  });

  it('cut off between log, tree and log is no damage, and ends when it is called again', async () => {
    const request = { kind: 'delete-replica', group: IDENTITY.group, replica: IDENTITY.replica } as const;
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), recordOf(1, 2)], 2);
    await world.group.checkpoint();
    const heldPages = { removeTree: () => hanging } as unknown as PageStore;
    void deleteReplica(request, groupsOf(world, world.group), heldPages);
    await world.timers.settle();
    await world.restart();
    assert.equal(world.group.paxos.abstains, true, 'it has forgotten what it promised');

    const { wal } = world;
    const heldLog = { createGroup: wal.createGroup.bind(wal), removeGroup: () => hanging };
    void deleteReplica(request, groupsOf(world, world.group, heldLog), world.pages);
    await world.timers.settle();
    await world.restart();
    assert.equal(world.pages.trees().size, 0);
    assert.deepEqual(world.loader.lost([]), [], 'nothing is to be rebuilt');

    assert.ok(world.wal.group(IDENTITY.group) !== undefined);
    await deleteReplica(request, groupsOf(world, undefined), world.pages);
    assert.equal(world.wal.group(IDENTITY.group), undefined);
    assert.deepEqual(
      world.environment.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });
});

describe('a former member that was away when it was replaced', () => {
  it('hears of it from those that it asks for a leader', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([recordOf(0, 1), swapRecord()], 2);
    assert.equal(world.group.paxos.configuration.number, 2);
    const ballot2: Ballot = { configuration: 2, round: 1, replica: 1 };
    await world.step({ kind: 'prepare', ballot: ballot2, released: ZERO_BALLOT, rejoin: 0 });
    await world.step({ kind: 'sync', ballot: ballot2, from: 2, records: [recordOf(1, 3)], commit: 3 });
    const nowMs = world.timers.monotonicMs();
    assert(world.group.paxos.onHeartbeat({ ballot: ballot2, commit: 3, reachesQuorum: true }, nowMs));
    world.sent.length = 0;
    world.group.paxos.step(3, { kind: 'ask-leader', question: 1 }, nowMs);
    world.group.pump();
    await world.timers.settle();
    assert(world.sent.some(({ kind }) => kind === 'learn' || kind === 'refusal'));
  });
});
