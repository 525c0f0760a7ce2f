/** A process that writes to a store and to a mark file in the folder in its argument, and says what it is about to do, and that it is done. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLevelStore, WAL_STORE_OPTIONS } from './level-store.ts';
import { openMarkFile } from './mark-file.ts';

const folder = process.argv[2] as string;
const put = { kind: 'put', key: Buffer.from('key'), value: Buffer.from('value') } as const;
const store = await openLevelStore(join(folder, 'store'), WAL_STORE_OPTIONS);

async function step(name: string, action: () => Promise<unknown>): Promise<void> {
  writeSync(1, `begin ${name}\n`);
  await action();
  writeSync(1, `end ${name}\n`);
}

await step('write-synced', () => store.write([put], { sync: true }));
await step('write-unsynced', () => store.write([put], { sync: false }));
await step('batch-unsynced', () => {
  const batch = store.startBatch();
  batch.put(put.key, put.value);
  return batch.write({ sync: false });
});
await step('batch-synced', () => {
  const batch = store.startBatch();
  batch.put(put.key, put.value);
  return batch.write({ sync: true });
});
const mark = await openMarkFile(join(folder, 'mark'));
for (const number of [1, 2]) await step(`mark-${number}`, () => mark.write(number));
await mark.close();
await store.close();
