import { assert } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import type { Environment } from '../env/environment.ts';
import type { FrameStream, PeerIdentity } from '../env/transport.ts';
import {
  CONNECTION_QUEUE_BYTES_MAX,
  FRAME_BYTES_TARGET,
  OPEN_TIMEOUT_MS,
  REOPEN_MAX_MS,
  REOPEN_MIN_MS,
  STREAM_STALL_MS,
  SWEEP_MS,
} from '../limits/cluster-client-limits.ts';
import type { RequestFrame, ResponseFrame, StatorTransport } from '../wire/frames.ts';
import type { StorageOperation, StorageRequest, StorageResponse } from '../wire/storage-operations.ts';
import { Backoff } from './backoff.ts';

/** What a connection needs of a request. It sets `id`. */
export interface ConnectionCall {
  id: number;
  readonly group: GroupId;
  readonly operation: StorageOperation;
  /** On the monotonic clock. */
  readonly deadlineAtMs: number;
  readonly bytes: number;
}

/** Told what became of each call: exactly one of these for every call that was queued and not forgotten. */
export interface CallOutcomes<Call> {
  answered(call: Call, response: StorageResponse): void;
  /** The stream ended after the call was sent: whether it was carried out is unknown. */
  lost(call: Call): void;
  /** The stream ended, or was never opened, before the call was sent. */
  notSent(call: Call): void;
}

/** As `CallOutcomes`, and told of the connection itself. */
export interface ConnectionEvents<Call extends ConnectionCall> extends CallOutcomes<Call> {
  /** The stream was opened, the first or a new one; before anything is sent on it. */
  opened(connection: NodeConnection<Call>): void;
}

/** Whether the call was taken; if not, because the node cannot be reached just now, or too much is queued towards it. */
export type SendResult = 'queued' | 'unreachable' | 'full';

export type ConnectionEnvironment = Pick<Environment, 'clock' | 'timers' | 'random' | 'logger'>;

const STALL_SWEEPS = Math.ceil(STREAM_STALL_MS / SWEEP_MS);

/**
 * The requests stream to one node, opened when it is first needed and again, after a pause, when it was lost. All calls of
 * one turn of the loop leave in one frame. While the very first opening is under way calls wait for it; while a lost
 * stream is being opened again they are refused at once, so that callers ask another replica meanwhile.
 */
export class NodeConnection<Call extends ConnectionCall> {
  readonly address: string;
  readonly #environment: ConnectionEnvironment;
  readonly #transport: StatorTransport;
  readonly #outcomes: ConnectionEvents<Call>;
  readonly #backoff: Backoff;
  readonly #pending = new Map<number, Call>();
  #batch: Call[] = [];
  #batchBytes = 0;
  #stream: FrameStream<RequestFrame, ResponseFrame> | undefined;
  #opening = false;
  #failed = false;
  #closed = false;
  #reopenAtMs = 0;
  #nextId = 1;
  #quietSweeps = 0;
  #peer: PeerIdentity | undefined;

  constructor(address: string, environment: ConnectionEnvironment, transport: StatorTransport, outcomes: ConnectionEvents<Call>) {
    this.address = address;
    this.#environment = environment;
    this.#transport = transport;
    this.#outcomes = outcomes;
    this.#backoff = new Backoff(environment.random, REOPEN_MIN_MS, REOPEN_MAX_MS);
  }

  /** The process that answered at this address last. */
  get peer(): PeerIdentity | undefined {
    return this.#peer;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Bytes of the calls collected this turn and of what the network has not taken yet. */
  get queuedBytes(): number {
    return this.#batchBytes + (this.#stream?.queuedBytes() ?? 0);
  }

  /** Queues a call for the end of this turn, or refuses it. */
  send(call: Call, nowMs: number): SendResult {
    if (this.#stream === undefined && !this.#prepare(nowMs)) return 'unreachable';
    if (this.queuedBytes + call.bytes > CONNECTION_QUEUE_BYTES_MAX) return 'full';
    call.id = this.#nextId++;
    if (this.#pending.size === 0) this.#quietSweeps = 0;
    this.#pending.set(call.id, call);
    this.#batch.push(call);
    this.#batchBytes += call.bytes;
    if (this.#stream === undefined) return 'queued';
    if (this.#batchBytes >= FRAME_BYTES_TARGET) this.#flush();
    else if (this.#batch.length === 1) this.#environment.timers.endOfTurn(this.#flush);
    return 'queued';
  }

  /** The caller waits no longer for this call's answer. True when it had not left yet: then it never will. */
  forget(call: Call): boolean {
    assert(this.#pending.delete(call.id), 'a call is forgotten that is not pending');
    const at = this.#batch.indexOf(call);
    if (at < 0) return false;
    this.#batch.splice(at, 1);
    this.#batchBytes -= call.bytes;
    return true;
  }

  /**
   * Called with each sweep. Quiet time is counted in sweeps, not by the clock: after a pause of this very process the answers
   * that wait in its sockets must be read before their senders are called dead.
   */
  sweep(): void {
    if (this.#stream === undefined || this.#pending.size === 0) return;
    this.#quietSweeps += 1;
    if (this.#quietSweeps > STALL_SWEEPS) this.#lose('no answer for too long');
  }

  /** Another stream leads to the same process, which takes requests only from the newest one. */
  giveWay(): void {
    if (this.#stream !== undefined) this.#lose('another address leads to the same process');
    // That was no failure: whoever comes here once the other stream is gone need not wait.
    this.#failed = false;
    this.#reopenAtMs = 0;
  }

  close(): void {
    this.#closed = true;
    if (this.#stream !== undefined) this.#lose('closed here');
    else this.#failCalls();
  }

  /** Starts to open the stream if that is due. True when calls may wait for it. */
  #prepare(nowMs: number): boolean {
    if (this.#closed) return false;
    if (!this.#opening && nowMs >= this.#reopenAtMs) void this.#open();
    return this.#opening && !this.#failed;
  }

  async #open(): Promise<void> {
    this.#opening = true;
    try {
      const stream = await this.#transport.open(this.address, 'requests', OPEN_TIMEOUT_MS);
      if (this.#closed) stream.close();
      else this.#opened(stream);
    } catch (error) {
      this.#environment.logger.debug('node-unreachable', { address: this.address, error: String(error) });
      this.#unreachable();
    } finally {
      this.#opening = false;
    }
  }

  #opened(stream: FrameStream<RequestFrame, ResponseFrame>): void {
    this.#stream = stream;
    this.#peer = stream.peer;
    this.#failed = false;
    this.#quietSweeps = 0;
    this.#backoff.reset();
    stream.onFrame = this.#receive;
    stream.onClose = (reason) => {
      if (this.#stream === stream) this.#lose(reason);
    };
    this.#outcomes.opened(this);
    this.#flush();
  }

  readonly #flush = (): void => {
    const stream = this.#stream;
    if (stream === undefined || this.#batch.length === 0) return;
    const nowMs = this.#environment.clock.monotonicMs();
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    let requests: StorageRequest[] = [];
    let bytes = 0;
    for (const call of batch) {
      // What waited for the opening of the stream may be more than one frame holds.
      if (bytes + call.bytes > FRAME_BYTES_TARGET && requests.length > 0) {
        stream.send({ requests });
        requests = [];
        bytes = 0;
      }
      const deadlineMs = Math.max(1, Math.ceil(call.deadlineAtMs - nowMs));
      requests.push({ id: call.id, group: call.group, deadlineMs, operation: call.operation });
      bytes += call.bytes;
    }
    stream.send({ requests });
  };

  readonly #receive = (frame: ResponseFrame): void => {
    this.#quietSweeps = 0;
    for (const response of frame.responses) {
      const call = this.#pending.get(response.id);
      // Absent: it passed its deadline and nobody waits any more.
      if (call === undefined) continue;
      this.#pending.delete(response.id);
      this.#outcomes.answered(call, response);
    }
  };

  #lose(reason: string): void {
    const stream = this.#stream;
    assert(stream !== undefined, 'a stream is lost that is not open');
    this.#environment.logger.info('node-connection-lost', { address: this.address, node: this.#peer?.name, reason });
    this.#stream = undefined;
    stream.close();
    this.#unreachable();
  }

  #unreachable(): void {
    this.#failed = true;
    this.#reopenAtMs = this.#environment.clock.monotonicMs() + this.#backoff.next();
    this.#failCalls();
  }

  #failCalls(): void {
    const unsent = this.#batch;
    const pending = [...this.#pending.values()];
    this.#batch = [];
    this.#batchBytes = 0;
    this.#pending.clear();
    const notSent = new Set(unsent);
    for (const call of pending) {
      if (notSent.has(call)) this.#outcomes.notSent(call);
      else this.#outcomes.lost(call);
    }
  }
}
