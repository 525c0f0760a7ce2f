import { join, resolve } from 'node:path';
import type { KeyValueStore } from '../shared/env/key-value-store.ts';
import { systemClock } from '../shared/platform/clock.ts';
import { DataFolder, IdentityMissingError, WAL_FOLDER } from '../shared/platform/data-folder.ts';
import { nodeDigest } from '../shared/platform/digest.ts';
import { type LogDamage, scanLevelLogs } from '../shared/platform/level-log-scan.ts';
import { WriteAheadLog } from '../shared/wal/write-ahead-log.ts';
import { copyForInspection, removeCopy } from './offline-folder.ts';
import { SILENT_LOGGER } from './silent-logger.ts';

/** A stopped storage node's data, open on a copy. */
export interface OfflineNode {
  /** The text of the identity file; undefined when it is missing. */
  readonly identity: string | undefined;
  readonly wal: WriteAheadLog;
  /** What the scan of the WAL store's own log found. */
  readonly logDamage: readonly LogDamage[];
  readonly tree: KeyValueStore;
  /** The store of the trees is damaged beyond use, so that `tree` is empty; undefined: it is not. */
  readonly treeDamage: string | undefined;
}

/** Opens a copy of the folder, hands it to `look`, and removes the copy. */
export async function withOfflineNode<T>(path: string, look: (node: OfflineNode) => Promise<T>): Promise<T> {
  const copy = await copyForInspection(resolve(path));
  try {
    const folder = new DataFolder(copy, SILENT_LOGGER);
    const identity = await identityIn(folder);
    const logDamage = await scanLevelLogs(join(copy, WAL_FOLDER));
    const { store, mark, damage } = await folder.openWal();
    const storeDamage = damage === undefined ? {} : { storeDamage: damage };
    const digest = nodeDigest;
    const wal = await WriteAheadLog.open({
      store,
      mark,
      digest,
      logger: SILENT_LOGGER,
      clock: systemClock,
      onFailure: () => {},
      ...storeDamage,
    });
    const { store: tree, setAside } = await folder.openTree();
    const result = await look({ identity, wal, logDamage, tree, treeDamage: setAside });
    await wal.close();
    await tree.close();
    await store.close();
    await mark.close();
    return result;
  } finally {
    await removeCopy(copy);
  }
}

/** Here a folder is looked at, whoever's it is. */
async function identityIn(folder: DataFolder): Promise<string | undefined> {
  try {
    return (await folder.readIdentity())?.toString();
  } catch (error) {
    if (error instanceof IdentityMissingError) return undefined;
    throw error;
  }
}
