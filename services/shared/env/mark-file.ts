/**
 * A number that survives damage of the store it speaks of: two checksummed slots in a small file of its own, written in
 * turn and synced. Guard (ii) of "damaged is not empty".
 */
export interface MarkFile {
  /** The greatest valid number; undefined when the file was never written. Throws MarkFileDamagedError when both slots are bad. */
  read(): Promise<number | undefined>;
  /** Resolves once the number is on the disk. Numbers only grow; one call at a time. */
  write(mark: number): Promise<void>;
  close(): Promise<void>;
}

export class MarkFileDamagedError extends Error {
  override readonly name = 'MarkFileDamagedError';
}
