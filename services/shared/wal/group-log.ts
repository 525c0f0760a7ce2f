import type { GroupId, ReplicaId, Slot } from '../base/ids.ts';
import { ChunkIndex } from './chunk-index.ts';
import type { Garbage } from './garbage.ts';
import { chunkKey } from './wal-keys.ts';
import type { GroupHeader } from './wal-types.ts';

/** One group's log as the node remembers it. */
export class GroupLog {
  readonly group: GroupId;
  /** Whose log it is; 0: not known. */
  readonly replica: ReplicaId;
  /** The batch that created it; part of its chunks' keys, so that a log that replaces another never meets its chunks. */
  life: number;
  /** As of the newest change, durable or not. */
  header: GroupHeader;
  /** Why it must not be used; undefined: whole. */
  damage: string | undefined;
  /** The durable chunks. */
  readonly index = new ChunkIndex();
  /** Chunks of a damaged log that do not fit into the index; kept only to be deleted one day. */
  readonly strays: { readonly key: Uint8Array; readonly size: number }[] = [];
  #strayBytes = 0;

  constructor(group: GroupId, replica: ReplicaId, life: number, header: GroupHeader) {
    this.group = group;
    this.replica = replica;
    this.life = life;
    this.header = header;
  }

  /** What the store holds of it, bytes. */
  get bytes(): number {
    return this.index.bytes + this.#strayBytes;
  }

  addStray(key: Uint8Array, size: number): void {
    this.strays.push({ key, size });
    this.#strayBytes += size;
  }

  /** Gives up the chunks that hold nothing above the slot; call it once the header that says so is durable. */
  dropTrimmed(trimmed: Slot, garbage: Garbage): void {
    const { index } = this;
    while (index.length > 0 && index.lastOf(0) <= trimmed) {
      garbage.add(this.group, chunkKey(this.group, this.life, index.first(0)), index.size(0));
      index.dropOldest();
    }
  }

  /** Gives up everything; call it once the group is durably removed or replaced. */
  dropAll(garbage: Garbage): void {
    this.dropTrimmed(Number.MAX_SAFE_INTEGER, garbage);
    for (const { key, size } of this.strays) garbage.add(this.group, key, size);
    this.strays.length = 0;
    this.#strayBytes = 0;
  }
}
