import type { LostIndex, LostIndexes } from './admin.ts';
import { LostIndexesTags, LostIndexTags } from './generated/field-tags.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

export function writeLostIndexes(writer: ProtoWriter, { indexes }: LostIndexes): void {
  for (let at = indexes.length - 1; at >= 0; at--) {
    const { group, indexId, loss } = indexes[at] as LostIndex;
    const position = writer.position();
    writer.bool(LostIndexTags.silent, loss === 'silent');
    writer.text(LostIndexTags.indexId, indexId);
    writer.uint(LostIndexTags.group, group);
    writer.nest(LostIndexesTags.indexes, position);
  }
}

export function readLostIndexes(reader: ProtoReader): LostIndexes {
  const outer = reader.enter();
  const indexes: LostIndex[] = [];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LostIndexesTags.indexes) indexes.push(readLostIndex(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { kind: 'lost-indexes', indexes };
}

function readLostIndex(reader: ProtoReader): LostIndex {
  const outer = reader.enter();
  const lost: Mutable<LostIndex> = { group: 0, indexId: '', loss: 'log-gone' };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === LostIndexTags.group) lost.group = reader.uint();
    else if (tag === LostIndexTags.indexId) lost.indexId = reader.text();
    else if (tag === LostIndexTags.silent) lost.loss = reader.bool() ? 'silent' : 'log-gone';
    else reader.skip(tag);
  }
  reader.leave(outer);
  return lost;
}
