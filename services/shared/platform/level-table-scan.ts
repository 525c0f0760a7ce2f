import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { GIB, MIB } from '../base/units.ts';
import type { Logger } from '../env/logger.ts';
import { LevelFormatError } from './level-format.ts';
import { namedTables } from './level-manifest.ts';
import { CompressedIndexError, checkTable } from './level-table.ts';

/** A line of the log for so much. */
const PROGRESS_BYTES = GIB;

/**
 * Checks all tables of a LevelDB store before LevelDB opens it, and says what is damaged first; undefined: nothing. LevelDB itself
 * verifies no checksum in a compaction, and ends the process where damage has put keys out of order (`TableBuilder::Add`). Nobody may have the store open.
 *
 * A table that is missing is left to LevelDB, which looks for all of them. Rejects with the error of a read that failed.
 */
export async function scanLevelTables(folder: string, logger: Logger): Promise<string | undefined> {
  const tables = await namedTables(folder);
  const totalBytes = [...tables.values()].reduce((sum, bytes) => sum + bytes, 0);
  logger.info('checks tables', { folder, tables: tables.size, mebibytes: mebibytes(totalBytes) });
  let checkedBytes = 0;
  let toldBytes = 0;
  for (const [number, sizeBytes] of tables) {
    const file = `${String(number).padStart(6, '0')}.ldb`;
    const damage = await tableDamage(join(folder, file), sizeBytes, logger);
    if (damage !== undefined) return `${file}: ${damage}`;
    checkedBytes += sizeBytes;
    if (checkedBytes - toldBytes < PROGRESS_BYTES) continue;
    toldBytes = checkedBytes;
    logger.info('tables checked so far', { folder, mebibytes: mebibytes(checkedBytes), of: mebibytes(totalBytes) });
  }
  logger.info('tables are sound', { folder, tables: tables.size });
  return undefined;
}

async function tableDamage(path: string, sizeBytes: number, logger: Logger): Promise<string | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    await checkTable(handle, sizeBytes);
    return undefined;
  } catch (error) {
    if (error instanceof LevelFormatError) return error.message;
    if (!(error instanceof CompressedIndexError)) throw error;
    logger.warn('table not checked', { path, reason: error.message });
    return undefined;
  } finally {
    await handle.close();
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MIB);
}
