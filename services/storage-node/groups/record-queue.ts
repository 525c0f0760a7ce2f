import type { GroupId, Slot } from '../../shared/base/ids.ts';
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
 * Messages with records that wait for their turn to go to one peer, the oldest first. They hold no more memory than the log windows
 * that their records are from. Of each group there is at most what its leader sends without an answer: a Prepare takes all of
 * it back, since its answer says from where on the leader has to send again.
 *
 * They go another way than small messages, which would overtake them, and a follower can use no record before the ones in front. So
 * whatever carries records of a group goes this way, too, until the peer has acknowledged what went before.
 */
export class RecordQueue {
  #waiting: GroupEnvelope[] = [];
  /** Up to which slot the log of a group goes this way and is not acknowledged. */
  readonly #unacknowledged = new Map<GroupId, Slot>();

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Records of this group that are sent now must not overtake others. */
  leads(group: GroupId): boolean {
    return this.#unacknowledged.size > 0 && this.#unacknowledged.has(group);
  }

  add(envelope: GroupEnvelope): void {
    const { group, message } = envelope;
    this.#waiting.push(envelope);
    if (message.kind === 'accept') this.#unacknowledged.set(group, message.first + message.records.length - 1);
    if (message.kind === 'sync') this.#unacknowledged.set(group, message.from + message.records.length);
  }

  /** The peer holds the log of a group up to here. */
  acknowledged(group: GroupId, last: Slot): void {
    if (last >= (this.#unacknowledged.get(group) ?? Number.POSITIVE_INFINITY)) this.#unacknowledged.delete(group);
  }

  /** A Prepare follows: what its sender sent to the same replica before is of no use any more. */
  takeBack({ group, to }: GroupEnvelope): void {
    if (!this.#unacknowledged.delete(group)) return;
    this.#waiting = this.#waiting.filter((waiting) => waiting.group !== group || waiting.to !== to);
  }

  /** The oldest messages, at least one and no more than about so many bytes; none when none waits. */
  take(bytesMax: number): readonly GroupEnvelope[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length; count++) {
      bytes += messageBytes((this.#waiting[count] as GroupEnvelope).message);
      if (count > 0 && bytes > bytesMax) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** The stream broke: nothing of this arrives. */
  clear(): void {
    this.#waiting = [];
    this.#unacknowledged.clear();
  }
}
