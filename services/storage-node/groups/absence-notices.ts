import type { GroupId, NodeId, ReplicaId } from '../../shared/base/ids.ts';
import type { SnapshotMessage } from '../../shared/wire/frames.ts';

/** The same is not said to a node more often. */
const REPEAT_MS = 500;
/** Replicas for which messages may come though they are not here: bounded, whatever peers send. */
const REMEMBERED = 10_000;

/**
 * Says to leaders that a replica of theirs is not on this node, neither its log nor its tree: its disk was lost, or it was never
 * created. What is damaged but not gone is not absent; it says so in its own ways.
 */
export class AbsenceNotices {
  readonly #incarnation: number;
  readonly #send: (node: NodeId, message: SnapshotMessage) => void;
  /** By group and replica: a leader may write to a member and to a learner of the same place. */
  readonly #saidAtMs = new Map<string, number>();

  constructor(incarnation: number, send: (node: NodeId, message: SnapshotMessage) => void) {
    this.#incarnation = incarnation;
    this.#send = send;
  }

  /** Groups of which that was said at this time or later. */
  *saidSince(sinceMs: number): Generator<GroupId, void, undefined> {
    for (const [about, saidAtMs] of this.#saidAtMs) if (saidAtMs >= sinceMs) yield Number(about.slice(0, about.indexOf(' ')));
  }

  /** A consensus message came for a replica that is not here. */
  say(node: NodeId, group: GroupId, replica: ReplicaId, nowMs: number): void {
    const about = `${group} ${replica}`;
    const saidAtMs = this.#saidAtMs.get(about) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - saidAtMs < REPEAT_MS) return;
    if (this.#saidAtMs.size >= REMEMBERED) this.#saidAtMs.clear();
    this.#saidAtMs.set(about, nowMs);
    this.#send(node, { kind: 'absent', group, replica, incarnation: this.#incarnation });
  }
}
