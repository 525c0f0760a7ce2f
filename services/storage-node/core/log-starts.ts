import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { MemberPlace } from '../../shared/wire/admin.ts';

/** Where a record that an index needs may still be; see `LogStarts.search`. */
export type LogSearch =
  /** This replica has it, or has not said that it lacks it: it is to lead. */
  | { readonly kind: 'elsewhere'; readonly replica: ReplicaId }
  /** Only with a member that keeps the log alone, and so cannot lead yet. */
  | { readonly kind: 'not-led' }
  | { readonly kind: 'gone' };

/** Behind which slots the logs of a group's other replicas begin, as their answers to heartbeats tell the leader. */
export class LogStarts {
  readonly #starts = new Map<ReplicaId, Slot>();

  /** A replica of a global index's table, or one that keeps the log alone, said that it has no record at or below the slot. */
  heard(replica: ReplicaId, slot: Slot): void {
    this.#starts.set(replica, slot);
  }

  /** What was said so far counts no more. */
  forget(): void {
    this.#starts.clear();
  }

  /**
   * Who of the members, in the order of their succession behind `self`, which lacks the record at `slot`, may have it. Who surely has it
   * comes before who has said nothing. Gone it is only by everybody's own word.
   */
  search(slot: Slot, self: ReplicaId, members: readonly MemberPlace[]): LogSearch {
    const own = members.findIndex(({ replica }) => replica === self);
    const others = [...members.slice(own + 1), ...members.slice(0, Math.max(own, 0))];
    const left = others.filter(({ replica }) => !this.#lacks(replica, slot));
    const leading = left.filter(({ logOnly }) => !logOnly);
    const found = leading.find(({ replica }) => this.#starts.has(replica)) ?? leading[0];
    if (found !== undefined) return { kind: 'elsewhere', replica: found.replica };
    return { kind: left.length > 0 ? 'not-led' : 'gone' };
  }

  #lacks(replica: ReplicaId, slot: Slot): boolean {
    const start = this.#starts.get(replica);
    return start !== undefined && start >= slot;
  }
}
