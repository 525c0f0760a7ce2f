import { ByteReader } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { assert } from '../base/assert.ts';
import type { GroupId, Slot } from '../base/ids.ts';
import type { Ballot } from './ballot.ts';

/**
 * What a heartbeat says of one group that its sender leads: 24 bytes, since a node may lead thousands of groups and sends
 * them to each peer several times a second. Group, configuration, round, replica: 32 bits each; then 64 bits, the highest of
 * which says whether a quorum answered the leader lately, the others the commit slot.
 */
export interface GroupLeadership extends LeadershipNews {
  readonly group: GroupId;
}

/** What a heartbeat says to the replicas of one group. */
export interface LeadershipNews {
  readonly ballot: Ballot;
  readonly commit: Slot;
  /** The leader has a quorum's answer younger than the lease: only then is it "heard" in the sense of elections. */
  readonly reachesQuorum: boolean;
}

export const LEADERSHIP_BYTES = 24;
const QUORUM_FLAG = 0x8000_0000;

export function encodeLeaderships(leaderships: readonly GroupLeadership[]): Buffer {
  const writer = new ByteWriter(leaderships.length * LEADERSHIP_BYTES);
  for (const { group, ballot, commit, reachesQuorum } of leaderships) {
    writer.u32(group).u32(ballot.configuration).u32(ballot.round).u32(ballot.replica);
    const high = Math.floor(commit / 0x1_0000_0000);
    writer.u32(reachesQuorum ? (high | QUORUM_FLAG) >>> 0 : high).u32(commit >>> 0);
  }
  return writer.finish();
}

/** Throws MalformedBytesError on a length that is no multiple of 24. */
export function decodeLeaderships(bytes: Uint8Array): GroupLeadership[] {
  const reader = new ByteReader(bytes);
  const leaderships: GroupLeadership[] = [];
  while (reader.remaining > 0) {
    const group = reader.u32();
    const ballot = { configuration: reader.u32(), round: reader.u32(), replica: reader.u32() };
    const high = reader.u32();
    const commit = (high & ~QUORUM_FLAG) * 0x1_0000_0000 + reader.u32();
    assert(Number.isSafeInteger(commit), 'commit slot over 2^53');
    leaderships.push({ group, ballot, commit, reachesQuorum: (high & QUORUM_FLAG) !== 0 });
  }
  return leaderships;
}

/** The groups of a heartbeat that its receiver refuses, four bytes each. */
export function encodeRefusals(groups: readonly GroupId[]): Buffer {
  const writer = new ByteWriter(groups.length * 4);
  for (const group of groups) writer.u32(group);
  return writer.finish();
}

export function decodeRefusals(bytes: Uint8Array): Set<GroupId> {
  const reader = new ByteReader(bytes);
  const groups = new Set<GroupId>();
  while (reader.remaining > 0) groups.add(reader.u32());
  return groups;
}
