import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Slot } from '../../shared/base/ids.ts';
import { LogTrimmer, type TrimmedGroup } from './log-trimmer.ts';

/** Every record takes so many bytes. */
const RECORD = 10;

class PlainGroup implements TrimmedGroup {
  readonly id: number;
  readonly stopped = false;
  readonly paxos = { trimmed: 0 };
  readonly last: Slot;
  ownFloor: Slot;
  neededSlots: readonly Slot[];

  constructor(id: number, last: Slot, ownFloor: Slot, neededSlots: readonly Slot[]) {
    this.id = id;
    this.last = last;
    this.ownFloor = ownFloor;
    this.neededSlots = neededSlots;
  }

  trim(slot: Slot): void {
    assert.ok(slot <= this.ownFloor, 'nothing may go that the own tree does not hold');
    this.paxos.trimmed = slot;
  }
}

let groups: PlainGroup[];

/** The disk is slow: what is trimmed is not gone yet. */
const wal = {
  groupBytes: (id: number): number => wal.groupBytesAbove(id, 0),
  groupBytesAbove: (id: number, slot: Slot): number => RECORD * Math.max(0, (groups.find((group) => group.id === id)?.last ?? 0) - slot),
  totalBytes: (): number => groups.reduce((bytes, { id }) => bytes + wal.groupBytes(id), 0),
};

function trim(groupBytes: number, nodeBytes: number): Slot[] {
  new LogTrimmer(wal, { groupBytes, nodeBytes }).trim(groups);
  return groups.map(({ paxos }) => paxos.trimmed);
}

beforeEach(() => {
  groups = [];
});

describe('within the allowances', () => {
  it('keeps what the slowest needs, and nothing below it', () => {
    groups = [new PlainGroup(1, 100, 80, [60, 90, 70]), new PlainGroup(2, 100, 50, [95])];
    assert.deepEqual(trim(1e6, 1e6), [60, 50]);
  });

  it('never goes back', () => {
    groups = [new PlainGroup(1, 100, 80, [60])];
    trim(1e6, 1e6);
    groups[0] = Object.assign(groups[0] as PlainGroup, { neededSlots: [0] });
    assert.deepEqual(trim(1e6, 1e6), [60]);
  });
});

describe('beyond the allowance of a group', () => {
  it('disappoints whoever is furthest behind first', () => {
    groups = [new PlainGroup(1, 100, 80, [5, 40])];
    assert.deepEqual(trim(700, 1e6), [40]);
    assert.deepEqual(trim(500, 1e6), [80]);
  });

  it('keeps what no checkpoint holds, whatever its size', () => {
    groups = [new PlainGroup(1, 100, 10, [5])];
    assert.deepEqual(trim(1, 1), [10]);
  });
});

describe('beyond the allowance of the node', () => {
  it('takes the follower furthest behind of all groups, and only as many as it must', () => {
    groups = [new PlainGroup(1, 100, 100, [50, 95]), new PlainGroup(2, 100, 100, [10, 60]), new PlainGroup(3, 100, 100, [90])];
    // They keep 500, 900 and 100 bytes.
    assert.deepEqual(trim(1e6, 1100), [50, 60, 90]);
    assert.deepEqual(trim(1e6, 1000), [50, 60, 90]);
    assert.deepEqual(trim(1e6, 600), [95, 60, 90]);
    assert.deepEqual(trim(1e6, 0), [100, 100, 100]);
  });
});
