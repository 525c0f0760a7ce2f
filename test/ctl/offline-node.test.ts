import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SILENT_LOGGER } from '../../services/ctl/silent-logger.ts';
import { PageStore } from '../../services/shared/btree/page-store.ts';
import { encodeStoredValue, storedChecksum } from '../../services/shared/item/stored-value.ts';
import { systemClock, systemTimers } from '../../services/shared/platform/clock.ts';
import { DataFolder } from '../../services/shared/platform/data-folder.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { encodeLogRecord } from '../../services/shared/wal/log-record.ts';
import { WriteAheadLog } from '../../services/shared/wal/write-ahead-log.ts';
import { encodeGroupMeta, type GroupIdentity, GroupState } from '../../services/storage-node/core/group-state.ts';
import { encodeNodeIdentity } from '../../services/storage-node/core/node-identity.ts';

const COMMAND = fileURLToPath(new URL('../../services/ctl/main.js', import.meta.url));
const GROUP = 7;
const REPLICA = 21;
const RECORDS = 5;
const BALLOT = { configuration: 1, round: 3, replica: REPLICA };
const fail = (error: unknown): void => assert.fail(String(error));
const parts = { digest: nodeDigest, logger: SILENT_LOGGER, clock: systemClock, timers: systemTimers, onFailure: fail };

let base: string;
let folder: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'stator-offline-'));
  folder = join(base, 'node-a');
  await writeFolder();
});

afterEach(() => rm(base, { recursive: true, force: true }));

function key(item: number): Buffer {
  return Buffer.from(`key-${item}`);
}

function value(item: number): Buffer {
  const json = Buffer.from(`{"k":{"S":"${item}"}}`);
  return encodeStoredValue(
    { flags: 0, size: 10, slot: item, timeMs: 1_700_000_000_000, originRegion: 'us-east-1', json },
    key(item),
    nodeDigest,
  );
}

/** A node with one group: its log of five writes, all of them in its tree. */
async function writeFolder(): Promise<void> {
  const data = new DataFolder(folder, SILENT_LOGGER);
  await data.writeIdentity(encodeNodeIdentity({ formatVersion: 1, clusterId: 'cluster-x', node: 'node-a', addresses: {} }));
  const { store, mark } = await data.openWal();
  const wal = await WriteAheadLog.open({ ...parts, store, mark });
  const header = { promised: BALLOT, accepted: BALLOT, last: 0, commit: 0, trimmed: 0, abstains: false };
  await new Promise<void>((resolve) => wal.createGroup(GROUP, REPLICA, header, resolve));
  for (let slot = 1; slot <= RECORDS; slot++) {
    const identity = { kind: 'user', name: 'somebody' } as const;
    const fields = { type: 'write', timeMs: 1_700_000_000_000 + slot, change: 'insert', oldSize: 0, payload: Buffer.alloc(0) } as const;
    const record = encodeLogRecord({ ...fields, identity, key: key(slot), newValue: value(slot) }, nodeDigest);
    const change = { group: GROUP, header: { ...header, last: slot, commit: slot - 1 }, first: slot, records: [record] };
    await new Promise<void>((resolve) => wal.append(change, resolve));
  }
  await wal.close();
  await store.close();
  await mark.close();

  const { store: treeStore } = await data.openTree();
  const pages = await PageStore.open({ ...parts, store: treeStore, cacheBytesMax: 1 << 20 });
  const identity: GroupIdentity = {
    group: GROUP,
    replica: REPLICA,
    tableId: 'table-x',
    partitionId: 2,
    low: Buffer.from('40', 'hex'),
    high: undefined,
    configuration: 1,
    since: 0,
    members: [{ replica: REPLICA, node: 'node-a', az: 'a', logOnly: false }],
  };
  const tree = await pages.createTree(REPLICA, encodeGroupMeta(identity, GroupState.empty(1000)));
  for (let item = 1; item <= RECORDS; item++) {
    await tree.fetch(key(item), 'place');
    tree.put(key(item), value(item), storedChecksum(value(item)), 10);
  }
  await tree.checkpoint(encodeGroupMeta(identity, new GroupState(RECORDS, 0, 0, 0, GroupState.empty(1000).requests)));
  await pages.close();
  await treeStore.close();
}

async function stator(...options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [COMMAND, ...options])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

/** Every file of the folder with a hash of its bytes. */
async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    await Promise.all(
      paths.map(async (path) => [
        path,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ]),
    ),
  );
}

async function flipByteOfLog(): Promise<void> {
  const name = (await readdir(join(folder, 'wal'))).find((each) => each.endsWith('.log')) ?? assert.fail('no log');
  const path = join(folder, 'wal', name);
  const bytes = await readFile(path);
  const at = bytes.indexOf('key-2');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

test('shows identity, log, tree and the newest records, and leaves the folder as it was', async () => {
  const before = await contents();
  const { code, stdout, stderr } = await stator('inspect', folder, '--group', String(GROUP), '--records', '2');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /"clusterId": "cluster-x"/);
  assert.match(stdout, /^7 +1\.3\.21 +1\.3\.21 +0 +4 +5 +\d+ +sound$/m);
  assert.match(stdout, /^21 +7 +table-x\/2 +40\.\.- +1: node-a +5 +- +5 +50 +[0-9a-f]{16}$/m);
  assert.match(stdout, new RegExp(`^5 +write +insert +2023-11-14T22:13:20.005Z +- +somebody +\\d+ +${key(5).toString('hex')}$`, 'm'));
  assert.doesNotMatch(stdout, /^3 +write/m);
  assert.deepEqual(await contents(), before);
  assert.deepEqual(await readdir(base), ['node-a']);
});

test('check passes a sound folder', async () => {
  const { code, stdout } = await stator('check', folder);
  assert.equal(stdout, `1 logs, ${/(\d+) bytes/.exec(stdout)?.[1]} bytes; 1 trees, 1 pages, 5 items\nsound\n`);
  assert.equal(code, 0);
});

test('both tell of damage in the log, each time anew, since they never open the original', async () => {
  await flipByteOfLog();
  const before = await contents();
  for (let time = 0; time < 2; time++) {
    assert.match((await stator('inspect', folder)).stdout, /^DAMAGE +wal\/\d+\.log at byte \d+: /m);
    const { code, stdout } = await stator('check', folder);
    assert.equal(code, 1);
    assert.match(stdout, /^PROBLEM +wal\/\d+\.log at byte \d+: /m);
  }
  assert.deepEqual(await contents(), before);
});

test('refuses the folder of a running node, and what is no data folder', async () => {
  const { store, mark } = await new DataFolder(folder, SILENT_LOGGER).openWal();
  const running = await stator('inspect', folder);
  await store.close();
  await mark.close();
  assert.equal(running.code, 1);
  assert.match(running.stderr, new RegExp(`^stator: The node runs \\(pid ${process.pid}\\); stop it first`));
  assert.match((await stator('check', base)).stderr, /is no data folder of a storage node/);
  assert.match((await stator('check', join(base, 'nothing'))).stderr, /There is no folder/);
});
