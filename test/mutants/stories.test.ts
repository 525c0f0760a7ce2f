import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import { type ApiCall, Clients, type Json, type Outcome } from '../sim/clients.ts';
import { SimCluster } from '../sim/cluster.ts';
import { putCall, readCall, scanCall, valueIn } from '../sim/items.ts';
import { Kernel } from '../sim/kernel/kernel.ts';
import { DEFAULT_SETTINGS } from '../sim/settings.ts';
import { simulate } from '../sim/simulate.ts';
import { createTable } from '../sim/table.ts';

/** How long messages travel, and what comes first after a pause, differs from seed to seed. */
const SEEDS = 32;
const LIMIT_MS = 600_000;

type Machine = SimCluster['nodes'][number];
type Story = (cluster: SimCluster, clients: Clients) => Promise<void>;

async function play(story: Story): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const kernel = new Kernel(seed);
    const cluster = new SimCluster(kernel, DEFAULT_SETTINGS);
    const work = async (): Promise<void> => {
      await cluster.boot();
      const clients = new Clients(cluster);
      await createTable(cluster, clients);
      await story(cluster, clients);
    };
    await simulate(kernel, work, LIMIT_MS);
    assert.deepEqual(kernel.violations, [], kernel.trace.lastLines(40).join('\n'));
  }
}

function leads(cluster: SimCluster, node: Machine): boolean {
  return [...cluster.groupsOf(node)].some(({ id, paxos }) => id !== CATALOG_GROUP && paxos.serves);
}

function cut(cluster: SimCluster, machine: Machine, others: readonly { readonly name: string }[]): void {
  for (const { name } of others) {
    if (name === machine.name) continue;
    cluster.network.cut(name, machine.name);
    cluster.network.cut(machine.name, name);
  }
}

/** The leader stands still until another one has written; a call that came to it meanwhile is answered then. */
async function askOldLeader(call: ApiCall, check: (outcome: Outcome) => void): Promise<void> {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    // The second router learns who leads, and then asks nobody: it notices nothing of what follows.
    assert.equal((await clients.executeAt(1, readCall('key', true))).kind, 'done');
    const leader = must(cluster.nodes.find((node) => leads(cluster, node)));
    const resume = leader.pause();
    // It hears from nobody else, so that few things besides its timers can come before the call when it goes on.
    cut(
      cluster,
      leader,
      cluster.machines.filter((machine) => machine !== cluster.routers[1]),
    );
    await cluster.sleep(3000);
    await cluster.until('the next leader writes', 10_000, async () => (await clients.executeAt(0, putCall('key', 2, 0))).kind === 'done');
    const asked = clients.executeAt(1, call);
    // It lies in the socket of the old leader.
    await cluster.sleep(20);
    resume();
    check(await asked);
  });
}

function answerOf(outcome: Outcome): Json {
  assert.equal(outcome.kind, 'done');
  return outcome.kind === 'done' ? outcome.answer : {};
}

test('a leader that stood still does not answer a read from what it held', async () => {
  await askOldLeader(readCall('key', true), (outcome) => assert.equal(valueIn(answerOf(outcome)), 2));
});

test('nor a condition', async () => {
  const ifTwo = { condition: 'v = :two', values: { ':two': 2 } };
  await askOldLeader(putCall('key', 3, 0, ifTwo), (outcome) => assert.equal(outcome.kind, 'done'));
});

test('nor a Scan', async () => {
  await askOldLeader(scanCall(undefined), (outcome) => {
    const [item] = answerOf(outcome)['Items'] as readonly Json[];
    assert.equal(valueIn({ Item: item }), 2);
  });
});

test('a replica that heard no leader for long leaves eventually consistent reads to others', async () => {
  await play(async (cluster, clients) => {
    await clients.insist(putCall('key', 1, 0));
    // Each router prefers the node in its own AZ, and they stand in the same order.
    const router = leads(cluster, must(cluster.nodes[0])) ? 1 : 0;
    cut(cluster, must(cluster.nodes[router]), cluster.nodes);
    await cluster.until('a write succeeds', 10_000, async () => (await clients.executeAt(router, putCall('key', 2, 0))).kind === 'done');
    await cluster.sleep(6000);
    assert.equal(valueIn(answerOf(await clients.executeAt(router, readCall('key', false)))), 2);
  });
});
