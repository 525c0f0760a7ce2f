import type { Group } from '../../../services/storage-node/groups/group.ts';
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
    const permit = atlas.impair(node);
    if (permit === undefined) return undefined;
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
    const process = node.life?.process;
    const permit = process === undefined ? undefined : atlas.impair(node);
    if (process === undefined || permit === undefined) return undefined;
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
    const node = pickNode(parts);
    const permit = node.life === undefined ? undefined : atlas.impairAlone(node);
    if (permit === undefined) return undefined;
    node.kill();
    const damage = node.disk.damageLog();
    node.toleratedErrors = DAMAGE_ERRORS;
    const end = startAndHeal(cluster, node, permit);
    return { what: `${node.name}: ${damage ?? 'nothing'}`, durationMs: drawMs(random, 20, 3000), end };
  },
};

/** Starts the node; nothing else is hit before its peers have given it back all that it should have. */
function startAndHeal(cluster: SimCluster, node: SimCluster['nodes'][number], permit: () => void): () => void {
  return once(() => {
    node.start();
    const poll = (): void => {
      if (isWhole(cluster, node)) permit();
      else cluster.kernel.after(REPAIR_POLL_MS, poll);
    };
    poll();
  });
}

/** Every replica that the node should have is there, votes, and has a tree. */
function isWhole(cluster: SimCluster, node: SimCluster['nodes'][number]): boolean {
  const groups = [...cluster.groupsOf(node)];
  for (const [id, { members }] of cluster.memberships()) {
    const member = members.find(({ node: name }) => name === node.name);
    const group = groups.find((each) => each.id === id);
    if (member !== undefined && (group === undefined || group.identity.replica !== member.replica || !isSound(group))) return false;
  }
  return node.life !== undefined;
}

function isSound(group: Group): boolean {
  return !group.stopped && !group.paxos.abstains && group.paxos.isMember && !group.awaitsSnapshot;
}

/** A node loses its disk and starts with an empty one: it joins, and the leaders of its groups give it new replicas. */
export const loseDisk: Fault = {
  kind: 'disk-lost',
  begin(parts) {
    const { cluster, atlas, random } = parts;
    const node = pickNode(parts);
    // Two of three copies must be left of everything: a replica that was created late has not got its copy yet.
    if (!cluster.nodes.every((each) => isWhole(cluster, each))) return undefined;
    const permit = atlas.impair(node);
    if (permit === undefined) return undefined;
    node.cutPower();
    node.disk.replace();
    return { what: node.name, durationMs: drawMs(random, 20, 3000), end: startAndHeal(cluster, node, permit) };
  },
};
