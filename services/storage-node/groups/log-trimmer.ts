import type { GroupId, Slot } from '../../shared/base/ids.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';

/** What the trimmer looks at of a replica. */
export interface TrimmedGroup {
  readonly id: GroupId;
  readonly stopped: boolean;
  /** Nothing above it may ever go: what the tree on the disk holds. A replica without a tree goes by those of others. */
  readonly ownFloor: Slot;
  /** Up to where others still need the log, each in a slot of its own. */
  readonly neededSlots: readonly Slot[];
  readonly paxos: { readonly trimmed: Slot };
  trim(slot: Slot): void;
}

export interface LogAllowances {
  /** Log kept for the others, bytes a group. */
  readonly groupBytes: number;
  /** The same over all groups of the node. */
  readonly nodeBytes: number;
}

/** One group's choices: up to which slot its log may go, from what disappoints nobody to what disappoints all. */
interface Choices {
  readonly group: TrimmedGroup;
  /** In ascending order; the last one is the own checkpoint. */
  readonly floors: readonly Slot[];
  chosen: number;
}

/**
 * Lets the log go behind checkpoints. What others still need is kept within an allowance for each group and one for the node;
 * beyond them whoever is furthest behind is disappointed first, and comes back by a snapshot.
 */
export class LogTrimmer {
  readonly #wal: Pick<WriteAheadLog, 'groupBytes' | 'groupBytesAbove' | 'totalBytes'>;
  readonly #allowances: LogAllowances;

  constructor(wal: Pick<WriteAheadLog, 'groupBytes' | 'groupBytesAbove' | 'totalBytes'>, allowances: LogAllowances) {
    this.#wal = wal;
    this.#allowances = allowances;
  }

  trim(groups: Iterable<TrimmedGroup>): void {
    const all: Choices[] = [];
    for (const group of groups) if (!group.stopped) all.push(this.#withinGroup(group));
    if (this.#wal.totalBytes() > this.#allowances.nodeBytes) this.#withinNode(all);
    for (const { group, floors, chosen } of all) {
      const floor = floors[chosen] ?? 0;
      if (floor > group.paxos.trimmed) group.trim(floor);
    }
  }

  #withinGroup(group: TrimmedGroup): Choices {
    const { ownFloor } = group;
    const needed = group.neededSlots.filter((slot) => slot < ownFloor).sort((a, b) => a - b);
    const choices: Choices = { group, floors: [...needed, ownFloor], chosen: 0 };
    if (this.#wal.groupBytes(group.id) < this.#allowances.groupBytes) return choices;
    while (choices.chosen < needed.length && this.#left(choices) >= this.#allowances.groupBytes) choices.chosen += 1;
    return choices;
  }

  #withinNode(all: readonly Choices[]): void {
    let total = 0;
    for (const choices of all) total += this.#left(choices);
    while (total > this.#allowances.nodeBytes) {
      const furthest = this.#furthestBehind(all);
      if (furthest === undefined) return;
      const before = this.#left(furthest);
      furthest.chosen += 1;
      total -= before - this.#left(furthest);
    }
  }

  /** The group that keeps most for others. */
  #furthestBehind(all: readonly Choices[]): Choices | undefined {
    let furthest: Choices | undefined;
    let most = -1;
    for (const choices of all) {
      const { group, floors, chosen } = choices;
      if (chosen + 1 >= floors.length) continue;
      const kept = this.#left(choices) - this.#wal.groupBytesAbove(group.id, group.ownFloor);
      if (kept <= most) continue;
      most = kept;
      furthest = choices;
    }
    return furthest;
  }

  /** Bytes that stay when it is trimmed as chosen. */
  #left({ group, floors, chosen }: Choices): number {
    return this.#wal.groupBytesAbove(group.id, Math.max(floors[chosen] ?? 0, group.paxos.trimmed));
  }
}
