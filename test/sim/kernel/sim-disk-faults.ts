import type { Prng } from '../../../services/shared/base/prng.ts';
import { DiskError, type Placement } from './sim-store.ts';
import type { StoredOperation } from './sim-store-image.ts';

/** Which call of a disk fails next. */
export type FailingCall = 'read' | 'write' | 'sync';

/** The next such call fails, if there is one. */
export interface ArmedFailure {
  readonly call: FailingCall;
  struck: boolean;
}

export type StoreName = 'wal' | 'tree';

/** A value that does not come to stand where it should, though the disk says so. */
export interface Misplacement {
  readonly store: StoreName;
  /** `lost`: what stood there before still does; `misdirected`: the same, and it takes the place of another value. */
  readonly how: 'lost' | 'misdirected';
  /** Reads find it at once; otherwise only after a restart, for until then they are answered from memory. */
  readonly atOnce: boolean;
  /** A batch was met. */
  struck: boolean;
}

/** Opening a store writes a little. */
const OPENING_BYTES = 4096;

/** What is wrong with a disk: set by faults, looked at by the disk. */
export class DiskFaults {
  /** Nothing is finished before. */
  stalledUntilMs = 0;
  /** So much slower than usual. */
  slowness = 1;
  failNext: ArmedFailure | undefined;
  /** What is left of the disk; undefined: more than anybody writes. */
  freeBytes: number | undefined;
  /** For the next batch that holds such a value. */
  misplaceNext: Misplacement | undefined;
  /** What values were written that did not come to stand where they should, so far. */
  misplaced = 0;
  /** Calls so far that took longer than usual, that waited for a stalled disk, and that found no space. */
  readonly struck = { slowed: 0, stalled: 0, full: 0 };
  /** What stands in the trees is not all what was written: pages may be left over that nothing leads to. */
  treesDamaged = false;

  /** Why the read fails that ends now. */
  readFailure(): DiskError | undefined {
    if (this.failNext?.call !== 'read') return undefined;
    this.#strike(this.failNext);
    return new DiskError('input/output error', 'unknown');
  }

  /** Why the write fails that ends now. `bytes`: what it adds to the disk. */
  writeFailure(bytes: number, sync: boolean): DiskError | undefined {
    const { failNext } = this;
    if (failNext?.call === 'write' || (sync && failNext?.call === 'sync')) {
      this.#strike(failNext);
      return new DiskError('input/output error', failNext.call === 'sync' ? 'shown' : 'unknown');
    }
    if (this.freeBytes === undefined) return undefined;
    if (bytes > this.freeBytes) {
      this.struck.full += 1;
      return new DiskError('no space left on device', 'nothing');
    }
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
    fault.struck = true;
    this.misplaced += 1;
    if (store === 'tree') this.treesDamaged = true;
    return { onDisk, visible: fault.atOnce ? onDisk : operations };
  }

  #strike(failure: ArmedFailure): void {
    failure.struck = true;
    this.failNext = undefined;
  }
}
