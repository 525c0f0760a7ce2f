import type { Slot } from '../../shared/base/ids.ts';
import { TreeClosedError } from '../../shared/btree/errors.ts';
import type { PaxosReplica } from '../../shared/paxos/replica.ts';
import { encodeGroupMeta } from '../core/group-state.ts';
import { decodeSwap, type Membership } from '../core/membership.ts';
import { type ChosenRecords, readChosen } from './chosen-records.ts';
import type { DurableEnd } from './durable-end.ts';
import type { GroupCopy } from './group-copy.ts';
import type { GroupHost, GroupTies } from './group-host.ts';

/** Who the members are, for a replica without a tree: it applies nothing, and finds the Swaps in its log. */
export class SwapFollower {
  readonly #copy: GroupCopy;
  readonly #ties: GroupTies;
  readonly #host: GroupHost;
  readonly #paxos: PaxosReplica;
  readonly #chosen: ChosenRecords;
  readonly #durable: DurableEnd;
  readonly #enter: (membership: Membership) => void;
  /** Up to here the log is known to hold no Swap that is not followed yet. */
  #followed: Slot;
  /** The Swap of the membership that stands beside the tree on the disk. */
  #savedSince: Slot;
  #saving = false;

  constructor(parts: {
    copy: GroupCopy;
    ties: GroupTies;
    chosen: ChosenRecords;
    durable: DurableEnd;
    enter: (membership: Membership) => void;
  }) {
    const { copy, ties } = parts;
    this.#copy = copy;
    this.#ties = ties;
    this.#host = ties.host;
    this.#paxos = copy.paxos;
    this.#chosen = parts.chosen;
    this.#durable = parts.durable;
    this.#enter = parts.enter;
    this.#followed = Math.max(copy.paxos.trimmed, copy.identity.since);
    this.#savedSince = copy.identity.since;
  }

  /** The own log is needed behind this slot: who the members are stands there alone until it is written beside the tree. */
  get floor(): Slot {
    const { since } = this.#copy.identity;
    const kept = this.#savedSince === since ? Number.MAX_SAFE_INTEGER : since - 1;
    return Math.min(this.#followed, kept);
  }

  /** Goes on up to the commit. A read of the log that is to be waited for; undefined: it came there, or the replica stopped. */
  follow(): Promise<void> | undefined {
    while (this.#followed < this.#paxos.commit) {
      const slot = this.#followed + 1;
      const bytes = this.#chosen.at(slot);
      if (bytes === undefined) return this.#chosen.load(slot);
      const record = readChosen(bytes, slot, this.#ties);
      if (record === undefined) return undefined;
      this.#chosen.passed();
      this.#followed = slot;
      if (record.type === 'swap') this.#enter(decodeSwap(record.payload, slot));
    }
    if (this.#copy.keepsLogOnly) this.#saveMembership();
    this.#chosen.forget();
    this.#paxos.forgetChosen(this.#durable.slot);
    return undefined;
  }

  /** A replica of the log alone takes no checkpoint that would say who the members are. */
  #saveMembership(): void {
    const { since } = this.#copy.identity;
    if (this.#savedSince === since || this.#saving) return;
    this.#saving = true;
    this.#copy.tree.checkpoint(encodeGroupMeta(this.#copy.identity, this.#copy.state, this.#copy.snapshot)).then(
      () => {
        this.#saving = false;
        this.#savedSince = since;
        this.#host.wake(this.#ties.group);
      },
      (error: unknown) => {
        this.#saving = false;
        // A snapshot took the tree's place meanwhile, and brought the members with it.
        if (!(error instanceof TreeClosedError)) this.#ties.quarantine('the members could not be written', error);
      },
    );
  }
}
