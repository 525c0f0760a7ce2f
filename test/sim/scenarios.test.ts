import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import { differenceOfReplicas } from './checks/equal-replicas.ts';
import { problemOfTrees } from './checks/sound-trees.ts';
import type { Clients, Outcome } from './clients.ts';
import { type SimCluster, TABLE } from './cluster.ts';
import { putCall, readCall, valueIn } from './items.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { believesToLead, groupOfTable, leaderOf, type Machine, play } from './story.ts';
import { createTable } from './table.ts';

function valueOfOutcome(outcome: Outcome): number | undefined {
  assert.equal(outcome.kind, 'done');
  return outcome.kind === 'done' ? valueIn(outcome.answer) : undefined;
}

/** The machine is suspended with its clock; what is returned lets it go on. */
function suspend(cluster: SimCluster, machine: Machine): () => void {
  const beganAtMs = cluster.kernel.nowMs;
  const resume = machine.pause();
  machine.clock.stop();
  return () => {
    machine.clock.goOn();
    machine.clock.stepWall(cluster.kernel.nowMs - beganAtMs);
    resume();
  };
}

function cutFromPeers(cluster: SimCluster, machine: Machine): void {
  for (const peer of cluster.nodes.filter((node) => node !== machine)) cluster.network.cut(peer.name, machine.name);
}

/** Another node comes to lead and writes, by the first router; the second one has asked nobody and knows nothing of it. */
async function writeElsewhere(cluster: SimCluster, clients: Clients, value: number): Promise<void> {
  await cluster.sleep(3000);
  await cluster.until('the next leader writes', 10_000, async () => {
    return (await clients.executeAt(0, putCall('key', value, 0))).kind === 'done';
  });
}

test('a leader whose machine was suspended with its clock does not answer a waiting read from its old lease', async () => {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    assert.equal(valueOfOutcome(await clients.executeAt(1, readCall('key', true))), 1);
    const leader = leaderOf(cluster);
    cutFromPeers(cluster, leader);
    const resume = suspend(cluster, leader);
    await writeElsewhere(cluster, clients, 2);
    const read = clients.executeAt(1, readCall('key', true));
    // It lies in the socket of the suspended machine.
    await cluster.sleep(20);
    resume();
    assert.equal(valueOfOutcome(await read), 2);
  });
});

/** Clocks that break the promise on which leases rest (reliability.md (i), F4). */
for (const rate of [0.95, 1.05]) {
  test(`a leader whose clock runs at ${rate} is found out, proves each strong read by a heartbeat, and trusts leases again once it is right`, async () => {
    await play(async (cluster, clients) => {
      await clients.insist(putCall('key', 1, 0));
      const leader = leaderOf(cluster);
      leader.clock.setRate(rate);
      const others = cluster.nodes.filter((node) => node !== leader).map(({ name }) => name);
      const differing = (): string[] => [...must(leader.life?.service.groups).differingClocks].sort();
      await cluster.until('the leader mistrusts all clocks', 3000, () => differing().length === others.length);
      assert.deepEqual(differing(), others);
      assert.equal(valueOfOutcome(await clients.executeAt(0, readCall('key', true))), 1);
      leader.clock.setRate(1);
      await cluster.until('the leader trusts them again', 40_000, () => differing().length === 0);
    });
  });
}

test('a lease that outlasts its grants on a leader whose clock is slow answers no stale read', async () => {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    assert.equal(valueOfOutcome(await clients.executeAt(1, readCall('key', true))), 1);
    const leader = leaderOf(cluster);
    // Two seconds of its own are eight of everybody else's.
    leader.clock.setRate(0.25);
    await cluster.sleep(3000);
    const peers = cluster.nodes.filter((node) => node !== leader).map(({ name }) => name);
    cutFromPeers(cluster, leader);
    for (const name of peers) cluster.network.cut(leader.name, name);
    await cluster.until('the next leader writes', 10_000, async () => {
      return (await clients.executeAt(0, putCall('key', 2, 0))).kind === 'done';
    });
    const read = clients.executeAt(1, readCall('key', true));
    await cluster.sleep(20);
    for (const name of peers) {
      cluster.network.heal(name, leader.name);
      cluster.network.heal(leader.name, name);
    }
    const outcome = await read;
    if (outcome.kind === 'done') assert.equal(valueIn(outcome.answer), 2);
  });
});

test('a leader that waits for its quorum is not taken for dead, so a condition that fails meanwhile is told as it is', async () => {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    const leader = leaderOf(cluster);
    cutFromPeers(cluster, leader);
    const condition = { condition: 'v = :one', values: { ':one': 1 } };
    const puts = [2, 3].map((value) => clients.executeAt(0, putCall('key', value, 0, condition)));
    // Longer than a router waits for a silent node, shorter than a lease.
    await cluster.sleep(1400);
    for (const peer of cluster.nodes.filter((node) => node !== leader)) cluster.network.heal(peer.name, leader.name);
    const outcomes = await Promise.all(puts);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['condition-failed', 'done']);
  });
});

test('a leader refuses at once to hand over to a replica that is down, and goes on taking writes', async () => {
  await play(async (cluster, clients) => {
    const leader = leaderOf(cluster);
    const follower = must(cluster.nodes.find((node) => node !== leader));
    const group = groupOfTable(leader);
    const { replica } = must(group.identity.members.find(({ node }) => node === follower.name));
    follower.kill();
    await cluster.sleep(1000);
    const transfer = cluster.call(leader, { kind: 'transfer-leadership', group: group.id, to: replica });
    const refused = assert.rejects(transfer, { code: 'not-now' });
    // The write meets the leader while the call is there, or was.
    const write = clients.executeAt(0, putCall('key', 1, 0));
    for (let step = 0; step < 50; step++) {
      assert.equal(group.paxos.serves, true);
      await cluster.sleep(2);
    }
    await refused;
    assert.equal((await write).kind, 'done');
    follower.start();
    await cluster.until('the follower can take over', 10_000, () => {
      const call = cluster.call(leader, { kind: 'transfer-leadership', group: group.id, to: replica });
      return call.then(
        () => true,
        () => false,
      );
    });
  });
});

/** Little log is kept, and everything is in a checkpoint soon. */
const TRIMMING: ClusterSettings = { ...DEFAULT_SETTINGS, checkpoints: { ...DEFAULT_SETTINGS.checkpoints, intervalMs: 1000 } };
const TREE_DAMAGE: ReadonlySet<string> = new Set(['replica stopped']);

/** Writes until the logs of the machine's replicas begin behind something: what is gone can come back by a snapshot only. */
async function writeUntilTrimmed(cluster: SimCluster, clients: Clients, machine: Machine): Promise<void> {
  for (let number = 1; number <= 20; number++) await clients.insist(putCall(`key-${number}`, number, 0));
  await cluster.until('the logs are trimmed', 60_000, () => [...cluster.groupsOf(machine)].every(({ paxos }) => paxos.trimmed > 0));
}

async function isWhole(cluster: SimCluster, clients: Clients, machine: Machine): Promise<boolean> {
  // A damaged page is found when somebody needs it.
  for (let number = 1; number <= 20; number++) await clients.insist(putCall(`key-${number}`, number, 1));
  const groups = [...cluster.groupsOf(machine)];
  return groups.length === 2 && groups.every((group) => !group.stopped && !group.awaitsSnapshot && !group.paxos.abstains);
}

test('a damaged page is a page that the check of the trees finds', async () => {
  await play(async (cluster, clients) => {
    const machine = must(cluster.nodes.find((node) => !believesToLead(node)));
    await writeUntilTrimmed(cluster, clients, machine);
    assert.equal(await problemOfTrees(cluster), undefined);
    machine.kill();
    assert.ok(machine.disk.damageTrees('pages') > 0);
    machine.tolerate(TREE_DAMAGE);
    machine.start();
    await cluster.until('the trees are open', 10_000, () => machine.disk.openTree !== undefined);
    assert.match(String(await problemOfTrees(cluster)), new RegExp(`^${machine.name}: .*damaged`));
  }, TRIMMING);
});

for (const what of ['pages', 'headers'] as const) {
  test(`a node comes back whose trees have damaged ${what}`, async () => {
    await play(async (cluster, clients) => {
      const machine = must(cluster.nodes.find((node) => !believesToLead(node)));
      await writeUntilTrimmed(cluster, clients, machine);
      machine.kill();
      assert.ok(machine.disk.damageTrees(what) > 0);
      machine.tolerate(TREE_DAMAGE);
      machine.start();
      await cluster.until('the replicas are whole', 60_000, () => isWhole(cluster, clients, machine));
      const rebuilt = must(machine.life?.service.groups).rebuilder.rebuilt;
      assert.ok(rebuilt >= 1, `${rebuilt} replicas were rebuilt`);
      assert.equal(await differenceOfReplicas(cluster), undefined);
    }, TRIMMING);
  });
}

test('a replica without its tree has forgotten nothing that it accepted, and votes', async () => {
  await play(async (cluster, clients) => {
    const leader = leaderOf(cluster);
    const [damaged, behind] = cluster.nodes.filter((node) => node !== leader) as [Machine, Machine];
    await writeUntilTrimmed(cluster, clients, damaged);
    behind.kill();
    await clients.insist(putCall('key', 7, 0));
    damaged.kill();
    leader.kill();
    assert.ok(damaged.disk.damageTrees('headers') > 0);
    damaged.tolerate(TREE_DAMAGE);
    damaged.start();
    behind.start();
    await cluster.until('the two elect a leader', 30_000, async () => {
      const outcome = await clients.executeAt(0, readCall('key', true));
      return outcome.kind === 'done' && valueOfOutcome(outcome) === 7;
    });
    leader.start();
    await cluster.until('the replicas are whole', 60_000, () => isWhole(cluster, clients, damaged));
    assert.equal(await differenceOfReplicas(cluster), undefined);
  }, TRIMMING);
});

test('a table is made and another deleted while a node is down, which has what it should have once it is back', async () => {
  await play(async (cluster, clients) => {
    const machine = must(cluster.nodes.find((node) => !believesToLead(node)));
    const before = [...cluster.groupsOf(machine)].map(({ id }) => id);
    machine.kill();
    // Leaders must be found first, for some of them were on that node.
    await createTable(cluster, clients, 'later');
    const put = { action: 'PutItem', input: { TableName: 'later', Item: { pk: { S: 'a' }, v: { N: '5' } } } };
    await clients.insist(put);
    await clients.insist({ action: 'DeleteTable', input: { TableName: TABLE } });
    await cluster.until('the table is gone', 60_000, async () => {
      const { TableNames } = await clients.insist({ action: 'ListTables', input: {} });
      return JSON.stringify(TableNames) === '["later"]';
    });
    machine.start();
    await cluster.until('the node has what it should have', 60_000, () => {
      const groups = [...cluster.groupsOf(machine)];
      const isNew = groups.some(({ id, state }) => !before.includes(id) && state.applied > 0);
      return isNew && groups.length === before.length && groups.every(({ paxos, stopped }) => !paxos.abstains && !stopped);
    });
    assert.equal(await differenceOfReplicas(cluster), undefined);
  });
});

const POISON = 'poison';
/** How many times a client that is told of an error tries again: more often than there are nodes. */
const POISON_ATTEMPTS = 6;

test('a request whose evaluation throws is answered, and ends no node after the other', async () => {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    for (const { life } of cluster.nodes) {
      const { digest, process } = must(life);
      digest.poison = POISON;
      process.toleratedErrors = new Set(['a request could not be evaluated']);
    }
    for (let attempt = 0; attempt < POISON_ATTEMPTS; attempt++) {
      await assert.rejects(clients.executeAt(attempt % 2, putCall(POISON, attempt, 0)), /could not be evaluated/);
      assert.equal((await clients.executeAt(attempt % 2, putCall('key', attempt, 0))).kind, 'done');
    }
    assert.equal(valueOfOutcome(await clients.executeAt(0, readCall('key', true))), POISON_ATTEMPTS - 1);
    assert.equal(valueOfOutcome(await clients.executeAt(0, readCall(POISON, true))), undefined);
    assert.deepEqual(
      cluster.nodes.map(({ lives }) => lives),
      [1, 1, 1],
    );
    assert.equal(await differenceOfReplicas(cluster), undefined);
  });
});
