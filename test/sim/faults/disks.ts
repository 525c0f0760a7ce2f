import type { SimCluster } from '../cluster.ts';
import { drawMs, type Fault } from './fault.ts';
import { once } from './once.ts';
import { pickNode } from './processes.ts';

/** A disk finishes nothing for a while. */
export const stallDisk: Fault = {
  kind: 'disk-stall',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    const permit = node === undefined ? undefined : atlas.impair(node);
    if (node === undefined || permit === undefined) return undefined;
    const durationMs = drawMs(random, 50, 8000);
    node.disk.stalledUntilMs = cluster.kernel.nowMs + durationMs;
    const end = (): void => {
      node.disk.stalledUntilMs = 0;
      permit();
    };
    return { what: node.name, durationMs, end };
  },
};

/** A disk is slow: any of them, at any time. */
export const slowDisk: Fault = {
  kind: 'disk-slow',
  begin({ cluster, random }) {
    const { disk, name } = random.pick(cluster.nodes);
    disk.slowness = drawMs(random, 2, 50);
    const end = (): void => {
      disk.slowness = 1;
    };
    return { what: `${name}, ${disk.slowness.toFixed(0)} times`, durationMs: drawMs(random, 200, 5000), end };
  },
};

/** The next write of a node fails: it must end itself, and verify what it has when it is started again. */
export const failWrite: Fault = {
  kind: 'disk-error',
  begin(parts) {
    const { atlas } = parts;
    const node = pickNode(parts);
    const process = node?.life?.process;
    const permit = node === undefined || process === undefined ? undefined : atlas.impair(node);
    if (node === undefined || process === undefined || permit === undefined) return undefined;
    process.excused = true;
    node.disk.failNextWrite = true;
    // The supervisor needs some time to bring it back.
    const end = (): void => {
      node.disk.failNextWrite = false;
      permit();
    };
    return { what: node.name, durationMs: 5000, end };
  },
};

const REPAIR_POLL_MS = 100;
/** A node says loudly what it found, at every start from then on. */
const DAMAGE_ERRORS: ReadonlySet<string> = new Set(['wal-store-damaged', 'wal-group-damaged', 'replica abstains']);

/**
 * The log of a node is damaged while the node is down. It must notice when it starts, vote for nobody, and be brought back by
 * the leaders of its groups; until then nothing may be wrong with the others.
 */
export const damageLog: Fault = {
  kind: 'damage',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = cluster.nodes.find((machine) => machine === pickNode(parts));
    const permit = node === undefined || node.life === undefined ? undefined : atlas.impairAlone(node);
    if (node === undefined || permit === undefined) return undefined;
    node.kill();
    const damage = node.disk.damageLog();
    node.toleratedErrors = DAMAGE_ERRORS;
    const end = once(() => {
      node.start();
      const poll = (): void => {
        if (isWhole(cluster, node)) permit();
        else cluster.kernel.after(REPAIR_POLL_MS, poll);
      };
      poll();
    });
    return { what: `${node.name}: ${damage ?? 'nothing'}`, durationMs: drawMs(random, 20, 3000), end };
  },
};

/** Every replica that the node should have is there and votes. */
function isWhole(cluster: SimCluster, node: SimCluster['nodes'][number]): boolean {
  const groups = [...cluster.groupsOf(node)];
  const most = Math.max(...cluster.nodes.map((machine) => [...cluster.groupsOf(machine)].length));
  return groups.length === most && groups.every((group) => !group.stopped && !group.paxos.abstains);
}

/** A node loses its disk for good. Nothing replaces a replica yet, so this happens once in a run and ends everything for it. */
export const loseDisk: Fault = {
  kind: 'disk-lost',
  begin(parts) {
    const { cluster, atlas } = parts;
    const node = cluster.nodes.find((machine) => machine === pickNode(parts));
    if (node === undefined || cluster.lost.size > 0) return undefined;
    // Never given back: the other two must live from now on.
    if (atlas.impair(node) === undefined) return undefined;
    cluster.lost.add(node);
    node.cutPower();
    node.disk.replace();
    return { what: node.name, durationMs: 500, end: () => node.start() };
  },
};
