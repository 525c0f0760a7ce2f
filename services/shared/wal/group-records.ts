import { asBuffer } from '../base/bytes.ts';
import { ByteReader, MalformedBytesError } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import type { GroupId, ReplicaId } from '../base/ids.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';
import type { Digest } from '../env/digest.ts';
import type { Ballot } from '../paxos/ballot.ts';
import { DIRECTORY_KIND, HEADER_KIND, WITNESS_KIND } from './wal-keys.ts';
import type { GroupHeader } from './wal-types.ts';

/** A group's header as it lies in the store. */
export interface StoredHeader {
  readonly group: GroupId;
  readonly life: number;
  /** The batch that wrote it. */
  readonly batch: number;
  readonly header: GroupHeader;
  /** Checksum of the newest chunk that the log had then; 0 when it had none. */
  readonly tailChecksum: number;
  /** Set once a guard failed; empty: whole. */
  readonly damage: string;
}

/**
 * A second copy of the ballots, with the batch that wrote it. It is written with every change that is more than an append (new
 * ballots, a cut, an emptied log, a new start): a header that fell back to a state before such a change is found by it.
 */
export interface StoredWitness {
  readonly group: GroupId;
  readonly life: number;
  readonly batch: number;
  readonly promised: Ballot;
  readonly accepted: Ballot;
}

/** Which groups there are, so that one whose header vanished is missed. */
export interface StoredDirectory {
  readonly batch: number;
  /** Group -> life of its log. */
  readonly lives: ReadonlyMap<GroupId, number>;
  /** Group -> whose log it is; 0 for those that were created before that was written down. */
  readonly replicas: ReadonlyMap<GroupId, ReplicaId>;
  /** Set once something happened to the store that no group can be blamed for; empty: whole. */
  readonly damage: string;
}

const FORMAT = 1;
/** History: 1 - first; 2 - with the replicas. */
const DIRECTORY_FORMAT = 2;
const BALLOT_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** Common to header and witness; README.md has the same tables. */
const AT_KIND = 0;
const AT_FORMAT = 1;
const AT_GROUP = 2;
const AT_LIFE = AT_GROUP + 4;
const AT_BATCH = AT_LIFE + 8;
const AT_PROMISED = AT_BATCH + 8;
const AT_ACCEPTED = AT_PROMISED + BALLOT_BYTES;
const WITNESS_BYTES = AT_ACCEPTED + BALLOT_BYTES;
/** The header goes on. */
const AT_LAST = WITNESS_BYTES;
const AT_COMMIT = AT_LAST + 8;
const AT_TRIMMED = AT_COMMIT + 8;
const AT_ABSTAINS = AT_TRIMMED + 8;
const AT_TAIL_CHECKSUM = AT_ABSTAINS + 1;
const AT_DAMAGE = AT_TAIL_CHECKSUM + 4;

export function encodeHeader(stored: StoredHeader, digest: Digest): Buffer {
  const damageBytes = stored.damage === '' ? 0 : Buffer.byteLength(stored.damage, 'utf8');
  const bytes = Buffer.allocUnsafe(AT_DAMAGE + damageBytes + CHECKSUM_BYTES);
  const { header } = stored;
  writeBallotFields(bytes, HEADER_KIND, stored, header.promised, header.accepted);
  writeSafeInteger(bytes, header.last, AT_LAST);
  writeSafeInteger(bytes, header.commit, AT_COMMIT);
  writeSafeInteger(bytes, header.trimmed, AT_TRIMMED);
  bytes[AT_ABSTAINS] = header.abstains ? 1 : 0;
  bytes.writeUInt32BE(stored.tailChecksum, AT_TAIL_CHECKSUM);
  if (damageBytes > 0) bytes.write(stored.damage, AT_DAMAGE, 'utf8');
  return sealed(bytes, digest);
}

/** Undefined when the bytes are not those written for this group. */
export function decodeHeader(source: Uint8Array, group: GroupId, digest: Digest): StoredHeader | undefined {
  const bytes = asBuffer(source);
  if (bytes.length < AT_DAMAGE + CHECKSUM_BYTES || !verified(bytes, HEADER_KIND, digest)) return undefined;
  const { life, batch, promised, accepted } = readBallotFields(bytes);
  const header: GroupHeader = {
    promised,
    accepted,
    last: readSafeInteger(bytes, AT_LAST),
    commit: readSafeInteger(bytes, AT_COMMIT),
    trimmed: readSafeInteger(bytes, AT_TRIMMED),
    abstains: bytes[AT_ABSTAINS] === 1,
  };
  if (bytes.readUInt32BE(AT_GROUP) !== group) return undefined;
  const damage = bytes.toString('utf8', AT_DAMAGE, bytes.length - CHECKSUM_BYTES);
  return { group, life, batch, header, tailChecksum: bytes.readUInt32BE(AT_TAIL_CHECKSUM), damage };
}

export function encodeWitness(stored: StoredWitness, digest: Digest): Buffer {
  const bytes = Buffer.allocUnsafe(WITNESS_BYTES + CHECKSUM_BYTES);
  writeBallotFields(bytes, WITNESS_KIND, stored, stored.promised, stored.accepted);
  return sealed(bytes, digest);
}

/** Undefined when the bytes are not those written for this group. */
export function decodeWitness(source: Uint8Array, group: GroupId, digest: Digest): StoredWitness | undefined {
  const bytes = asBuffer(source);
  if (bytes.length !== WITNESS_BYTES + CHECKSUM_BYTES || !verified(bytes, WITNESS_KIND, digest)) return undefined;
  return bytes.readUInt32BE(AT_GROUP) === group ? readBallotFields(bytes) : undefined;
}

export function encodeDirectory(directory: StoredDirectory, digest: Digest): Buffer {
  const writer = new ByteWriter(32 + directory.lives.size * 16);
  writer.u8(DIRECTORY_KIND).u8(DIRECTORY_FORMAT).u64(directory.batch).text(directory.damage).u32(directory.lives.size);
  for (const [group, life] of directory.lives)
    writer
      .u32(group)
      .u64(life)
      .u32(directory.replicas.get(group) ?? 0);
  const end = writer.length;
  return sealed(
    writer
      .u32(0)
      .finish()
      .subarray(0, end + CHECKSUM_BYTES),
    digest,
  );
}

/** Undefined when the bytes are damaged. */
export function decodeDirectory(source: Uint8Array, digest: Digest): StoredDirectory | undefined {
  const bytes = asBuffer(source);
  if (bytes.length <= CHECKSUM_BYTES || !isSealed(bytes, digest)) return undefined;
  const format = bytes[AT_FORMAT] as number;
  if (bytes[AT_KIND] !== DIRECTORY_KIND || format > DIRECTORY_FORMAT) return undefined;
  try {
    const reader = new ByteReader(bytes, AT_GROUP);
    const batch = reader.u64();
    const damage = reader.text();
    const lives = new Map<GroupId, number>();
    const replicas = new Map<GroupId, ReplicaId>();
    for (let left = reader.u32(); left > 0; left--) {
      const group = reader.u32();
      lives.set(group, reader.u64());
      replicas.set(group, format < DIRECTORY_FORMAT ? 0 : reader.u32());
    }
    return { batch, lives, replicas, damage };
  } catch (error) {
    if (error instanceof MalformedBytesError) return undefined;
    throw error;
  }
}

function writeBallotFields(
  bytes: Buffer,
  kind: number,
  stored: { readonly group: GroupId; readonly life: number; readonly batch: number },
  promised: Ballot,
  accepted: Ballot,
): void {
  bytes[AT_KIND] = kind;
  bytes[AT_FORMAT] = FORMAT;
  bytes.writeUInt32BE(stored.group, AT_GROUP);
  writeSafeInteger(bytes, stored.life, AT_LIFE);
  writeSafeInteger(bytes, stored.batch, AT_BATCH);
  writeBallot(bytes, promised, AT_PROMISED);
  writeBallot(bytes, accepted, AT_ACCEPTED);
}

function readBallotFields(bytes: Buffer): StoredWitness {
  return {
    group: bytes.readUInt32BE(AT_GROUP),
    life: readSafeInteger(bytes, AT_LIFE),
    batch: readSafeInteger(bytes, AT_BATCH),
    promised: readBallot(bytes, AT_PROMISED),
    accepted: readBallot(bytes, AT_ACCEPTED),
  };
}

function writeBallot(bytes: Buffer, ballot: Ballot, at: number): void {
  bytes.writeUInt32BE(ballot.configuration, at);
  bytes.writeUInt32BE(ballot.round, at + 4);
  bytes.writeUInt32BE(ballot.replica, at + 8);
}

function readBallot(bytes: Buffer, at: number): Ballot {
  return { configuration: bytes.readUInt32BE(at), round: bytes.readUInt32BE(at + 4), replica: bytes.readUInt32BE(at + 8) };
}

/** Writes the CRC-32 of everything before into the last four bytes. */
function sealed(bytes: Buffer, digest: Digest): Buffer {
  const end = bytes.length - CHECKSUM_BYTES;
  bytes.writeUInt32BE(digest.crc32(bytes.subarray(0, end)), end);
  return bytes;
}

function verified(bytes: Buffer, kind: number, digest: Digest): boolean {
  return bytes[AT_KIND] === kind && bytes[AT_FORMAT] === FORMAT && isSealed(bytes, digest);
}

function isSealed(bytes: Buffer, digest: Digest): boolean {
  const end = bytes.length - CHECKSUM_BYTES;
  return digest.crc32(bytes.subarray(0, end)) === bytes.readUInt32BE(end);
}
