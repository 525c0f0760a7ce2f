import { compareBytes } from '../../shared/base/bytes.ts';
import type { GroupId, Slot } from '../../shared/base/ids.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import { decodeStoredValue, StoredValueDamagedError } from '../../shared/item/stored-value.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import type { ApplyChangesOperation, IndexChange } from '../../shared/wire/storage-operations.ts';
import { follows } from '../core/index-cursors.ts';
import { encodeIndexPosition, type IndexPosition } from '../core/index-position.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';
import type { GroupReads } from './group-reads.ts';
import type { GroupWrites } from './group-writes.ts';
import type { Respond } from './pending-answers.ts';

/**
 * The leader of a partition of a global index takes what partitions of the table send. A message is proposed only if it follows on
 * what of its source is applied or under way; whatever is sent twice, late or by a leader that is none any more is answered with
 * where the partition is, and nothing is done. What is under way belongs to one ballot.
 */
export class IndexReceiver {
  readonly #copy: GroupCopy;
  readonly #ties: GroupTies;
  readonly #host: GroupHost;
  readonly #paxos: PaxosReplica;
  readonly #reads: GroupReads;
  readonly #writes: GroupWrites;
  /** Where each source will be once everything proposed is applied. */
  readonly #underWay = new Map<GroupId, Slot>();

  constructor(copy: GroupCopy, ties: GroupTies, reads: GroupReads, writes: GroupWrites) {
    this.#copy = copy;
    this.#ties = ties;
    this.#host = ties.host;
    this.#paxos = copy.paxos;
    this.#reads = reads;
    this.#writes = writes;
  }

  /** `respond` is called once; the slot of an `ok` is where the partition is with this source, and none: it does not know it. */
  take(operation: ApplyChangesOperation, deadlineMs: number, respond: Respond): void {
    const refusal = this.#refusal(operation);
    if (refusal !== undefined) return respond(refusal);
    const { source, slot } = operation;
    const underWay = this.#underWay.get(source);
    if (!follows(underWay ?? this.#copy.state.indexCursors.of(source), operation)) {
      const tell = (): void => this.#reads.confirm(deadlineMs, respond, this.#whereItIs(source));
      return underWay === undefined ? tell() : this.#writes.whenApplied(this.#paxos.last, tell, respond);
    }
    if (this.#paxos.full) return respond({ status: 'overloaded', message: 'too many changes of this partition are under way' });
    if (this.#paxos.closing) return respond({ status: 'not-ready', message: 'the members of the partition change just now' });
    // The table has taken these writes already, and its log is kept until they are here. On a disk that is nearly full they have the
    // room of deletes: else a single put in front would hold up all deletes behind it, and back-pressure those that could make room.
    const noRoom = this.#host.roomRefusal(this.#ties.group, true);
    if (noRoom !== undefined) return respond(noRoom);
    const proposed = this.#writes.propose('index-position', encodeIndexPosition(operation));
    this.#underWay.set(source, slot);
    this.#writes.whenApplied(proposed, () => respond(this.#whereItIs(source)), respond);
  }

  /** The record was applied. */
  applied({ source, slot }: IndexPosition): void {
    if (this.#underWay.get(source) === slot) this.#underWay.delete(source);
  }

  /** Leadership has ended. */
  drop(): void {
    this.#underWay.clear();
  }

  #whereItIs(source: GroupId): Answer {
    const slot = this.#copy.state.indexCursors.of(source);
    return slot === undefined ? { status: 'ok' } : { status: 'ok', slot };
  }

  #refusal({ changes }: ApplyChangesOperation): Answer | undefined {
    if (this.#copy.stopped) return { status: 'not-ready', message: 'the replica is stopped' };
    const elsewhere = this.#reads.leaderRefusal();
    if (elsewhere !== undefined) return elsewhere;
    for (const { key } of changes) if (!this.#copy.holds(key)) return { status: 'wrong-range' };
    return changes.every((change) => this.#isSound(change)) ? undefined : UNSOUND;
  }

  /** What is proposed is put into trees as it is. */
  #isSound({ key, value }: IndexChange): boolean {
    if (compareBytes(key, LOCAL_SPACE_LOW) >= 0) return false;
    try {
      if (value !== undefined) decodeStoredValue(value, key, this.#host.environment.digest);
      return true;
    } catch (error) {
      if (error instanceof StoredValueDamagedError) return false;
      throw error;
    }
  }
}

const UNSOUND: Answer = { status: 'validation', message: 'an entry of an index that is not what its sender made' };
