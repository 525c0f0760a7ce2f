import type { SimCluster } from '../cluster.ts';
import { drawMs, type Fault, type FaultUnderWay } from './fault.ts';
import { pickNode } from './processes.ts';

const CUT_LEAST_MS = 50;
/** The longest cut, milliseconds. */
export const CUT_MOST_MS = 20_000;
const FLAP_LEAST_MS = 10;
const FLAP_MOST_MS = 1500;

/** Ordered pairs of machines. */
type Directions = readonly (readonly [string, string])[];

function cutFor(cluster: SimCluster, directions: Directions, what: string, durationMs: number, permit: () => void): FaultUnderWay {
  for (const [from, to] of directions) cluster.network.cut(from, to);
  const end = (): void => {
    for (const [from, to] of directions) cluster.network.heal(from, to);
    permit();
  };
  return { what, durationMs, end };
}

/** One node is cut from everything, both ways, or only what it sends, or only what is sent to it. */
export const isolateNode: Fault = {
  kind: 'isolate',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    const permit = node === undefined ? undefined : atlas.impair(node);
    if (node === undefined || permit === undefined) return undefined;
    const others = cluster.machines.filter((machine) => machine !== node);
    const out: Directions = others.map(({ name }) => [node.name, name]);
    const into: Directions = others.map(({ name }) => [name, node.name]);
    const [which, directions] = random.pick([
      ['both ways', [...out, ...into]],
      ['what it sends', out],
      ['what is sent to it', into],
    ] as const);
    return cutFor(cluster, directions, `${node.name}, ${which}`, drawMs(random, CUT_LEAST_MS, CUT_MOST_MS), permit);
  },
};

/** One node does not reach the other nodes, or is not reached by them, but routers talk to all: a leader that does not know it yet. */
export const cutFromPeers: Fault = {
  kind: 'cut-peers',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    const permit = node === undefined ? undefined : atlas.impair(node);
    if (node === undefined || permit === undefined) return undefined;
    const peers = cluster.nodes.filter((machine) => machine !== node);
    const out: Directions = peers.map(({ name }) => [node.name, name]);
    const into: Directions = peers.map(({ name }) => [name, node.name]);
    const directions = random.pick<Directions>([[...out, ...into], out, into]);
    return cutFor(cluster, directions, `${node.name}, ${directions.length} ways`, drawMs(random, CUT_LEAST_MS, CUT_MOST_MS), permit);
  },
};

/** Two nodes do not reach each other, or one not the other; a third one reaches both. */
export const cutBetweenNodes: Fault = {
  kind: 'cut-between',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    const permit = node === undefined ? undefined : atlas.impair(node);
    if (node === undefined || permit === undefined) return undefined;
    const other = random.pick(cluster.nodes.filter((machine) => machine !== node));
    const directions: Directions = random.chance(0.5)
      ? [[node.name, other.name]]
      : [
          [node.name, other.name],
          [other.name, node.name],
        ];
    const what = `${node.name} and ${other.name}, ${directions.length} ways`;
    return cutFor(cluster, directions, what, drawMs(random, CUT_LEAST_MS, CUT_MOST_MS), permit);
  },
};

/** A router does not reach one node, or is not reached by it. */
export const cutRouter: Fault = {
  kind: 'cut-router',
  begin({ cluster, random }) {
    const node = random.pick(cluster.nodes);
    const router = random.pick(cluster.routers).name;
    const there = [router, node.name] as const;
    const back = [node.name, router] as const;
    const directions = random.pick<Directions>([[there], [back], [there, back]]);
    const what = `${node.name} and ${router}, ${directions.length} ways`;
    return cutFor(cluster, directions, what, drawMs(random, CUT_LEAST_MS, CUT_MOST_MS), () => undefined);
  },
};

/** Connections between two machines break and can be made again at once. */
export const breakConnections: Fault = {
  kind: 'break',
  begin({ cluster, random }) {
    const node = random.pick(cluster.nodes);
    const other = random.pick(cluster.machines.filter((machine) => machine !== node));
    const broken = cluster.network.breakConnections(node.name, other.name);
    return broken === 0 ? undefined : { what: `${node.name} and ${other.name}: ${broken} ends`, durationMs: 0, end: () => undefined };
  },
};

/** One direction is slow, or loses segments that are then sent again. */
export const slowLink: Fault = {
  kind: 'slow-link',
  begin({ cluster, random }) {
    const from = random.pick(cluster.machines);
    const to = random.pick(cluster.machines.filter((machine) => machine !== from));
    const link = cluster.network.link(from.name, to.name);
    if (random.chance(0.5)) link.delayMs = drawMs(random, 5, 400);
    else link.loss = 0.02 + random.float() * 0.28;
    const what = `${from.name} to ${to.name}: ${link.delayMs.toFixed(0)} ms, loss ${link.loss.toFixed(2)}`;
    const end = (): void => {
      link.delayMs = 0;
      link.loss = 0;
    };
    return { what, durationMs: drawMs(random, 200, 10_000), end };
  },
};

/** A node is there and gone and there again, faster than anybody can tell what it is. */
export const flap: Fault = {
  kind: 'flap',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    const permit = node === undefined ? undefined : atlas.impair(node);
    if (node === undefined || permit === undefined) return undefined;
    const others = cluster.machines.filter((machine) => machine !== node);
    const into: Directions = others.map(({ name }) => [name, node.name]);
    const out: Directions = others.map(({ name }) => [node.name, name]);
    const directions = random.pick<Directions>([[...out, ...into], out, into]);
    let over = false;
    const swing = (isCut: boolean): void => {
      if (over) return;
      for (const [from, to] of directions) {
        if (isCut) cluster.network.cut(from, to);
        else cluster.network.heal(from, to);
      }
      cluster.kernel.after(drawMs(random, FLAP_LEAST_MS, FLAP_MOST_MS), () => swing(!isCut));
    };
    swing(true);
    const end = (): void => {
      over = true;
      for (const [from, to] of directions) cluster.network.heal(from, to);
      permit();
    };
    return { what: `${node.name}, ${directions.length} ways`, durationMs: drawMs(random, 2000, CUT_MOST_MS), end };
  },
};

/** Nodes in a line: the ends do not reach each other, and each router reaches but one end and the middle. */
export const cutIntoChain: Fault = {
  kind: 'chain',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const first = pickNode(parts);
    const permit = first === undefined ? undefined : atlas.impair(first);
    if (first === undefined || permit === undefined) return undefined;
    const last = random.pick(cluster.nodes.filter((machine) => machine !== first));
    const apart: (readonly [string, string])[] = [[first.name, last.name]];
    for (const router of cluster.routers) apart.push([router.name, random.pick([first, last]).name]);
    const directions = apart.flatMap(
      ([from, to]): Directions => [
        [from, to],
        [to, from],
      ],
    );
    const what = apart.map((pair) => pair.join(' and ')).join(', ');
    return cutFor(cluster, directions, what, drawMs(random, CUT_LEAST_MS, CUT_MOST_MS), permit);
  },
};

/** Frames of a connection that was given up arrive after those of the one that took its place. */
export const lateFrames: Fault = {
  kind: 'late-frames',
  begin({ cluster, random }) {
    const node = random.pick(cluster.nodes);
    const other = random.pick(cluster.machines.filter((machine) => machine !== node));
    const [from, to] = random.chance(0.5) ? [node.name, other.name] : [other.name, node.name];
    const delayMs = drawMs(random, 5, 5000);
    const count = cluster.network.abandonConnections(from, to, delayMs);
    return count === 0 ? undefined : { what: `${from} to ${to}: ${count}, ${delayMs.toFixed(0)} ms`, durationMs: 0, end: () => undefined };
  },
};
