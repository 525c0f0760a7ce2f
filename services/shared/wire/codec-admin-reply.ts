import { MalformedBytesError } from '../base/byte-reader.ts';
import { ZERO_BALLOT } from '../paxos/ballot.ts';
import type {
  AdminResponse,
  GroupInspection,
  IndexProgress,
  LocalIndexSize,
  MemberPlace,
  NodeDescription,
  ReplicaDescription,
  SettingsApplied,
  TableChanged,
} from './admin.ts';
import { readMemberPlace, writeMemberPlaces } from './codec-admin-call.ts';
import { readCredentialList, writeCredentialList } from './codec-credentials.ts';
import type { Hello } from './codec-hello.ts';
import { readHello, writeHello } from './codec-hello.ts';
import { readBallot, writeBallot } from './codec-paxos.ts';
import {
  AdminRefusalTags,
  AdminReplyTags,
  AutoAdminDescriptionTags,
  GroupInspectionTags,
  IndexProgressTags,
  LearnerAddedTags,
  LocalIndexSizeTags,
  NodeDescriptionTags,
  ReplicaDescriptionTags,
  SettingsAppliedTags,
  TableChangedTags,
} from './generated/field-tags.ts';
import { readLostIndexes, writeLostIndexes } from './codec-lost-indexes.ts';
import { readScrubReport, writeScrubReport } from './codec-scrub-report.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** The answer to an administrative call as it travels: a response, or why there is none. */
export interface AdminReply {
  readonly hello: Hello;
  readonly outcome: AdminResponse | AdminRefusal;
}

export interface AdminRefusal {
  readonly kind: 'refusal';
  readonly code: string;
  readonly message: string;
}

export function writeAdminReply(writer: ProtoWriter, reply: AdminReply): void {
  const position = writer.position();
  writer.nest(writeOutcome(writer, reply.outcome), position);
  writeHello(writer, reply.hello);
}

export function readAdminReply(reader: ProtoReader): AdminReply {
  let hello: Hello | undefined;
  let outcome: AdminReply['outcome'] | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AdminReplyTags.hello) hello = readHello(reader);
    else outcome = readOutcome(reader, tag) ?? outcome;
  }
  if (hello === undefined) throw new MalformedBytesError('a reply that does not say who replies');
  if (outcome === undefined) throw new MalformedBytesError('a reply without a response that this version knows');
  return { hello, outcome };
}

/** Writes the fields of a response; returns the key of the field of AdminReply that holds it. */
function writeOutcome(writer: ProtoWriter, outcome: AdminReply['outcome']): number {
  switch (outcome.kind) {
    case 'done':
      return AdminReplyTags.done;
    case 'node-description':
      writeNodeDescription(writer, outcome);
      return AdminReplyTags.nodeDescription;
    case 'learner-added':
      writer.uint(LearnerAddedTags.replica, outcome.replica);
      return AdminReplyTags.learnerAdded;
    case 'settings-applied':
      writeIndexProgress(writer, outcome.indexes);
      writer.uint(SettingsAppliedTags.version, outcome.version);
      return AdminReplyTags.settingsApplied;
    case 'lost-indexes':
      writeLostIndexes(writer, outcome);
      return AdminReplyTags.lostIndexes;
    case 'group-inspection':
      writeLocalIndexes(writer, outcome.localIndexes);
      writeMemberPlaces(writer, GroupInspectionTags.members, outcome.members);
      writer.uint(GroupInspectionTags.configuration, outcome.configuration);
      writer.bytes(GroupInspectionTags.high, outcome.high);
      writer.bytes(GroupInspectionTags.low, outcome.low);
      writer.text(GroupInspectionTags.stateHash, outcome.stateHash);
      writeReplica(writer, GroupInspectionTags.replica, outcome.replica);
      return AdminReplyTags.groupInspection;
    case 'table-changed':
      writer.uint(TableChangedTags.slot, outcome.slot);
      writer.bytes(TableChangedTags.record, outcome.record);
      return AdminReplyTags.tableChanged;
    case 'credential-list':
      writeCredentialList(writer, outcome);
      return AdminReplyTags.credentialList;
    case 'auto-admin-description':
      writer.uint(AutoAdminDescriptionTags.accountUnitsMax, outcome.accountUnitsMax);
      writer.uint(AutoAdminDescriptionTags.tableUnitsMax, outcome.tableUnitsMax);
      writer.text(AutoAdminDescriptionTags.clusterId, outcome.clusterId);
      writer.uint(AutoAdminDescriptionTags.operationsUnderWay, outcome.operationsUnderWay);
      writer.bool(AutoAdminDescriptionTags.active, outcome.active);
      return AdminReplyTags.autoAdminDescription;
    case 'scrub-report':
      writeScrubReport(writer, outcome);
      return AdminReplyTags.scrubReport;
    case 'refusal':
      writer.text(AdminRefusalTags.message, outcome.message);
      writer.text(AdminRefusalTags.code, outcome.code);
      return AdminReplyTags.refusal;
  }
}

/** The outcome in the field with this key; undefined, and the field passed over, when this version does not know the key. */
function readOutcome(reader: ProtoReader, tag: number): AdminReply['outcome'] | undefined {
  switch (tag) {
    case AdminReplyTags.done:
      reader.bytes();
      return { kind: 'done' };
    case AdminReplyTags.nodeDescription:
      return readNodeDescription(reader);
    case AdminReplyTags.learnerAdded:
      return readLearnerAdded(reader);
    case AdminReplyTags.settingsApplied:
      return readSettingsApplied(reader);
    case AdminReplyTags.lostIndexes:
      return readLostIndexes(reader);
    case AdminReplyTags.groupInspection:
      return readGroupInspection(reader);
    case AdminReplyTags.tableChanged:
      return readTableChanged(reader);
    case AdminReplyTags.credentialList:
      return readCredentialList(reader);
    case AdminReplyTags.autoAdminDescription:
      return readAutoAdminDescription(reader);
    case AdminReplyTags.scrubReport:
      return readScrubReport(reader);
    case AdminReplyTags.refusal:
      return readRefusal(reader);
    default:
      reader.skip(tag);
      return undefined;
  }
}

function writeNodeDescription(writer: ProtoWriter, description: NodeDescription): void {
  const { replicas } = description;
  for (let index = replicas.length - 1; index >= 0; index--) {
    writeReplica(writer, NodeDescriptionTags.replicas, replicas[index] as ReplicaDescription);
  }
  writer.uint(NodeDescriptionTags.incarnation, description.incarnation);
  writer.text(NodeDescriptionTags.clusterId, description.clusterId);
  writer.text(NodeDescriptionTags.az, description.az);
  writer.text(NodeDescriptionTags.node, description.node);
}

function readNodeDescription(reader: ProtoReader): NodeDescription {
  const outer = reader.enter();
  let node = '';
  let az = '';
  let clusterId = '';
  let incarnation = 0;
  const replicas: ReplicaDescription[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === NodeDescriptionTags.node) node = reader.text();
    else if (tag === NodeDescriptionTags.az) az = reader.text();
    else if (tag === NodeDescriptionTags.clusterId) clusterId = reader.text();
    else if (tag === NodeDescriptionTags.incarnation) incarnation = reader.uint();
    else if (tag === NodeDescriptionTags.replicas) replicas.push(readReplica(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'node-description', node, az, clusterId, incarnation, replicas };
}

function writeReplica(writer: ProtoWriter, tag: number, replica: ReplicaDescription): void {
  const position = writer.position();
  writer.uint(ReplicaDescriptionTags.itemBytes, replica.itemBytes);
  writer.uint(ReplicaDescriptionTags.items, replica.items);
  writer.uint(ReplicaDescriptionTags.checkpoint, replica.checkpoint);
  writer.uint(ReplicaDescriptionTags.trimmed, replica.trimmed);
  writer.uint(ReplicaDescriptionTags.last, replica.last);
  writer.uint(ReplicaDescriptionTags.applied, replica.applied);
  writer.uint(ReplicaDescriptionTags.commit, replica.commit);
  writeBallot(writer, ReplicaDescriptionTags.ballot, replica.ballot);
  writer.bool(ReplicaDescriptionTags.damaged, replica.damaged);
  writer.bool(ReplicaDescriptionTags.leading, replica.leading);
  writer.text(ReplicaDescriptionTags.tableId, replica.tableId);
  writer.uint(ReplicaDescriptionTags.replica, replica.replica);
  writer.uint(ReplicaDescriptionTags.group, replica.group);
  writer.nest(tag, position);
}

function readReplica(reader: ProtoReader): ReplicaDescription {
  const outer = reader.enter();
  const replica: Mutable<ReplicaDescription> = emptyReplica();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ReplicaDescriptionTags.group) replica.group = reader.uint();
    else if (tag === ReplicaDescriptionTags.replica) replica.replica = reader.uint();
    else if (tag === ReplicaDescriptionTags.tableId) replica.tableId = reader.text();
    else if (tag === ReplicaDescriptionTags.leading) replica.leading = reader.bool();
    else if (tag === ReplicaDescriptionTags.damaged) replica.damaged = reader.bool();
    else if (tag === ReplicaDescriptionTags.ballot) replica.ballot = readBallot(reader);
    else if (tag === ReplicaDescriptionTags.commit) replica.commit = reader.uint();
    else if (tag === ReplicaDescriptionTags.applied) replica.applied = reader.uint();
    else if (tag === ReplicaDescriptionTags.last) replica.last = reader.uint();
    else if (tag === ReplicaDescriptionTags.trimmed) replica.trimmed = reader.uint();
    else if (tag === ReplicaDescriptionTags.checkpoint) replica.checkpoint = reader.uint();
    else if (tag === ReplicaDescriptionTags.items) replica.items = reader.uint();
    else if (tag === ReplicaDescriptionTags.itemBytes) replica.itemBytes = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return replica;
}

/** What a message without fields means. */
function emptyReplica(): ReplicaDescription {
  return {
    group: 0,
    replica: 0,
    tableId: '',
    leading: false,
    damaged: false,
    ballot: ZERO_BALLOT,
    commit: 0,
    applied: 0,
    last: 0,
    trimmed: 0,
    checkpoint: 0,
    items: 0,
    itemBytes: 0,
  };
}

function readGroupInspection(reader: ProtoReader): GroupInspection {
  const outer = reader.enter();
  let replica: ReplicaDescription = emptyReplica();
  let stateHash = '';
  let low: Uint8Array = NO_BYTES;
  let high: Uint8Array = NO_BYTES;
  let configuration = 0;
  const members: MemberPlace[] = [];
  const localIndexes: LocalIndexSize[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === GroupInspectionTags.replica) replica = readReplica(reader);
    else if (tag === GroupInspectionTags.stateHash) stateHash = reader.text();
    else if (tag === GroupInspectionTags.low) low = reader.bytes();
    else if (tag === GroupInspectionTags.high) high = reader.bytes();
    else if (tag === GroupInspectionTags.configuration) configuration = reader.uint();
    else if (tag === GroupInspectionTags.members) members.push(readMemberPlace(reader));
    else if (tag === GroupInspectionTags.localIndexes) localIndexes.push(readLocalIndex(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'group-inspection', replica, stateHash, low, high, configuration, members, localIndexes };
}

function writeLocalIndexes(writer: ProtoWriter, localIndexes: readonly LocalIndexSize[]): void {
  for (let at = localIndexes.length - 1; at >= 0; at--) {
    const { number, entries, bytes } = localIndexes[at] as LocalIndexSize;
    const position = writer.position();
    writer.uint(LocalIndexSizeTags.bytes, bytes);
    writer.uint(LocalIndexSizeTags.entries, entries);
    writer.uint(LocalIndexSizeTags.number, number);
    writer.nest(GroupInspectionTags.localIndexes, position);
  }
}

function readLocalIndex(reader: ProtoReader): LocalIndexSize {
  const outer = reader.enter();
  const size: Mutable<LocalIndexSize> = { number: 0, entries: 0, bytes: 0 };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LocalIndexSizeTags.number) size.number = reader.uint();
    else if (tag === LocalIndexSizeTags.entries) size.entries = reader.uint();
    else if (tag === LocalIndexSizeTags.bytes) size.bytes = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return size;
}

function readLearnerAdded(reader: ProtoReader): AdminResponse {
  const outer = reader.enter();
  let replica = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LearnerAddedTags.replica) replica = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'learner-added', replica };
}

function readTableChanged(reader: ProtoReader): TableChanged {
  const outer = reader.enter();
  let record: Uint8Array = NO_BYTES;
  let slot = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === TableChangedTags.record) record = reader.bytes();
    else if (tag === TableChangedTags.slot) slot = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'table-changed', record, slot };
}

function readAutoAdminDescription(reader: ProtoReader): AdminResponse {
  const outer = reader.enter();
  let clusterId = '';
  let active = false;
  let operationsUnderWay = 0;
  let tableUnitsMax = 0;
  let accountUnitsMax = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AutoAdminDescriptionTags.active) active = reader.bool();
    else if (tag === AutoAdminDescriptionTags.operationsUnderWay) operationsUnderWay = reader.uint();
    else if (tag === AutoAdminDescriptionTags.clusterId) clusterId = reader.text();
    else if (tag === AutoAdminDescriptionTags.tableUnitsMax) tableUnitsMax = reader.uint();
    else if (tag === AutoAdminDescriptionTags.accountUnitsMax) accountUnitsMax = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'auto-admin-description', clusterId, active, operationsUnderWay, tableUnitsMax, accountUnitsMax };
}

function readRefusal(reader: ProtoReader): AdminRefusal {
  const outer = reader.enter();
  let code = '';
  let message = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AdminRefusalTags.code) code = reader.text();
    else if (tag === AdminRefusalTags.message) message = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'refusal', code, message };
}

function writeIndexProgress(writer: ProtoWriter, indexes: readonly IndexProgress[]): void {
  for (let at = indexes.length - 1; at >= 0; at--) {
    const progress = indexes[at] as IndexProgress;
    const position = writer.position();
    writer.uint(IndexProgressTags.items, progress.items);
    writer.uint(IndexProgressTags.itemsDone, progress.itemsDone);
    writer.bool(IndexProgressTags.delivered, progress.delivered);
    writer.bool(IndexProgressTags.backfilled, progress.backfilled);
    writer.text(IndexProgressTags.indexId, progress.indexId);
    writer.nest(SettingsAppliedTags.indexes, position);
  }
}

function readSettingsApplied(reader: ProtoReader): SettingsApplied {
  const outer = reader.enter();
  let version = 0;
  const indexes: IndexProgress[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SettingsAppliedTags.version) version = reader.uint();
    else if (tag === SettingsAppliedTags.indexes) indexes.push(readIndexProgress(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'settings-applied', version, indexes };
}

function readIndexProgress(reader: ProtoReader): IndexProgress {
  const outer = reader.enter();
  const progress: Mutable<IndexProgress> = { indexId: '', backfilled: false, delivered: false, itemsDone: 0, items: 0 };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === IndexProgressTags.indexId) progress.indexId = reader.text();
    else if (tag === IndexProgressTags.backfilled) progress.backfilled = reader.bool();
    else if (tag === IndexProgressTags.delivered) progress.delivered = reader.bool();
    else if (tag === IndexProgressTags.itemsDone) progress.itemsDone = reader.uint();
    else if (tag === IndexProgressTags.items) progress.items = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return progress;
}
