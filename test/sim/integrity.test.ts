import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { GIB } from '../../services/shared/base/units.ts';
import type { Group } from '../../services/storage-node/groups/group.ts';
import { differenceOfReplicas } from './checks/equal-replicas.ts';
import type { Clients, Outcome } from './clients.ts';
import type { SimCluster } from './cluster.ts';
import { deleteCall, putCall, readCall, valueIn } from './items.ts';
import { type ClusterSettings, DEFAULT_SETTINGS } from './settings.ts';
import { groupOfTable, leaderOf, type Machine, play, playOnce } from './story.ts';

const REPAIR_MS = 60_000;
/** What a node says loudly when copies differ. */
const LOUD: ReadonlySet<string> = new Set(['damage found', 'replica stopped', 'copies contradict each other']);

const KEYS = ['one', 'two', 'three'];

async function putAll(clients: Clients, value: number): Promise<void> {
  for (const key of KEYS) await clients.insist(putCall(key, value, 0));
}

/** The copy on this machine loses one item, in memory and in the next checkpoint: nothing of it is damaged, and it is wrong. */
async function loseItem(cluster: SimCluster, node: Machine, which: number): Promise<void> {
  for (const machine of cluster.nodes) {
    machine.tolerate(LOUD);
  }
  const { tree } = groupOfTable(node);
  await cluster.until(`${node.name} applies`, 10_000, () => tree.items >= KEYS.length);
  const keys: Uint8Array[] = [];
  for (let low: Uint8Array | undefined = new Uint8Array(0); low !== undefined; ) {
    const step = tree.scan(low, undefined, false, (key) => keys.push(Buffer.from(key)) > 0);
    low = step.next;
    await step.wait;
  }
  const key = must(keys[which]);
  for (let wait = tree.fetch(key, 'place'); wait !== undefined; wait = tree.fetch(key, 'place')) await wait;
  tree.delete(key);
}

function rebuilt(node: Machine): number {
  return node.life?.service.groups?.rebuilder.rebuilt ?? 0;
}

function copiesThatServe(cluster: SimCluster): number {
  return cluster.nodes.filter((node) => isWhole(groupOfTable(node))).length;
}

function isWhole(group: Group): boolean {
  return !group.stopped && !group.awaitsSnapshot;
}

async function untilRebuilt(cluster: SimCluster, node: Machine): Promise<void> {
  await cluster.until(`${node.name} is built anew`, REPAIR_MS, () => {
    assert(copiesThatServe(cluster) >= 2, 'two replicas of a group are being built anew');
    return rebuilt(node) > 0 && isWhole(groupOfTable(node));
  });
  assert.equal(await differenceOfReplicas(cluster), undefined);
}

async function readAll(clients: Clients, value: number): Promise<void> {
  for (const key of KEYS) {
    assert.equal(valueIn(await clients.insist(readCall(key, true))), value);
  }
}

test('a follower whose copy differs is built anew, and nobody else is', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const leader = leaderOf(cluster);
    const odd = must(cluster.nodes.find((node) => node !== leader));
    await loseItem(cluster, odd, 1);
    await clients.insist(putCall('four', 1, 0));
    await untilRebuilt(cluster, odd);
    assert.deepEqual(
      cluster.nodes.filter((node) => rebuilt(node) > 0).map(({ name }) => name),
      [odd.name],
    );
    assert.equal(leaderOf(cluster), leader);
    await readAll(clients, 1);
  });
});

test('a leader whose copy differs lets another lead, and is built anew by that one', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const odd = leaderOf(cluster);
    await loseItem(cluster, odd, 0);
    await clients.insist(putCall('four', 1, 0));
    await untilRebuilt(cluster, odd);
    assert.notEqual(leaderOf(cluster), odd);
    assert.deepEqual(
      cluster.nodes.filter((node) => rebuilt(node) > 0).map(({ name }) => name),
      [odd.name],
    );
    await readAll(clients, 1);
  });
});

test('a verdict that the minority meets only after a restart is carried out then, if its copy still differs', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const leader = leaderOf(cluster);
    const odd = must(cluster.nodes.find((node) => node !== leader));
    await loseItem(cluster, odd, 2);
    await clients.insist(putCall('four', 1, 0));
    // Everything that the leader says from the mark on comes late, or more than once after the restart.
    await cluster.until('the copies are compared', REPAIR_MS, () => contradictions(leader) > 0);
    odd.kill();
    await cluster.sleep(500);
    odd.start();
    // Its disk may hold the right tree: what was wrong was in memory only.
    await cluster.until(
      'all copies are whole',
      REPAIR_MS,
      () => odd.life?.service.notReady() === undefined && copiesThatServe(cluster) === 3,
    );
    assert.equal(await differenceOfReplicas(cluster), undefined);
    await readAll(clients, 1);
  });
});

function contradictions(node: Machine): number {
  return node.life?.service.groups?.stateHashes.contradicted ?? 0;
}

test('a partition of which no two copies agree refuses every request, also after restarts', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    for (const [at, node] of cluster.nodes.entries()) if (at > 0) await loseItem(cluster, node, at);
    await clients.insist(putCall('four', 1, 0));
    const halted = (): boolean => cluster.nodes.every((node) => node.life !== undefined && groupOfTable(node).state.halted > 0);
    await cluster.until('the partition is halted', REPAIR_MS, halted);
    assert.equal(
      cluster.nodes.reduce((sum, node) => sum + rebuilt(node), 0),
      0,
    );
    const refuses = async (): Promise<void> => {
      for (const call of [readCall('one', true), readCall('one', false), putCall('one', 9, 0)]) {
        const outcome = await clients.execute(call);
        assert.match(outcome.kind === 'unknown' ? String(outcome.message) : outcome.kind, /No intact copy of the partition/);
      }
    };
    await refuses();
    for (const node of cluster.nodes) node.kill();
    for (const node of cluster.nodes) node.start();
    await cluster.until('everybody is back', REPAIR_MS, () => cluster.nodes.every(({ life }) => life?.service.notReady() === undefined));
    await cluster.until('the log is applied', REPAIR_MS, halted);
    await refuses();
  });
});

for (const seed of [1, 2]) {
  test(`a halted partition chooses no copy when a disk is lost, but takes the last one that is left (seed ${seed})`, async () => {
    const settings: ClusterSettings = {
      ...DEFAULT_SETTINGS,
      paxos: { ...DEFAULT_SETTINGS.paxos, windowBytesMax: 1 },
      checkpoints: { ...DEFAULT_SETTINGS.checkpoints, intervalMs: 3000 },
    };
    await playOnce(seed, chooseNoCopy, settings);
  });
}

async function chooseNoCopy(cluster: SimCluster, clients: Clients): Promise<void> {
  await putAll(clients, 1);
  const first = leaderOf(cluster);
  // The leader's copy lacks 'one', a follower's lacks another item; the third copy is right.
  await loseItem(cluster, first, 0);
  await loseItem(cluster, must(cluster.nodes.find((node) => node !== first)), 1);
  await clients.insist(putCall('four', 1, 0));
  const areHalted = (nodes: readonly Machine[]): boolean =>
    nodes.every((node) => node.life !== undefined && groupOfTable(node).state.halted > 0);
  await cluster.until('the partition is halted', REPAIR_MS, () => areHalted(cluster.nodes));
  // What is left of the log does not make a copy.
  await cluster.until('the log is trimmed', 5 * REPAIR_MS, () => cluster.nodes.every((node) => groupOfTable(node).paxos.trimmed >= 6));
  const followers = cluster.nodes.filter((node) => node !== leaderOf(cluster));
  const lost = must(followers.find((node) => groupOfTable(node).tree.items === KEYS.length + 1) ?? followers[0]);
  lost.cutPower();
  lost.disk.replace();
  await cluster.sleep(1000);
  lost.start();
  await cluster.sleep(2 * REPAIR_MS);
  const others = cluster.nodes.filter((node) => node !== lost);
  assert.ok(areHalted(others));
  for (const key of KEYS) assert.equal((await clients.execute(readCall(key, true))).kind, 'unknown');
  // Somebody chooses: only the leader's copy is left, and all are built from it.
  const leader = leaderOf(cluster);
  await damageTreeStores(
    cluster,
    others.filter((node) => node !== leader),
  );
  await cluster.until('the partition answers again', 2 * REPAIR_MS, () =>
    cluster.nodes.every((node) => node.life?.service.notReady() === undefined && hasTable(node) && groupOfTable(node).state.halted === 0),
  );
  await clients.insist(putCall('one', 7, 0));
  assert.equal(valueIn(await clients.insist(readCall('one', true))), 7);
  assert.equal(await differenceOfReplicas(cluster), undefined);
}

function hasTable(node: Machine): boolean {
  return [...(node.life?.service.groups?.all ?? [])].some((group) => group.id !== CATALOG_GROUP && group.paxos.isMember && isWhole(group));
}

/** All that is kept free of a simulated disk. */
const RESERVE = 4 * GIB;
const CUT_MS = 2000;

async function setFree(cluster: SimCluster, nodes: readonly Machine[], share: number): Promise<void> {
  for (const { disk } of nodes) disk.freeBytes = share * RESERVE;
  await cluster.sleep(CUT_MS);
}

function messageOf(outcome: Outcome): string {
  return outcome.kind === 'unknown' ? String(outcome.message) : outcome.kind;
}

test('with one disk nearly full writes go on, led by a node that has room', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const full = leaderOf(cluster);
    await setFree(cluster, [full], 0.9);
    assert.notEqual(leaderOf(cluster), full);
    for (const [at, key] of KEYS.entries()) assert.equal((await clients.executeAt(0, putCall(key, at, 0))).kind, 'done');
    // It is nearly exhausted now: it takes no records, and catches up when it may.
    await setFree(cluster, [full], 0.2);
    await putAll(clients, 2);
    await cluster.sleep(5000);
    assert.ok(groupOfTable(full).paxos.last < groupOfTable(leaderOf(cluster)).paxos.last);
    await setFree(cluster, [full], 10);
    assert.equal(await differenceOfReplicas(cluster), undefined);
    await readAll(clients, 2);
  });
});

test('with two disks nearly full writes are refused by name, reads and deletes go on, and freed space brings writes back', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const full = cluster.nodes.slice(1);
    await setFree(cluster, full, 0.9);
    for (let times = 0; times < 3; times++) assert.match(messageOf(await clients.execute(putCall('one', 5, 0))), /nearly full/);
    await readAll(clients, 1);
    assert.equal((await clients.execute(deleteCall('one'))).kind, 'done');
    await setFree(cluster, full, 0.4);
    assert.match(messageOf(await clients.execute(deleteCall('two'))), /nearly full/);
    assert.equal((await clients.execute(readCall('two', true))).kind, 'done');
    await setFree(cluster, full, 10);
    await putAll(clients, 3);
    assert.deepEqual(
      cluster.nodes.map(({ lives }) => lives),
      [1, 1, 1],
      'nobody was started again',
    );
    assert.equal(await differenceOfReplicas(cluster), undefined);
  });
});

test('with all disks full nobody takes a record, leases go on, and nothing is lost', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    await setFree(cluster, cluster.nodes, 0.1);
    assert.match(messageOf(await clients.execute(putCall('one', 5, 0))), /nearly full/);
    await cluster.sleep(20_000);
    await readAll(clients, 1);
    await setFree(cluster, cluster.nodes, 10);
    await putAll(clients, 2);
    await readAll(clients, 2);
    assert.equal(await differenceOfReplicas(cluster), undefined);
  });
});

/** The trees of these nodes are damaged beyond use while they are down. */
async function damageTreeStores(cluster: SimCluster, nodes: readonly Machine[]): Promise<void> {
  for (const node of nodes) {
    node.tolerate(LOUD);
    node.kill();
    node.disk.damageTreeStore();
  }
  await cluster.sleep(100);
  for (const node of nodes) node.start();
}

test('a node whose store of trees is damaged begins with an empty one, and is whole again from its peers', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    const node = must(cluster.nodes[1]);
    await damageTreeStores(cluster, [node]);
    await cluster.until('it is ready', REPAIR_MS, () => node.life?.service.notReady() === undefined && isWhole(groupOfTable(node)));
    assert.equal(await differenceOfReplicas(cluster), undefined);
    await cluster.until('what was set aside goes', REPAIR_MS, () => node.disk.treesSetAside === 0);
    const report = await cluster.call(node, { kind: 'scrub', start: false });
    assert.deepEqual(report.kind === 'scrub-report' && report.findings.map(({ kind, repaired }) => [kind, repaired]), [['store', true]]);
    await readAll(clients, 1);
  });
});

test('when the trees of all nodes are damaged at once a partition refuses, and what was set aside stays', async () => {
  await play(async (cluster, clients) => {
    await putAll(clients, 1);
    await damageTreeStores(cluster, cluster.nodes);
    await cluster.sleep(10_000);
    for (const call of [readCall('one', true), readCall('one', false), putCall('one', 9, 0)]) {
      assert.match(messageOf(await clients.execute(call)), /No intact copy of the partition/);
    }
    assert.deepEqual(
      cluster.nodes.map(({ disk }) => disk.treesSetAside),
      [1, 1, 1],
    );
    for (const { life } of cluster.nodes) assert.match(String(life?.service.notReady()), /lost its tree/);
  });
});
