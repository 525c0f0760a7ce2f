import type { KeyValueStore } from '../../shared/env/key-value-store.ts';
import type { MarkFile } from '../../shared/env/mark-file.ts';

export interface DiskSpace {
  /** Of the whole disk. */
  readonly sizeBytes: number;
  /** What this process may still write. */
  readonly freeBytes: number;
}

/** The data folder of a storage node, real or simulated. */
export interface NodeDisk {
  /** Undefined in an empty folder. */
  readIdentity(): Promise<Uint8Array | undefined>;
  /** Replaces the file atomically; durable once resolved. */
  writeIdentity(bytes: Uint8Array): Promise<void>;
  /** The WAL's store, with what the scan of its own log found before it was opened. */
  openWal(): Promise<{ readonly store: KeyValueStore; readonly mark: MarkFile; readonly damage: string | undefined }>;
  /**
   * The trees' store, an empty one if there was none. One that is damaged beyond use, or was noted to be so, is set aside first: its
   * folder stays under another name, and `setAside` says why. Where an earlier life of the process ended soon after it opened them,
   * their tables are checked first. To be called after `openWal`.
   */
  openTree(): Promise<{ readonly store: KeyValueStore; readonly setAside: string | undefined }>;
  /** The next openTree, in this life of the process or another, sets the trees aside. Durable once resolved. */
  noteTreeDamage(reason: string): Promise<void>;
  /** The process has lived on with the trees open, or closed them: nothing in them ends it as soon as they are opened. */
  noteTreesHold(): Promise<void>;
  /** What was set aside is not needed any more. */
  removeSetAside(): Promise<void>;
  /** Of the disk that holds the folder. */
  space(): Promise<DiskSpace>;
}
