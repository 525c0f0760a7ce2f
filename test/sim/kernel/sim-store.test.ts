import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../../../services/shared/base/prng.ts';
import type { BatchOperation, KeyValueStore } from '../../../services/shared/env/key-value-store.ts';
import { keyValueStoreContract } from '../../contract/key-value-store-contract.ts';
import { type DiskPace, SimStore } from './sim-store.ts';
import { StoreImage } from './sim-store-image.ts';

/** A disk that takes a turn of the loop for everything. */
const QUICK: DiskPace = {
  read: (done) => setImmediate(done),
  write: (_bytes, _sync, done) => setImmediate(() => done(undefined)),
};

keyValueStoreContract('The simulated disk', async () => new SimStore(new StoreImage(), QUICK));

function put(key: string, value: string): BatchOperation {
  return { kind: 'put', key: Buffer.from(key), value: Buffer.from(value) };
}

async function keysOf(store: KeyValueStore): Promise<string> {
  let keys = '';
  for await (const [key] of store.entries({})) keys += Buffer.from(key).toString();
  return keys;
}

/** What a store holds after a loss of power in the midst of four writes, of which the second is synced; the third and fourth are not. */
async function afterPowerLoss(seed: number): Promise<string> {
  const image = new StoreImage();
  const store = new SimStore(image, QUICK);
  await store.write([put('a', '1'), put('b', '1')], { sync: false });
  await store.write([put('c', '1')], { sync: true });
  await store.write([put('d', '1'), put('e', '1')], { sync: false });
  await store.write([put('f', '1')], { sync: false });
  image.powerLost(new Prng(seed));
  return keysOf(new SimStore(image, QUICK));
}

describe('what a simulated disk holds after a crash', () => {
  it('is everything synced with all before it, and a beginning of the rest in whole batches', async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) found.add(await afterPowerLoss(seed));
    assert.deepEqual([...found].sort(), ['abc', 'abcde', 'abcdef']);
  });

  it('is all that was written when only the process died, but perhaps for the batch under way', async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const image = new StoreImage();
      const store = new SimStore(image, {
        ...QUICK,
        write: (_bytes, sync, done) => (sync ? undefined : setImmediate(() => done(undefined))),
      });
      await store.write([put('a', '1')], { sync: false });
      void store.write([put('b', '1')], { sync: true });
      await new Promise((resolve) => setImmediate(resolve));
      assert(store.writing);
      image.processDied(new Prng(seed), store.writing);
      found.add(await keysOf(new SimStore(image, QUICK)));
    }
    assert.deepEqual([...found].sort(), ['a', 'ab']);
  });

  it('is durable once it was opened again: a log that was replayed is synced', async () => {
    const image = new StoreImage();
    await new SimStore(image, QUICK).write([put('a', '1')], { sync: false });
    assert.equal(await keysOf(new SimStore(image, QUICK)), 'a');
    for (let seed = 1; seed <= 10; seed++) image.powerLost(new Prng(seed));
    assert.equal(await keysOf(new SimStore(image, QUICK)), 'a');
  });
});
