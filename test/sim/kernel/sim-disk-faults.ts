import type { Prng } from '../../../services/shared/base/prng.ts';
import { DiskError, type Placement } from './sim-store.ts';
import type { StoredOperation } from './sim-store-image.ts';

/** Which call of a disk fails next. */
export type FailingCall = 'read' | 'write' | 'sync';
export type StoreName = 'wal' | 'tree';

/** A value that does not come to stand where it should, though the disk says so. */
export interface Misplacement {
  readonly store: StoreName;
  /** `lost`: what stood there before still does; `misdirected`: the same, and it takes the place of another value. */
  readonly how: 'lost' | 'misdirected';
  /** Reads find it at once; otherwise only after a restart, for until then they are answered from memory. */
  readonly atOnce: boolean;
}

/** Opening a store writes a little. */
const OPENING_BYTES = 4096;

/** What is wrong with a disk: set by faults, looked at by the disk. */
export class DiskFaults {
  /** Nothing is finished before. */
  stalledUntilMs = 0;
  /** So much slower than usual. */
  slowness = 1;
  /** The next such call fails. */
  failNext: FailingCall | undefined;
  /** What is left of the disk; undefined: more than anybody writes. */
  freeBytes: number | undefined;
  /** For the next batch that holds such a value. */
  misplaceNext: Misplacement | undefined;
  /** What values were written that did not come to stand where they should, so far. */
  misplaced = 0;
  /** What stands in the trees is not all what was written: pages may be left over that nothing leads to. */
  treesDamaged = false;

  /** Why the read fails that ends now. */
  readFailure(): DiskError | undefined {
    if (this.failNext !== 'read') return undefined;
    this.failNext = undefined;
    return new DiskError('input/output error', 'unknown');
  }

  /** Why the write fails that ends now. `bytes`: what it adds to the disk. */
  writeFailure(bytes: number, sync: boolean): DiskError | undefined {
    if (this.failNext === 'write' || (sync && this.failNext === 'sync')) {
      const left = this.failNext === 'sync' ? 'shown' : 'unknown';
      this.failNext = undefined;
      return new DiskError('input/output error', left);
    }
    if (this.freeBytes === undefined) return undefined;
    if (bytes > this.freeBytes) return new DiskError('no space left on device', 'nothing');
    this.freeBytes -= bytes;
    return undefined;
  }

  /** Why a store cannot be opened now. */
  openFailure(): DiskError | undefined {
    return this.freeBytes === undefined ? undefined : this.writeFailure(OPENING_BYTES, false);
  }

  /** What becomes of a batch; undefined: what should. `keys`: of all entries of the store. */
  place(store: StoreName, operations: readonly StoredOperation[], keys: () => Iterable<string>, random: Prng): Placement | undefined {
    const fault = this.misplaceNext;
    if (fault?.store !== store) return undefined;
    // A tree's page that is not deleted only costs space.
    const candidates = operations.filter(({ value }) => value !== undefined || (store === 'wal' && fault.how === 'lost'));
    if (candidates.length === 0) return undefined;
    const hit = random.pick(candidates);
    const onDisk = operations.filter((operation) => operation !== hit);
    if (fault.how === 'misdirected') {
      const others = [...keys()].filter((key) => key !== hit.key);
      if (others.length === 0) return undefined;
      onDisk.push({ key: random.pick(others), value: hit.value });
    }
    this.misplaceNext = undefined;
    this.misplaced += 1;
    if (store === 'tree') this.treesDamaged = true;
    return { onDisk, visible: fault.atOnce ? onDisk : operations };
  }
}
