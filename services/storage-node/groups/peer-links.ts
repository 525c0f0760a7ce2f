import type { GroupId, NodeId, Slot } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { Timer } from '../../shared/env/clock.ts';
import type {
  BulkFrame,
  BulkStream,
  ControlFrame,
  ControlStream,
  GroupEnvelope,
  Heartbeat,
  HeartbeatAnswer,
  SnapshotMessage,
  StatorTransport,
} from '../../shared/wire/frames.ts';
import type { LinkOptions } from '../core/options.ts';
import { messageBytes, RecordQueue } from './record-queue.ts';

export interface PeerEvents {
  onControl(node: NodeId, frame: ControlFrame): void;
  onBulk(node: NodeId, frame: BulkFrame): void;
  /** A stream to the node was opened, the first or a new one: earlier messages may be lost. */
  onConnected(node: NodeId): void;
}

const OPEN_TIMEOUT_MS = 1000;
const RETRY_MS = 200;
/** How soon it is tried again when the network takes nothing more. */
const BLOCKED_MS = 2;

/**
 * The streams of this node to its peers. Each side opens its own three and sends only on those; what the other side opened is
 * only listened to. Messages of one turn of the loop leave as one frame, but for large ones: those have a bulk stream of their own, and
 * the pace of the network, so that neither a turn of the loop nor a heartbeat grows long with what all groups have to send together.
 */
export class PeerLinks {
  readonly #environment: Environment;
  readonly #transport: StatorTransport;
  readonly #events: PeerEvents;
  readonly #options: LinkOptions;
  readonly #links = new Map<NodeId, PeerLink>();

  constructor(environment: Environment, transport: StatorTransport, options: LinkOptions, events: PeerEvents) {
    this.#environment = environment;
    this.#transport = transport;
    this.#events = events;
    this.#options = options;
  }

  get nodes(): IterableIterator<NodeId> {
    return this.#links.keys();
  }

  /** Where a peer is reached; the link is opened, and opened again whenever it breaks. */
  setAddress(node: NodeId, address: string): void {
    const known = this.#links.get(node);
    if (known?.address === address) return;
    known?.close();
    this.#links.set(node, new PeerLink(node, address, this.#environment, this.#transport, this.#options, this.#events));
  }

  address(node: NodeId): string | undefined {
    return this.#links.get(node)?.address;
  }

  connected(node: NodeId): boolean {
    return this.#links.get(node)?.connected ?? false;
  }

  /** Goes with this turn's control frame, or after it by the stream for large ones; lost when the peer is not connected. */
  send(node: NodeId, envelope: GroupEnvelope): void {
    this.#links.get(node)?.send(envelope);
  }

  /** The peer says that its replica of a group holds the leader's log up to here. */
  acknowledged(node: NodeId, group: GroupId, last: Slot): void {
    this.#links.get(node)?.acknowledged(group, last);
  }

  sendBulk(node: NodeId, envelope: GroupEnvelope): void {
    this.#links.get(node)?.bulkMessages.push(envelope);
  }

  sendSnapshot(node: NodeId, message: SnapshotMessage): void {
    this.#links.get(node)?.snapshots.push(message);
  }

  heartbeat(node: NodeId, heartbeat: Heartbeat): void {
    const link = this.#links.get(node);
    if (link !== undefined) link.heartbeat = heartbeat;
  }

  answerHeartbeat(node: NodeId, answer: HeartbeatAnswer): void {
    this.#links.get(node)?.sendAnswer(answer);
  }

  /** Sends what this turn collected. */
  flush(): void {
    for (const link of this.#links.values()) link.flush();
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}

class PeerLink {
  readonly node: NodeId;
  readonly address: string;
  #messages: GroupEnvelope[] = [];
  #messageBytes = 0;
  readonly #large = new RecordQueue();
  #pacing = false;
  bulkMessages: GroupEnvelope[] = [];
  snapshots: SnapshotMessage[] = [];
  heartbeat: Heartbeat | undefined;
  readonly #environment: Environment;
  readonly #transport: StatorTransport;
  readonly #events: PeerEvents;
  readonly #options: LinkOptions;
  #control: ControlStream | undefined;
  /** Catch-up and snapshots. */
  #bulk: BulkStream | undefined;
  /** Large messages of consensus, which wait behind no snapshot. */
  #records: BulkStream | undefined;
  #retry: Timer | undefined;
  #closed = false;

  constructor(
    node: NodeId,
    address: string,
    environment: Environment,
    transport: StatorTransport,
    options: LinkOptions,
    events: PeerEvents,
  ) {
    this.node = node;
    this.address = address;
    this.#environment = environment;
    this.#transport = transport;
    this.#events = events;
    this.#options = options;
    void this.#open();
  }

  get connected(): boolean {
    return this.#control !== undefined;
  }

  sendAnswer(heartbeatAnswer: HeartbeatAnswer): void {
    this.#control?.send({ heartbeatAnswer, messages: [] });
  }

  /** Goes with this turn's frame, or soon after it; lost when the peer is not connected. */
  send(envelope: GroupEnvelope): void {
    if (this.#control === undefined) return;
    const { group, message } = envelope;
    if (message.kind === 'prepare') this.#large.takeBack(envelope);
    if ('records' in message) {
      const bytes = messageBytes(message);
      const { smallMessageBytes, controlFrameBytes } = this.#options;
      if (bytes > smallMessageBytes || this.#messageBytes + bytes > controlFrameBytes || this.#large.leads(group)) {
        this.#large.add(envelope);
        return;
      }
      this.#messageBytes += bytes;
    }
    this.#messages.push(envelope);
  }

  /** The peer holds the log of a group up to here. */
  acknowledged(group: GroupId, last: Slot): void {
    this.#large.acknowledged(group, last);
  }

  flush(): void {
    const { heartbeat, bulkMessages, snapshots } = this;
    const messages = this.#messages;
    if (messages.length > 0 || heartbeat !== undefined) {
      this.#messages = [];
      this.#messageBytes = 0;
      this.heartbeat = undefined;
      this.#control?.send({ messages, ...(heartbeat === undefined ? {} : { heartbeat }) });
    }
    if (!this.#pacing) this.#sendLarge();
    if (bulkMessages.length > 0 || snapshots.length > 0) {
      this.bulkMessages = [];
      this.snapshots = [];
      this.#bulk?.send({ credit: 0, messages: bulkMessages, snapshots });
    }
  }

  /** Sends what the turn has room for, and sees to the rest. */
  readonly #sendLarge = (): void => {
    this.#pacing = false;
    const records = this.#records;
    if (records === undefined || this.#large.isEmpty) return;
    const isBlocked = records.queuedBytes() >= this.#options.recordAheadBytes;
    if (!isBlocked) records.send({ credit: 0, messages: this.#large.take(this.#options.recordTurnBytes), snapshots: [] });
    if (this.#large.isEmpty) return;
    this.#pacing = true;
    const { timers } = this.#environment;
    if (isBlocked) timers.after(BLOCKED_MS, this.#sendLarge);
    else timers.endOfTurn(this.#sendLarge);
  };

  close(): void {
    this.#closed = true;
    this.#large.clear();
    this.#retry?.cancel();
    this.#control?.close();
    this.#bulk?.close();
    this.#records?.close();
  }

  async #open(): Promise<void> {
    const opened: (ControlStream | BulkStream)[] = [];
    const add = <S extends ControlStream | BulkStream>(stream: S): S => {
      opened.push(stream);
      return stream;
    };
    try {
      const control = add(await this.#transport.open(this.address, 'control', OPEN_TIMEOUT_MS));
      const bulk = add(await this.#transport.open(this.address, 'bulk', OPEN_TIMEOUT_MS));
      const records = add(await this.#transport.open(this.address, 'bulk', OPEN_TIMEOUT_MS));
      if (!this.#closed && control.peer.name === this.node) return this.#use(control, bulk, records);
      if (!this.#closed)
        this.#environment.logger.warn('another node answers', { expected: this.node, found: control.peer.name, address: this.address });
    } catch (error) {
      this.#environment.logger.debug('peer not reached', { node: this.node, address: this.address, error: String(error) });
    }
    for (const stream of opened) stream.close();
    this.#retryLater();
  }

  #use(control: ControlStream, bulk: BulkStream, records: BulkStream): void {
    this.#control = control;
    this.#bulk = bulk;
    this.#records = records;
    control.onFrame = (frame) => this.#events.onControl(this.node, frame);
    control.onClose = (reason) => this.#broken(reason);
    for (const stream of [bulk, records]) {
      stream.onFrame = (frame) => this.#events.onBulk(this.node, frame);
      stream.onClose = (reason) => this.#broken(reason);
    }
    this.#environment.logger.info('peer connected', { node: this.node, incarnation: control.peer.incarnation });
    this.#events.onConnected(this.node);
  }

  #broken(reason: string): void {
    if (this.#control === undefined) return;
    this.#environment.logger.info('peer lost', { node: this.node, reason });
    this.#control.close();
    this.#bulk?.close();
    this.#records?.close();
    this.#control = undefined;
    this.#bulk = undefined;
    this.#records = undefined;
    this.#large.clear();
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    const delayMs = RETRY_MS * (0.5 + this.#environment.random.float());
    this.#retry = this.#environment.timers.after(delayMs, () => void this.#open());
  }
}
