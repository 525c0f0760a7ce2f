import { MIB, MINUTE_MS } from '../../shared/base/units.ts';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { CheckpointOptions } from '../core/options.ts';
import type { Group } from './group.ts';

/** architecture.md 4.3. */
export const DEFAULT_CHECKPOINT_OPTIONS: CheckpointOptions = {
  dirtyBytesMax: 8 * MIB,
  walBytesMax: 64 * MIB,
  nodeWalBytesMax: 1024 * MIB,
  nodeDirtyBytesMax: 256 * MIB,
  intervalMs: 10 * MINUTE_MS,
  followerAllowanceBytes: 2048 * MIB,
  nodeAllowanceBytes: undefined,
};

/** Checkpoints for the sake of the node's whole log, or of all its changed pages, begin at this share of what they may be, so that they stay below. */
const NODE_BEGIN = 0.5;

/** What the scheduler looks at of a replica. */
export type ScheduledGroup = Pick<
  Group,
  'id' | 'stopped' | 'checkpointable' | 'checkpointSlot' | 'checkpointAtMs' | 'checkpoint' | 'pageUnreadable'
> & {
  readonly state: Pick<Group['state'], 'applied'>;
  readonly tree: Pick<Group['tree'], 'dirtyBytes'>;
};

/** Takes checkpoints, one at a time for the node, of the group that has most log behind it, or most changed pages where memory is short. */
export class CheckpointScheduler {
  readonly #environment: Pick<Environment, 'clock' | 'timers' | 'logger'>;
  readonly #wal: Pick<WriteAheadLog, 'groupBytesAbove'>;
  readonly #options: CheckpointOptions;
  readonly #groups: () => Iterable<ScheduledGroup>;
  readonly #fail: (error: unknown) => void;
  #queue: Promise<void> = Promise.resolve();
  #busy = false;
  #stopped = false;
  /** Sums for metrics. */
  taken = 0;

  constructor(parts: {
    environment: Pick<Environment, 'clock' | 'timers' | 'logger'>;
    wal: Pick<WriteAheadLog, 'groupBytesAbove'>;
    options: CheckpointOptions;
    groups: () => Iterable<ScheduledGroup>;
    fail: (error: unknown) => void;
  }) {
    this.#environment = parts.environment;
    this.#wal = parts.wal;
    this.#options = parts.options;
    this.#groups = parts.groups;
    this.#fail = parts.fail;
  }

  /** To be called every few hundred milliseconds. */
  tick(): void {
    if (this.#busy || this.#stopped) return;
    const due = this.#dueForNode() ?? this.#dueForItself();
    if (due !== undefined) void this.checkpoint(due);
  }

  /** The group whose checkpoint gives the node most of what it is short of; undefined when it is not. */
  #dueForNode(): ScheduledGroup | undefined {
    const { nodeWalBytesMax, nodeDirtyBytesMax } = this.#options;
    let most: ScheduledGroup | undefined;
    let mostBytes = -1;
    let nodeBytes = 0;
    let dirtiest: ScheduledGroup | undefined;
    let dirtyBytes = 0;
    for (const group of this.#groups()) {
      // Log that is kept for a slow follower is not behind the checkpoint, so it does not count.
      const bytes = this.#wal.groupBytesAbove(group.id, group.checkpointSlot);
      nodeBytes += bytes;
      dirtyBytes += group.tree.dirtyBytes;
      if (!group.checkpointable) continue;
      if (dirtiest === undefined || group.tree.dirtyBytes > dirtiest.tree.dirtyBytes) dirtiest = group;
      if (bytes <= mostBytes) continue;
      most = group;
      mostBytes = bytes;
    }
    if (nodeBytes >= nodeWalBytesMax * NODE_BEGIN) return most;
    return dirtyBytes >= nodeDirtyBytesMax * NODE_BEGIN ? dirtiest : undefined;
  }

  #dueForItself(): ScheduledGroup | undefined {
    const nowMs = this.#environment.clock.monotonicMs();
    let due: ScheduledGroup | undefined;
    let dueBytes = -1;
    for (const group of this.#groups()) {
      if (!group.checkpointable) continue;
      const bytes = this.#wal.groupBytesAbove(group.id, group.checkpointSlot);
      if (bytes <= dueBytes || !this.#isDue(group, bytes, nowMs)) continue;
      due = group;
      dueBytes = bytes;
    }
    return due;
  }

  /** Begins no more by itself; resolves when none is under way. The stores must stay open until then. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#queue;
  }

  /** A checkpoint of this group as soon as no other runs. */
  checkpoint(group: ScheduledGroup): Promise<void> {
    this.#busy = true;
    const run = this.#queue.then(async () => {
      while (!group.stopped && !group.checkpointable && group.state.applied > group.checkpointSlot) await this.#environment.timers.sleep(1);
      if (!group.checkpointable) return;
      const slot = await group.checkpoint();
      this.taken += 1;
      this.#environment.logger.debug('checkpoint', { group: group.id, slot });
    });
    // A tree that was found damaged meanwhile ends its replica, not the node.
    const failed = (error: unknown): void => {
      if (group.stopped) return;
      if (error instanceof PageDamagedError) group.pageUnreadable(error);
      else this.#fail(error);
    };
    this.#queue = run.catch(failed).then(() => {
      this.#busy = false;
      this.#goOn();
    });
    return run;
  }

  /** As long as the node is short, one follows on the other: what comes in meanwhile does not wait for a tick. */
  #goOn(): void {
    const due = this.#stopped || this.#busy ? undefined : this.#dueForNode();
    if (due !== undefined && due.state.applied > due.checkpointSlot) void this.checkpoint(due);
  }

  #isDue(group: ScheduledGroup, walBytes: number, nowMs: number): boolean {
    const { dirtyBytesMax, walBytesMax, intervalMs } = this.#options;
    return group.tree.dirtyBytes >= dirtyBytesMax || walBytes >= walBytesMax || nowMs - group.checkpointAtMs >= intervalMs;
  }
}
