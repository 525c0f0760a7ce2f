import { MIB, MINUTE_MS } from '../../shared/base/units.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { CheckpointOptions } from '../core/options.ts';
import type { Group } from './group.ts';

/** architecture.md 4.3. */
export const DEFAULT_CHECKPOINT_OPTIONS: CheckpointOptions = {
  dirtyBytesMax: 8 * MIB,
  walBytesMax: 64 * MIB,
  intervalMs: 10 * MINUTE_MS,
  followerAllowanceBytes: 2048 * MIB,
  nodeAllowanceBytes: undefined,
};

/** Takes checkpoints, one at a time for the node, of the group that has most log behind it. */
export class CheckpointScheduler {
  readonly #environment: Environment;
  readonly #wal: WriteAheadLog;
  readonly #options: CheckpointOptions;
  readonly #fail: (error: unknown) => void;
  #queue: Promise<void> = Promise.resolve();
  #busy = false;
  #stopped = false;
  /** Sums for metrics. */
  taken = 0;

  constructor(parts: { environment: Environment; wal: WriteAheadLog; options: CheckpointOptions; fail: (error: unknown) => void }) {
    this.#environment = parts.environment;
    this.#wal = parts.wal;
    this.#options = parts.options;
    this.#fail = parts.fail;
  }

  /** To be called every few hundred milliseconds. */
  tick(groups: Iterable<Group>): void {
    if (this.#busy || this.#stopped) return;
    let due: Group | undefined;
    let dueBytes = -1;
    const nowMs = this.#environment.clock.monotonicMs();
    for (const group of groups) {
      const bytes = this.#wal.groupBytes(group.id);
      if (bytes <= dueBytes || !group.checkpointable || !this.#isDue(group, bytes, nowMs)) continue;
      due = group;
      dueBytes = bytes;
    }
    if (due !== undefined) void this.checkpoint(due);
  }

  /** Begins no more by itself; resolves when none is under way. The stores must stay open until then. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.#queue;
  }

  /** A checkpoint of this group as soon as no other runs. */
  checkpoint(group: Group): Promise<void> {
    this.#busy = true;
    const run = this.#queue.then(async () => {
      while (!group.stopped && !group.checkpointable && group.state.applied > group.checkpointSlot) await this.#environment.timers.sleep(1);
      if (!group.checkpointable) return;
      const slot = await group.checkpoint();
      this.taken += 1;
      this.#environment.logger.debug('checkpoint', { group: group.id, slot });
    });
    // A tree that was found damaged meanwhile ends its replica, not the node.
    const failed = (error: unknown): void => (group.stopped ? undefined : this.#fail(error));
    this.#queue = run.catch(failed).then(() => {
      this.#busy = false;
    });
    return run;
  }

  #isDue(group: Group, walBytes: number, nowMs: number): boolean {
    const { dirtyBytesMax, walBytesMax, intervalMs } = this.#options;
    // Log that is kept for a slow follower is not behind the checkpoint: only what was applied since counts.
    const sinceCheckpoint = (walBytes * (group.state.applied - group.checkpointSlot)) / Math.max(1, group.paxos.last - group.paxos.trimmed);
    return group.tree.dirtyBytes >= dirtyBytesMax || sinceCheckpoint >= walBytesMax || nowMs - group.checkpointAtMs >= intervalMs;
  }
}
