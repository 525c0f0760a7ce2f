import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openLevelStore, WAL_STORE_OPTIONS } from '../../services/shared/platform/level-store.ts';
import { MemoryStore } from '../harness/memory-store.ts';
import { keyValueStoreContract } from './key-value-store-contract.ts';

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-store-'));
  folders.push(folder);
  return folder;
}

keyValueStoreContract('LevelDB for the write-ahead log', async () => openLevelStore(await newFolder(), WAL_STORE_OPTIONS));
keyValueStoreContract('LevelDB with compression and a small buffer', async () =>
  openLevelStore(await newFolder(), { ...WAL_STORE_OPTIONS, writeBufferBytes: 65_536, fileBytes: 65_536, compression: true }),
);
keyValueStoreContract('The store in memory', async () => new MemoryStore());
