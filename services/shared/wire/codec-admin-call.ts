import { MalformedBytesError } from '../base/byte-reader.ts';
import type {
  AddLearner,
  AdminRequest,
  ChangeSettings,
  ChangeTable,
  CreateReplica,
  DeleteReplica,
  DeleteTable,
  InitCluster,
  MemberPlace,
  RegisterNode,
  ReplicaPlace,
  SwapReplica,
  TransferLeadership,
} from './admin.ts';
import { readCredentialRequest, writeCredentialRequest } from './codec-credentials.ts';
import type { Hello } from './codec-hello.ts';
import { readHello, writeHello } from './codec-hello.ts';
import type { NodeAddress } from './frames.ts';
import {
  AddLearnerTags,
  AdminCallTags,
  ChangeSettingsTags,
  ChangeTableTags,
  CreateReplicaTags,
  CreateTableTags,
  DeleteReplicaTags,
  DeleteTableTags,
  InitClusterTags,
  InspectGroupTags,
  NodeAddressTags,
  RegisterNodeTags,
  ReplicaPlaceTags,
  ScrubTags,
  SwapReplicaTags,
  TransferLeadershipTags,
} from './generated/field-tags.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** One administrative call as it travels. */
export interface AdminCall {
  readonly hello: Hello;
  readonly request: AdminRequest;
}

export function writeAdminCall(writer: ProtoWriter, call: AdminCall): void {
  const position = writer.position();
  writer.nest(writeRequest(writer, call.request), position);
  writeHello(writer, call.hello);
}

export function readAdminCall(reader: ProtoReader): AdminCall {
  let hello: Hello | undefined;
  let request: AdminRequest | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AdminCallTags.hello) hello = readHello(reader);
    else request = readRequest(reader, tag) ?? request;
  }
  if (hello === undefined) throw new MalformedBytesError('a call that does not say who calls');
  if (request === undefined) throw new MalformedBytesError('a call without a request that this version knows');
  return { hello, request };
}

/** Writes the fields of a request; returns the key of the field of AdminCall that holds it. */
function writeRequest(writer: ProtoWriter, request: AdminRequest): number {
  switch (request.kind) {
    case 'init-cluster':
      writeInitCluster(writer, request);
      return AdminCallTags.initCluster;
    case 'create-replica':
      writeCreateReplica(writer, request);
      return AdminCallTags.createReplica;
    case 'delete-replica':
      writer.uint(DeleteReplicaTags.replica, request.replica);
      writer.uint(DeleteReplicaTags.group, request.group);
      return AdminCallTags.deleteReplica;
    case 'describe-node':
      return AdminCallTags.describeNode;
    case 'transfer-leadership':
      writer.uint(TransferLeadershipTags.to, request.to);
      writer.uint(TransferLeadershipTags.group, request.group);
      return AdminCallTags.transferLeadership;
    case 'add-learner':
      writer.uint(AddLearnerTags.logBehind, request.logBehind);
      writer.bytes(AddLearnerTags.state, request.state);
      writer.uint(AddLearnerTags.incarnation, request.incarnation);
      writer.uint(AddLearnerTags.replica, request.replica);
      writer.uint(AddLearnerTags.group, request.group);
      return AdminCallTags.addLearner;
    case 'swap-replica':
      writeMemberPlaces(writer, SwapReplicaTags.into, [request.into]);
      writer.uint(SwapReplicaTags.out, request.out);
      writer.uint(SwapReplicaTags.configuration, request.configuration);
      writer.uint(SwapReplicaTags.group, request.group);
      return AdminCallTags.swapReplica;
    case 'change-settings':
      writer.bytes(ChangeSettingsTags.settings, request.settings);
      writer.uint(ChangeSettingsTags.group, request.group);
      return AdminCallTags.changeSettings;
    case 'inspect-group':
      writer.uint(InspectGroupTags.group, request.group);
      return AdminCallTags.inspectGroup;
    case 'register-node':
      writer.uint(RegisterNodeTags.incarnation, request.incarnation);
      writer.text(RegisterNodeTags.address, request.address);
      writer.text(RegisterNodeTags.az, request.az);
      writer.text(RegisterNodeTags.node, request.node);
      return AdminCallTags.registerNode;
    case 'create-table':
      writer.uint(CreateTableTags.overGeneration, request.overGeneration);
      writer.bytes(CreateTableTags.definition, request.definition);
      return AdminCallTags.createTable;
    case 'delete-table':
      writer.text(DeleteTableTags.tableId, request.tableId);
      writer.text(DeleteTableTags.name, request.name);
      writer.text(DeleteTableTags.region, request.region);
      writer.text(DeleteTableTags.account, request.account);
      return AdminCallTags.deleteTable;
    case 'change-table':
      writeChangeTable(writer, request);
      return AdminCallTags.changeTable;
    case 'describe-auto-admin':
      return AdminCallTags.describeAutoAdmin;
    case 'create-credential':
    case 'set-credential-policy':
    case 'revoke-credential':
    case 'list-credentials':
      return writeCredentialRequest(writer, request);
    case 'list-lost-indexes':
      return AdminCallTags.listLostIndexes;
    case 'scrub':
      writer.bool(ScrubTags.start, request.start);
      return AdminCallTags.scrub;
  }
}

/** The request in the field with this key; undefined, and the field passed over, when this version does not know the key. */
function readRequest(reader: ProtoReader, tag: number): AdminRequest | undefined {
  switch (tag) {
    case AdminCallTags.initCluster:
      return readInitCluster(reader);
    case AdminCallTags.createReplica:
      return readCreateReplica(reader);
    case AdminCallTags.deleteReplica:
      return readDeleteReplica(reader);
    case AdminCallTags.describeNode:
      reader.bytes();
      return { kind: 'describe-node' };
    case AdminCallTags.transferLeadership:
      return readTransferLeadership(reader);
    case AdminCallTags.addLearner:
      return readAddLearner(reader);
    case AdminCallTags.swapReplica:
      return readSwapReplica(reader);
    case AdminCallTags.changeSettings:
      return readChangeSettings(reader);
    case AdminCallTags.inspectGroup:
      return readInspectGroup(reader);
    case AdminCallTags.registerNode:
      return readRegisterNode(reader);
    case AdminCallTags.createTable:
      return readCreateTable(reader);
    case AdminCallTags.deleteTable:
      return readDeleteTable(reader);
    case AdminCallTags.changeTable:
      return readChangeTable(reader);
    case AdminCallTags.describeAutoAdmin:
      reader.bytes();
      return { kind: 'describe-auto-admin' };
    case AdminCallTags.listLostIndexes:
      reader.bytes();
      return { kind: 'list-lost-indexes' };
    case AdminCallTags.scrub:
      return readScrub(reader);
    default:
      return readCredentialRequest(reader, tag);
  }
}

function writePlaces(writer: ProtoWriter, tag: number, places: readonly ReplicaPlace[]): void {
  for (let index = places.length - 1; index >= 0; index--) {
    const place = places[index] as ReplicaPlace;
    const position = writer.position();
    writer.text(ReplicaPlaceTags.az, place.az);
    writer.text(ReplicaPlaceTags.node, place.node);
    writer.uint(ReplicaPlaceTags.replica, place.replica);
    writer.nest(tag, position);
  }
}

function readPlace(reader: ProtoReader): ReplicaPlace {
  const { replica, node, az } = readMemberPlace(reader);
  return { replica, node, az };
}

export function writeMemberPlaces(writer: ProtoWriter, tag: number, places: readonly MemberPlace[]): void {
  for (let index = places.length - 1; index >= 0; index--) {
    const place = places[index] as MemberPlace;
    const position = writer.position();
    writer.bool(ReplicaPlaceTags.logOnly, place.logOnly);
    writer.text(ReplicaPlaceTags.az, place.az);
    writer.text(ReplicaPlaceTags.node, place.node);
    writer.uint(ReplicaPlaceTags.replica, place.replica);
    writer.nest(tag, position);
  }
}

export function readMemberPlace(reader: ProtoReader): MemberPlace {
  const outer = reader.enter();
  let replica = 0;
  let node = '';
  let az = '';
  let logOnly = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ReplicaPlaceTags.replica) replica = reader.uint();
    else if (tag === ReplicaPlaceTags.node) node = reader.text();
    else if (tag === ReplicaPlaceTags.az) az = reader.text();
    else if (tag === ReplicaPlaceTags.logOnly) logOnly = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { replica, node, az, logOnly };
}

function writeInitCluster(writer: ProtoWriter, request: InitCluster): void {
  const { addresses } = request;
  for (let index = addresses.length - 1; index >= 0; index--) {
    const { node, address } = addresses[index] as NodeAddress;
    const position = writer.position();
    writer.text(NodeAddressTags.address, address);
    writer.text(NodeAddressTags.node, node);
    writer.nest(InitClusterTags.addresses, position);
  }
  writePlaces(writer, InitClusterTags.members, request.members);
  writer.text(InitClusterTags.clusterId, request.clusterId);
}

function readInitCluster(reader: ProtoReader): InitCluster {
  const outer = reader.enter();
  let clusterId = '';
  const members: ReplicaPlace[] = [];
  const addresses: NodeAddress[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === InitClusterTags.clusterId) clusterId = reader.text();
    else if (tag === InitClusterTags.members) members.push(readPlace(reader));
    else if (tag === InitClusterTags.addresses) addresses.push(readNodeAddress(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'init-cluster', clusterId, members, addresses };
}

function readNodeAddress(reader: ProtoReader): NodeAddress {
  const outer = reader.enter();
  let node = '';
  let address = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === NodeAddressTags.node) node = reader.text();
    else if (tag === NodeAddressTags.address) address = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { node, address };
}

function writeCreateReplica(writer: ProtoWriter, request: CreateReplica): void {
  writer.bool(CreateReplicaTags.late, request.late);
  writer.uint(CreateReplicaTags.preferredLeader, request.preferredLeader);
  writePlaces(writer, CreateReplicaTags.members, request.members);
  writer.bytes(CreateReplicaTags.high, request.high);
  writer.bytes(CreateReplicaTags.low, request.low);
  writer.uint(CreateReplicaTags.partitionId, request.partitionId);
  writer.text(CreateReplicaTags.tableId, request.tableId);
  writer.uint(CreateReplicaTags.replica, request.replica);
  writer.uint(CreateReplicaTags.group, request.group);
}

function readCreateReplica(reader: ProtoReader): CreateReplica {
  const outer = reader.enter();
  let group = 0;
  let replica = 0;
  let tableId = '';
  let partitionId = 0;
  let low: Uint8Array = NO_BYTES;
  let high: Uint8Array = NO_BYTES;
  const members: ReplicaPlace[] = [];
  let preferredLeader = 0;
  let late = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CreateReplicaTags.group) group = reader.uint();
    else if (tag === CreateReplicaTags.replica) replica = reader.uint();
    else if (tag === CreateReplicaTags.tableId) tableId = reader.text();
    else if (tag === CreateReplicaTags.partitionId) partitionId = reader.uint();
    else if (tag === CreateReplicaTags.low) low = reader.bytes();
    else if (tag === CreateReplicaTags.high) high = reader.bytes();
    else if (tag === CreateReplicaTags.members) members.push(readPlace(reader));
    else if (tag === CreateReplicaTags.preferredLeader) preferredLeader = reader.uint();
    else if (tag === CreateReplicaTags.late) late = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'create-replica', group, replica, tableId, partitionId, low, high, members, preferredLeader, late };
}

function readDeleteReplica(reader: ProtoReader): DeleteReplica {
  const outer = reader.enter();
  let group = 0;
  let replica = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === DeleteReplicaTags.group) group = reader.uint();
    else if (tag === DeleteReplicaTags.replica) replica = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'delete-replica', group, replica };
}

function readAddLearner(reader: ProtoReader): AddLearner {
  const outer = reader.enter();
  let group = 0;
  let replica = 0;
  let incarnation = 0;
  let state: Uint8Array = NO_BYTES;
  let logBehind = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === AddLearnerTags.group) group = reader.uint();
    else if (tag === AddLearnerTags.replica) replica = reader.uint();
    else if (tag === AddLearnerTags.incarnation) incarnation = reader.uint();
    else if (tag === AddLearnerTags.state) state = reader.bytes();
    else if (tag === AddLearnerTags.logBehind) logBehind = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'add-learner', group, replica, incarnation, state, logBehind };
}

function readSwapReplica(reader: ProtoReader): SwapReplica {
  const outer = reader.enter();
  let group = 0;
  let configuration = 0;
  let out = 0;
  let into: MemberPlace = { replica: 0, node: '', az: '', logOnly: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === SwapReplicaTags.group) group = reader.uint();
    else if (tag === SwapReplicaTags.configuration) configuration = reader.uint();
    else if (tag === SwapReplicaTags.out) out = reader.uint();
    else if (tag === SwapReplicaTags.into) into = readMemberPlace(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'swap-replica', group, configuration, out, into };
}

function readTransferLeadership(reader: ProtoReader): TransferLeadership {
  const outer = reader.enter();
  let group = 0;
  let to = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === TransferLeadershipTags.group) group = reader.uint();
    else if (tag === TransferLeadershipTags.to) to = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'transfer-leadership', group, to };
}

function readInspectGroup(reader: ProtoReader): AdminRequest {
  const outer = reader.enter();
  let group = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === InspectGroupTags.group) group = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'inspect-group', group };
}

function readRegisterNode(reader: ProtoReader): RegisterNode {
  const outer = reader.enter();
  let node = '';
  let az = '';
  let address = '';
  let incarnation = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RegisterNodeTags.node) node = reader.text();
    else if (tag === RegisterNodeTags.az) az = reader.text();
    else if (tag === RegisterNodeTags.address) address = reader.text();
    else if (tag === RegisterNodeTags.incarnation) incarnation = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'register-node', node, az, address, incarnation };
}

function readCreateTable(reader: ProtoReader): AdminRequest {
  const outer = reader.enter();
  let definition: Uint8Array = NO_BYTES;
  let overGeneration = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CreateTableTags.definition) definition = reader.bytes();
    else if (tag === CreateTableTags.overGeneration) overGeneration = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'create-table', definition, overGeneration };
}

function readDeleteTable(reader: ProtoReader): DeleteTable {
  const outer = reader.enter();
  let account = '';
  let region = '';
  let name = '';
  let tableId = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === DeleteTableTags.tableId) tableId = reader.text();
    else if (tag === DeleteTableTags.account) account = reader.text();
    else if (tag === DeleteTableTags.region) region = reader.text();
    else if (tag === DeleteTableTags.name) name = reader.text();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'delete-table', account, region, name, tableId };
}

function readScrub(reader: ProtoReader): AdminRequest {
  const outer = reader.enter();
  let start = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ScrubTags.start) start = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'scrub', start };
}

function writeChangeTable(writer: ProtoWriter, { account, region, name, tableId, change }: ChangeTable): void {
  writer.bytes(ChangeTableTags.change, change);
  writer.text(ChangeTableTags.tableId, tableId);
  writer.text(ChangeTableTags.name, name);
  writer.text(ChangeTableTags.region, region);
  writer.text(ChangeTableTags.account, account);
}

function readChangeTable(reader: ProtoReader): ChangeTable {
  const outer = reader.enter();
  let account = '';
  let region = '';
  let name = '';
  let tableId = '';
  let change: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ChangeTableTags.account) account = reader.text();
    else if (tag === ChangeTableTags.region) region = reader.text();
    else if (tag === ChangeTableTags.name) name = reader.text();
    else if (tag === ChangeTableTags.tableId) tableId = reader.text();
    else if (tag === ChangeTableTags.change) change = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'change-table', account, region, name, tableId, change };
}

function readChangeSettings(reader: ProtoReader): ChangeSettings {
  const outer = reader.enter();
  let group = 0;
  let settings: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ChangeSettingsTags.group) group = reader.uint();
    else if (tag === ChangeSettingsTags.settings) settings = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'change-settings', group, settings };
}
