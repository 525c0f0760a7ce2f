import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import type { GroupEnvelope } from '../../shared/wire/frames.ts';

/** Fields of a message, and of each of its records beside the record's bytes. */
const MESSAGE_BYTES = 64;
const RECORD_BYTES = 8;

/** About what a message takes in a frame. */
export function messageBytes(message: PaxosMessage): number {
  if (!('records' in message)) return MESSAGE_BYTES;
  let bytes = MESSAGE_BYTES;
  for (const record of message.records) bytes += RECORD_BYTES + record.length;
  return bytes;
}

/**
 * Messages with records that wait for their turn to go to one peer, the oldest first: all by one stream, for a follower can use no record
 * before the ones in front. Of each group there is at most what its leader sends without an answer: a Prepare takes back what
 * was sent to the same replica before, since its answer says from where on the leader has to send again.
 */
export class RecordQueue {
  #waiting: GroupEnvelope[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(envelope: GroupEnvelope): void {
    // A candidate asks for a Tail until it comes: one answer is enough.
    if (envelope.message.kind === 'tail') this.#remove(envelope, (message) => message.kind === 'tail');
    this.#waiting.push(envelope);
  }

  /** A Prepare follows. What somebody teaches is of use to whoever is in another configuration, too. */
  takeBack(envelope: GroupEnvelope): void {
    this.#remove(envelope, (message) => message.kind === 'accept' || message.kind === 'sync');
  }

  #remove({ group, to }: GroupEnvelope, isStale: (message: PaxosMessage) => boolean): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => waiting.group !== group || waiting.to !== to || !isStale(waiting.message));
  }

  /** The oldest messages, at least one and no more than about so many bytes; none when none waits. */
  take(bytesMax: number): readonly GroupEnvelope[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length; count++) {
      bytes += messageBytes((this.#waiting[count] as GroupEnvelope).message);
      if (count > 0 && bytes > bytesMax) break;
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  /** The stream broke: nothing of this arrives. */
  clear(): void {
    this.#waiting = [];
  }
}
