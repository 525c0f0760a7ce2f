import type { NodeId } from '../../shared/base/ids.ts';
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
import { RecordQueue } from './record-queue.ts';

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
 * only listened to. Messages of one turn of the loop leave as one frame. Those with records have a stream of their own and
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

  /** Goes with this turn's frames, or soon after when it has records; lost when the peer is not connected. */
  send(node: NodeId, envelope: GroupEnvelope): void {
    this.#links.get(node)?.send(envelope);
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
  readonly #records = new RecordQueue();
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
  /** Messages of consensus with records, which wait behind no snapshot. */
  #recordStream: BulkStream | undefined;
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

  /** Lost when the peer is not connected. */
  send(envelope: GroupEnvelope): void {
    if (this.#control === undefined) return;
    if (envelope.message.kind === 'prepare') this.#records.takeBack(envelope);
    if ('records' in envelope.message) this.#records.add(envelope);
    else this.#messages.push(envelope);
  }

  flush(): void {
    const { heartbeat, bulkMessages, snapshots } = this;
    const messages = this.#messages;
    if (messages.length > 0 || heartbeat !== undefined) {
      this.#messages = [];
      this.heartbeat = undefined;
      this.#control?.send({ messages, ...(heartbeat === undefined ? {} : { heartbeat }) });
    }
    if (!this.#pacing) this.#sendRecords();
    if (bulkMessages.length > 0 || snapshots.length > 0) {
      this.bulkMessages = [];
      this.snapshots = [];
      this.#bulk?.send({ credit: 0, messages: bulkMessages, snapshots });
    }
  }

  /** Sends what the turn has room for, and sees to the rest. */
  readonly #sendRecords = (): void => {
    this.#pacing = false;
    const stream = this.#recordStream;
    if (stream === undefined || this.#records.isEmpty) return;
    const isBlocked = stream.queuedBytes() >= this.#options.recordAheadBytes;
    if (!isBlocked) stream.send({ credit: 0, messages: this.#records.take(this.#options.recordTurnBytes), snapshots: [] });
    if (this.#records.isEmpty) return;
    this.#pacing = true;
    const { timers } = this.#environment;
    if (isBlocked) timers.after(BLOCKED_MS, this.#sendRecords);
    else timers.endOfTurn(this.#sendRecords);
  };

  close(): void {
    this.#closed = true;
    this.#records.clear();
    this.#retry?.cancel();
    this.#control?.close();
    this.#bulk?.close();
    this.#recordStream?.close();
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
    this.#recordStream = records;
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
    this.#recordStream?.close();
    this.#control = undefined;
    this.#bulk = undefined;
    this.#recordStream = undefined;
    this.#records.clear();
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    const delayMs = RETRY_MS * (0.5 + this.#environment.random.float());
    this.#retry = this.#environment.timers.after(delayMs, () => void this.#open());
  }
}
