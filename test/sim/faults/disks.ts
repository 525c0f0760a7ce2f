import type { FailingCall } from '../kernel/sim-disk-faults.ts';
import { drawMs, type Fault } from './fault.ts';
import { once } from './once.ts';
import { pickImpaired, pickNode } from './processes.ts';
import { isWhole, untilWhole } from './repair.ts';

/** A disk finishes nothing for a while. */
export const stallDisk: Fault = {
  kind: 'disk-stall',
  begin(parts) {
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    const { node, permit } = picked;
    const { faults } = node.disk;
    const durationMs = drawMs(parts.random, 50, 8000);
    const before = faults.struck.stalled;
    faults.stalledUntilMs = parts.cluster.kernel.nowMs + durationMs;
    const end = (): void => {
      faults.stalledUntilMs = 0;
      permit();
    };
    return { what: node.name, durationMs, end, struckAs: () => (faults.struck.stalled > before ? 'disk-stall' : undefined) };
  },
};

/** A disk is slow: any of them, at any time. */
export const slowDisk: Fault = {
  kind: 'disk-slow',
  begin({ cluster, random }) {
    const { disk, name } = random.pick(cluster.nodes);
    const { faults } = disk;
    const before = faults.struck.slowed;
    faults.slowness = drawMs(random, 2, 50);
    const end = (): void => {
      faults.slowness = 1;
    };
    const struckAs = (): string | undefined => (faults.struck.slowed > before ? 'disk-slow' : undefined);
    return { what: `${name}, ${faults.slowness.toFixed(0)} times`, durationMs: drawMs(random, 200, 5000), end, struckAs };
  },
};

/** The supervisor needs some time to bring it back. */
const BACK_MS = 5000;

/** The next such call of a node fails: it must end itself, and verify what it has when it is started again. */
function failing(kind: string, call: FailingCall): Fault {
  return {
    kind,
    begin(parts) {
      const picked = pickImpaired(parts);
      if (picked === undefined) return undefined;
      const { node, permit } = picked;
      const { faults } = node.disk;
      const failure = { call, struck: false };
      faults.failNext = failure;
      const end = once(() => {
        faults.failNext = undefined;
        permit();
      });
      return { what: node.name, durationMs: BACK_MS, end, struckAs: () => (failure.struck ? kind : undefined) };
    },
  };
}

/** What is left of the write is not known. */
export const failWrite = failing('disk-error', 'write');
export const failRead = failing('read-error', 'read');
/**
 * What the sync was for is not on the disk, and the operating system takes it for written: the next sync would succeed without
 * it (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
export const failSync = failing('sync-error', 'sync');

const FREE_BYTES_MOST = 64 * 1024;

/** A disk is full, but for a little, until somebody makes space: the node ends itself, again at each start, and comes back then. */
export const fillDisk: Fault = {
  kind: 'disk-full',
  begin(parts) {
    const { random } = parts;
    const picked = pickImpaired(parts);
    if (picked === undefined) return undefined;
    const { node, permit } = picked;
    const { faults } = node.disk;
    const freeBytes = random.below(FREE_BYTES_MOST);
    const before = faults.struck.full;
    faults.freeBytes = freeBytes;
    const end = once(() => {
      faults.freeBytes = undefined;
      node.start();
      permit();
    });
    const struckAs = (): string | undefined => (faults.struck.full > before ? 'disk-full' : undefined);
    return { what: `${node.name}, but for ${freeBytes} bytes`, durationMs: drawMs(random, 200, 10_000), end, struckAs };
  },
};

/** A node loses its disk and starts with an empty one: it joins, and the leaders of its groups give it new replicas. */
export const loseDisk: Fault = {
  kind: 'disk-lost',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    // Two of three copies must be left of everything: a replica that was created late has not got its copy yet.
    const permit = cluster.nodes.every((each) => isWhole(cluster, each)) ? atlas.impair(node) : undefined;
    if (permit === undefined) return undefined;
    node.cutPower();
    node.disk.replace();
    const end = once(() => {
      node.start();
      untilWhole(cluster, node, permit);
    });
    return { what: node.name, durationMs: drawMs(random, 20, 3000), end };
  },
};
