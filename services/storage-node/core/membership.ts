import { ByteReader, MalformedBytesError } from '../../shared/base/byte-reader.ts';
import { ByteWriter } from '../../shared/base/byte-writer.ts';
import type { ReplicaId, Slot } from '../../shared/base/ids.ts';
import type { Configuration } from '../../shared/paxos/options.ts';
import type { MemberPlace } from '../../shared/wire/admin.ts';

/** A group's members under one number; the number and `since` as in paxos/options.ts. */
export interface Membership {
  readonly configuration: number;
  /** The slot of the Swap that made it; 0: the group was created with it. */
  readonly since: Slot;
  /** In the ring's order: the first is preferred as leader. */
  readonly members: readonly MemberPlace[];
}

export function configurationOf({ configuration, since, members }: Membership): Configuration {
  return {
    number: configuration,
    since,
    members: members.map(({ replica }) => replica),
    logReplicas: members.filter(({ logOnly }) => logOnly).map(({ replica }) => replica),
  };
}

/** The membership after one member gave its place to another, or to itself in another role. */
export function swapped(membership: Membership, out: ReplicaId, into: MemberPlace): Omit<Membership, 'since'> {
  const members = membership.members.map((member) => (member.replica === out ? into : member));
  return { configuration: membership.configuration + 1, members };
}

/** Of a replica that finds out from the log or a snapshot who the members are; it has no vote before. */
export const UNKNOWN_MEMBERSHIP: Membership = { configuration: 0, since: 0, members: [] };

/** What a learner that begins with an empty tree may believe: the configuration that the group was created with, or nothing. */
export function learnersMembership(leaders: Membership): Membership {
  return leaders.since === 0 ? leaders : UNKNOWN_MEMBERSHIP;
}

/** History of the payload of a Swap record: 1 - first. */
const FORMAT = 1;

/** The payload of a Swap record: format (1 byte), configuration (4), members as in a checkpoint record. */
export function encodeSwap({ configuration, members }: Omit<Membership, 'since'>): Buffer {
  const writer = new ByteWriter(256);
  writer.u8(FORMAT).u32(configuration);
  writeMembers(writer, members);
  return writer.finish();
}

/** Throws MalformedBytesError for anything that encodeSwap did not write. */
export function decodeSwap(payload: Uint8Array, slot: Slot): Membership {
  const reader = new ByteReader(payload);
  const format = reader.u8();
  if (format !== FORMAT) throw new MalformedBytesError(`a Swap of format ${format}; this version knows ${FORMAT}`);
  const membership = { configuration: reader.u32(), since: slot, members: readMembers(reader, true) };
  if (reader.remaining > 0) throw new MalformedBytesError('bytes behind the members of a Swap');
  return membership;
}

/** Their number (2 bytes), then for each: replica (4), node and AZ (4 + n), 1 if it keeps the log alone (1). */
export function writeMembers(writer: ByteWriter, members: readonly MemberPlace[]): void {
  writer.u16(members.length);
  for (const { replica, node, az, logOnly } of members)
    writer
      .u32(replica)
      .text(node)
      .text(az)
      .u8(logOnly ? 1 : 0);
}

/** `withRoles`: false for what was written before there were log replicas. */
export function readMembers(reader: ByteReader, withRoles: boolean): MemberPlace[] {
  const members: MemberPlace[] = [];
  for (let count = reader.u16(); count > 0; count--) {
    const place = { replica: reader.u32(), node: reader.text(), az: reader.text() };
    members.push({ ...place, logOnly: withRoles && reader.u8() === 1 });
  }
  return members;
}
