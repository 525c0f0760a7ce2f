import { ROUTER } from '../../harness/process-cluster.ts';
import { ALL_PROCESSES, type Fault, leadsMost, othersThan, sleep, type Victim } from './fault.ts';

type Direction = readonly [from: string, to: string];

const SHORTEST_MS = 500;
const FLAPS = 6;
const DELAY_LEAST_MS = 5;
const DELAY_MOST_MS = 400;

function durationMs({ random, secondsMax }: Victim): number {
  return SHORTEST_MS + random.float() * (secondsMax * 1000 - SHORTEST_MS);
}

function bothWays(a: string, b: string): Direction[] {
  return [
    [a, b],
    [b, a],
  ];
}

/** Everything from and to one process. */
function around(name: string): Direction[] {
  return ALL_PROCESSES.filter((other) => other !== name).flatMap((other) => bothWays(name, other));
}

async function cut(victim: Victim, directions: readonly Direction[], label: string): Promise<void> {
  const forMs = durationMs(victim);
  victim.began(`${label} for ${(forMs / 1000).toFixed(1)} s`);
  await victim.network.cut(directions);
  await sleep(forMs);
  await victim.network.heal();
  victim.healed('healed');
}

/** One direction between the leader and others, drawn. */
async function oneWay(victim: Victim): Promise<void> {
  const leader = await leadsMost(victim.cluster);
  const follower = victim.random.pick(othersThan(leader));
  const everybody = ALL_PROCESSES.filter((name) => name !== leader);
  const [label, directions] = victim.random.pick<readonly [string, Direction[]]>([
    [`leader ${leader} > ${follower}`, [[leader, follower]]],
    [`${follower} > leader ${leader}`, [[follower, leader]]],
    [`leader ${leader} > other nodes`, othersThan(leader).map((node): Direction => [leader, node])],
    [`other nodes > leader ${leader}`, othersThan(leader).map((node): Direction => [node, leader])],
    [`leader ${leader} > everybody`, everybody.map((name): Direction => [leader, name])],
    [`everybody > leader ${leader}`, everybody.map((name): Direction => [name, leader])],
  ]);
  await cut(victim, directions, `cut ${label}`);
}

async function delay(victim: Victim): Promise<void> {
  const name = await leadsMost(victim.cluster);
  const delayMs = DELAY_LEAST_MS * (DELAY_MOST_MS / DELAY_LEAST_MS) ** victim.random.float();
  const forMs = durationMs(victim);
  victim.began(`${delayMs.toFixed(0)} ms more each way around ${name} for ${(forMs / 1000).toFixed(1)} s`);
  await victim.network.delay(around(name), delayMs);
  await sleep(forMs);
  await victim.network.heal();
  victim.healed('healed');
}

/** Cut and healed again and again, for times that outlast some timeouts and not others. */
async function flap(victim: Victim): Promise<void> {
  const { network, random } = victim;
  const leader = await leadsMost(victim.cluster);
  const directions = random.chance(0.5) ? around(leader) : othersThan(leader).flatMap((node) => bothWays(leader, node));
  victim.began(`flapping around ${leader}`);
  for (let flaps = 0; flaps < FLAPS; flaps++) {
    await network.cut(directions);
    await sleep((durationMs(victim) * 2) / FLAPS);
    await network.heal();
    await sleep(durationMs(victim) / FLAPS);
  }
  victim.healed('healed');
}

const COMMON = { surroundings: 'proxied', needs: [] } as const;

export const NETWORKS: readonly Fault[] = [
  {
    ...COMMON,
    name: 'cut-pair',
    help: 'The leader and one follower do not hear each other; both hear the third.',
    inflict: async (victim) => {
      const leader = await leadsMost(victim.cluster);
      const follower = victim.random.pick(othersThan(leader));
      await cut(victim, bothWays(leader, follower), `cut ${leader} | ${follower}`);
    },
  },
  { ...COMMON, name: 'cut-one-way', help: 'One direction between the leader and one, all nodes, or everybody.', inflict: oneWay },
  {
    ...COMMON,
    name: 'isolate-leader',
    help: 'The storage node that leads most partitions hears nobody and is heard by nobody.',
    inflict: async (victim) => {
      const leader = await leadsMost(victim.cluster);
      await cut(victim, around(leader), `isolated ${leader}`);
    },
  },
  {
    ...COMMON,
    name: 'cut-router',
    help: 'The router does not reach the leader, who goes on leading.',
    inflict: async (victim) => {
      const leader = await leadsMost(victim.cluster);
      await cut(victim, bothWays(ROUTER, leader), `cut ${ROUTER} | ${leader}`);
    },
  },
  {
    ...COMMON,
    name: 'split-all',
    help: 'No storage node hears another; then all do.',
    inflict: (victim) =>
      cut(
        victim,
        othersThan('').flatMap((node) => othersThan(node).map((other): Direction => [node, other])),
        'cut all nodes',
      ),
  },
  { ...COMMON, name: 'delay', help: 'The network around the leader is slower by 5 to 400 ms.', inflict: delay },
  { ...COMMON, name: 'flapping', help: 'Cuts around the leader that come and go.', inflict: flap },
];
