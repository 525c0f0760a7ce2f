import { close, constants, open, read, write } from 'node:fs';
import { open as openHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.ts';
import { readSafeInteger, writeSafeInteger } from '../base/safe-integer.ts';
import { StoreFailedError } from '../env/key-value-store.ts';
import { type MarkFile, MarkFileDamagedError } from '../env/mark-file.ts';

const MAGIC = 0x53744d6b;
const AT_MAGIC = 0;
const AT_NUMBER = AT_MAGIC + 4;
const AT_CHECKSUM = AT_NUMBER + 8;
const SLOT_BYTES = AT_CHECKSUM + 4;
/** Each slot lies in a disk block of its own, so that a write torn by a power cut harms one of them. */
const SLOT_DISTANCE_BYTES = 4096;
const SLOT_COUNT = 2;
const FILE_BYTES = SLOT_COUNT * SLOT_DISTANCE_BYTES;

const openFile = promisify(open);
const closeFile = promisify(close);

/**
 * Opens the mark file, creating it at its full size when it is missing or was not finished. Every write is synced by the
 * file's O_DSYNC flag: one trip to the thread pool instead of two, and as the blocks exist, no metadata has to be written.
 */
export async function openMarkFile(path: string): Promise<MarkFile> {
  await createWhole(path);
  const descriptor = await openFile(path, constants.O_RDWR | constants.O_DSYNC);
  return new TwoSlotMarkFile(descriptor);
}

class TwoSlotMarkFile implements MarkFile {
  readonly #descriptor: number;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  /** Where the next mark goes; undefined until the file was read. */
  #nextSlot: number | undefined;
  #newest = 0;
  #writing = false;
  #failure: StoreFailedError | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async read(): Promise<number | undefined> {
    const bytes = Buffer.alloc(FILE_BYTES);
    const length = await readAt(this.#descriptor, bytes);
    const numbers: (number | undefined)[] = [];
    for (let slot = 0; slot < SLOT_COUNT; slot++) numbers.push(decodeSlot(bytes, slot * SLOT_DISTANCE_BYTES));
    const [first, second] = numbers;
    this.#nextSlot = (first ?? -1) > (second ?? -1) ? 1 : 0;
    this.#newest = Math.max(first ?? 0, second ?? 0);
    if (first !== undefined || second !== undefined) return this.#newest;
    if (length === FILE_BYTES && bytes.every((byte) => byte === 0)) return undefined;
    throw new MarkFileDamagedError('neither slot is valid');
  }

  async write(mark: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#writing, 'a mark is being written');
    this.#writing = true;
    if (this.#nextSlot === undefined) await this.#find();
    assert(mark >= this.#newest, () => `mark ${mark} after ${this.#newest}`);
    const slot = this.#nextSlot ?? 0;
    this.#slot.writeUInt32BE(MAGIC, AT_MAGIC);
    writeSafeInteger(this.#slot, mark, AT_NUMBER);
    this.#slot.writeUInt32BE(crc32(this.#slot.subarray(0, AT_CHECKSUM)), AT_CHECKSUM);
    try {
      await writeAt(this.#descriptor, this.#slot, slot * SLOT_DISTANCE_BYTES);
    } catch (error) {
      this.#failure = new StoreFailedError('the mark file cannot be written', { cause: error });
      throw this.#failure;
    }
    this.#nextSlot = 1 - slot;
    this.#newest = mark;
    this.#writing = false;
  }

  async close(): Promise<void> {
    this.#failure ??= new StoreFailedError('the mark file is closed');
    await closeFile(this.#descriptor);
  }

  /** A file that nobody read before its first write. */
  async #find(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      if (!(error instanceof MarkFileDamagedError)) throw error;
    }
  }
}

/** The number in a slot; undefined when the slot is not valid. */
function decodeSlot(bytes: Buffer, at: number): number | undefined {
  if (bytes.readUInt32BE(at + AT_MAGIC) !== MAGIC) return undefined;
  if (bytes.readUInt32BE(at + AT_CHECKSUM) !== crc32(bytes.subarray(at, at + AT_CHECKSUM))) return undefined;
  return readSafeInteger(bytes, at + AT_NUMBER);
}

/** A file of the full size, all zeros, durable together with its name; a file that is long enough is left alone. */
async function createWhole(path: string): Promise<void> {
  const file = await openHandle(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size } = await file.stat();
    if (size >= FILE_BYTES) return;
    await file.write(Buffer.alloc(FILE_BYTES - size), 0, FILE_BYTES - size, size);
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await openHandle(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function readAt(descriptor: number, into: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    read(descriptor, into, 0, into.length, 0, (error, length) => (error === null ? resolve(length) : reject(error)));
  });
}

function writeAt(descriptor: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, position, (error, length) => {
      if (error === null && length === bytes.length) resolve();
      else reject(error ?? new Error(`${length} of ${bytes.length} bytes written`));
    });
  });
}
