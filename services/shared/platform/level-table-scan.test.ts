import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { must } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import { KIB, MIB } from '../base/units.ts';
import { StoreDamagedError } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';
import { LevelCursor } from './level-format.ts';
import { namedTables } from './level-manifest.ts';
import { type LevelStoreOptions, openLevelStore, TREE_STORE_OPTIONS } from './level-store.ts';
import { scanLevelTables } from './level-table-scan.ts';

/** As in production, but that little makes a table, and little a block. */
const SMALL_BLOCKS: LevelStoreOptions = { ...TREE_STORE_OPTIONS, blockBytes: KIB };
const MANY_TABLES: LevelStoreOptions = { ...TREE_STORE_OPTIONS, writeBufferBytes: 128 * KIB, fileBytes: MIB };
/** Bytes of values that nothing compresses. */
const random = new Prng(1);

describe('The scan of LevelDB tables', () => {
  let folder: string;
  let events: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-tables-'));
    events = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const log = (event: string): void => void events.push(event);
  const logger: Logger = { debug: log, info: log, warn: log, error: log, with: () => logger };

  const scan = (): Promise<string | undefined> => scanLevelTables(folder, logger);

  function randomBytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => random.below(256)));
  }

  async function write(options: LevelStoreOptions, values: Iterable<Buffer>): Promise<void> {
    const store = await openLevelStore(folder, options);
    let number = 0;
    for (const value of values) {
      await store.write([{ kind: 'put', key: Buffer.from(`page-${number}`), value }], { sync: false });
      number += 1;
    }
    await store.close();
    // Opened again, LevelDB makes a table of what is in its log.
    await (await openLevelStore(folder, options)).close();
  }

  /** All that are there: LevelDB may have ended before it deleted what a compaction had replaced. */
  async function allTableFiles(): Promise<string[]> {
    return (await readdir(folder)).filter((name) => name.endsWith('.ldb'));
  }

  async function tableFiles(): Promise<string[]> {
    return [...(await namedTables(folder)).keys()].map((number) => `${String(number).padStart(6, '0')}.ldb`).sort();
  }

  async function onlyTable(): Promise<string> {
    const files = await tableFiles();
    assert.equal(files.length, 1);
    return must(files[0]);
  }

  async function manifest(): Promise<string> {
    return join(folder, (await readFile(join(folder, 'CURRENT'), 'utf8')).trim());
  }

  async function flip(file: string, at: number): Promise<void> {
    const bytes = await readFile(join(folder, file));
    bytes[at] = must(bytes[at]) ^ (1 << random.below(8));
    await writeFile(join(folder, file), bytes);
  }

  function* pages(count: number): Generator<Buffer> {
    for (let number = 0; number < count; number++) yield randomBytes(number % 7 === 0 ? 20 * KIB : number % 3 === 0 ? 40 : 3 * KIB);
  }

  it('finds nothing in what LevelDB wrote, nor where there is nothing', async () => {
    assert.equal(await scan(), undefined);
    await write(MANY_TABLES, []);
    assert.equal(await scan(), undefined);
    await write(MANY_TABLES, pages(600));
    assert.ok((await tableFiles()).length >= 3);
    assert.equal(await scan(), undefined);
    // Overwritten and compacted: tables came, moved and went.
    await write(MANY_TABLES, pages(500));
    const store = await openLevelStore(folder, MANY_TABLES);
    await store.compact(Buffer.from('a'), Buffer.from('z'));
    await store.close();
    assert.equal(await scan(), undefined);
    assert.ok(events.every((event) => ['checks tables', 'tables are sound'].includes(event)));
  });

  it('looks at all tables that the store has, with their sizes, and at no others', async () => {
    for (let time = 0; time < 3; time++) {
      await write(MANY_TABLES, pages(300));
      const files = await tableFiles();
      assert.ok(files.length > 0);
      assert.deepEqual(
        await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size)),
        [...(await namedTables(folder))].sort(([a], [b]) => a - b).map(([, sizeBytes]) => sizeBytes),
      );
      // Without the others LevelDB misses nothing.
      for (const file of await allTableFiles()) if (!files.includes(file)) await rm(join(folder, file));
      const store = await openLevelStore(folder, MANY_TABLES);
      for (let number = 0; number < 300; number++) assert.ok((await store.get(Buffer.from(`page-${number}`))) !== undefined);
      await store.close();
    }
  });

  it('finds a flipped bit wherever it is: in data, filters, indexes, footer and checksums', async () => {
    await write(
      SMALL_BLOCKS,
      Array.from({ length: 10 }, () => randomBytes(300)),
    );
    const file = await onlyTable();
    const sound = await readFile(join(folder, file));
    assert.ok(sound.length > 3 * KIB && sound.length < 5 * KIB, `${sound.length}`);
    // Checksums have four bytes, so that each is hit; indexes and the footer stand at the end.
    for (let at = 0; at < sound.length; at += at < sound.length - 400 ? 3 : 1) {
      await flip(file, at);
      assert.ok((await scan())?.startsWith(`${file}: `), `byte ${at}`);
      await writeFile(join(folder, file), sound);
    }
    assert.equal(await scan(), undefined);
  });

  it('finds a flipped bit in any of many tables, and names the table', async () => {
    await write(MANY_TABLES, pages(600));
    for (let time = 0; time < 40; time++) {
      const file = random.pick(await tableFiles());
      const sound = await readFile(join(folder, file));
      const at = random.below(sound.length);
      await flip(file, at);
      assert.ok((await scan())?.startsWith(`${file}: `), `${file} at ${at}`);
      await writeFile(join(folder, file), sound);
    }
  });

  it('finds a footer that names sound blocks, but not those that it should', async () => {
    await write(SMALL_BLOCKS, [randomBytes(300)]);
    const file = await onlyTable();
    const bytes = await readFile(join(folder, file));
    const placesAt = bytes.length - 48;
    const places = new LevelCursor(bytes.subarray(placesAt));
    places.varint();
    places.varint();
    const first = bytes.subarray(placesAt, bytes.length - places.rest().length);
    const footer = Buffer.alloc(40);
    Buffer.concat([first, first]).copy(footer);
    footer.copy(bytes, placesAt);
    await writeFile(join(folder, file), bytes);
    assert.equal(await scan(), `${file}: the footer is damaged: its places`);
  });

  it('checks blocks that are larger than what it reads at once', async () => {
    await write(TREE_STORE_OPTIONS, [randomBytes(100), randomBytes(700 * KIB), randomBytes(100)]);
    assert.equal(await scan(), undefined);
    const file = await onlyTable();
    await flip(file, 400 * KIB);
    assert.match((await scan()) ?? '', /block at \d+ is damaged: its checksum/);
  });

  it('finds a table that is cut short', async () => {
    await write(
      SMALL_BLOCKS,
      Array.from({ length: 10 }, () => randomBytes(300)),
    );
    const file = await onlyTable();
    const { size } = await stat(join(folder, file));
    for (let length = size - 1; length >= 0; length -= 97) {
      await truncate(join(folder, file), length);
      assert.equal(await scan(), `${file}: the table is cut short`);
    }
  });

  it('takes half a table that the manifest does not name for what a compaction left when the process was killed', async () => {
    await write(MANY_TABLES, pages(100));
    const [file] = await tableFiles();
    const bytes = await readFile(join(folder, must(file)));
    await writeFile(join(folder, '000999.ldb'), bytes.subarray(0, bytes.length / 2));
    assert.equal(await scan(), undefined);
    await (await openLevelStore(folder, MANY_TABLES)).close();
    assert.ok(!(await allTableFiles()).includes('000999.ldb'), 'LevelDB takes it for the same');
  });

  it('leaves to LevelDB what it finds by itself: a missing table, a damaged manifest', async () => {
    await write(MANY_TABLES, pages(100));
    const path = await manifest();
    const sound = await readFile(path);
    await writeFile(path, Buffer.alloc(sound.length, 7));
    assert.equal(await scan(), undefined);
    await assert.rejects(openLevelStore(folder, MANY_TABLES), StoreDamagedError);
    await writeFile(path, sound);
    await rm(join(folder, must((await tableFiles())[0])));
    assert.equal(await scan(), undefined);
    await assert.rejects(openLevelStore(folder, MANY_TABLES), StoreDamagedError);
  });

  it('reads a manifest with a torn end up to there', async () => {
    await write(MANY_TABLES, pages(100));
    const path = await manifest();
    const sound = await readFile(path);
    const file = must((await tableFiles())[0]);
    await flip(file, 5);
    for (const torn of [Buffer.concat([sound, Buffer.alloc(40_000)]), Buffer.concat([sound, sound.subarray(0, 9)])]) {
      await writeFile(path, torn);
      assert.match((await scan()) ?? '', new RegExp(`^${file}: `));
    }
    for (let length = 0; length < sound.length; length += 3) {
      await writeFile(path, sound.subarray(0, length));
      await scan();
    }
  });

  it('says of a table with a compressed index that it was not checked, and of no such table that it is damaged', async () => {
    const compressed = { ...SMALL_BLOCKS, compression: true };
    await write(
      compressed,
      Array.from({ length: 300 }, () => Buffer.alloc(900, 'text')),
    );
    assert.equal(await scan(), undefined);
    assert.ok(events.includes('table not checked'), String(events));
  });
});
