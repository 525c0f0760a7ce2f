import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type KeyRange, type KeyValueStore, StoreFailedError, type StoreSnapshot } from '../../services/shared/env/key-value-store.ts';

/** What every KeyValueStore owes, whatever is below it. `open` gives a new empty store. */
export function keyValueStoreContract(name: string, open: () => Promise<KeyValueStore>): void {
  describe(`${name} as a KeyValueStore`, () => {
    readsAndWrites(open);
    ranges(open);
    views(open);
    ends(open);
  });
}

function readsAndWrites(open: () => Promise<KeyValueStore>): void {
  it('gives back what was written, by key and in the order of the keys asked for', async () => {
    const store = await filled(open, { a: '1', b: '2', empty: '' });
    assert.equal(text(await store.get(bytes('a'))), '1');
    assert.equal(await store.get(bytes('c')), undefined);
    assert.equal(text(await store.get(bytes('empty'))), '');
    assert.deepEqual((await store.getMany([bytes('b'), bytes('c'), bytes('a')])).map(text), ['2', undefined, '1']);
    await store.close();
  });

  it('applies the operations of a batch in order', async () => {
    const store = await filled(open, { a: '1', b: '2' });
    await store.write(
      [
        { kind: 'put', key: bytes('a'), value: bytes('x') },
        { kind: 'delete', key: bytes('a') },
        { kind: 'delete', key: bytes('b') },
        { kind: 'put', key: bytes('b'), value: bytes('y') },
        { kind: 'delete', key: bytes('absent') },
      ],
      { sync: true },
    );
    assert.deepEqual(await all(store, {}), ['b=y']);
    await store.close();
  });

  it('applies writes in the order of the calls, without waiting for each', async () => {
    const store = await open();
    const writes: Promise<void>[] = [];
    for (let number = 0; number < 50; number++) {
      writes.push(store.write([{ kind: 'put', key: bytes('k'), value: bytes(String(number)) }], { sync: number % 7 === 0 }));
    }
    await Promise.all(writes);
    assert.equal(text(await store.get(bytes('k'))), '49');
    await store.close();
  });

  it('does not care what becomes of the bytes once the write is under way', async () => {
    const store = await open();
    const key = bytes('key');
    const value = bytes('value');
    const written = store.write([{ kind: 'put', key, value }], { sync: true });
    key.fill(0);
    value.fill(0);
    await written;
    const read = await store.get(bytes('key'));
    assert.equal(text(read), 'value');
    read?.fill(0);
    assert.equal(text(await store.get(bytes('key'))), 'value');
    await store.close();
  });

  it('shows nothing of a chained batch before its write, and all of it after', async () => {
    const store = await filled(open, { a: '1' });
    const batch = store.startBatch();
    const reused = Buffer.from('2');
    batch.put(bytes('b'), reused);
    reused.fill('x');
    batch.delete(bytes('a'));
    batch.put(bytes('c'), bytes('3'));
    assert.deepEqual(await all(store, {}), ['a=1']);
    await batch.write({ sync: true });
    assert.deepEqual(await all(store, {}), ['b=2', 'c=3']);
    const given = store.startBatch();
    given.put(bytes('d'), bytes('4'));
    await given.discard();
    assert.deepEqual(await all(store, {}), ['b=2', 'c=3']);
    await store.close();
  });

  it('is not changed by a compaction', async () => {
    const store = await filled(open, { a: '1', b: '2', c: '3' });
    await store.write([{ kind: 'delete', key: bytes('b') }], { sync: true });
    await store.compact(bytes('a'), bytes('c'));
    assert.deepEqual(await all(store, {}), ['a=1', 'c=3']);
    await store.close();
  });
}

function ranges(open: () => Promise<KeyValueStore>): void {
  it('orders keys as unsigned bytes, a prefix first', async () => {
    const store = await open();
    const keys = [[0xff], [0x80], [0x7f, 0xff], [0x7f], [0x00], [0x00, 0x00], [0xff, 0x00], [0x7f, 0x00]].map((key) => Buffer.from(key));
    await store.write(
      keys.map((key) => ({ kind: 'put', key, value: key })),
      { sync: false },
    );
    const found: string[] = [];
    for await (const [key, value] of store.entries({})) {
      assert.deepEqual(Buffer.from(key), Buffer.from(value));
      found.push(Buffer.from(key).toString('hex'));
    }
    assert.deepEqual(found, ['00', '0000', '7f', '7f00', '7fff', '80', 'ff', 'ff00']);
    await store.close();
  });

  it('includes the low end of a range and excludes the high one, both ways and up to a limit', async () => {
    const store = await filled(open, { a: '1', b: '2', c: '3', d: '4' });
    assert.deepEqual(await all(store, { low: bytes('b') }), ['b=2', 'c=3', 'd=4']);
    assert.deepEqual(await all(store, { high: bytes('c') }), ['a=1', 'b=2']);
    assert.deepEqual(await all(store, { low: bytes('aa'), high: bytes('d') }), ['b=2', 'c=3']);
    assert.deepEqual(await all(store, { low: bytes('b'), high: bytes('d'), reverse: true }), ['c=3', 'b=2']);
    assert.deepEqual(await all(store, { limit: 2 }), ['a=1', 'b=2']);
    assert.deepEqual(await all(store, { limit: 1, reverse: true }), ['d=4']);
    assert.deepEqual(await all(store, { low: bytes('c'), high: bytes('c') }), []);
    assert.deepEqual(await all(store, { low: bytes('x') }), []);
    await store.close();
  });

  it('walks over more entries than any fetch takes at once', async () => {
    const store = await open();
    const value = Buffer.alloc(3000, 7);
    for (let part = 0; part < 3; part++) {
      const batch = store.startBatch();
      for (let number = 0; number < 1000; number++) batch.put(bytes(`k${String(part * 1000 + number).padStart(5, '0')}`), value);
      await batch.write({ sync: false });
    }
    let count = 0;
    let before = '';
    for await (const [key, found] of store.entries({})) {
      const now = Buffer.from(key).toString();
      assert.ok(now > before);
      assert.equal(found.length, value.length);
      before = now;
      count += 1;
    }
    assert.equal(count, 3000);
    await store.close();
  });
}

function views(open: () => Promise<KeyValueStore>): void {
  it('iterates over the state of the call, whatever is written meanwhile', async () => {
    const store = await filled(open, { a: '1', b: '2', c: '3' });
    const early = store.entries({});
    const late = store.entries({ reverse: true });
    assert.equal(text((await early.next()).value?.[1]), '1');
    await store.write(
      [
        { kind: 'put', key: bytes('b'), value: bytes('changed') },
        { kind: 'delete', key: bytes('c') },
        { kind: 'put', key: bytes('d'), value: bytes('new') },
      ],
      { sync: true },
    );
    assert.deepEqual(await rest(early), ['b=2', 'c=3']);
    assert.deepEqual(await rest(late), ['c=3', 'b=2', 'a=1']);
    assert.deepEqual(await all(store, {}), ['a=1', 'b=changed', 'd=new']);
    await store.close();
  });

  it('may be left in the middle of an iteration', async () => {
    const store = await filled(open, { a: '1', b: '2', c: '3' });
    for await (const [key] of store.entries({})) {
      if (Buffer.from(key).toString() === 'b') break;
    }
    assert.deepEqual(await all(store, {}), ['a=1', 'b=2', 'c=3']);
    await store.close();
  });

  it('keeps a snapshot as it was', async () => {
    const store = await filled(open, { a: '1', b: '2' });
    const snapshot = store.snapshot();
    await store.write(
      [
        { kind: 'put', key: bytes('a'), value: bytes('x') },
        { kind: 'delete', key: bytes('b') },
        { kind: 'put', key: bytes('c'), value: bytes('3') },
      ],
      { sync: true },
    );
    const later = store.snapshot();
    assert.equal(text(await snapshot.get(bytes('a'))), '1');
    assert.equal(await snapshot.get(bytes('c')), undefined);
    assert.deepEqual(await all(snapshot, {}), ['a=1', 'b=2']);
    assert.deepEqual(await all(snapshot, { reverse: true, limit: 1 }), ['b=2']);
    assert.deepEqual(await all(later, {}), ['a=x', 'c=3']);
    await snapshot.close();
    assert.deepEqual(await all(later, { low: bytes('b') }), ['c=3']);
    await later.close();
    await store.close();
  });
}

function ends(open: () => Promise<KeyValueStore>): void {
  it('refuses every call after close', async () => {
    const store = await filled(open, { a: '1' });
    await store.close();
    await assert.rejects(store.get(bytes('a')), StoreFailedError);
    await assert.rejects(store.getMany([bytes('a')]), StoreFailedError);
    await assert.rejects(store.write([{ kind: 'delete', key: bytes('a') }], { sync: true }), StoreFailedError);
    await assert.rejects(store.compact(bytes('a'), bytes('b')), StoreFailedError);
    await assert.rejects(async () => all(store, {}), StoreFailedError);
    assert.throws(() => store.snapshot(), StoreFailedError);
    assert.throws(() => store.startBatch(), StoreFailedError);
  });

  it('finishes what is under way before close resolves', async () => {
    const store = await open();
    let written = false;
    const write = store.write([{ kind: 'put', key: bytes('a'), value: bytes('1') }], { sync: true }).then(() => {
      written = true;
    });
    await store.close();
    await write;
    assert.ok(written);
  });
}

async function filled(open: () => Promise<KeyValueStore>, entries: Record<string, string>): Promise<KeyValueStore> {
  const store = await open();
  const operations = Object.entries(entries).map(([key, value]) => ({ kind: 'put', key: bytes(key), value: bytes(value) }) as const);
  await store.write(operations, { sync: true });
  return store;
}

async function all(store: KeyValueStore | StoreSnapshot, range: KeyRange): Promise<string[]> {
  return rest(store.entries(range));
}

async function rest(entries: AsyncIterable<readonly [Uint8Array, Uint8Array]>): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of entries) found.push(`${text(key)}=${text(value)}`);
  return found;
}

function bytes(content: string): Buffer {
  return Buffer.from(content, 'utf8');
}

function text(content: Uint8Array | undefined): string | undefined {
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}
