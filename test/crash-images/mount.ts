import assert from 'node:assert/strict';
import { must } from '../../services/shared/base/assert.ts';
import { check } from '../../services/shared/btree/check.ts';
import type { GroupId, Slot } from '../../services/shared/base/ids.ts';
import { isSoundStoredValue } from '../../services/shared/item/stored-value.ts';
import { compareBallots, formatBallot } from '../../services/shared/paxos/ballot.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { decodeLogRecord } from '../../services/shared/wal/log-record.ts';
import type { GroupHeader } from '../../services/shared/wal/wal-types.ts';
import type { Group } from '../../services/storage-node/groups/group.ts';
import type { NodeGroups } from '../../services/storage-node/groups/node-groups.ts';
import { SimCluster } from '../sim/cluster.ts';
import { Kernel } from '../sim/kernel/kernel.ts';
import type { DiskImage, SimDisk } from '../sim/kernel/sim-disk.ts';
import { simulate } from '../sim/simulate.ts';
import { fingerprint, type History, text } from './history.ts';
import type { Acknowledged, Moment } from './recorder.ts';
import type { RecordedRun } from './run.ts';

const OPEN_MS = 60_000;
const READ_BYTES = 1 << 20;

/** What one disk can be after a crash at this moment: without and with what was under way, as far as each store and the mark go. */
export function imagesOf({ image }: Moment): DiskImage[] {
  const wals = image.wal.underWay ? [image.wal.durable(), image.wal] : [image.wal];
  const trees = image.tree.underWay ? [image.tree.durable(), image.tree] : [image.tree];
  const marks = image.markUnderWay === undefined ? [image.mark] : [image.mark, image.markUnderWay];
  const images: DiskImage[] = [];
  for (const wal of wals)
    for (const tree of trees) for (const mark of marks) images.push({ ...image, wal, tree, mark, markUnderWay: undefined });
  return images;
}

/** What was looked at, so that a test can tell that it looked at something. */
export interface Looked {
  groups: number;
  records: number;
  entries: number;
}

/**
 * Starts the real storage node of the image's machine, alone, and holds what it comes to against what was acknowledged and what the
 * records say. An error in its log, damage that it finds or an end of its process is a violation.
 */
export async function mountImage(image: DiskImage, moment: Moment, { recorder, recorded, settings }: RecordedRun): Promise<Looked> {
  const kernel = new Kernel(1);
  const cluster = new SimCluster(kernel, settings);
  const looked: Looked = { groups: 0, records: 0, entries: 0 };
  const work = async (): Promise<void> => {
    const node = must(cluster.nodes.find(({ name }) => name === recorded.name));
    node.putDisk(image);
    node.start();
    await cluster.until(
      'the node has opened its stores',
      OPEN_MS,
      () => node.life?.service.groups !== undefined || image.identity === undefined,
    );
    const groups = node.life?.service.groups;
    if (groups === undefined) return assert.equal(moment.acknowledged.size, 0);
    assertAllThere(groups, moment.acknowledged);
    for (const group of groups.all) {
      looked.groups += 1;
      looked.records += await assertLog(groups, group, recorder.history);
      const isApplied = (): boolean => group.awaitsSnapshot || group.state.applied >= group.paxos.commit;
      await cluster.until('the log is applied', OPEN_MS, isApplied);
      looked.entries += await assertState(group, recorder.history);
    }
    await assertTrees(node.disk);
  };
  await simulate(kernel, work, 2 * OPEN_MS);
  assert.deepEqual(kernel.violations, [], kernel.trace.lastLines(40).join('\n'));
  return looked;
}

function assertAllThere(groups: NodeGroups, acknowledged: ReadonlyMap<GroupId, Acknowledged>): void {
  for (const [id, { header, checkpoint }] of acknowledged) {
    const group = groups.group(id);
    // Its tree is made after its log: in between the replica has promised nothing yet.
    if (group === undefined) {
      assert.deepEqual([header.last, header.promised.round, checkpoint], [0, 0, 0], `group ${id} is gone`);
      continue;
    }
    assert.ok(!group.stopped && !group.paxos.abstains, `group ${id} is not whole`);
    assert.ok(group.state.applied >= checkpoint, `the tree of group ${id} is of slot ${group.state.applied}, not ${checkpoint}`);
    assertNotBack(id, group.paxos, header);
  }
}

/** What was promised and accepted never goes back. */
function assertNotBack(group: GroupId, found: Pick<GroupHeader, 'promised' | 'accepted' | 'last'>, told: GroupHeader): void {
  const what = (header: typeof found): string => `${formatBallot(header.promised)} ${formatBallot(header.accepted)} ${header.last}`;
  const order = compareBallots(found.accepted, told.accepted);
  const isThere = compareBallots(found.promised, told.promised) >= 0 && (order > 0 || (order === 0 && found.last >= told.last));
  assert.ok(isThere, `group ${group} came back as ${what(found)}, and had acknowledged ${what(told)}`);
}

/** The log is readable, whole, and a beginning of that of its `accepted`; what is committed is what was chosen. How many records it holds. */
async function assertLog(groups: NodeGroups, { id, paxos }: Group, history: History): Promise<number> {
  const { accepted, last, trimmed, commit } = paxos;
  const known = history.acceptedUnder(id, accepted);
  const { chosen } = history.model(id);
  const assertRecord = (slot: Slot, record: Uint8Array): void => {
    const checksum = nodeDigest.crc32(record);
    if (known.has(slot)) assert.equal(checksum, known.get(slot), `slot ${slot} of group ${id} is not what was accepted`);
    if (slot > commit || !chosen.has(slot)) return;
    const found = fingerprint(decodeLogRecord(record, nodeDigest));
    assert.equal(found, chosen.get(slot), `slot ${slot} of group ${id} is not what was chosen`);
  };
  for (let slot = trimmed + 1; slot <= last; ) {
    const records = await groups.wal.read(id, slot, last, READ_BYTES);
    assert.ok(records.length > 0, `the log of group ${id} ends before slot ${slot}, not at ${last}`);
    for (const record of records) assertRecord(slot++, record);
  }
  return last - trimmed;
}

/** The tree, with the log applied to it, is what the records make of nothing. How many entries it holds. */
async function assertState(group: Group, history: History): Promise<number> {
  const expected = history.model(group.id).at(group.state.applied);
  let entries = 0;
  const visit = (key: Uint8Array, value: Uint8Array): boolean => {
    entries += 1;
    assert.equal(nodeDigest.crc32(value), expected.get(text(key)), `a value of group ${group.id} as of slot ${group.state.applied}`);
    return true;
  };
  for (let low: Uint8Array | undefined = group.identity.low; low !== undefined; ) {
    const { next, wait }: { next: Uint8Array | undefined; wait?: Promise<void> } = group.tree.scan(low, undefined, false, visit);
    if (wait !== undefined) await wait;
    low = next;
  }
  assert.equal(entries, expected.size, `entries of group ${group.id} as of slot ${group.state.applied}`);
  return entries;
}

async function assertTrees(disk: SimDisk): Promise<void> {
  assert.ok(disk.openTree !== undefined);
  const report = await check(disk.openTree, nodeDigest, (key, value, checksum) => isSoundStoredValue(key, value, checksum, nodeDigest));
  assert.deepEqual([report.problems, report.orphans], [[], []]);
}
