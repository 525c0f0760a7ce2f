import { MalformedBytesError } from '../base/byte-reader.ts';
import { ZERO_BALLOT } from '../paxos/ballot.ts';
import { readBallot, readEnvelope, writeBallot, writeEnvelope } from './codec-paxos.ts';
import type { BulkFrame, GroupEnvelope, SnapshotBegin, SnapshotChunk, SnapshotEnd, SnapshotMessage } from './frames.ts';
import {
  BulkFrameTags,
  ReplicaAbsentTags,
  SnapshotAbortTags,
  SnapshotBeginTags,
  SnapshotChunkTags,
  SnapshotEndTags,
  SnapshotIdentityTags,
  SnapshotInstalledTags,
  SnapshotMessageTags,
  SnapshotRequestTags,
} from './generated/field-tags.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

export function writeBulkFrame(writer: ProtoWriter, frame: BulkFrame): void {
  const { credit, messages, snapshots } = frame;
  for (let index = snapshots.length - 1; index >= 0; index--) {
    const position = writer.position();
    writer.nest(writeSnapshotMessage(writer, snapshots[index] as SnapshotMessage), position);
    writer.nest(BulkFrameTags.snapshots, position);
  }
  for (let index = messages.length - 1; index >= 0; index--) {
    writeEnvelope(writer, BulkFrameTags.messages, messages[index] as GroupEnvelope);
  }
  writer.uint(BulkFrameTags.credit, credit);
}

export function readBulkFrame(reader: ProtoReader): BulkFrame {
  let credit = 0;
  const messages: GroupEnvelope[] = [];
  const snapshots: SnapshotMessage[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === BulkFrameTags.credit) credit = reader.uint();
    else if (tag === BulkFrameTags.messages) messages.push(readEnvelope(reader));
    else if (tag === BulkFrameTags.snapshots) snapshots.push(readSnapshotMessage(reader));
    else reader.skip(tag);
  }
  return { credit, messages, snapshots };
}

/** Writes the fields of a message; returns the key of the field of SnapshotMessage that holds it. */
function writeSnapshotMessage(writer: ProtoWriter, message: SnapshotMessage): number {
  switch (message.kind) {
    case 'begin':
      writer.uint(SnapshotBeginTags.itemBytes, message.itemBytes);
      writeBallot(writer, SnapshotBeginTags.ballot, message.ballot);
      writer.bytes(SnapshotBeginTags.state, message.state);
      writer.uint(SnapshotBeginTags.slot, message.slot);
      writer.uint(SnapshotBeginTags.transfer, message.transfer);
      writer.uint(SnapshotBeginTags.to, message.to);
      writer.uint(SnapshotBeginTags.from, message.from);
      writer.uint(SnapshotBeginTags.group, message.group);
      return SnapshotMessageTags.begin;
    case 'chunk':
      writer.bytes(SnapshotChunkTags.entries, message.entries);
      writer.uint(SnapshotChunkTags.index, message.index);
      writer.uint(SnapshotChunkTags.transfer, message.transfer);
      writer.uint(SnapshotChunkTags.group, message.group);
      return SnapshotMessageTags.chunk;
    case 'end':
      writer.uint(SnapshotEndTags.items, message.items);
      writer.uint(SnapshotEndTags.chunks, message.chunks);
      writer.uint(SnapshotEndTags.transfer, message.transfer);
      writer.uint(SnapshotEndTags.group, message.group);
      return SnapshotMessageTags.end;
    case 'installed':
      writer.uint(SnapshotInstalledTags.slot, message.slot);
      writer.uint(SnapshotInstalledTags.transfer, message.transfer);
      writer.uint(SnapshotInstalledTags.group, message.group);
      return SnapshotMessageTags.installed;
    case 'abort':
      writer.text(SnapshotAbortTags.reason, message.reason);
      writer.uint(SnapshotAbortTags.transfer, message.transfer);
      writer.uint(SnapshotAbortTags.group, message.group);
      return SnapshotMessageTags.abort;
    case 'request':
      writer.uint(SnapshotRequestTags.position, message.position);
      writer.uint(SnapshotRequestTags.group, message.group);
      return SnapshotMessageTags.request;
    case 'identity':
      writer.bytes(SnapshotIdentityTags.state, message.state);
      writer.uint(SnapshotIdentityTags.group, message.group);
      return SnapshotMessageTags.identity;
    case 'absent':
      writer.uint(ReplicaAbsentTags.incarnation, message.incarnation);
      writer.uint(ReplicaAbsentTags.replica, message.replica);
      writer.uint(ReplicaAbsentTags.group, message.group);
      return SnapshotMessageTags.absent;
  }
}

function readSnapshotMessage(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let message: SnapshotMessage | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotMessageTags.begin) message = readSnapshotBegin(reader);
    else if (tag === SnapshotMessageTags.chunk) message = readSnapshotChunk(reader);
    else if (tag === SnapshotMessageTags.end) message = readSnapshotEnd(reader);
    else if (tag === SnapshotMessageTags.installed) message = readSnapshotInstalled(reader);
    else if (tag === SnapshotMessageTags.abort) message = readSnapshotAbort(reader);
    else if (tag === SnapshotMessageTags.request) message = readSnapshotRequest(reader);
    else if (tag === SnapshotMessageTags.identity) message = readSnapshotIdentity(reader);
    else if (tag === SnapshotMessageTags.absent) message = readReplicaAbsent(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (message === undefined) throw new MalformedBytesError('a snapshot message without content');
  return message;
}

function readSnapshotBegin(reader: ProtoReader): SnapshotBegin {
  const outer = reader.enter();
  let group = 0;
  let from = 0;
  let to = 0;
  let transfer = 0;
  let slot = 0;
  let state: Uint8Array = NO_BYTES;
  let itemBytes = 0;
  let ballot = ZERO_BALLOT;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotBeginTags.group) group = reader.uint();
    else if (tag === SnapshotBeginTags.from) from = reader.uint();
    else if (tag === SnapshotBeginTags.to) to = reader.uint();
    else if (tag === SnapshotBeginTags.transfer) transfer = reader.uint();
    else if (tag === SnapshotBeginTags.slot) slot = reader.uint();
    else if (tag === SnapshotBeginTags.state) state = reader.bytes();
    else if (tag === SnapshotBeginTags.itemBytes) itemBytes = reader.uint();
    else if (tag === SnapshotBeginTags.ballot) ballot = readBallot(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'begin', group, from, to, transfer, ballot, slot, state, itemBytes };
}

function readSnapshotChunk(reader: ProtoReader): SnapshotChunk {
  const outer = reader.enter();
  let group = 0;
  let transfer = 0;
  let index = 0;
  let entries: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotChunkTags.group) group = reader.uint();
    else if (tag === SnapshotChunkTags.transfer) transfer = reader.uint();
    else if (tag === SnapshotChunkTags.index) index = reader.uint();
    else if (tag === SnapshotChunkTags.entries) entries = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'chunk', group, transfer, index, entries };
}

function readSnapshotEnd(reader: ProtoReader): SnapshotEnd {
  const outer = reader.enter();
  let group = 0;
  let transfer = 0;
  let chunks = 0;
  let items = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotEndTags.group) group = reader.uint();
    else if (tag === SnapshotEndTags.transfer) transfer = reader.uint();
    else if (tag === SnapshotEndTags.chunks) chunks = reader.uint();
    else if (tag === SnapshotEndTags.items) items = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'end', group, transfer, chunks, items };
}

function readSnapshotInstalled(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let group = 0;
  let transfer = 0;
  let slot = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotInstalledTags.group) group = reader.uint();
    else if (tag === SnapshotInstalledTags.transfer) transfer = reader.uint();
    else if (tag === SnapshotInstalledTags.slot) slot = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'installed', group, transfer, slot };
}

function readSnapshotAbort(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let group = 0;
  let transfer = 0;
  let reason = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotAbortTags.group) group = reader.uint();
    else if (tag === SnapshotAbortTags.transfer) transfer = reader.uint();
    else if (tag === SnapshotAbortTags.reason) reason = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'abort', group, transfer, reason };
}

function readSnapshotRequest(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let group = 0;
  let position = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotRequestTags.group) group = reader.uint();
    else if (tag === SnapshotRequestTags.position) position = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'request', group, position };
}

function readSnapshotIdentity(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let group = 0;
  let state: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SnapshotIdentityTags.group) group = reader.uint();
    else if (tag === SnapshotIdentityTags.state) state = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'identity', group, state };
}

function readReplicaAbsent(reader: ProtoReader): SnapshotMessage {
  const outer = reader.enter();
  let group = 0;
  let replica = 0;
  let incarnation = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ReplicaAbsentTags.group) group = reader.uint();
    else if (tag === ReplicaAbsentTags.replica) replica = reader.uint();
    else if (tag === ReplicaAbsentTags.incarnation) incarnation = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'absent', group, replica, incarnation };
}
