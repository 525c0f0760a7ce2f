import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { AdminCall } from '../../services/ctl/init.ts';
import type { Digest } from '../../services/shared/env/digest.ts';
import type { ReplicaDescription } from '../../services/shared/wire/admin.ts';
import { BY_NAME, BY_SIZE, readCities } from './cities.ts';
import { ledPartitions } from './led-partitions.ts';

const md5 = (bytes: Uint8Array): Uint8Array => createHash('md5').update(bytes).digest();
const DIGEST = { md5 } as Digest;

function replica(group: number, tableId: string, leading: boolean): ReplicaDescription {
  const ballot = { configuration: 1, round: 1, replica: 1 };
  const slots = { commit: 0, applied: 0, last: 0, trimmed: 0, checkpoint: 0, items: 0, itemBytes: 0 };
  return { group, replica: group, tableId, leading, damaged: false, ballot, ...slots };
}

/** A node that leads the lower half of cities-by-name and all of cities-by-size, and follows the rest. */
const CALL: AdminCall = (_, request) => {
  if (request.kind === 'describe-node') {
    const replicas = [replica(2, 'name', true), replica(3, 'name', false), replica(4, 'size', true), replica(5, 'other', true)];
    return Promise.resolve({ kind: 'node-description', node: 'node-a', az: 'a', clusterId: 'x', incarnation: 1, replicas });
  }
  assert.equal(request.kind, 'inspect-group');
  const high = request.group === 2 ? Buffer.from('8000000000000000', 'hex') : Buffer.alloc(0);
  return Promise.resolve({
    kind: 'group-inspection',
    replica: replica(request.group, '', true),
    stateHash: '0'.repeat(16),
    low: Buffer.alloc(0),
    high,
    configuration: 1,
    members: [],
    localIndexes: [],
  });
};

test('finds the partitions that a node leads, and the items in them', async () => {
  const tables = new Map([
    ['name', BY_NAME],
    ['size', BY_SIZE],
  ]);
  const led = await ledPartitions(CALL, 'node:1', tables, DIGEST);
  assert.deepEqual(led.groups, [2, 4]);
  const cities = readCities(2000);
  const byName = new Set(cities.map((city) => led.groupOf({ table: BY_NAME, city })));
  assert.deepEqual(byName, new Set([2, undefined]));
  assert.deepEqual(new Set(cities.map((city) => led.groupOf({ table: BY_SIZE, city }))), new Set([4]));
});
