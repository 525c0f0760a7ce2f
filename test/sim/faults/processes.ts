import { MINUTE_MS } from '../../../services/shared/base/units.ts';
import type { SimMachine } from '../machine.ts';
import { drawMs, type Fault, type FaultParts, type FaultUnderWay } from './fault.ts';
import { once } from './once.ts';

type StorageMachine = FaultParts['cluster']['nodes'][number];

const BACK_LEAST_MS = 20;
const BACK_MOST_MS = 6000;

function started(machine: SimMachine, permit: () => void): () => void {
  return () => {
    machine.start();
    permit();
  };
}

export function pickNode({ cluster, random }: FaultParts): StorageMachine {
  return random.pick(cluster.nodes);
}

/** A node and leave to impair it. */
export function pickImpaired(parts: FaultParts): { node: StorageMachine; permit: () => void } | undefined {
  const node = pickNode(parts);
  const permit = parts.atlas.impair(node);
  return permit === undefined ? undefined : { node, permit };
}

/** SIGKILL of one storage node. */
export const killNode: Fault = {
  kind: 'kill',
  begin(parts) {
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    picked.node.kill();
    return {
      what: picked.node.name,
      durationMs: drawMs(parts.random, BACK_LEAST_MS, BACK_MOST_MS),
      end: started(picked.node, picked.permit),
    };
  },
};

/** One machine loses its power. */
export const cutPower: Fault = {
  kind: 'power',
  begin(parts) {
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    picked.node.cutPower();
    return {
      what: picked.node.name,
      durationMs: drawMs(parts.random, BACK_LEAST_MS, BACK_MOST_MS),
      end: started(picked.node, picked.permit),
    };
  },
};

function everyNode(kind: string, hit: (node: SimMachine) => void): Fault {
  return {
    kind,
    begin({ cluster, atlas, random }): FaultUnderWay | undefined {
      const permit = atlas.impairAll();
      if (permit === undefined) return undefined;
      const { kernel, nodes } = cluster;
      const durationMs = drawMs(random, 100, BACK_MOST_MS);
      for (const node of nodes) {
        // One after the other, quickly: what the last ones did meanwhile must not be lost either.
        kernel.after(random.float() * 50, () => hit(node));
        kernel.after(51 + random.float() * durationMs, () => node.start());
      }
      return {
        what: 'all nodes',
        durationMs: durationMs + 51,
        end: () => {
          for (const node of nodes) node.start();
          permit();
        },
      };
    },
  };
}

export const killAllNodes = everyNode('kill-all', (node) => node.kill());
export const cutAllPower = everyNode('power-all', (node) => node.cutPower());

/** SIGSTOP: the process stands still while its clocks go on. */
export const pauseNode: Fault = {
  kind: 'pause',
  begin(parts) {
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    const { node, permit } = picked;
    const resume = node.pause();
    const end = (): void => {
      resume();
      permit();
    };
    return { what: node.name, durationMs: drawMs(parts.random, 100, 15_000), end };
  },
};

/** A short stall, as of a collection of garbage: any process, at any time. */
export const hiccup: Fault = {
  kind: 'hiccup',
  begin({ cluster, random }) {
    const machine = random.pick(cluster.machines);
    return { what: machine.name, durationMs: drawMs(random, 2, 250), end: machine.pause() };
  },
};

/** The machine is suspended with its monotonic clock, as a virtual machine is: afterwards only the wall clock tells. */
export const suspendNode: Fault = {
  kind: 'suspend',
  begin(parts) {
    const node = pickNode(parts);
    const permit = parts.atlas.impairAlone(node);
    if (permit === undefined) return undefined;
    const { kernel } = parts.cluster;
    const beganAtMs = kernel.nowMs;
    const resume = node.pause();
    node.clock.stop();
    const end = once(() => {
      node.clock.goOn();
      node.clock.stepWall(kernel.nowMs - beganAtMs);
      resume();
      permit();
    });
    return { what: node.name, durationMs: drawMs(parts.random, 100, 15_000), end };
  },
};

/** SIGTERM and start. */
export const restartNode: Fault = {
  kind: 'restart',
  begin(parts) {
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    const { node, permit } = picked;
    void node.restartOrderly(drawMs(parts.random, BACK_LEAST_MS, 2000));
    return { what: node.name, durationMs: 8000, end: started(node, permit) };
  },
};

/** SIGKILL of a process that holds nothing. */
export const killStateless: Fault = {
  kind: 'kill-stateless',
  begin({ cluster, random }) {
    const machine = random.pick([...cluster.routers, cluster.autoAdmin]);
    machine.kill();
    return { what: machine.name, durationMs: drawMs(random, BACK_LEAST_MS, 3000), end: () => machine.start() };
  },
};

const OUTAGE_MS = 30 * MINUTE_MS;

/** Nobody administers the cluster for half an hour (reliability.md (i), F17): what was created goes on without it. */
export const controlPlaneOutage: Fault = {
  kind: 'control-plane-down',
  begin({ cluster: { autoAdmin } }) {
    if (autoAdmin.life === undefined) return undefined;
    autoAdmin.kill();
    return { what: autoAdmin.name, durationMs: OUTAGE_MS, end: () => autoAdmin.start() };
  },
};

/** SIGKILL of a router. */
export const killRouter: Fault = {
  kind: 'kill-router',
  begin({ cluster, random }) {
    const router = random.pick(cluster.routers);
    router.kill();
    return { what: router.name, durationMs: drawMs(random, BACK_LEAST_MS, 3000), end: () => router.start() };
  },
};

/** An operator moves a replica to a node that has none of its group; or, for a start, its log alone. */
export const moveReplica: Fault = {
  kind: 'move-replica',
  begin({ cluster, random }) {
    const node = random.pick(cluster.nodes);
    const led = [...cluster.groupsOf(node)].filter(({ paxos }) => paxos.serves);
    if (led.length === 0) return undefined;
    const { id: group, identity } = random.pick(led);
    const { configuration, members } = identity;
    const out = random.pick(members.filter((member) => member.node !== node.name));
    const free = cluster.nodes.filter(({ name }) => members.every((member) => member.node !== name));
    if (free.length === 0) return undefined;
    const into = { replica: 0, node: random.pick(free).name, az: out.az, logOnly: random.chance(0.3) };
    cluster.call(node, { kind: 'swap-replica', group, configuration, out: out.replica, into }).catch(() => undefined);
    return { what: `group ${group}, ${out.replica} on ${out.node} to ${into.node}`, durationMs: 0, end: () => undefined };
  },
};

/** An operator moves the leadership of some group. */
export const transferLeadership: Fault = {
  kind: 'transfer',
  begin({ cluster, random }) {
    const node = random.pick(cluster.nodes);
    const led = [...cluster.groupsOf(node)].filter(({ paxos }) => paxos.serves);
    if (led.length === 0) return undefined;
    const group = random.pick(led);
    const { replica } = random.pick(group.identity.members);
    const { id } = group;
    cluster.call(node, { kind: 'transfer-leadership', group: id, to: replica }).catch(() => undefined);
    return { what: `group ${id} from ${node.name} to replica ${replica}`, durationMs: 0, end: () => undefined };
  },
};
