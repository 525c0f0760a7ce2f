import type { Slot } from '../base/ids.ts';
import type { Timer } from '../env/clock.ts';
import type { Environment } from '../env/environment.ts';
import type { FrameStream } from '../env/transport.ts';
import {
  OPEN_TIMEOUT_MS,
  WATCH_LAG_MS,
  WATCH_REOPEN_MAX_MS,
  WATCH_REOPEN_MIN_MS,
  WATCH_SILENCE_MS,
} from '../limits/cluster-client-limits.ts';
import { CatalogView } from '../placement/catalog-view.ts';
import type { CatalogEntry, StatorTransport, WatchFrame } from '../wire/frames.ts';
import { Backoff } from './backoff.ts';

type WatchStream = FrameStream<WatchFrame, WatchFrame>;
type WatcherEnvironment = Pick<Environment, 'timers' | 'random' | 'logger'>;

interface Waiter {
  readonly slot: Slot;
  readonly resolve: (caughtUp: boolean) => void;
  readonly timer: Timer;
}

const TICK_MS = 500;
const SILENT_TICKS = WATCH_SILENCE_MS / TICK_MS;
const LAGGING_TICKS = WATCH_LAG_MS / TICK_MS;

/**
 * Keeps a copy of the catalog by watching one of its replicas, and asks another when that one is silent, gone or behind. The
 * copy never goes back: a replica that is behind is followed unseen until it has caught up. When nobody answers, the last
 * copy goes on serving.
 */
export class CatalogWatcher {
  readonly #environment: WatcherEnvironment;
  readonly #transport: StatorTransport;
  readonly #seeds: readonly string[];
  readonly #backoff: Backoff;
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<() => void>();
  #view = new CatalogView();
  #ready = false;
  /** What the current replica has sent, while that is not yet a whole catalog or behind what was known before. */
  #incoming: CatalogView | undefined;
  #snapshotDone = false;
  #stream: WatchStream | undefined;
  #candidate = 0;
  #quietTicks = 0;
  #laggingTicks = 0;
  #running = false;

  constructor(environment: WatcherEnvironment, transport: StatorTransport, seeds: readonly string[]) {
    this.#environment = environment;
    this.#transport = transport;
    this.#seeds = seeds;
    this.#candidate = Math.floor(environment.random.float() * Math.max(1, seeds.length));
    this.#backoff = new Backoff(environment.random, WATCH_REOPEN_MIN_MS, WATCH_REOPEN_MAX_MS);
  }

  /** The newest copy; empty, at slot 0, until the first one is whole. Another object after some changes: never keep it. */
  get view(): CatalogView {
    return this.#view;
  }

  /** Whether a whole copy was ever received. */
  get ready(): boolean {
    return this.#ready;
  }

  start(): void {
    this.#running = true;
    this.#scheduleTick();
    void this.#open();
  }

  stop(): void {
    this.#running = false;
    this.#stream?.close();
    this.#stream = undefined;
    for (const waiter of this.#waiters) this.#settle(waiter, false);
  }

  /** Calls back after each change of the view, in the turn that made it. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** True once the view holds everything up to `slot`; false when `deadlineMs` milliseconds pass before. */
  caughtUpTo(slot: Slot, deadlineMs: number): Promise<boolean> {
    if (this.#ready && this.#view.slot >= slot) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#environment.timers.after(deadlineMs, () => this.#settle(waiter, false));
      const waiter: Waiter = { slot, resolve, timer };
      if (this.#waiters.size === 0) this.#laggingTicks = 0;
      this.#waiters.add(waiter);
    });
  }

  async #open(): Promise<void> {
    const address = this.#nextAddress();
    if (address === undefined || !this.#running) return;
    try {
      const stream = await this.#transport.open(address, 'watch', OPEN_TIMEOUT_MS);
      if (this.#running) this.#opened(stream);
      else stream.close();
    } catch (error) {
      this.#environment.logger.debug('catalog-watch-refused', { address, error: String(error) });
      this.#openLater();
    }
  }

  /** Seeds first, since they hold the catalog; then nodes that the catalog names, should the seeds have moved. */
  #nextAddress(): string | undefined {
    const known = [...this.#view.nodes()].map((node) => node.address).filter((address) => !this.#seeds.includes(address));
    const addresses = [...this.#seeds, ...known];
    const address = addresses[this.#candidate % addresses.length];
    this.#candidate += 1;
    return address;
  }

  #opened(stream: WatchStream): void {
    this.#stream = stream;
    this.#incoming = new CatalogView();
    this.#snapshotDone = false;
    this.#quietTicks = 0;
    this.#laggingTicks = 0;
    stream.onFrame = (frame) => {
      if (this.#stream === stream) this.#receive(frame);
    };
    stream.onClose = (reason) => {
      if (this.#stream === stream) this.#leave(reason);
    };
    stream.send({ kind: 'subscribe' });
  }

  #leave(reason: string): void {
    this.#environment.logger.info('catalog-watch-lost', { node: this.#stream?.peer.name, reason });
    this.#stream?.close();
    this.#stream = undefined;
    this.#openLater();
  }

  #openLater(): void {
    if (!this.#running) return;
    this.#environment.timers.after(this.#backoff.next(), () => void this.#open());
  }

  #receive(frame: WatchFrame): void {
    this.#quietTicks = 0;
    if (frame.kind === 'snapshot') return this.#takeSnapshotPage(frame.slot, frame.records, frame.done);
    if (frame.kind === 'subscribe') return this.#leave('a replica sent what only watchers send');
    if (this.#snapshotDone) return this.#takeChanges(frame.slot, frame.records);
    // A sign of life between two pages; changes would be lost here, since the snapshot is older or newer than they are.
    if (frame.records.length > 0) this.#leave('changes before the end of the snapshot');
  }

  /** The first page of another snapshot starts anew: a replica that was itself brought up by a snapshot sends everything again. */
  #takeSnapshotPage(slot: Slot, records: readonly CatalogEntry[], done: boolean): void {
    if (this.#snapshotDone || this.#incoming === undefined) this.#incoming = new CatalogView();
    this.#snapshotDone = false;
    if (slot < this.#incoming.slot) return this.#leave('a snapshot out of order');
    this.#apply(this.#incoming, slot, records);
    if (!done) return;
    this.#snapshotDone = true;
    this.#backoff.reset();
    this.#adoptIncoming();
  }

  #takeChanges(slot: Slot, records: readonly CatalogEntry[]): void {
    const target = this.#incoming ?? this.#view;
    if (slot < target.slot) return this.#leave('slots went back');
    const moved = slot > target.slot || records.length > 0;
    this.#apply(target, slot, records);
    if (this.#incoming !== undefined) this.#adoptIncoming();
    else if (moved) this.#changed();
  }

  /** Takes over what a new replica sent, unless it is behind what was seen before. */
  #adoptIncoming(): void {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.slot < this.#view.slot) return;
    this.#view = incoming;
    this.#incoming = undefined;
    this.#ready = true;
    this.#changed();
  }

  #apply(view: CatalogView, slot: Slot, records: readonly CatalogEntry[]): void {
    view.apply(slot, records, (key, error) => {
      this.#environment.logger.error('catalog-record-malformed', { key, error: error.message });
    });
  }

  #changed(): void {
    this.#laggingTicks = 0;
    for (const waiter of this.#waiters) {
      if (this.#view.slot >= waiter.slot) this.#settle(waiter, true);
    }
    for (const listener of this.#listeners) listener();
  }

  #settle(waiter: Waiter, caughtUp: boolean): void {
    this.#waiters.delete(waiter);
    waiter.timer.cancel();
    waiter.resolve(caughtUp);
  }

  #scheduleTick(): void {
    this.#environment.timers.after(TICK_MS, this.#tick);
  }

  /** Silence is counted in ticks, not by the clock: frames that wait while this process itself stood still are not silence. */
  readonly #tick = (): void => {
    if (!this.#running) return;
    this.#scheduleTick();
    if (this.#stream === undefined) return;
    this.#quietTicks += 1;
    this.#laggingTicks = this.#waiters.size > 0 ? this.#laggingTicks + 1 : 0;
    if (this.#quietTicks > SILENT_TICKS) this.#leave('silent');
    else if (this.#laggingTicks > LAGGING_TICKS) this.#leave('behind what is awaited');
  };
}
