import { MalformedBytesError } from '../base/byte-reader.ts';
import type { Slot } from '../base/ids.ts';
import type { Ballot } from '../paxos/ballot.ts';
import { ZERO_BALLOT } from '../paxos/ballot.ts';
import type { AskLeader, LeaderHeard, Nominate, PaxosMessage, Prepare, Promise_, Refusal } from '../paxos/messages.ts';
import type { GroupEnvelope } from './frames.ts';
import {
  AcceptedTags,
  AcceptTags,
  AskLeaderTags,
  BallotTags,
  GroupEnvelopeTags,
  LeaderHeardTags,
  NominateTags,
  PrepareTags,
  PromiseTags,
  RefusalTags,
} from './generated/field-tags.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Writes one element of a list of envelopes whose field key is `tag`. */
export function writeEnvelope(writer: ProtoWriter, tag: number, envelope: GroupEnvelope): void {
  const position = writer.position();
  writer.nest(writePaxosMessage(writer, envelope.message), position);
  writer.uint(GroupEnvelopeTags.to, envelope.to);
  writer.uint(GroupEnvelopeTags.from, envelope.from);
  writer.uint(GroupEnvelopeTags.group, envelope.group);
  writer.nest(tag, position);
}

export function readEnvelope(reader: ProtoReader): GroupEnvelope {
  const outer = reader.enter();
  let group = 0;
  let from = 0;
  let to = 0;
  let message: PaxosMessage | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === GroupEnvelopeTags.group) group = reader.uint();
    else if (tag === GroupEnvelopeTags.from) from = reader.uint();
    else if (tag === GroupEnvelopeTags.to) to = reader.uint();
    else message = readPaxosMessage(reader, tag) ?? message;
  }
  reader.leave(outer);
  if (message === undefined) throw new MalformedBytesError(`an envelope of group ${group} without a message`);
  return { group, from, to, message };
}

/** Writes the fields of a message; returns the key of the field of GroupEnvelope that holds it. */
function writePaxosMessage(writer: ProtoWriter, message: PaxosMessage): number {
  switch (message.kind) {
    case 'accept':
      writeRecordFields(writer, message.ballot, message.first, message.records, message.commit);
      return GroupEnvelopeTags.accept;
    case 'accepted':
      writeSlotFields(writer, message.ballot, message.last);
      return GroupEnvelopeTags.accepted;
    case 'sync':
      writeRecordFields(writer, message.ballot, message.from, message.records, message.commit);
      return GroupEnvelopeTags.sync;
    case 'learn':
      writeRecordFields(writer, message.ballot, message.first, message.records, message.commit);
      return GroupEnvelopeTags.learn;
    case 'learned':
      writeSlotFields(writer, message.ballot, message.last);
      return GroupEnvelopeTags.learned;
    case 'fetch-tail':
      writeSlotFields(writer, message.ballot, message.first);
      return GroupEnvelopeTags.fetchTail;
    case 'tail':
      writeRecordFields(writer, message.ballot, message.first, message.records, 0);
      return GroupEnvelopeTags.tail;
    default:
      return writeElectionMessage(writer, message);
  }
}

function writeElectionMessage(writer: ProtoWriter, message: AskLeader | LeaderHeard | Prepare | Promise_ | Refusal | Nominate): number {
  switch (message.kind) {
    case 'ask-leader':
      writer.uint(AskLeaderTags.question, message.question);
      return GroupEnvelopeTags.askLeader;
    case 'leader-heard':
      writer.bool(LeaderHeardTags.heard, message.heard);
      writer.uint(LeaderHeardTags.question, message.question);
      return GroupEnvelopeTags.leaderHeard;
    case 'prepare':
      writer.uint(PrepareTags.rejoin, message.rejoin);
      writeBallot(writer, PrepareTags.released, message.released);
      writeBallot(writer, PrepareTags.ballot, message.ballot);
      return GroupEnvelopeTags.prepare;
    case 'promise':
      writer.uint(PromiseTags.abstention, message.abstention);
      writer.uint(PromiseTags.trimmed, message.trimmed);
      writer.uint(PromiseTags.commit, message.commit);
      writer.uint(PromiseTags.last, message.last);
      writeBallot(writer, PromiseTags.accepted, message.accepted);
      writeBallot(writer, PromiseTags.ballot, message.ballot);
      return GroupEnvelopeTags.promise;
    case 'refusal':
      writeBallot(writer, RefusalTags.refused, message.refused);
      writeBallot(writer, RefusalTags.promised, message.promised);
      return GroupEnvelopeTags.refusal;
    case 'nominate':
      writer.bool(NominateTags.leaseGivenUp, message.leaseGivenUp);
      writeBallot(writer, NominateTags.ballot, message.ballot);
      return GroupEnvelopeTags.nominate;
  }
}

/** The message in the field with this key; undefined, and the field passed over, when this version does not know the key. */
function readPaxosMessage(reader: ProtoReader, tag: number): PaxosMessage | undefined {
  switch (tag) {
    case GroupEnvelopeTags.accept: {
      const { ballot, slot, records, commit } = readRecordFields(reader);
      return { kind: 'accept', ballot, first: slot, records, commit };
    }
    case GroupEnvelopeTags.accepted: {
      const { ballot, slot } = readSlotFields(reader);
      return { kind: 'accepted', ballot, last: slot };
    }
    case GroupEnvelopeTags.sync: {
      const { ballot, slot, records, commit } = readRecordFields(reader);
      return { kind: 'sync', ballot, from: slot, records, commit };
    }
    case GroupEnvelopeTags.learn: {
      const { ballot, slot, records, commit } = readRecordFields(reader);
      return { kind: 'learn', ballot, first: slot, records, commit };
    }
    case GroupEnvelopeTags.learned: {
      const { ballot, slot } = readSlotFields(reader);
      return { kind: 'learned', ballot, last: slot };
    }
    case GroupEnvelopeTags.fetchTail: {
      const { ballot, slot } = readSlotFields(reader);
      return { kind: 'fetch-tail', ballot, first: slot };
    }
    case GroupEnvelopeTags.tail: {
      const { ballot, slot, records } = readRecordFields(reader);
      return { kind: 'tail', ballot, first: slot, records };
    }
    default:
      return readElectionMessage(reader, tag);
  }
}

function readElectionMessage(reader: ProtoReader, tag: number): PaxosMessage | undefined {
  switch (tag) {
    case GroupEnvelopeTags.prepare:
      return readPrepare(reader);
    case GroupEnvelopeTags.promise:
      return readPromise(reader);
    case GroupEnvelopeTags.refusal:
      return readRefusal(reader);
    case GroupEnvelopeTags.nominate:
      return readNominate(reader);
    case GroupEnvelopeTags.askLeader:
      return readAskLeader(reader);
    case GroupEnvelopeTags.leaderHeard:
      return readLeaderHeard(reader);
    default:
      reader.skip(tag);
      return undefined;
  }
}

export function writeBallot(writer: ProtoWriter, tag: number, ballot: Ballot): void {
  const position = writer.position();
  writer.uint(BallotTags.replica, ballot.replica);
  writer.uint(BallotTags.round, ballot.round);
  writer.uint(BallotTags.configuration, ballot.configuration);
  writer.nest(tag, position);
}

export function readBallot(reader: ProtoReader): Ballot {
  const outer = reader.enter();
  let configuration = 0;
  let round = 0;
  let replica = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === BallotTags.configuration) configuration = reader.uint();
    else if (tag === BallotTags.round) round = reader.uint();
    else if (tag === BallotTags.replica) replica = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { configuration, round, replica };
}

/** What the messages that carry records have in common: proto/paxos.proto numbers these fields alike in all four. */
interface RecordFields {
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly records: readonly Uint8Array[];
  /** 0 in a Tail. */
  readonly commit: Slot;
}

function writeRecordFields(writer: ProtoWriter, ballot: Ballot, slot: Slot, records: readonly Uint8Array[], commit: Slot): void {
  writer.uint(AcceptTags.commit, commit);
  for (let index = records.length - 1; index >= 0; index--) writer.presentBytes(AcceptTags.records, records[index] as Uint8Array);
  writer.uint(AcceptTags.first, slot);
  writeBallot(writer, AcceptTags.ballot, ballot);
}

function readRecordFields(reader: ProtoReader): RecordFields {
  const outer = reader.enter();
  let ballot = ZERO_BALLOT;
  let slot = 0;
  const records: Uint8Array[] = [];
  let commit = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AcceptTags.ballot) ballot = readBallot(reader);
    else if (tag === AcceptTags.first) slot = reader.uint();
    else if (tag === AcceptTags.records) records.push(reader.bytes());
    else if (tag === AcceptTags.commit) commit = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { ballot, slot, records, commit };
}

/** The same for Accepted, Learned and FetchTail. */
interface SlotFields {
  readonly ballot: Ballot;
  readonly slot: Slot;
}

function writeSlotFields(writer: ProtoWriter, ballot: Ballot, slot: Slot): void {
  writer.uint(AcceptedTags.last, slot);
  writeBallot(writer, AcceptedTags.ballot, ballot);
}

function readSlotFields(reader: ProtoReader): SlotFields {
  const outer = reader.enter();
  let ballot = ZERO_BALLOT;
  let slot = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AcceptedTags.ballot) ballot = readBallot(reader);
    else if (tag === AcceptedTags.last) slot = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { ballot, slot };
}

function readPrepare(reader: ProtoReader): Prepare {
  const outer = reader.enter();
  let ballot = ZERO_BALLOT;
  let released = ZERO_BALLOT;
  let rejoin = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === PrepareTags.ballot) ballot = readBallot(reader);
    else if (tag === PrepareTags.released) released = readBallot(reader);
    else if (tag === PrepareTags.rejoin) rejoin = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'prepare', ballot, released, rejoin };
}

function readPromise(reader: ProtoReader): Promise_ {
  const outer = reader.enter();
  let ballot = ZERO_BALLOT;
  let accepted = ZERO_BALLOT;
  let last = 0;
  let commit = 0;
  let trimmed = 0;
  let abstention = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === PromiseTags.ballot) ballot = readBallot(reader);
    else if (tag === PromiseTags.accepted) accepted = readBallot(reader);
    else if (tag === PromiseTags.last) last = reader.uint();
    else if (tag === PromiseTags.commit) commit = reader.uint();
    else if (tag === PromiseTags.trimmed) trimmed = reader.uint();
    else if (tag === PromiseTags.abstention) abstention = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'promise', ballot, accepted, last, commit, trimmed, abstention };
}

function readRefusal(reader: ProtoReader): Refusal {
  const outer = reader.enter();
  let promised = ZERO_BALLOT;
  let refused = ZERO_BALLOT;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RefusalTags.promised) promised = readBallot(reader);
    else if (tag === RefusalTags.refused) refused = readBallot(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'refusal', promised, refused };
}

function readNominate(reader: ProtoReader): Nominate {
  const outer = reader.enter();
  let ballot = ZERO_BALLOT;
  let leaseGivenUp = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === NominateTags.ballot) ballot = readBallot(reader);
    else if (tag === NominateTags.leaseGivenUp) leaseGivenUp = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'nominate', ballot, leaseGivenUp };
}

function readAskLeader(reader: ProtoReader): AskLeader {
  const outer = reader.enter();
  let question = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AskLeaderTags.question) question = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'ask-leader', question };
}

function readLeaderHeard(reader: ProtoReader): LeaderHeard {
  const outer = reader.enter();
  let question = 0;
  let heard = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LeaderHeardTags.question) question = reader.uint();
    else if (tag === LeaderHeardTags.heard) heard = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'leader-heard', question, heard };
}
