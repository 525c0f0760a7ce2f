import type { ReplicaId } from '../../services/shared/base/ids.ts';
import { type Ballot, formatBallot } from '../../services/shared/paxos/ballot.ts';
import type { LeadershipNews } from '../../services/shared/paxos/heartbeat.ts';
import type { PaxosMessage } from '../../services/shared/paxos/messages.ts';

/** Everything that replicas say to each other, heartbeats and snapshots included. */
export type Message = PaxosMessage | Heartbeat | HeartbeatAnswer | Snapshot;

export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly news: LeadershipNews;
  readonly sentAtMs: number;
}

export interface HeartbeatAnswer {
  readonly kind: 'heartbeat-answer';
  readonly ballot: Ballot;
  readonly sentAtMs: number;
  readonly granted: boolean;
}

/** A tree, as the records that made it. */
export interface Snapshot {
  readonly kind: 'snapshot';
  readonly ballot: Ballot;
  readonly tree: readonly Uint8Array[];
}

export interface Outgoing {
  readonly to: ReplicaId;
  readonly message: Message;
}

/** Equal texts for equal messages, and for people to read. */
export function describeMessage(message: Message): string {
  const parts: string[] = [message.kind];
  for (const [name, value] of Object.entries(message)) {
    if (name !== 'kind') parts.push(`${name}=${describeValue(value)}`);
  }
  return parts.join(' ');
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeValue).join(' ')}]`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value !== 'object' || value === null) return String(value);
  if ('round' in value) return formatBallot(value as Ballot);
  return `{${Object.entries(value)
    .map(([name, field]) => `${name}=${describeValue(field)}`)
    .join(' ')}}`;
}
