import { MalformedBytesError } from '../base/byte-reader.ts';
import type { ResponseFrame } from './frames.ts';
import { IndexUnitsTags, RangeResultTags, ResponseFrameTags, StorageResponseTags, StorageStatusNumbers } from './generated/field-tags.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';
import type { IndexUnits, RangeResult, StorageResponse, StorageStatus } from './storage-operations.ts';

const STATUS_NUMBERS: Readonly<Record<StorageStatus, number>> = {
  ok: StorageStatusNumbers.OK,
  'condition-failed': StorageStatusNumbers.CONDITION_FAILED,
  validation: StorageStatusNumbers.VALIDATION,
  'not-leader': StorageStatusNumbers.NOT_LEADER,
  'not-ready': StorageStatusNumbers.NOT_READY,
  'no-such-group': StorageStatusNumbers.NO_SUCH_GROUP,
  'wrong-range': StorageStatusNumbers.WRONG_RANGE,
  overloaded: StorageStatusNumbers.OVERLOADED,
  'number-refused': StorageStatusNumbers.NUMBER_REFUSED,
  'unknown-outcome': StorageStatusNumbers.UNKNOWN_OUTCOME,
  'no-room': StorageStatusNumbers.NO_ROOM,
  'no-copy': StorageStatusNumbers.NO_COPY,
  unavailable: StorageStatusNumbers.UNAVAILABLE,
  'collection-full': StorageStatusNumbers.COLLECTION_FULL,
  'index-behind': StorageStatusNumbers.INDEX_BEHIND,
};
const STATUSES = new Map(Object.entries(STATUS_NUMBERS).map(([name, number]) => [number, name as StorageStatus]));

export function writeResponseFrame(writer: ProtoWriter, frame: ResponseFrame): void {
  const { responses } = frame;
  for (let index = responses.length - 1; index >= 0; index--) writeResponse(writer, responses[index] as StorageResponse);
}

export function readResponseFrame(reader: ProtoReader): ResponseFrame {
  const responses: StorageResponse[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ResponseFrameTags.responses) responses.push(readResponse(reader));
    else reader.skip(tag);
  }
  return { responses };
}

function writeResponse(writer: ProtoWriter, response: StorageResponse): void {
  const position = writer.position();
  const { message, leader, item, oldSize, newSize, slot, range, collectionBytes, indexUnits } = response;
  if (indexUnits !== undefined) writeIndexUnits(writer, indexUnits);
  if (collectionBytes !== undefined) writer.presentUint(StorageResponseTags.collectionBytes, collectionBytes);
  if (range !== undefined) writeRangeResult(writer, range);
  if (slot !== undefined) writer.presentUint(StorageResponseTags.slot, slot);
  if (newSize !== undefined) writer.presentUint(StorageResponseTags.newSize, newSize);
  if (oldSize !== undefined) writer.presentUint(StorageResponseTags.oldSize, oldSize);
  if (item !== undefined) writer.presentBytes(StorageResponseTags.item, item);
  if (leader !== undefined) writer.presentText(StorageResponseTags.leader, leader);
  if (message !== undefined) writer.presentText(StorageResponseTags.message, message);
  writer.uint(StorageResponseTags.status, STATUS_NUMBERS[response.status]);
  writer.uint(StorageResponseTags.id, response.id);
  writer.nest(ResponseFrameTags.responses, position);
}

function readResponse(reader: ProtoReader): StorageResponse {
  const outer = reader.enter();
  const response: Mutable<StorageResponse> = { id: 0, status: 'ok' };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === StorageResponseTags.id) response.id = reader.uint();
    else if (tag === StorageResponseTags.status) response.status = readStatus(reader);
    else if (tag === StorageResponseTags.message) response.message = reader.text();
    else if (tag === StorageResponseTags.leader) response.leader = reader.text();
    else if (tag === StorageResponseTags.item) response.item = reader.bytes();
    else if (tag === StorageResponseTags.oldSize) response.oldSize = reader.uint();
    else if (tag === StorageResponseTags.newSize) response.newSize = reader.uint();
    else if (tag === StorageResponseTags.slot) response.slot = reader.uint();
    else if (tag === StorageResponseTags.range) response.range = readRangeResult(reader);
    else if (tag === StorageResponseTags.collectionBytes) response.collectionBytes = reader.uint();
    else if (tag === StorageResponseTags.indexUnits) response.indexUnits = [...(response.indexUnits ?? []), readIndexUnits(reader)];
    else reader.skip(tag);
  }
  reader.leave(outer);
  return response;
}

function readStatus(reader: ProtoReader): StorageStatus {
  const number = reader.uint();
  const status = STATUSES.get(number);
  if (status === undefined) throw new MalformedBytesError(`status ${number}`);
  return status;
}

function writeIndexUnits(writer: ProtoWriter, indexUnits: readonly IndexUnits[]): void {
  for (let at = indexUnits.length - 1; at >= 0; at--) {
    const { index, units } = indexUnits[at] as IndexUnits;
    const position = writer.position();
    writer.uint(IndexUnitsTags.units, units);
    writer.text(IndexUnitsTags.index, index);
    writer.nest(StorageResponseTags.indexUnits, position);
  }
}

function readIndexUnits(reader: ProtoReader): IndexUnits {
  const outer = reader.enter();
  let index = '';
  let units = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === IndexUnitsTags.index) index = reader.text();
    else if (tag === IndexUnitsTags.units) units = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { index, units };
}

function writeRangeResult(writer: ProtoWriter, range: RangeResult): void {
  const position = writer.position();
  const { items } = range;
  if (range.fetchedBytes !== undefined) writer.uint(RangeResultTags.fetchedBytes, range.fetchedBytes);
  if (range.fetchedUnits !== undefined) writer.uint(RangeResultTags.fetchedUnits, range.fetchedUnits);
  writer.bool(RangeResultTags.more, range.more);
  if (range.lastKey !== undefined) writer.presentBytes(RangeResultTags.lastKey, range.lastKey);
  writer.uint(RangeResultTags.scannedBytes, range.scannedBytes);
  writer.uint(RangeResultTags.scanned, range.scanned);
  writer.uint(RangeResultTags.count, range.count);
  for (let index = items.length - 1; index >= 0; index--) writer.presentBytes(RangeResultTags.items, items[index] as Uint8Array);
  writer.nest(StorageResponseTags.range, position);
}

function readRangeResult(reader: ProtoReader): RangeResult {
  const outer = reader.enter();
  const items: Uint8Array[] = [];
  const range: Mutable<RangeResult> = { items, count: 0, scanned: 0, scannedBytes: 0, more: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === RangeResultTags.items) items.push(reader.bytes());
    else if (tag === RangeResultTags.count) range.count = reader.uint();
    else if (tag === RangeResultTags.scanned) range.scanned = reader.uint();
    else if (tag === RangeResultTags.scannedBytes) range.scannedBytes = reader.uint();
    else if (tag === RangeResultTags.lastKey) range.lastKey = reader.bytes();
    else if (tag === RangeResultTags.more) range.more = reader.bool();
    else if (tag === RangeResultTags.fetchedUnits) range.fetchedUnits = reader.uint();
    else if (tag === RangeResultTags.fetchedBytes) range.fetchedBytes = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return range;
}
