/** A process that opens the trees of the data folder in its argument, has LevelDB compact them, and says why older ones were set aside. */
import type { Logger } from '../env/logger.ts';
import { DataFolder } from './data-folder.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };

const folder = new DataFolder(process.argv[2] as string, silent);
const { store, setAside } = await folder.openTree();
await store.compact(Buffer.from('a'), Buffer.from('z'));
await store.close();
await folder.noteTreesHold();
process.stdout.write(setAside ?? 'as they were');
