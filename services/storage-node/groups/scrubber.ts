import type { GroupId, Slot } from '../../shared/base/ids.ts';
import { KIB, SECOND_MS } from '../../shared/base/units.ts';
import { PageDamagedError, TreeClosedError } from '../../shared/btree/errors.ts';
import type { PinnedTree } from '../../shared/btree/pinned-tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { isSoundStoredValue } from '../../shared/item/stored-value.ts';
import { WalDamagedError, WalGroupUnknownError, WalTrimmedError } from '../../shared/wal/wal-types.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { ScrubOptions } from '../core/options.ts';
import type { Findings, Found } from './findings.ts';
import type { Group } from './group.ts';

/** A turn of the loop reads no more than this, or no longer (architecture.md 6). */
const SLICE_BYTES = 64 * KIB;
const SLICE_MS = 1;
/** A view of the store is given back after so long: while it is held, what is overwritten cannot be freed. */
const VIEW_MS = 10 * SECOND_MS;
/** How long a damaged place of the log is waited for to be applied and in a checkpoint, so that it may go. */
const LOG_REPAIR_MS = 30 * SECOND_MS;
const LOG_REPAIR_POLL_MS = 100;

/** What the scrubber needs of its node. */
export interface ScrubberParts {
  readonly environment: Environment;
  readonly wal: Pick<WriteAheadLog, 'read'>;
  readonly groups: () => Iterable<Group>;
  readonly groupOf: (group: GroupId) => Group | undefined;
  /** Replicas that should be here and of which not even the header is readable. */
  readonly unknown: () => Iterable<GroupId>;
  readonly findings: Findings;
  /** Takes a checkpoint of the group, in turn with the node's other ones. */
  readonly checkpoint: (group: Group) => Promise<void>;
  readonly options: ScrubOptions;
}

/**
 * Reads all that the node's replicas have on the disk, again and again and slowly, so that damage is found while the others are
 * whole: every page of every tree as of its last checkpoint, and the log. What it finds it mends as any reader would: a damaged
 * tree is given up and comes back from the log or the others; a damaged place of the log goes with the log up to the next
 * checkpoint, which holds its effect.
 */
export class Scrubber {
  readonly #parts: ScrubberParts;
  #stopping = false;
  /** Groups whose log is being mended. */
  readonly #mending = new Map<GroupId, Promise<void>>();
  #run: Promise<void> = Promise.resolve();
  #nextAtMs: number;
  #sliceBytes = 0;
  #sliceBeganAtMs = 0;
  /** Passes begun. */
  pass = 0;
  running = false;
  replicasDone = 0;
  replicas = 0;
  /** Of this pass, or the last one. */
  passPages = 0;
  passBytes = 0;
  /** Wall time of the end of the last complete pass, milliseconds; 0: none. */
  lastCompleteMs = 0;
  /** Sums for metrics. */
  pages = 0;
  bytes = 0;

  /** The first pass begins at some time within the first interval, so that not all nodes read at once. */
  constructor(parts: ScrubberParts) {
    this.#parts = parts;
    const { clock, random } = parts.environment;
    this.#nextAtMs = clock.monotonicMs() + random.float() * parts.options.intervalMs;
  }

  /** To be called every few hundred milliseconds. */
  tick(): void {
    if (this.#parts.environment.clock.monotonicMs() >= this.#nextAtMs) this.start();
  }

  /** Begins a pass, unless one is under way. */
  start(): void {
    if (this.running || this.#stopping) return;
    const { environment, options } = this.#parts;
    this.#nextAtMs = environment.clock.monotonicMs() + options.intervalMs;
    this.pass += 1;
    this.running = true;
    this.#run = this.#scrubAll()
      .catch((error: unknown) => environment.logger.error('scrub failed', { error: String(error) }))
      .finally(() => {
        this.running = false;
      });
  }

  /** Resolves when nothing is being read any more: the stores must stay open until then. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#run;
    await Promise.all(this.#mending.values());
  }

  /** Somebody met a damaged chunk of the log, the one with this slot. Resolves when it is mended, or was given up for now. */
  logDamaged(group: Group, slot: Slot, error: WalDamagedError): Promise<void> {
    const known = this.#mending.get(group.id);
    if (known !== undefined) return known;
    if (this.#stopping) return Promise.resolve();
    const mending = this.#mendLog(group, slot, error)
      .catch((failure: unknown) => this.#parts.environment.logger.error('log not mended', { group: group.id, error: String(failure) }))
      .finally(() => this.#mending.delete(group.id));
    this.#mending.set(group.id, mending);
    return mending;
  }

  async #scrubAll(): Promise<void> {
    const { environment, groups, unknown, findings } = this.#parts;
    const all = [...groups()];
    this.replicas = all.length;
    this.replicasDone = 0;
    this.passPages = 0;
    this.passBytes = 0;
    for (const group of unknown()) findings.add({ group, tableId: '' }, 'incomplete', 'the copy is lost, and what it was is not known yet');
    for (const group of all) {
      await this.#scrubGroup(group);
      if (this.#stopping) return;
      this.replicasDone += 1;
    }
    this.lastCompleteMs = environment.clock.wallMs();
    const { pass, passPages, passBytes } = this;
    environment.logger.info('scrub pass ended', { pass, pages: passPages, bytes: passBytes, unrepaired: findings.unrepaired });
  }

  async #scrubGroup(group: Group): Promise<void> {
    // A replica of the log alone has no tree, and takes its copy soon.
    if (this.#parts.groupOf(group.id) !== group || group.keepsLogOnly) return;
    if (group.stopped || group.awaitsSnapshot || group.paxos.abstains || group.state.halted > 0) {
      this.#parts.findings.add(found(group), 'incomplete', 'the copy does not serve, so that there is nothing to compare it with');
      if (group.stopped || group.awaitsSnapshot) return;
    }
    try {
      await this.#scrubTree(group);
      await this.#scrubLog(group);
    } catch (error) {
      // It has left the node, or begun anew, while it was read.
      if (error instanceof TreeClosedError || error instanceof WalGroupUnknownError) return;
      throw error;
    }
  }

  // --- trees -------------------------------------------------------------------------------------------------------

  async #scrubTree(group: Group): Promise<void> {
    try {
      for (let from: Uint8Array | undefined = new Uint8Array(0); from !== undefined && !group.stopped && !this.#stopping; ) {
        const pinned = await group.tree.pinned();
        try {
          from = await this.#scrubView(group, pinned, from);
        } finally {
          await pinned.close();
        }
      }
    } catch (error) {
      if (!(error instanceof PageDamagedError)) throw error;
      group.pageUnreadable(error);
    }
  }

  /** Reads for as long as one view may be held; returns where to go on, undefined at the end. */
  async #scrubView(group: Group, pinned: PinnedTree, from: Uint8Array): Promise<Uint8Array | undefined> {
    const { clock, digest } = this.#parts.environment;
    const beganAtMs = clock.monotonicMs();
    const isSound = (key: Uint8Array, value: Uint8Array, checksum: number): boolean => isSoundStoredValue(key, value, checksum, digest);
    for await (const { bytes, below } of pinned.scrub(from, isSound)) {
      this.pages += 1;
      this.passPages += 1;
      await this.#pace(bytes);
      if (group.stopped || this.#stopping) return undefined;
      if (below !== undefined && clock.monotonicMs() - beganAtMs > VIEW_MS) return below;
    }
    return undefined;
  }

  // --- the log -----------------------------------------------------------------------------------------------------

  async #scrubLog(group: Group): Promise<void> {
    const damage = await this.#damageOfLog(group);
    if (damage !== undefined) await this.logDamaged(group, damage.slot, damage.error);
  }

  /** The first slot whose chunk is damaged, of those that are durable now. */
  async #damageOfLog(group: Group): Promise<{ readonly slot: Slot; readonly error: WalDamagedError } | undefined> {
    const end = group.durableLast;
    for (let slot = group.paxos.trimmed + 1; slot <= end && !group.stopped && !this.#stopping; ) {
      try {
        const records = await this.#parts.wal.read(group.id, slot, end, SLICE_BYTES);
        if (records.length === 0) return undefined;
        slot += records.length;
        await this.#pace(records.reduce((sum, { length }) => sum + length, 0));
      } catch (error) {
        if (error instanceof WalDamagedError) return { slot, error };
        if (!(error instanceof WalTrimmedError)) throw error;
        slot = Math.max(slot, group.paxos.trimmed) + 1;
      }
    }
    return undefined;
  }

  /**
   * The chunk with this slot is damaged. Once a checkpoint holds its effect, nobody needs it but followers that are behind, who
   * get a snapshot instead. What is not chosen and applied in time is left to the next pass, or to the guards of the next start.
   */
  async #mendLog(group: Group, slot: Slot, error: WalDamagedError): Promise<void> {
    const { environment, findings, checkpoint } = this.#parts;
    findings.add(found(group), 'log', error.message);
    const giveUpAtMs = environment.clock.monotonicMs() + LOG_REPAIR_MS;
    for (let damaged: Slot | undefined = slot; damaged !== undefined; damaged = (await this.#damageOfLog(group))?.slot) {
      while (group.checkpointSlot < damaged) {
        if (group.stopped || this.#stopping || environment.clock.monotonicMs() >= giveUpAtMs) return;
        // A checkpoint that fails ends the process, or was of a replica that has stopped.
        if (group.state.applied >= damaged) await checkpoint(group).catch(() => undefined);
        if (group.checkpointSlot < damaged) await environment.timers.sleep(LOG_REPAIR_POLL_MS);
      }
      // Of a group that has left the node, or begun anew, this is not the log any more.
      if (group.stopped || this.#stopping) return;
      group.trim(group.checkpointSlot);
      environment.logger.warn('damaged log given up behind a checkpoint', { group: group.id, slot: group.checkpointSlot });
    }
    if (!group.stopped && !this.#stopping) findings.repaired(group.id, 'log');
  }

  // --- pace --------------------------------------------------------------------------------------------------------

  /** Waits so long that no more is read than the rate allows, and no turn of the loop is long. */
  async #pace(bytes: number): Promise<void> {
    const { clock, timers } = this.#parts.environment;
    this.bytes += bytes;
    this.passBytes += bytes;
    this.#sliceBytes += bytes;
    const nowMs = clock.monotonicMs();
    if (this.#sliceBytes < SLICE_BYTES && nowMs - this.#sliceBeganAtMs < SLICE_MS) return;
    const owedMs = (this.#sliceBytes / this.#parts.options.bytesPerSecond) * SECOND_MS;
    this.#sliceBytes = 0;
    // A second at most: an overflow page of megabytes must not hold up a stop for minutes.
    await timers.sleep(Math.min(SECOND_MS, Math.max(0, owedMs)));
    this.#sliceBeganAtMs = clock.monotonicMs();
  }
}

function found(group: Group): Found {
  return { group: group.id, tableId: group.identity.tableId };
}
