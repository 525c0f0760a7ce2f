import type { Timer, Timers } from '../env/clock.ts';
import type { Digest } from '../env/digest.ts';
import type { BatchOperation, ChainedBatch, KeyRange, KeyValueStore, StoreSnapshot } from '../env/key-value-store.ts';
import type { Logger } from '../env/logger.ts';

/** A key-value store in memory for the tests of this folder. It keeps copies, counts writes, and can be made to fail. */
export class MemoryStore implements KeyValueStore {
  /** Keys in hexadecimal, which sort like the bytes. Replaced as a whole by each batch, so a snapshot is a reference. */
  #entries: ReadonlyMap<string, Uint8Array>;
  readonly #afterEachWrite: (() => void)[] = [];
  puts = 0;
  deletes = 0;
  gets = 0;
  openSnapshots = 0;
  /** The next write rejects with it. */
  failure: Error | undefined = undefined;
  /** Reads of snapshots reject with it. */
  readFailure: Error | undefined = undefined;
  /** Holds every write back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Holds reads of single keys that begin now back until it resolves. */
  readGate: Promise<void> = Promise.resolve();

  constructor(entries: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#entries = entries;
  }

  /** What a process that starts after a crash would find. */
  copy(): MemoryStore {
    return new MemoryStore(this.#entries);
  }

  onWrite(listener: () => void): void {
    this.#afterEachWrite.push(listener);
  }

  keys(): Buffer[] {
    return [...this.#entries.keys()].sort().map((key) => Buffer.from(key, 'hex'));
  }

  peek(key: Uint8Array): Buffer | undefined {
    const value = this.#entries.get(hex(key));
    return value === undefined ? undefined : Buffer.from(value);
  }

  /** Changes the store behind the tree's back. */
  poke(key: Uint8Array, value: Uint8Array | undefined): void {
    const entries = new Map(this.#entries);
    if (value === undefined) entries.delete(hex(key));
    else entries.set(hex(key), Uint8Array.from(value));
    this.#entries = entries;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.gets += 1;
    await this.readGate;
    return read(this.#entries, key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => read(this.#entries, key));
  }

  async write(batch: readonly BatchOperation[], _options: { sync: boolean }): Promise<void> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const entries = new Map(this.#entries);
    for (const operation of batch) {
      if (operation.kind === 'put') {
        entries.set(hex(operation.key), Uint8Array.from(operation.value));
        this.puts += 1;
      } else {
        entries.delete(hex(operation.key));
        this.deletes += 1;
      }
    }
    this.#entries = entries;
    for (const listener of this.#afterEachWrite) listener();
  }

  startBatch(): ChainedBatch {
    const operations: BatchOperation[] = [];
    return {
      put: (key, value) => void operations.push({ kind: 'put', key: Uint8Array.from(key), value: Uint8Array.from(value) }),
      delete: (key) => void operations.push({ kind: 'delete', key: Uint8Array.from(key) }),
      write: (options) => this.write(operations, options),
      discard: async () => undefined,
    };
  }

  entries(range: KeyRange): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
    return iterate(this.#entries, range);
  }

  snapshot(): StoreSnapshot {
    const entries = this.#entries;
    this.openSnapshots += 1;
    return {
      get: async (key) => {
        if (this.readFailure !== undefined) throw this.readFailure;
        return read(entries, key);
      },
      entries: (range) => iterate(entries, range),
      close: async () => {
        this.openSnapshots -= 1;
      },
    };
  }

  async compact(): Promise<void> {}

  async close(): Promise<void> {}
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex');
}

function read(entries: ReadonlyMap<string, Uint8Array>, key: Uint8Array): Uint8Array | undefined {
  const value = entries.get(hex(key));
  return value === undefined ? undefined : Uint8Array.from(value);
}

async function* iterate(
  entries: ReadonlyMap<string, Uint8Array>,
  range: KeyRange,
): AsyncIterableIterator<readonly [Uint8Array, Uint8Array]> {
  const low = range.low === undefined ? '' : hex(range.low);
  const high = range.high === undefined ? undefined : hex(range.high);
  const keys = [...entries.keys()].filter((key) => key >= low && (high === undefined || key < high)).sort();
  if (range.reverse === true) keys.reverse();
  for (const key of keys.slice(0, range.limit)) yield [Buffer.from(key, 'hex'), Uint8Array.from(entries.get(key) as Uint8Array)];
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(bytes: Uint8Array, seed = 0): number {
  let value = ~seed;
  for (let at = 0; at < bytes.length; at++) value = (value >>> 8) ^ (CRC_TABLE[(value ^ (bytes[at] as number)) & 0xff] as number);
  return ~value >>> 0;
}

/** Only the checksum: the tree uses nothing else. */
export const testDigest: Digest = {
  crc32,
  md5: unused,
  sha256Hex: unused,
  hmacSha256: unused,
  equalConstantTime: unused,
};

function unused(): never {
  throw new Error('not used by the tree');
}

/** Timers that wait for nothing: everything happens as soon as the promises before it are done. */
export const testTimers: Timers = {
  after(_delayMs: number, callback: () => void): Timer {
    setImmediate(callback);
    return { cancel: () => undefined };
  },
  endOfTurn(callback: () => void): void {
    setImmediate(callback);
  },
  sleep(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  },
};

/** Fails on errors, as a simulation does. */
export const testLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (event) => {
    throw new Error(event);
  },
  with: () => testLogger,
};
