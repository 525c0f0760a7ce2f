import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { NodeId, ReplicaId } from '../../shared/base/ids.ts';
import { KIB } from '../../shared/base/units.ts';
import { PageDamagedError } from '../../shared/btree/errors.ts';
import type { PinnedTree } from '../../shared/btree/pinned-tree.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { CatchUp } from '../../shared/paxos/leadership.ts';
import type { SnapshotMessage, TransferMessage } from '../../shared/wire/frames.ts';
import { decodeGroupMeta } from '../core/group-state.ts';
import type { Group } from './group.ts';
import type { PeerLinks } from './peer-links.ts';
import type { SoleCopies } from './sole-copies.ts';

const CHUNK_BYTES = 192 * KIB;
/** Chunks on their way before the receiver must have acknowledged by asking for more. */
const CHUNKS_AHEAD = 8;
/** A receiver that says nothing for so long is asked again: what it answered may be lost. */
const REPEAT_MS = 1000;
/** A transfer whose receiver says nothing for so long is given up; the consensus core asks again. */
const SILENCE_MS = 20_000;

export type SenderLinks = Pick<PeerLinks, 'sendSnapshot' | 'flush' | 'connected'>;

interface Transfer {
  readonly id: number;
  readonly group: Group;
  readonly replica: ReplicaId;
  readonly node: NodeId;
  heardAtMs: number;
  lastSent: SnapshotMessage | undefined;
  /** Chunks that the receiver has taken. */
  taken: number;
  wake: (() => void) | undefined;
  ended: boolean;
}

/**
 * Sends the last checkpoint of a group to a follower that the log does not reach any more: read from a pinned root, so that
 * serving goes on meanwhile. One transfer for a follower at a time.
 */
export class SnapshotSender {
  readonly #environment: Environment;
  readonly #links: SenderLinks;
  /** Takes a checkpoint of the group now, in turn with the node's other checkpoints. */
  readonly #checkpoint: (group: Group) => Promise<void>;
  readonly #copies: Pick<SoleCopies, 'mayBeGiven' | 'given'>;
  readonly #transfers = new Map<ReplicaId, Transfer>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;
  #transferIds: number;
  /** Sums for metrics. */
  started = 0;
  sentBytes = 0;

  constructor(parts: {
    environment: Environment;
    links: SenderLinks;
    checkpoint: (group: Group) => Promise<void>;
    copies: Pick<SoleCopies, 'mayBeGiven' | 'given'>;
  }) {
    this.#environment = parts.environment;
    this.#links = parts.links;
    this.#checkpoint = parts.checkpoint;
    this.#copies = parts.copies;
    // Nobody must take a transfer for one of an earlier life of this process.
    this.#transferIds = parts.environment.random.uint32();
  }

  sendingTo(replica: ReplicaId): boolean {
    return this.#transfers.has(replica);
  }

  /** Whether the message is about a transfer from here to that node. */
  sends(node: NodeId, message: { readonly group: number; readonly transfer: number }): boolean {
    for (const transfer of this.#transfers.values()) {
      if (transfer.node === node && transfer.group.id === message.group && transfer.id === message.transfer) return true;
    }
    return false;
  }

  start(group: Group, catchUp: CatchUp): void {
    const node = group.nodeOf(catchUp.replica);
    if (this.#stopped || node === undefined || this.#transfers.has(catchUp.replica) || !this.#copies.mayBeGiven(group)) return;
    const transfer: Transfer = {
      id: ++this.#transferIds,
      group,
      replica: catchUp.replica,
      node,
      heardAtMs: this.#environment.clock.monotonicMs(),
      lastSent: undefined,
      taken: 0,
      wake: undefined,
      ended: false,
    };
    this.#transfers.set(catchUp.replica, transfer);
    this.started += 1;
    const running = this.#run(transfer, catchUp)
      .catch((error: unknown) => {
        this.#environment.logger.warn('snapshot not sent', { group: group.id, to: node, error: String(error) });
        this.#send(transfer, { kind: 'abort', group: group.id, transfer: transfer.id, reason: String(error) });
        if (error instanceof PageDamagedError) group.pageUnreadable(error);
      })
      .finally(() => {
        this.#transfers.delete(catchUp.replica);
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** Gives up what is under way, and resolves once nothing is read from the trees any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const transfer of this.#transfers.values()) {
      transfer.ended = true;
      transfer.wake?.();
    }
    await Promise.all(this.#running);
  }

  /** The receiver took chunks, installed the snapshot or gave up. */
  onAnswer(from: NodeId, message: TransferMessage): void {
    for (const transfer of this.#transfers.values()) {
      if (transfer.node !== from || transfer.group.id !== message.group || transfer.id !== message.transfer) continue;
      transfer.heardAtMs = this.#environment.clock.monotonicMs();
      if (message.kind === 'chunk') transfer.taken = Math.max(transfer.taken, message.index + 1);
      else transfer.ended = true;
      if (message.kind === 'installed') this.#copies.given(transfer.group, transfer.replica);
      transfer.wake?.();
    }
  }

  async #run(transfer: Transfer, catchUp: CatchUp): Promise<void> {
    const { group } = transfer;
    const { logger } = this.#environment;
    const needed = Math.max(group.paxos.trimmed, catchUp.position + 1, group.identity.since);
    if (group.checkpointSlot < needed) await this.#checkpoint(group);
    const pinned = await group.tree.pinned();
    try {
      const { state } = decodeGroupMeta(pinned.meta, Number.MAX_SAFE_INTEGER);
      const { self } = group.paxos;
      logger.info('snapshot starts', { group: group.id, to: transfer.node, slot: state.applied });
      const base = { group: group.id, transfer: transfer.id };
      this.#send(transfer, {
        ...base,
        kind: 'begin',
        from: self,
        to: transfer.replica,
        ballot: catchUp.ballot,
        slot: state.applied,
        state: pinned.meta,
        itemBytes: pinned.itemBytes,
      });
      const { chunks, items } = await this.#sendChunks(transfer, pinned);
      this.#send(transfer, { ...base, kind: 'end', chunks, items });
      while (!transfer.ended) await this.#heard(transfer);
      logger.info('snapshot sent', { group: group.id, to: transfer.node, slot: state.applied, items, chunks });
    } finally {
      await pinned.close();
    }
  }

  async #sendChunks(transfer: Transfer, pinned: PinnedTree): Promise<{ chunks: number; items: number }> {
    let writer = new ByteWriter(CHUNK_BYTES + 4 * KIB);
    let chunks = 0;
    let items = 0;
    const flush = async (): Promise<void> => {
      const entries = writer.finish();
      writer = new ByteWriter(CHUNK_BYTES + 4 * KIB);
      while (chunks - transfer.taken >= CHUNKS_AHEAD && !transfer.ended) await this.#heard(transfer);
      if (transfer.ended) throw new Error('the snapshot was given up');
      this.sentBytes += entries.length;
      this.#send(transfer, { kind: 'chunk', group: transfer.group.id, transfer: transfer.id, index: chunks, entries });
      chunks += 1;
    };
    for await (const [key, value] of pinned.entries()) {
      if (writer.length > 0 && writer.length + key.length + value.length > CHUNK_BYTES) await flush();
      writer.bytes(key).bytes(value);
      items += 1;
    }
    if (writer.length > 0) await flush();
    return { chunks, items };
  }

  #send(transfer: Transfer, message: SnapshotMessage): void {
    transfer.lastSent = message;
    this.#links.sendSnapshot(transfer.node, message);
    this.#links.flush();
  }

  /** Waits for a word of the receiver, and asks for one again; rejects when there is none for too long or the link broke. */
  async #heard(transfer: Transfer): Promise<void> {
    const { timers, clock } = this.#environment;
    await new Promise<void>((resolve) => {
      const timer = timers.after(REPEAT_MS, resolve);
      transfer.wake = () => {
        timer.cancel();
        resolve();
      };
    });
    transfer.wake = undefined;
    const silentMs = clock.monotonicMs() - transfer.heardAtMs;
    if (transfer.ended || silentMs < REPEAT_MS) return;
    if (silentMs > SILENCE_MS) throw new Error('the receiver fell silent');
    if (!this.#links.connected(transfer.node)) throw new Error('the connection was lost');
    if (transfer.lastSent !== undefined) this.#send(transfer, transfer.lastSent);
  }
}
