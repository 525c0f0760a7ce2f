import type { GroupId, ReplicaId } from '../base/ids.ts';
import { asBuffer } from '../base/bytes.ts';
import type { Digest } from '../env/digest.ts';
import type { KeyValueStore } from '../env/key-value-store.ts';
import { MarkFileDamagedError, type MarkFile } from '../env/mark-file.ts';
import { equalBallots, ZERO_BALLOT } from '../paxos/ballot.ts';
import { decodeChunk, type DecodedChunk } from './chunk.ts';
import type { Garbage } from './garbage.ts';
import { GroupLog } from './group-log.ts';
import {
  decodeWitness,
  decodeDirectory,
  decodeHeader,
  type StoredWitness,
  type StoredDirectory,
  type StoredHeader,
} from './group-records.ts';
import { WITNESS_RANGE, CHUNK_RANGE, type ChunkPlace, chunkPlace, DIRECTORY_KEY, groupOfKey, HEADER_RANGE } from './wal-keys.ts';
import type { GroupHeader } from './wal-types.ts';

/** What a restart found. */
export interface Recovery {
  readonly groups: Map<GroupId, GroupLog>;
  /** The greatest number of a batch that left a trace; 0: none. */
  readonly newestBatch: number;
  /** As the mark file says; undefined when it says nothing. */
  readonly mark: number | undefined;
  /** Why the store as a whole is not trusted; empty: it is. */
  readonly storeDamage: string;
  /** Damage was found that the store does not know of yet: it has to be written down, for the next start would not see it. */
  readonly newDamage: boolean;
}

const EMPTY_HEADER: GroupHeader = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };

/** A group while its parts are gathered. */
interface Found {
  readonly log: GroupLog;
  readonly header: StoredHeader | undefined;
}

/**
 * Reads and verifies everything in the store. Damage is told for each group and is never taken for an empty or shorter log:
 * whatever was once durable is expected by something else that was durable (README.md, "Guards").
 */
export async function recoverGroups(
  parts: { readonly store: KeyValueStore; readonly mark: MarkFile; readonly digest: Digest; readonly storeDamage?: string },
  garbage: Garbage,
): Promise<Recovery> {
  const { store, digest } = parts;
  const mark = await readMark(parts.mark);
  const directoryBytes = await store.get(DIRECTORY_KEY);
  const directory = directoryBytes === undefined ? undefined : decodeDirectory(directoryBytes, digest);
  const headers = await readGroupRecords(store, HEADER_RANGE, (bytes, group) => decodeHeader(bytes, group, digest));
  const witnesses = await readGroupRecords(store, WITNESS_RANGE, (bytes, group) => decodeWitness(bytes, group, digest));
  const replicas = directory?.replicas ?? new Map<GroupId, ReplicaId>();
  const lives = directory?.lives ?? livesWithoutDirectory(headers, witnesses);
  const found = new Map<GroupId, Found>();
  for (const [group, life] of lives)
    found.set(group, gather({ group, replica: replicas.get(group) ?? 0, life }, headers.get(group), witnesses.get(group)));
  const chunkCount = await readChunks(store, digest, found, garbage);

  let newestBatch = directory?.batch ?? 0;
  let newestLife = 0;
  for (const header of headers.values()) {
    newestBatch = Math.max(newestBatch, header?.batch ?? 0);
    newestLife = Math.max(newestLife, header?.life ?? 0);
  }
  const untouched = directoryBytes === undefined && headers.size === 0 && witnesses.size === 0 && chunkCount === 0;
  const fresh = untouched && mark.number === undefined && mark.damage === undefined && parts.storeDamage === undefined;
  const reason = fresh
    ? undefined
    : wholeStoreDamage({ ...parts, mark, newestBatch, newestLife, directory, directoryBytes, groups: lives.size });
  const known = directory?.damage ?? '';
  const groups = new Map<GroupId, GroupLog>();
  let newDamage = reason !== undefined && reason !== known;
  for (const [group, { log, header }] of found) {
    groups.set(group, log);
    if (reason !== undefined) log.damage ??= reason;
    if (log.damage !== undefined && log.damage !== header?.damage) newDamage = true;
  }
  return { groups, newestBatch, mark: mark.number, storeDamage: reason ?? known, newDamage };
}

/** Guards that speak of the store as a whole: when one fails, no group can be trusted. */
function wholeStoreDamage(facts: {
  readonly storeDamage?: string;
  readonly mark: { readonly number: number | undefined; readonly damage: string | undefined };
  readonly newestBatch: number;
  readonly newestLife: number;
  readonly directory: StoredDirectory | undefined;
  readonly directoryBytes: Uint8Array | undefined;
  readonly groups: number;
}): string | undefined {
  const { mark, newestBatch, directory } = facts;
  if (facts.storeDamage !== undefined) return facts.storeDamage;
  if (directory === undefined)
    return facts.directoryBytes === undefined ? 'the list of groups is missing' : 'the list of groups is damaged';
  if (facts.newestLife > directory.batch) return 'the list of groups is older than a group';
  if (mark.damage !== undefined) return mark.damage;
  // A crash before the first mark leaves a list without groups; later the mark is never far behind.
  if (mark.number === undefined) return facts.groups === 0 ? undefined : 'the mark file is missing';
  if (mark.number > newestBatch) return `batch ${mark.number} was answered, the newest one found is ${newestBatch}`;
  return undefined;
}

async function readMark(file: MarkFile): Promise<{ readonly number: number | undefined; readonly damage: string | undefined }> {
  try {
    return { number: await file.read(), damage: undefined };
  } catch (error) {
    if (error instanceof MarkFileDamagedError) return { number: undefined, damage: `the mark file is damaged: ${error.message}` };
    throw error;
  }
}

/** The records of a range by the group in their key; undefined for a damaged one. */
async function readGroupRecords<T>(
  store: KeyValueStore,
  range: { readonly low: Uint8Array; readonly high: Uint8Array },
  decode: (bytes: Uint8Array, group: GroupId) => T | undefined,
): Promise<Map<GroupId, T | undefined>> {
  const records = new Map<GroupId, T | undefined>();
  for await (const [key, value] of store.entries(range)) {
    const group = groupOfKey(asBuffer(key));
    if (group !== undefined) records.set(group, decode(value, group));
  }
  return records;
}

/** Without the list every group that left a trace is named, so that none is taken for one that never was. */
function livesWithoutDirectory(
  headers: ReadonlyMap<GroupId, StoredHeader | undefined>,
  witnesses: ReadonlyMap<GroupId, StoredWitness | undefined>,
): Map<GroupId, number> {
  const lives = new Map<GroupId, number>();
  for (const [group, record] of witnesses) lives.set(group, record?.life ?? 0);
  for (const [group, record] of headers) lives.set(group, record?.life ?? lives.get(group) ?? 0);
  return lives;
}

/** Header and witness against each other and against the list. */
function gather(
  { group, replica, life }: { readonly group: GroupId; readonly replica: ReplicaId; readonly life: number },
  header: StoredHeader | undefined,
  witness: StoredWitness | undefined,
): Found {
  const ballots = witness && { promised: witness.promised, accepted: witness.accepted };
  const log = new GroupLog(group, replica, life, header?.header ?? { ...EMPTY_HEADER, ...ballots });
  if (header === undefined || header.life !== life) log.damage = 'the header is missing, damaged or of another life';
  else if (header.damage !== '') log.damage = header.damage;
  else if (witness === undefined || witness.life !== life) log.damage = 'the witness is missing, damaged or of another life';
  else if (witness.batch > header.batch) log.damage = `the header is of batch ${header.batch}, its witness of ${witness.batch}`;
  else if (!equalBallots(witness.promised, header.header.promised) || !equalBallots(witness.accepted, header.header.accepted)) {
    log.damage = 'the ballots of header and witness differ';
  }
  return { log, header };
}

/** Fills the indexes. Every chunk is read and verified: the store has to read them anyway, and damage is better known now. */
async function readChunks(store: KeyValueStore, digest: Digest, found: ReadonlyMap<GroupId, Found>, garbage: Garbage): Promise<number> {
  let chunkCount = 0;
  for await (const [key, value] of store.entries(CHUNK_RANGE)) {
    chunkCount += 1;
    const place = chunkPlace(asBuffer(key));
    const size = key.length + value.length;
    const group = place && found.get(place.group);
    // Of a removed or replaced log, or a key that damage invented: then the chunk's own log misses it.
    if (place === undefined || group === undefined || group.log.life !== place.life) garbage.add(place?.group ?? 0, key, size);
    else if (group.log.damage !== undefined) group.log.addStray(key, size);
    else takeChunk(group, place, decodeChunk(value, place, digest), key, size, garbage);
  }
  for (const { log, header } of found.values()) {
    if (log.damage === undefined && header !== undefined) log.damage = endOfLogDamage(log, header);
  }
  return chunkCount;
}

function takeChunk(
  group: Found,
  place: ChunkPlace,
  chunk: DecodedChunk | undefined,
  key: Uint8Array,
  size: number,
  garbage: Garbage,
): void {
  const { log, header } = group;
  const { trimmed } = log.header;
  // What is trimmed may be damaged. If this one also held later slots, the next chunk or the log's end misses them.
  if (chunk === undefined ? place.first <= trimmed : chunk.last <= trimmed) {
    garbage.add(place.group, key, size);
    return;
  }
  const damage = chunk === undefined ? `the chunk at slot ${place.first} is damaged` : chunkDamage(log, chunk, header?.batch ?? 0);
  if (chunk !== undefined && damage === undefined) {
    log.index.push(chunk.first, chunk.last, size, chunk.checksum);
    return;
  }
  log.damage = damage;
  log.addStray(key, size);
}

/** Whether a whole chunk follows on what was read before it. */
function chunkDamage(log: GroupLog, chunk: DecodedChunk, headerBatch: number): string | undefined {
  const { index } = log;
  const expected = index.length === 0 ? log.header.trimmed + 1 : index.last + 1;
  if (chunk.first > expected) return `the records from slot ${expected} to ${chunk.first - 1} are missing`;
  if (index.length > 0 && chunk.first < expected) return `two chunks hold slot ${chunk.first}`;
  if (index.length > 0 && chunk.previousChecksum !== index.lastChecksum) return `the chunk before slot ${chunk.first} is another one`;
  if (chunk.batch > headerBatch) return `the chunk at slot ${chunk.first} is of batch ${chunk.batch}, the header of ${headerBatch}`;
  return undefined;
}

/** Whether the log ends where its header says, with the very chunk. */
function endOfLogDamage(log: GroupLog, header: StoredHeader): string | undefined {
  const { last, trimmed } = header.header;
  const reached = log.index.length === 0 ? trimmed : log.index.last;
  if (reached !== last) return `the log ends at slot ${reached}, its header at ${last}`;
  if (log.index.length > 0 && log.index.lastChecksum !== header.tailChecksum) return 'the newest chunk is another one';
  return undefined;
}
