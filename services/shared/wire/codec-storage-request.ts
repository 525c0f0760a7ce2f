import { MalformedBytesError } from '../base/byte-reader.ts';
import type { RequestFrame } from './frames.ts';
import {
  ApplyChangesOperationTags,
  DeleteOperationTags,
  GetOperationTags,
  IndexChangeTags,
  PutOperationTags,
  RangeOperationTags,
  RequestFrameTags,
  StorageRequestTags,
  UpdateOperationTags,
  UpdateReturnNumbers,
} from './generated/field-tags.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type {
  ApplyChangesOperation,
  DeleteOperation,
  ExpressionFields,
  GetOperation,
  IndexChange,
  NumberedWrite,
  PutOperation,
  RangeOperation,
  StorageOperation,
  StorageRequest,
  UpdateOperation,
  UpdateReturn,
} from './storage-operations.ts';

const UPDATE_RETURN_NUMBERS: Readonly<Record<UpdateReturn, number>> = {
  none: UpdateReturnNumbers.NONE,
  'all-old': UpdateReturnNumbers.ALL_OLD,
  'updated-old': UpdateReturnNumbers.UPDATED_OLD,
  'all-new': UpdateReturnNumbers.ALL_NEW,
  'updated-new': UpdateReturnNumbers.UPDATED_NEW,
};
const UPDATE_RETURNS = new Map(Object.entries(UPDATE_RETURN_NUMBERS).map(([name, number]) => [number, name as UpdateReturn]));

export function writeRequestFrame(writer: ProtoWriter, frame: RequestFrame): void {
  const { requests } = frame;
  for (let index = requests.length - 1; index >= 0; index--) {
    const request = requests[index] as StorageRequest;
    const position = writer.position();
    writer.nest(writeOperation(writer, request.operation), position);
    writer.uint(StorageRequestTags.deadlineMs, Math.max(0, Math.ceil(request.deadlineMs)));
    writer.uint(StorageRequestTags.group, request.group);
    writer.uint(StorageRequestTags.id, request.id);
    writer.nest(RequestFrameTags.requests, position);
  }
}

export function readRequestFrame(reader: ProtoReader): RequestFrame {
  const requests: StorageRequest[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RequestFrameTags.requests) requests.push(readRequest(reader));
    else reader.skip(tag);
  }
  return { requests };
}

function readRequest(reader: ProtoReader): StorageRequest {
  const outer = reader.enter();
  let id = 0;
  let group = 0;
  let deadlineMs = 0;
  let operation: StorageOperation | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === StorageRequestTags.id) id = reader.uint();
    else if (tag === StorageRequestTags.group) group = reader.uint();
    else if (tag === StorageRequestTags.deadlineMs) deadlineMs = reader.uint();
    else operation = readOperation(reader, tag) ?? operation;
  }
  reader.leave(outer);
  if (operation === undefined) throw new MalformedBytesError(`request ${id} without an operation`);
  return { id, group, deadlineMs, operation };
}

/** Writes the fields of an operation; returns the key of the field of StorageRequest that holds it. */
function writeOperation(writer: ProtoWriter, operation: StorageOperation): number {
  switch (operation.kind) {
    case 'get':
      writer.bool(GetOperationTags.consistent, operation.consistent);
      writer.bytes(GetOperationTags.key, operation.key);
      return StorageRequestTags.get;
    case 'put':
      writeWriteFields(writer, operation);
      writer.bool(PutOperationTags.returnOld, operation.returnOld);
      writer.uint(PutOperationTags.itemSize, operation.itemSize);
      writer.bytes(PutOperationTags.item, operation.item);
      writer.bytes(PutOperationTags.key, operation.key);
      return StorageRequestTags.put;
    case 'update':
      writeWriteFields(writer, operation);
      writer.uint(UpdateOperationTags.returnValues, UPDATE_RETURN_NUMBERS[operation.returnValues]);
      writer.text(UpdateOperationTags.update, operation.update);
      writer.bytes(UpdateOperationTags.keyAttributes, operation.keyAttributes);
      writer.bytes(UpdateOperationTags.key, operation.key);
      return StorageRequestTags.update;
    case 'delete':
      writeWriteFields(writer, operation);
      writer.bool(DeleteOperationTags.returnOld, operation.returnOld);
      writer.bytes(DeleteOperationTags.key, operation.key);
      return StorageRequestTags.delete;
    case 'range':
      writeRange(writer, operation);
      return StorageRequestTags.range;
    case 'apply-changes':
      writeApplyChanges(writer, operation);
      return StorageRequestTags.applyChanges;
  }
}

/** What Put, Update and Delete have in common: proto/requests.proto numbers these fields alike in all three. */
function writeWriteFields(writer: ProtoWriter, operation: ExpressionFields & NumberedWrite): void {
  if (operation.measure !== undefined) writer.uint(PutOperationTags.measure, operation.measure);
  if (operation.values !== undefined) writer.presentBytes(PutOperationTags.values, operation.values);
  if (operation.names !== undefined) writer.presentBytes(PutOperationTags.names, operation.names);
  if (operation.condition !== undefined) writer.presentText(PutOperationTags.condition, operation.condition);
  writer.bool(PutOperationTags.returnOldOnFailure, operation.returnOldOnFailure);
  writer.uint(PutOperationTags.number, operation.number);
}

/** Reads one of those fields into `operation`, or passes over it. */
function readWriteField(reader: ProtoReader, tag: number, operation: Mutable<ExpressionFields & NumberedWrite>): void {
  if (tag === PutOperationTags.number) operation.number = reader.uint();
  else if (tag === PutOperationTags.returnOldOnFailure) operation.returnOldOnFailure = reader.bool();
  else if (tag === PutOperationTags.condition) operation.condition = reader.text();
  else if (tag === PutOperationTags.names) operation.names = reader.bytes();
  else if (tag === PutOperationTags.values) operation.values = reader.bytes();
  else if (tag === PutOperationTags.measure) operation.measure = reader.uint();
  else reader.skip(tag);
}

function writeRange(writer: ProtoWriter, operation: RangeOperation): void {
  if (operation.fetchItems === true) writer.bool(RangeOperationTags.fetchItems, true);
  if (operation.index !== undefined) writer.uint(RangeOperationTags.index, operation.index);
  if (operation.filter !== undefined) writer.presentText(RangeOperationTags.filter, operation.filter);
  if (operation.values !== undefined) writer.presentBytes(RangeOperationTags.values, operation.values);
  if (operation.names !== undefined) writer.presentBytes(RangeOperationTags.names, operation.names);
  writer.bool(RangeOperationTags.countOnly, operation.countOnly);
  writer.uint(RangeOperationTags.byteLimit, operation.byteLimit);
  writer.uint(RangeOperationTags.limit, operation.limit);
  writer.bool(RangeOperationTags.consistent, operation.consistent);
  writer.bool(RangeOperationTags.reverse, operation.reverse);
  if (operation.high !== undefined) writer.presentBytes(RangeOperationTags.high, operation.high);
  writer.bytes(RangeOperationTags.low, operation.low);
}

function writeApplyChanges(writer: ProtoWriter, operation: ApplyChangesOperation): void {
  const { changes } = operation;
  writer.bool(ApplyChangesOperationTags.opens, operation.opens);
  for (let at = changes.length - 1; at >= 0; at--) {
    const { key, value } = changes[at] as IndexChange;
    const position = writer.position();
    if (value !== undefined) writer.presentBytes(IndexChangeTags.value, value);
    writer.bytes(IndexChangeTags.key, key);
    writer.nest(ApplyChangesOperationTags.changes, position);
  }
  writer.uint(ApplyChangesOperationTags.slot, operation.slot);
  writer.uint(ApplyChangesOperationTags.previous, operation.previous);
  writer.uint(ApplyChangesOperationTags.source, operation.source);
}

/** The operation in the field with this key; undefined, and the field passed over, when this version does not know the key. */
function readOperation(reader: ProtoReader, tag: number): StorageOperation | undefined {
  switch (tag) {
    case StorageRequestTags.get:
      return readGet(reader);
    case StorageRequestTags.put:
      return readPut(reader);
    case StorageRequestTags.update:
      return readUpdate(reader);
    case StorageRequestTags.delete:
      return readDelete(reader);
    case StorageRequestTags.range:
      return readRange(reader);
    case StorageRequestTags.applyChanges:
      return readApplyChanges(reader);
    default:
      reader.skip(tag);
      return undefined;
  }
}

function readGet(reader: ProtoReader): GetOperation {
  const outer = reader.enter();
  let key: Uint8Array = NO_BYTES;
  let consistent = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === GetOperationTags.key) key = reader.bytes();
    else if (tag === GetOperationTags.consistent) consistent = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'get', key, consistent };
}

function readPut(reader: ProtoReader): PutOperation {
  const outer = reader.enter();
  const operation: Mutable<PutOperation> = {
    kind: 'put',
    key: NO_BYTES,
    item: NO_BYTES,
    itemSize: 0,
    returnOld: false,
    number: 0,
    returnOldOnFailure: false,
  };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === PutOperationTags.key) operation.key = reader.bytes();
    else if (tag === PutOperationTags.item) operation.item = reader.bytes();
    else if (tag === PutOperationTags.itemSize) operation.itemSize = reader.uint();
    else if (tag === PutOperationTags.returnOld) operation.returnOld = reader.bool();
    else readWriteField(reader, tag, operation);
  }
  reader.leave(outer);
  return operation;
}

function readUpdate(reader: ProtoReader): UpdateOperation {
  const outer = reader.enter();
  const operation: Mutable<UpdateOperation> = {
    kind: 'update',
    key: NO_BYTES,
    keyAttributes: NO_BYTES,
    update: '',
    returnValues: 'none',
    number: 0,
    returnOldOnFailure: false,
  };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === UpdateOperationTags.key) operation.key = reader.bytes();
    else if (tag === UpdateOperationTags.keyAttributes) operation.keyAttributes = reader.bytes();
    else if (tag === UpdateOperationTags.update) operation.update = reader.text();
    else if (tag === UpdateOperationTags.returnValues) operation.returnValues = readUpdateReturn(reader);
    else readWriteField(reader, tag, operation);
  }
  reader.leave(outer);
  return operation;
}

function readUpdateReturn(reader: ProtoReader): UpdateReturn {
  const number = reader.uint();
  const name = UPDATE_RETURNS.get(number);
  if (name === undefined) throw new MalformedBytesError(`update return ${number}`);
  return name;
}

function readDelete(reader: ProtoReader): DeleteOperation {
  const outer = reader.enter();
  const operation: Mutable<DeleteOperation> = { kind: 'delete', key: NO_BYTES, returnOld: false, number: 0, returnOldOnFailure: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === DeleteOperationTags.key) operation.key = reader.bytes();
    else if (tag === DeleteOperationTags.returnOld) operation.returnOld = reader.bool();
    else readWriteField(reader, tag, operation);
  }
  reader.leave(outer);
  return operation;
}

function readRange(reader: ProtoReader): RangeOperation {
  const outer = reader.enter();
  const operation: Mutable<RangeOperation> = {
    kind: 'range',
    low: NO_BYTES,
    reverse: false,
    consistent: false,
    limit: 0,
    byteLimit: 0,
    countOnly: false,
  };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RangeOperationTags.low) operation.low = reader.bytes();
    else if (tag === RangeOperationTags.high) operation.high = reader.bytes();
    else if (tag === RangeOperationTags.reverse) operation.reverse = reader.bool();
    else if (tag === RangeOperationTags.consistent) operation.consistent = reader.bool();
    else if (tag === RangeOperationTags.limit) operation.limit = reader.uint();
    else if (tag === RangeOperationTags.byteLimit) operation.byteLimit = reader.uint();
    else if (tag === RangeOperationTags.countOnly) operation.countOnly = reader.bool();
    else if (tag === RangeOperationTags.filter) operation.filter = reader.text();
    else if (tag === RangeOperationTags.names) operation.names = reader.bytes();
    else if (tag === RangeOperationTags.values) operation.values = reader.bytes();
    else if (tag === RangeOperationTags.index) operation.index = reader.uint();
    else if (tag === RangeOperationTags.fetchItems) {
      if (reader.bool()) operation.fetchItems = true;
    } else reader.skip(tag);
  }
  reader.leave(outer);
  return operation;
}

function readApplyChanges(reader: ProtoReader): ApplyChangesOperation {
  const outer = reader.enter();
  const changes: IndexChange[] = [];
  const operation: Mutable<ApplyChangesOperation> = { kind: 'apply-changes', source: 0, previous: 0, slot: 0, changes, opens: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ApplyChangesOperationTags.source) operation.source = reader.uint();
    else if (tag === ApplyChangesOperationTags.previous) operation.previous = reader.uint();
    else if (tag === ApplyChangesOperationTags.slot) operation.slot = reader.uint();
    else if (tag === ApplyChangesOperationTags.changes) changes.push(readIndexChange(reader));
    else if (tag === ApplyChangesOperationTags.opens) operation.opens = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return operation;
}

function readIndexChange(reader: ProtoReader): IndexChange {
  const outer = reader.enter();
  let key: Uint8Array = NO_BYTES;
  let value: Uint8Array | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === IndexChangeTags.key) key = reader.bytes();
    else if (tag === IndexChangeTags.value) value = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return value === undefined ? { key } : { key, value };
}
