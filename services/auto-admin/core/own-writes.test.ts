import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import type { CatalogWrite } from '../../shared/cluster-client/catalog-store.ts';
import type { CatalogWatcher } from '../../shared/cluster-client/catalog-watcher.ts';
import { OWN_WRITES_SEEN_MS } from '../../shared/limits/auto-admin-limits.ts';
import { PLAIN_TABLE } from '../../shared/placement/table-record.fixture.ts';
import { OwnWrites } from './own-writes.ts';

/** A watched catalog without tables; `seen` says that what was waited for is over. */
function world(): { own: OwnWrites; timers: ManualTimers; seen: () => void; names: () => string[] } {
  const timers = new ManualTimers();
  let seen = (): void => assert.fail('nothing is waited for');
  const watcher = {
    view: { tables: () => [] },
    caughtUpTo: () =>
      new Promise<boolean>((resolve) => {
        seen = () => resolve(true);
      }),
  } as unknown as CatalogWatcher;
  const own = new OwnWrites(watcher, timers);
  return { own, timers, seen: () => seen(), names: () => [...own.tables()].map(({ name }) => name) };
}

test('a table that is written counts until the watched catalog shows it', async () => {
  const { own, seen, names } = world();
  await own.during(PLAIN_TABLE, () => Promise.resolve({ outcome: 'written', slot: 7 } as CatalogWrite));
  assert.deepEqual(names(), ['Music']);
  seen();
  await Promise.resolve();
  assert.deepEqual(names(), []);
});

test('a write whose outcome nobody knows counts for as long, one that was surely not carried out does not', async () => {
  const { own, timers, names } = world();
  await assert.rejects(own.during(PLAIN_TABLE, () => Promise.reject(new Error('no answer'))));
  assert.deepEqual(names(), ['Music']);
  await timers.advance(OWN_WRITES_SEEN_MS);
  assert.deepEqual(names(), []);
  await own.during(PLAIN_TABLE, () => Promise.resolve({ outcome: 'conflict' } as unknown as CatalogWrite));
  assert.deepEqual(names(), []);
});
