import { drawMs, type Fault } from './fault.ts';
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
