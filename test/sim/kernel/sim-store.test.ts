import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Prng } from '../../../services/shared/base/prng.ts';
import { type BatchOperation, type KeyValueStore, StoreFailedError } from '../../../services/shared/env/key-value-store.ts';
import { keyValueStoreContract } from '../../contract/key-value-store-contract.ts';
import { DiskError, type DiskPace, SimStore } from './sim-store.ts';
import { StoreImage } from './sim-store-image.ts';

/** A disk that takes a turn of the loop for everything. */
const QUICK: DiskPace = {
  read: (done) => setImmediate(done),
  write: (_bytes, _sync, done) => setImmediate(() => done(undefined)),
};

keyValueStoreContract('The simulated disk', async () => new SimStore(new StoreImage(), QUICK));

/** Every write fails, and leaves this. */
function failing(left: DiskError['left']): DiskPace {
  return { ...QUICK, write: (_bytes, _sync, done) => setImmediate(() => done(new DiskError('it is broken', left))) };
}

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
  it('is everything synced with all before it in its log, and of the rest whole batches, mostly a beginning', async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) found.add(await afterPowerLoss(seed));
    assert.deepEqual([...found].sort(), ['abc', 'abcde', 'abcdef', 'abcf']);
  });

  it('may lack what was written without a sync to a log that is full, though a later batch was synced', async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const image = new StoreImage();
      const store = new SimStore(image, QUICK);
      await store.write([put('a', '1')], { sync: false });
      await store.write([put('b', 'x'.repeat(70_000))], { sync: true });
      image.powerLost(new Prng(seed));
      found.add(await keysOf(new SimStore(image, QUICK)));
    }
    assert.deepEqual([...found].sort(), ['ab', 'b']);
  });

  it('lacks what a failed sync was for, which the operating system may show until then, and a later sync saves nothing of it', async () => {
    const found = { afterDeath: new Set<string>(), afterPowerLoss: new Set<string>() };
    for (let seed = 1; seed <= 20; seed++) {
      const image = new StoreImage();
      await new SimStore(image, QUICK).write([put('a', '1')], { sync: true });
      await assert.rejects(new SimStore(image, failing('shown')).write([put('b', '1')], { sync: true }), StoreFailedError);
      // Another file of the same process, which has not heard of it.
      image.begin([{ key: 'c', value: Buffer.from('1') }]);
      image.synced();
      const powerless = image.copy();
      image.processDied(new Prng(seed), false);
      powerless.powerLost(new Prng(seed));
      found.afterDeath.add(await keysOf(new SimStore(image, QUICK)));
      found.afterPowerLoss.add(await keysOf(new SimStore(powerless, QUICK)));
    }
    assert.deepEqual([...found.afterDeath].sort(), ['abc', 'ac']);
    assert.deepEqual([...found.afterPowerLoss], ['ac']);
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

describe('a simulated store whose disk fails', () => {
  it('refuses everything from then on, and holds nothing of a batch for which there was no space', async () => {
    const image = new StoreImage();
    await new SimStore(image, QUICK).write([put('a', '1')], { sync: true });
    const store = new SimStore(image, failing('nothing'));
    await assert.rejects(store.write([put('b', '1')], { sync: false }), StoreFailedError);
    await assert.rejects(store.get(Buffer.from('a')), StoreFailedError);
    await assert.rejects(store.write([put('c', '1')], { sync: false }), StoreFailedError);
    assert.equal(await keysOf(new SimStore(image, QUICK)), 'a');
  });

  it('fails with a read, too', async () => {
    const image = new StoreImage();
    const store = new SimStore(image, { ...QUICK, read: (done) => setImmediate(() => done(new DiskError('it is broken', 'unknown'))) });
    await assert.rejects(store.get(Buffer.from('a')), StoreFailedError);
    await assert.rejects(store.write([put('b', '1')], { sync: false }), StoreFailedError);
  });
});
