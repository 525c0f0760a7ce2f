import type { Prng } from '../../../services/shared/base/prng.ts';
import type { Kernel } from './kernel.ts';
import type { SimProcess } from './sim-process.ts';

/** A segment that the network lost is sent again after so long (Linux: the least retransmission timeout). */
const RETRANSMISSION_MS = 200;
/** After a cut the next retransmission may be so far away: the timeout doubles, as long as the cut lasts. */
const RETRANSMISSION_MAX_MS = 3000;
/** One parcel of so many meets a queue on its way. */
const QUEUED_ONE_OF = 200;
const QUEUED_MS = 15;

/** One direction between two machines. What it carries is TCP: nothing is lost but by the end of a connection, only late. */
export class SimLink {
  readonly kernel: Kernel;
  /** Pipes of open connections. */
  readonly pipes = new Set<SimPipe>();
  readonly #random: Prng;
  readonly #latencyMs: number;
  #cut = false;
  #cutAtMs = 0;
  /** Counts cuts and heals: tells whether a cut that was seen before is still the same. */
  epoch = 0;
  /** Injected: added to every latency. */
  delayMs = 0;
  /** Injected: part of the segments that has to be sent again. */
  loss = 0;

  constructor(kernel: Kernel, random: Prng, latencyMs: number) {
    this.kernel = kernel;
    this.#random = random;
    this.#latencyMs = latencyMs;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Time that one parcel takes. */
  drawLatencyMs(): number {
    const random = this.#random;
    let latencyMs = this.#latencyMs * (1 + random.float()) + this.delayMs * (0.5 + random.float());
    if (random.below(QUEUED_ONE_OF) === 0) latencyMs += random.float() * QUEUED_MS;
    for (
      let timeoutMs = RETRANSMISSION_MS;
      this.loss > 0 && random.chance(this.loss) && timeoutMs < RETRANSMISSION_MAX_MS;
      timeoutMs *= 2
    ) {
      latencyMs += timeoutMs;
    }
    return latencyMs;
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#cutAtMs = this.kernel.nowMs;
    this.epoch += 1;
  }

  /** What waits on this side goes out with the next retransmission of its connection. */
  heal(): void {
    if (!this.#cut) return;
    this.#cut = false;
    this.epoch += 1;
    const backoffMs = Math.min(RETRANSMISSION_MAX_MS, this.kernel.nowMs - this.#cutAtMs + RETRANSMISSION_MS);
    for (const pipe of this.pipes) {
      if (pipe.waits) this.kernel.after(this.#random.float() * backoffMs, () => pipe.sendAgain());
    }
  }
}

interface Parcel {
  readonly bytes: number;
  readonly checksum: number;
  readonly deliver: () => void;
}

/** One direction of one connection: parcels arrive in their order, or not at all. */
export class SimPipe {
  readonly link: SimLink;
  readonly #receiver: SimProcess;
  #lastArrivalMs = 0;
  /** On their way, or held back by a cut, in order. */
  #underWay: Parcel[] = [];
  /** So many of them have met the cut. */
  #held = 0;
  #ended = false;
  /** Injected: what is under way waits on a detour while other connections go on. */
  #astray = false;
  /** Sent and not yet delivered. */
  bytes = 0;

  constructor(link: SimLink, receiver: SimProcess) {
    this.link = link;
    this.#receiver = receiver;
    link.pipes.add(this);
  }

  get waits(): boolean {
    return this.#held > 0;
  }

  /** `deliver` runs in the receiving process. */
  send(bytes: number, checksum: number, deliver: () => void): void {
    if (this.#ended) return;
    const { kernel } = this.link;
    const arrivalMs = Math.max(this.#lastArrivalMs, kernel.nowMs + this.link.drawLatencyMs());
    this.#lastArrivalMs = arrivalMs;
    this.bytes += bytes;
    this.#underWay.push({ bytes, checksum, deliver });
    kernel.at(arrivalMs, this.#arrive);
  }

  /** What is on its way is lost. Later parcels still travel. */
  loseAll(): void {
    for (const parcel of this.#underWay) this.bytes -= parcel.bytes;
    this.#underWay = this.#underWay.map((): Parcel => ({ bytes: 0, checksum: 0, deliver: () => undefined }));
  }

  /** Nothing arrives before what is returned is called. */
  goAstray(): () => void {
    this.#astray = true;
    return () => {
      this.#astray = false;
      this.sendAgain();
    };
  }

  /** Nothing comes through this pipe any more. */
  end(): void {
    this.#ended = true;
    this.#underWay = [];
    this.#held = 0;
    this.bytes = 0;
    this.link.pipes.delete(this);
  }

  /** The cut is over and the sender tries again. */
  sendAgain(): void {
    if (this.#ended || this.#astray || this.link.isCut) return;
    const held = this.#held;
    this.#held = 0;
    for (let count = 0; count < held; count++) this.link.kernel.after(0, this.#arrive);
  }

  /** The next parcel is there. */
  readonly #arrive = (): void => {
    if (this.#ended) return;
    if (this.link.isCut || this.#astray || this.#held > 0) {
      this.#held += 1;
      return;
    }
    const parcel = this.#underWay.shift();
    if (parcel === undefined) return;
    this.bytes -= parcel.bytes;
    this.link.kernel.trace.mix(parcel.checksum);
    this.#receiver.run(parcel.deliver, this);
  };
}
