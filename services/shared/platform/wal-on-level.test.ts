import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { contentsOf, holdsAllOf, type ModelState, openWal, recordsOf, WalWorkload } from '../../../test/harness/wal-workload.ts';
import { must } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import { type KeyValueStore, StoreFailedError } from '../env/key-value-store.ts';
import type { MarkFile } from '../env/mark-file.ts';
import type { WriteAheadLog } from '../wal/write-ahead-log.ts';
import { scanLevelLogs } from './level-log-scan.ts';
import { openLevelStore, WAL_STORE_OPTIONS } from './level-store.ts';
import { openMarkFile } from './mark-file.ts';

/** Small enough that a short run leaves table files beside the log. */
const SMALL = { ...WAL_STORE_OPTIONS, writeBufferBytes: 64 * 1024 };

interface OpenLog {
  readonly log: WriteAheadLog;
  readonly store: KeyValueStore;
  readonly mark: MarkFile;
}

/** As a node opens its log: first the scan, then LevelDB. */
async function openAt(folder: string): Promise<OpenLog> {
  const [damage] = await scanLevelLogs(join(folder, 'wal'));
  const store = await openLevelStore(join(folder, 'wal'), SMALL);
  const mark = await openMarkFile(join(folder, 'mark'));
  const log = await openWal(store, mark, damage && `${damage.file} at ${damage.offset}: ${damage.reason}`);
  return { log, store, mark };
}

async function close({ log, store, mark }: OpenLog): Promise<void> {
  await log.close();
  await mark.close();
  await store.close();
}

async function grow(open: OpenLog, workload: WalWorkload, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    workload.step();
    if (step % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await open.log.close();
}

describe('The write-ahead log on LevelDB', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-wal-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('holds what it was given over restarts', async () => {
    const random = new Prng(11);
    let open = await openAt(join(folder, 'restarts'));
    const workload = new WalWorkload(random, open.log);
    for (let life = 0; life < 4; life++) {
      await grow(open, workload, 60);
      await close(open);
      open = await openAt(join(folder, 'restarts'));
      const found = await contentsOf(open.log, random);
      assert.deepEqual(sorted(found), sorted(workload.state));
      workload.continueWith(open.log, found);
    }
    await close(open);
  });

  it('never loses anything silently, whatever byte of its files changes', async () => {
    const path = join(folder, 'damaged');
    const random = new Prng(12);
    const open = await openAt(path);
    const workload = new WalWorkload(random, open.log);
    await grow(open, workload, 250);
    // LevelDB leaves the newest records in its log when it is closed.
    await close(open);
    const outcomes = { refused: 0, damaged: 0, whole: 0 };
    for (let run = 0; run < 120; run++) {
      const copy = join(folder, 'copy');
      await cp(path, copy, { recursive: true });
      await changeSomeByte(copy, random);
      outcomes[await outcome(copy, workload.state, random)] += 1;
      await rm(copy, { recursive: true });
    }
    // Much of what lies in the files is not needed any more; how much depends on when LevelDB sorted its tables.
    assert.ok(outcomes.damaged >= 15, JSON.stringify(outcomes));
  });

  it('never loses anything silently when the end of its files is cut off', async () => {
    const path = join(folder, 'cut');
    const random = new Prng(13);
    const open = await openAt(path);
    const workload = new WalWorkload(random, open.log);
    await grow(open, workload, 100);
    await close(open);
    let damaged = 0;
    for (let run = 0; run < 30; run++) {
      const copy = join(folder, 'copy');
      await cp(path, copy, { recursive: true });
      const file = must((await readdir(join(copy, 'wal'))).filter((name) => name.endsWith('.log')).at(-1));
      const { size } = await stat(join(copy, 'wal', file));
      await truncate(join(copy, 'wal', file), size - 1 - random.below(Math.min(size, 2000)));
      if ((await outcome(copy, workload.state, random)) === 'damaged') damaged += 1;
      await rm(copy, { recursive: true });
    }
    assert.equal(damaged, 30, 'the mark names a batch that is gone');
  });
});

async function changeSomeByte(folder: string, random: Prng): Promise<void> {
  const files: string[] = [];
  for (const name of await readdir(join(folder, 'wal'))) {
    // Info logs hold nothing, and a lock file is empty.
    if (/^(\d+\.(log|ldb)|MANIFEST-\d+|CURRENT)$/.test(name)) files.push(join(folder, 'wal', name));
  }
  files.push(join(folder, 'mark'));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  // A file is chosen by its size, but for one run in ten, so that small ones have their turn.
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let at = random.below(total);
  let chosen = sizes.findIndex((size) => {
    at -= size;
    return at < 0;
  });
  if (random.chance(0.1)) chosen = random.below(files.length);
  const file = must(files[chosen]);
  const bytes = await readFile(file);
  if (bytes.length === 0) return;
  const position = random.below(bytes.length);
  bytes[position] = must(bytes[position]) ^ (1 << random.below(8));
  await writeFile(file, bytes);
}

/** What a restart says to files that may be damaged; fails when it takes something wrong for whole. */
async function outcome(folder: string, state: ModelState, random: Prng): Promise<'refused' | 'damaged' | 'whole'> {
  let open: OpenLog;
  try {
    open = await openAt(folder);
  } catch (error) {
    assert.ok(error instanceof StoreFailedError, String(error));
    return 'refused';
  }
  let damaged = false;
  for (const [group, model] of state) {
    const recovered = open.log.recovered().get(group);
    if (recovered === undefined || recovered.damage !== undefined) {
      assert.ok(recovered !== undefined || open.log.storeDamage() !== undefined, `group ${group} vanished`);
      damaged = true;
      continue;
    }
    const records = await recordsOf(open.log, group, recovered.header, random);
    assert.ok(holdsAllOf({ header: recovered.header, records }, model), `group ${group} changed`);
  }
  await close(open);
  return damaged ? 'damaged' : 'whole';
}

function sorted(state: ModelState): ModelState {
  return new Map([...state].sort(([a], [b]) => a - b));
}
