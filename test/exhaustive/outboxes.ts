import type { ReplicaId } from '../../services/shared/base/ids.ts';
import type { LocalStates } from './local-states.ts';
import { Numbering } from './numbering.ts';

interface Outbox {
  /** Ascending. */
  readonly messages: readonly number[];
  /** The same by receiver. */
  readonly to: ReadonlyMap<ReplicaId, readonly number[]>;
  /** Outboxes with a set of messages added; with one removed; without what a receiver cannot use. */
  grown: Map<number, number> | undefined;
  shrunk: Map<number, number> | undefined;
  pruned: Map<number, number> | undefined;
}

const NONE: readonly number[] = [];

/** The sets of all messages that a machine ever sent. */
export class Outboxes {
  readonly #states: LocalStates;
  readonly #outboxes = new Numbering<Outbox>();
  readonly empty: number;

  constructor(states: LocalStates) {
    this.#states = states;
    this.empty = this.#number([]);
  }

  messages(outbox: number, to: ReplicaId): readonly number[] {
    return this.#outboxes.thing(outbox).to.get(to) ?? NONE;
  }

  /** The outbox with the messages of the set `sent` added. */
  add(outbox: number, sent: number): number {
    const from = this.#outboxes.thing(outbox);
    const { messages } = from;
    const known = from.grown?.get(sent);
    if (known !== undefined) return known;
    const more = this.#states.sent.thing(sent).filter((message) => !messages.includes(message));
    const number = more.length === 0 ? outbox : this.#number([...messages, ...more].sort((a, b) => a - b));
    from.grown ??= new Map();
    from.grown.set(sent, number);
    return number;
  }

  /** The outbox without one message. */
  remove(outbox: number, message: number): number {
    const from = this.#outboxes.thing(outbox);
    const { messages } = from;
    const known = from.shrunk?.get(message);
    if (known !== undefined) return known;
    const number = this.#number(messages.filter((other) => other !== message));
    from.shrunk ??= new Map();
    from.shrunk.set(message, number);
    return number;
  }

  /** The outbox without what is of no use any more to a receiver that is so deaf. */
  prune(outbox: number, to: ReplicaId, deafness: number): number {
    const from = this.#outboxes.thing(outbox);
    const { messages } = from;
    const key = deafness * 64 + to;
    const known = from.pruned?.get(key);
    if (known !== undefined) return known;
    const left = messages.filter((message) => this.#states.messages.thing(message).to !== to || !this.#states.useless(deafness, message));
    const number = left.length === messages.length ? outbox : this.#number(left);
    from.pruned ??= new Map();
    from.pruned.set(key, number);
    return number;
  }

  #number(messages: readonly number[]): number {
    return this.#outboxes.numberOf(messages.join(' '), () => {
      const to = new Map<ReplicaId, number[]>();
      for (const message of messages) {
        const receiver = this.#states.messages.thing(message).to;
        const known = to.get(receiver);
        if (known === undefined) to.set(receiver, [message]);
        else known.push(message);
      }
      return { messages, to, grown: undefined, shrunk: undefined, pruned: undefined };
    });
  }
}
