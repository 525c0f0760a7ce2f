import { ByteReader } from '../../shared/base/byte-reader.ts';
import type { GroupId, NodeId, Slot } from '../../shared/base/ids.ts';
import type { PageStore } from '../../shared/btree/page-store.ts';
import type { TreeLoader } from '../../shared/btree/tree-loader.ts';
import type { Environment } from '../../shared/env/environment.ts';
import { decodeStoredValue, storedChecksum } from '../../shared/item/stored-value.ts';
import type { SnapshotBegin, SnapshotMessage, TransferMessage } from '../../shared/wire/frames.ts';
import { decodeGroupMeta, encodeGroupMeta, type GroupIdentity, type GroupMeta } from '../core/group-state.ts';
import type { DiskRoom } from './disk-room.ts';
import type { Group } from './group.ts';
import type { PeerLinks } from './peer-links.ts';

/** What is asked about the disk. */
export type SnapshotRoom = Pick<DiskRoom, 'fullness' | 'spareBytes'>;

interface Staging {
  readonly begin: SnapshotBegin;
  readonly node: NodeId;
  readonly loader: TreeLoader;
  /** The sender's. */
  readonly meta: GroupMeta;
  nextChunk: number;
  items: number;
  /** Messages wait for the one before: loading is asynchronous, and order matters. */
  turn: Promise<void>;
}

/** How a transfer ended. */
interface Finished {
  readonly node: NodeId;
  readonly transfer: number;
  readonly slot: Slot;
}

export type ReceiverLinks = Pick<PeerLinks, 'sendSnapshot' | 'flush'>;

/**
 * Takes a snapshot in: stages it under fresh pages and puts it in place in one atomic step. Each value is verified with its
 * own checksum and key. A broken transfer leaves the replica as it was.
 */
export class SnapshotReceiver {
  readonly #environment: Environment;
  readonly #pages: PageStore;
  readonly #links: ReceiverLinks;
  readonly #room: SnapshotRoom;
  readonly #rememberRequestsMs: number;
  /** Told of a new tree before anything is applied to it. */
  readonly #replaced: (group: Group) => Promise<void>;
  readonly #staging = new Map<GroupId, Staging>();
  /** The last transfer of each group whose snapshot was put in place. */
  readonly #finished = new Map<GroupId, Finished>();
  /** Sums for metrics. */
  installed = 0;

  constructor(parts: {
    environment: Environment;
    pages: PageStore;
    links: ReceiverLinks;
    room: SnapshotRoom;
    rememberRequestsMs: number;
    replaced: (group: Group) => Promise<void>;
  }) {
    this.#environment = parts.environment;
    this.#pages = parts.pages;
    this.#links = parts.links;
    this.#room = parts.room;
    this.#rememberRequestsMs = parts.rememberRequestsMs;
    this.#replaced = parts.replaced;
  }

  onMessage(node: NodeId, group: Group, message: TransferMessage): void {
    if (message.kind === 'begin') {
      this.#begin(node, group, message);
      return;
    }
    const staging = this.#staging.get(group.id);
    if (staging === undefined || staging.node !== node || staging.begin.transfer !== message.transfer) {
      if (message.kind === 'chunk' || message.kind === 'end') this.#answerAgain(node, message);
      return;
    }
    staging.turn = staging.turn
      .then(() => this.#take(group, staging, message))
      .catch((error: unknown) => this.#abort(group, staging, error));
  }

  /** A message of no transfer under way: its end was not heard, or it broke off. */
  #answerAgain(node: NodeId, { group, transfer }: TransferMessage): void {
    const finished = this.#finished.get(group);
    if (finished?.node === node && finished.transfer === transfer)
      this.#answer(node, { kind: 'installed', group, transfer, slot: finished.slot });
    else this.#refuse(node, { group, transfer }, 'the transfer is not known here');
  }

  #refuse(node: NodeId, { group, transfer }: Pick<TransferMessage, 'group' | 'transfer'>, reason: string): void {
    this.#answer(node, { kind: 'abort', group, transfer, reason });
  }

  /** The group leaves the node: resolves when no snapshot of it can be put in place any more. The group has stopped before. */
  async forget(group: Group): Promise<void> {
    this.#finished.delete(group.id);
    await this.#staging.get(group.id)?.turn;
    const staging = this.#staging.get(group.id);
    if (staging !== undefined) this.#abort(group, staging, 'the replica is removed');
  }

  #begin(node: NodeId, group: Group, begin: SnapshotBegin): void {
    const { logger } = this.#environment;
    const old = this.#staging.get(group.id);
    if (begin.to !== group.paxos.self || begin.slot <= group.state.applied || begin.slot < group.paxos.trimmed) {
      this.#refuse(node, begin, 'not needed');
      return;
    }
    // Items take more room in pages than in their own size, so that it is looked at again with each chunk.
    if (this.#room.fullness === 2 || begin.itemBytes > this.#room.spareBytes) {
      this.#refuse(node, begin, NO_ROOM);
      return;
    }
    if (old !== undefined) this.#abort(group, old, 'a newer snapshot begins');
    const meta = decodeGroupMeta(begin.state, this.#rememberRequestsMs);
    logger.info('snapshot arrives', { group: group.id, from: node, slot: begin.slot });
    const loader = this.#pages.startLoad(group.identity.replica);
    this.#staging.set(group.id, { begin, node, loader, meta, nextChunk: 0, items: 0, turn: Promise.resolve() });
  }

  async #take(group: Group, staging: Staging, message: TransferMessage): Promise<void> {
    if (this.#staging.get(group.id) !== staging) return;
    if (message.kind === 'chunk') {
      if (this.#room.fullness === 2) throw new Error(NO_ROOM);
      if (message.index > staging.nextChunk) throw new Error(`chunk ${message.index} instead of ${staging.nextChunk}`);
      // Sent again: the answer was lost.
      const isNew = message.index === staging.nextChunk;
      if (isNew) {
        staging.nextChunk += 1;
        await this.#load(staging, message.entries);
      }
      this.#answer(staging.node, { ...message, entries: EMPTY });
    } else if (message.kind === 'end') {
      if (message.chunks !== staging.nextChunk || message.items !== staging.items) throw new Error('the snapshot is not complete');
      await this.#install(group, staging);
    } else if (message.kind === 'abort') {
      throw new Error(`the sender gave up: ${message.reason}`);
    }
  }

  async #load(staging: Staging, entries: Uint8Array): Promise<void> {
    const { digest } = this.#environment;
    const reader = new ByteReader(entries);
    while (reader.remaining > 0) {
      const key = reader.bytes();
      const value = reader.bytes();
      const { size } = decodeStoredValue(value, key, digest);
      const wait = staging.loader.add(key, value, storedChecksum(value), size);
      if (wait !== undefined) await wait;
      staging.items += 1;
    }
  }

  async #install(group: Group, staging: Staging): Promise<void> {
    while (!group.idle && !group.stopped) await this.#environment.timers.sleep(1);
    if (group.stopped) throw new Error('the replica has stopped');
    if (staging.begin.slot <= group.state.applied) throw new Error('the log has overtaken the snapshot');
    group.holdApplying();
    try {
      const { slot, ballot } = staging.begin;
      const { state } = staging.meta;
      const identity = identityAfter(group, staging.meta);
      const tree = await staging.loader.install(encodeGroupMeta(identity, state, { slot, ballot }));
      if (this.#staging.get(group.id) === staging) this.#staging.delete(group.id);
      group.installed(tree, { identity, state }, ballot);
      this.installed += 1;
      await this.#replaced(group);
    } finally {
      group.resumeApplying();
    }
    const { transfer, slot } = staging.begin;
    this.#finished.set(group.id, { node: staging.node, transfer, slot });
    this.#environment.logger.info('snapshot installed', { group: group.id, slot, items: staging.items });
    this.#answer(staging.node, { kind: 'installed', group: group.id, transfer, slot });
  }

  #abort(group: Group, staging: Staging, reason: unknown): void {
    if (this.#staging.get(group.id) === staging) this.#staging.delete(group.id);
    this.#environment.logger.warn('snapshot given up', { group: group.id, reason: String(reason) });
    void staging.loader.abort().catch(() => undefined);
    this.#answer(staging.node, { kind: 'abort', group: group.id, transfer: staging.begin.transfer, reason: String(reason) });
  }

  #answer(node: NodeId, message: SnapshotMessage): void {
    this.#links.sendSnapshot(node, message);
    this.#links.flush();
  }
}

/** Who the members are is part of what a snapshot holds, unless this replica knows of a later change already. */
function identityAfter({ identity }: Group, { identity: sender }: GroupMeta): GroupIdentity {
  if (sender.configuration < identity.configuration) return identity;
  const { configuration, since, members } = sender;
  return { ...identity, configuration, since, members };
}

const NO_ROOM = 'the disk is nearly full';
const EMPTY = new Uint8Array(0);
