import type { StorageNode } from '../../../services/storage-node/service.ts';
import type { Misplacement } from '../kernel/sim-disk-faults.ts';
import type { SimMachine } from '../machine.ts';
import { drawMs, type Fault, type FaultParts } from './fault.ts';
import { once } from './once.ts';
import { pickNode } from './processes.ts';
import { untilWhole } from './repair.ts';

/** A node says loudly what it found, at every start from then on. */
const DAMAGE_ERRORS: ReadonlySet<string> = new Set(['wal-store-damaged', 'wal-group-damaged', 'replica abstains', 'replica stopped']);

/** A node whose disk may be damaged: nothing else is wrong with any node until its replicas are whole again. */
function pickAlone(parts: FaultParts): { node: SimMachine<StorageNode>; permit: () => void } | undefined {
  const node = pickNode(parts);
  const permit = node.life === undefined ? undefined : parts.atlas.impairAlone(node);
  if (permit === undefined) return undefined;
  node.tolerate(DAMAGE_ERRORS);
  return { node, permit };
}

/** The disk of a node is damaged while the node is down. It must notice, vote and serve nothing that it does not know, and be brought back by its peers. */
function damaged(kind: string, damage: (node: SimMachine) => string | undefined): Fault {
  return {
    kind,
    begin(parts) {
      const picked = pickAlone(parts);
      if (picked === undefined) return undefined;
      const { node, permit } = picked;
      node.kill();
      const what = damage(node);
      const end = once(() => {
        node.start();
        untilWhole(parts.cluster, node, permit);
      });
      // Of an empty disk nothing is damaged.
      const struckAs = (): string => (what === undefined ? 'kill' : kind);
      return { what: `${node.name}: ${what ?? 'nothing'}`, durationMs: drawMs(parts.random, 20, 3000), end, struckAs };
    },
  };
}

export const damageLog = damaged('damage', ({ disk }) => disk.damageLog());
export const damageTree = damaged('damage-tree', ({ disk }) => (disk.flipTreeBit() ? 'a bit of a tree is changed' : undefined));

/**
 * A value does not come to stand where the disk says that it does, in a node that serves. Sooner or later the node is started
 * again, so that memory hides nothing any more.
 */
function misplaced(kind: string, how: Misplacement['how']): Fault {
  return {
    kind,
    begin(parts) {
      const { random, cluster } = parts;
      const picked = pickAlone(parts);
      if (picked === undefined) return undefined;
      const { node, permit } = picked;
      const { faults } = node.disk;
      const store = random.pick(['wal', 'tree'] as const);
      const misplacement = { store, how, atOnce: random.chance(0.5), struck: false };
      faults.misplaceNext = misplacement;
      const byPower = random.chance(0.5);
      let ended: string | undefined;
      const end = once(() => {
        faults.misplaceNext = undefined;
        // A process that has ended by itself is not killed once more.
        if (byPower || node.life !== undefined) ended = byPower ? 'power' : 'kill';
        if (byPower) node.cutPower();
        else node.kill();
        node.start();
        untilWhole(cluster, node, permit);
      });
      const struckAs = (): string | undefined => (misplacement.struck ? kind : ended);
      return { what: `${node.name}, ${store}`, durationMs: drawMs(random, 20, 5000), end, struckAs };
    },
  };
}

export const loseWrite = misplaced('lost-write', 'lost');
export const misdirectWrite = misplaced('misdirected-write', 'misdirected');
