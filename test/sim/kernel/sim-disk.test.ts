import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeyValueStore } from '../../../services/shared/env/key-value-store.ts';
import type { NodeDisk } from '../../../services/storage-node/groups/node-disk.ts';
import { simulate } from '../simulate.ts';
import { Kernel } from './kernel.ts';
import { SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimProcess } from './sim-process.ts';

const MINUTE_MS = 60_000;

/** One life of a process and what it sees of its disk. */
interface Life {
  readonly process: SimProcess;
  readonly disk: NodeDisk;
}

/** A disk with processes that use it, one after the other. What was violated comes back. */
async function play(seed: number, story: (disk: SimDisk, start: () => Life) => Promise<void>): Promise<readonly string[]> {
  const kernel = new Kernel(seed);
  const disk = new SimDisk(kernel);
  const start = (): Life => {
    const process = new SimProcess({ kernel, name: 'process', clock: new SimClock(kernel, 0, 0), onEnd: () => undefined });
    return { process, disk: disk.mount(process) };
  };
  await simulate(kernel, () => story(disk, start), MINUTE_MS);
  return kernel.violations.map(({ check, message }) => `${check}: ${message}`);
}

function put(store: KeyValueStore, keys: string, value: string): Promise<void> {
  return store.write(
    [...keys].map((key) => ({ kind: 'put', key: Buffer.from(key), value: Buffer.from(value) })),
    { sync: true },
  );
}

async function contents(store: KeyValueStore): Promise<string> {
  let text = '';
  for await (const [key, value] of store.entries({})) text += `${String(key)}${String(value)}`;
  return text;
}

function storeOf({ store }: { readonly store: KeyValueStore }): KeyValueStore {
  return store;
}

describe('a full simulated disk', () => {
  it('takes what fits, then nothing, and everything again once there is space', async () => {
    const violations = await play(1, async (disk, start) => {
      const first = start();
      const store = await first.disk.openTree().then(storeOf);
      disk.faults.freeBytes = 10;
      await put(store, 'a', '1');
      await assert.rejects(put(store, 'b', 'more than is left'), { name: 'StoreFailedError' });
      assert.equal(first.process.excused, true);
      first.process.kill();
      disk.processDied();
      await assert.rejects(start().disk.openTree().then(storeOf), { name: 'StoreFailedError' });
      disk.faults.freeBytes = undefined;
      const back = await start().disk.openTree().then(storeOf);
      assert.equal(await contents(back), 'a1');
      await put(back, 'b', '2');
    });
    assert.deepEqual(violations, []);
  });
});

describe('a simulated disk that fails', () => {
  for (const call of ['read', 'write', 'sync'] as const) {
    it(`once, with a ${call}, wants the process to end itself`, async () => {
      const violations = await play(1, async (disk, start) => {
        const { process, disk: mounted } = start();
        const store = await mounted.openTree().then(storeOf);
        await put(store, 'a', '1');
        disk.faults.failNext = { call, struck: false };
        await assert.rejects(call === 'read' ? store.get(Buffer.from('a')) : put(store, 'b', '1'), { name: 'StoreFailedError' });
        assert.equal(process.excused, true);
        await assert.rejects(store.get(Buffer.from('a')), { name: 'StoreFailedError' });
        process.kill();
        disk.powerLost();
        assert.match(await contents(await start().disk.openTree().then(storeOf)), call === 'write' ? /^a1(b1)?$/ : /^a1$/);
      });
      assert.deepEqual(violations, []);
    });
  }

  it('says so when a process goes on', async () => {
    const violations = await play(1, async (disk, start) => {
      const { process, disk: mounted } = start();
      const store = await mounted.openTree().then(storeOf);
      disk.faults.failNext = { call: 'write', struck: false };
      await assert.rejects(put(store, 'b', '1'), { name: 'StoreFailedError' });
      await new Promise<void>((resolve) => process.kernel.after(10, resolve));
    });
    assert.deepEqual(violations, ['disk: process goes on though it was told: input/output error']);
  });
});

describe('a simulated disk that puts a value where it does not belong', () => {
  for (const atOnce of [true, false]) {
    it(`lost: the older one stays, ${atOnce ? 'at once' : 'which shows after a restart'}`, async () => {
      await play(1, async (disk, start) => {
        const store = await start().disk.openTree().then(storeOf);
        await put(store, 'ab', '1');
        disk.faults.misplaceNext = { store: 'tree', how: 'lost', atOnce, struck: false };
        await put(store, 'ab', '2');
        assert.equal(disk.faults.misplaced, 1);
        const found = await contents(await start().disk.openTree().then(storeOf));
        assert.ok(found === 'a1b2' || found === 'a2b1', found);
        assert.equal(await contents(store), atOnce ? found : 'a2b2');
        await put(store, 'ab', '3');
        assert.equal(await contents(store), 'a3b3');
      }).then((violations) => assert.deepEqual(violations, []));
    });

    it(`misdirected: another one is overwritten, ${atOnce ? 'at once' : 'which shows after a restart'}`, async () => {
      await play(1, async (disk, start) => {
        const { store } = await start().disk.openWal();
        await put(store, 'abc', '1');
        disk.faults.misplaceNext = { store: 'wal', how: 'misdirected', atOnce, struck: false };
        await put(store, 'b', '2');
        const found = await contents((await start().disk.openWal()).store);
        assert.ok(found === 'a2b1c1' || found === 'a1b1c2', found);
        assert.equal(await contents(store), atOnce ? found : 'a1b2c1');
      }).then((violations) => assert.deepEqual(violations, []));
    });
  }

  it('waits for a batch of the store that is meant', async () => {
    const violations = await play(1, async (disk, start) => {
      const store = await start().disk.openTree().then(storeOf);
      disk.faults.misplaceNext = { store: 'wal', how: 'lost', atOnce: true, struck: false };
      await put(store, 'a', '1');
      assert.equal(await contents(store), 'a1');
      assert.equal(disk.faults.misplaced, 0);
    });
    assert.deepEqual(violations, []);
  });
});
