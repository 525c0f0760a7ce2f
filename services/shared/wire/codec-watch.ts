import { MalformedBytesError } from '../base/byte-reader.ts';
import type { CatalogEntry, WatchFrame } from './frames.ts';
import { CatalogEntryTags, WatchChangesTags, WatchFrameTags, WatchSnapshotTags } from './generated/field-tags.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

export function writeWatchFrame(writer: ProtoWriter, frame: WatchFrame): void {
  const position = writer.position();
  switch (frame.kind) {
    case 'subscribe':
      writer.nest(WatchFrameTags.subscribe, position);
      return;
    case 'snapshot':
      writer.bool(WatchSnapshotTags.done, frame.done);
      writeEntries(writer, WatchSnapshotTags.records, frame.records);
      writer.uint(WatchSnapshotTags.slot, frame.slot);
      writer.nest(WatchFrameTags.snapshot, position);
      return;
    case 'changes':
      writeEntries(writer, WatchChangesTags.records, frame.records);
      writer.uint(WatchChangesTags.slot, frame.slot);
      writer.nest(WatchFrameTags.changes, position);
      return;
  }
}

export function readWatchFrame(reader: ProtoReader): WatchFrame {
  let frame: WatchFrame | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === WatchFrameTags.subscribe) frame = readSubscribe(reader);
    else if (tag === WatchFrameTags.snapshot) frame = readSnapshot(reader);
    else if (tag === WatchFrameTags.changes) frame = readChanges(reader);
    else reader.skip(tag);
  }
  if (frame === undefined) throw new MalformedBytesError('a watch frame without content');
  return frame;
}

function readSubscribe(reader: ProtoReader): WatchFrame {
  reader.bytes();
  return { kind: 'subscribe' };
}

function readSnapshot(reader: ProtoReader): WatchFrame {
  const outer = reader.enter();
  let slot = 0;
  const records: CatalogEntry[] = [];
  let done = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === WatchSnapshotTags.slot) slot = reader.uint();
    else if (tag === WatchSnapshotTags.records) records.push(readEntry(reader));
    else if (tag === WatchSnapshotTags.done) done = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'snapshot', slot, records, done };
}

function readChanges(reader: ProtoReader): WatchFrame {
  const outer = reader.enter();
  let slot = 0;
  const records: CatalogEntry[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === WatchChangesTags.slot) slot = reader.uint();
    else if (tag === WatchChangesTags.records) records.push(readEntry(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'changes', slot, records };
}

function writeEntries(writer: ProtoWriter, tag: number, records: readonly CatalogEntry[]): void {
  for (let index = records.length - 1; index >= 0; index--) {
    const { key, value } = records[index] as CatalogEntry;
    const position = writer.position();
    if (value !== undefined) writer.presentBytes(CatalogEntryTags.value, value);
    writer.text(CatalogEntryTags.key, key);
    writer.nest(tag, position);
  }
}

function readEntry(reader: ProtoReader): CatalogEntry {
  const outer = reader.enter();
  let key = '';
  let value: Uint8Array | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === CatalogEntryTags.key) key = reader.text();
    else if (tag === CatalogEntryTags.value) value = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return value === undefined ? { key } : { key, value };
}
