import type { ReplicaId, Slot } from '../base/ids.ts';
import type { Acceptor } from './acceptor.ts';
import { openingBallot } from './ballot.ts';
import type { Learned, Prepare } from './messages.ts';
import type { Configuration, PaxosOptions } from './options.ts';
import type { Outbox } from './outbox.ts';

/**
 * The configuration that a replica is in, and how those that have not heard how one ended come to know it (architecture.md
 * 4.2, Membership): they ask, and are taught what was chosen up to its Swap. What they cannot take part in before waits here.
 */
export class Membership {
  readonly self: ReplicaId;
  #configuration: Configuration;
  /** The newest Prepare of a configuration whose Swap is not applied here yet. */
  #postponed: Prepare | undefined;
  readonly #options: PaxosOptions;
  readonly #acceptor: Acceptor;
  readonly #outbox: Outbox;

  constructor(self: ReplicaId, configuration: Configuration, parts: { options: PaxosOptions; acceptor: Acceptor; outbox: Outbox }) {
    this.self = self;
    this.#configuration = configuration;
    this.#options = parts.options;
    this.#acceptor = parts.acceptor;
    this.#outbox = parts.outbox;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Does the replica vote in this configuration? */
  includes(replica: ReplicaId): boolean {
    return this.#configuration.members.includes(replica);
  }

  /** The members without this replica. */
  get others(): ReplicaId[] {
    return this.#configuration.members.filter((member) => member !== this.self);
  }

  /** The Swap that made the configuration is applied, or the snapshot that came with it is installed. */
  enter(next: Configuration): void {
    this.#configuration = next;
  }

  /** Says what is chosen from `position` up to the Swap of a configuration. Only with all of it its receiver may promise anything in there. */
  teach(to: ReplicaId, position: Slot, { number, since }: Configuration): void {
    if (position >= since) return;
    const { window, promised, abstains, awaitsSnapshot } = this.#acceptor;
    const reachable = position + 1 >= window.first && since <= window.last;
    if (reachable && window.bytesBetween(position + 1, since) <= this.#options.syncBytesMax) {
      const records = window.slice(position + 1, since, Number.POSITIVE_INFINITY);
      this.#outbox.send(to, { kind: 'learn', ballot: openingBallot(number), first: position + 1, records, commit: since });
    } else if (!abstains && !awaitsSnapshot && this.#configuration.number === number) {
      this.#outbox.request({ replica: to, ballot: promised, position, bySnapshot: true });
    }
  }

  /** Somebody wants to know how a configuration began that is this replica's own or an earlier one. */
  onAsked(from: ReplicaId, { ballot, last }: Learned): void {
    if (ballot.configuration <= this.#configuration.number) this.teach(from, last, this.#configuration);
  }

  /** Asks to be told of what was chosen up to the Swap of a configuration. */
  askToLearn(from: ReplicaId, configuration: number): void {
    this.#outbox.send(from, { kind: 'learned', ballot: openingBallot(configuration), last: this.#acceptor.commit });
  }

  /** Whoever promises in a configuration knows how the one before ended: or a quorum might be left of which nobody can lead. */
  postpone(message: Prepare): void {
    this.#postponed = message;
    this.askToLearn(message.ballot.replica, message.ballot.configuration);
  }

  /** The postponed Prepare, once its configuration is entered. */
  takePostponed(): Prepare | undefined {
    const postponed = this.#postponed;
    if (postponed === undefined || postponed.ballot.configuration > this.#configuration.number) return undefined;
    this.#postponed = undefined;
    return postponed;
  }
}
