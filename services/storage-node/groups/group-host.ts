import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Environment } from '../../shared/env/environment.ts';
import type { CatchUp } from '../../shared/paxos/leadership.ts';
import type { PaxosMessage } from '../../shared/paxos/messages.ts';
import type { LogRecord } from '../../shared/wal/log-record.ts';
import type { WriteAheadLog } from '../../shared/wal/write-ahead-log.ts';
import type { Answer, WriteEvaluator } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import type { TurnQueue } from './turn-queue.ts';

/** What a group needs of its node. */
export interface GroupHost {
  readonly environment: Environment;
  readonly wal: WriteAheadLog;
  readonly evaluator: WriteEvaluator;
  /** Where all groups of the node apply what is chosen, so that together they make no turn of the loop long. */
  readonly applying: TurnQueue;
  /** An item collection of a table with local indexes grows to no more bytes. */
  readonly itemCollectionBytesMax: number;
  /** Sends a consensus message to the node of another replica, with everything else of this turn. */
  send(group: Group, to: ReplicaId, message: PaxosMessage): void;
  /** The replica has stopped because its tree is damaged or differs from the others', while its log is sound. */
  treeDamaged(group: Group, error: Error): void;
  /** The replica has stopped because its log is damaged where it still needs it, while its tree is not. */
  logDamaged(group: Group, error: Error): void;
  /** Why a write may not be proposed for want of room on disks; undefined: there is room. */
  roomRefusal(group: Group, isDelete: boolean): Answer | undefined;
  /** Why a write may not be proposed since an index that it changes cannot keep up. Images are stored values. */
  indexRefusal(group: Group, key: Uint8Array, old: Uint8Array | undefined, next: Uint8Array | undefined): Answer | undefined;
  /** Up to here no global index needs the log of this group, which is led here; 0: that is not known. */
  indexFloor(group: Group): Slot;
  /** There is room on disks for what a leader does by itself. */
  hasRoom(group: Group, isDelete: boolean): boolean;
  /** Brings a follower near from the WAL, or by a snapshot. */
  catchUp(group: Group, catchUp: CatchUp): void;
  /** Has `pump` called at the end of this turn. */
  wake(group: Group): void;
  /** Sends heartbeats now rather than at the next beat: somebody waits for leadership to be proved. */
  hurryHeartbeat(): void;
  /** Everything of the group is chosen and applied here, so that nothing more will tell its followers soon. */
  commitNews(group: Group): void;
  /** The replica leads from now on. */
  elected(): void;
  /** Looks at the clocks: after a jump no lease is valid. To be called right before a lease is relied on. */
  watchClock(): void;
  /** The monotonic clocks of all members run at one rate, as far as is known: only then does a lease mean anything. */
  clocksAgree(group: Group): boolean;
  /** A record was applied (the catalog's watchers look at it). */
  applied(group: Group, slot: Slot, record: LogRecord): void;
}

/** What the parts of a group share beside its copy. */
export interface GroupTies {
  readonly group: Group;
  readonly host: GroupHost;
  /** The replica cannot go on without risking a copy that differs: it stops, the others go on. */
  readonly quarantine: (reason: string, error: unknown) => void;
}
