import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld } from '../../test/harness/auto-admin-world.ts';
import { parseItem } from '../shared/item/attribute-map.ts';
import { COUNTERS_KEY } from '../shared/placement/catalog-keys.ts';
import type { CountersRecord } from '../shared/placement/catalog-records.ts';

test('ids are used only by whoever knows that it reserved them: another one may have written the very same counters', async () => {
  const world = new AutoAdminWorld();
  world.cluster.registerNodes();
  world.start('admin-1');
  let taken: CountersRecord | undefined;
  world.cluster.onRequest = (_node, { operation }) => {
    if (taken !== undefined || operation.kind !== 'put') return 'execute';
    const { k, v } = parseItem(operation.item) as Record<string, { readonly S?: string }>;
    if (k?.S === COUNTERS_KEY) {
      taken = JSON.parse(v?.S ?? '') as CountersRecord;
      world.cluster.putRecord(COUNTERS_KEY, taken);
    }
    return 'execute';
  };
  await world.create();
  await world.untilStatus('ACTIVE');
  const { nextGroup, nextReplica } = taken ?? assert.fail('nothing was reserved');
  for (const { group, replicas } of world.partitions()) {
    assert.ok(group >= nextGroup, `group ${group} is another one's`);
    for (const { replica } of replicas) assert.ok(replica >= nextReplica, `replica ${replica} is another one's`);
  }
  world.checkActive();
  world.checkIds();
});
