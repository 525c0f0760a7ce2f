import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrometheusMetrics } from '../shared/platform/metrics.ts';
import { groupMetrics } from './metrics.ts';

test('what the client of the groups counts is exported, each number under its own name', async () => {
  const metrics = new PrometheusMetrics({});
  groupMetrics(metrics, {
    statistics: () => ({ held: 1, heldBytes: 2, queuedBytes: 3, overloaded: 4, expired: 5, redirects: 6, retries: 7, givenUp: 8 }),
  });
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('stator_router_storage_'));
  assert.deepEqual(lines, [
    'stator_router_storage_held_requests 1',
    'stator_router_storage_held_bytes 2',
    'stator_router_storage_queue_bytes 3',
    'stator_router_storage_overloaded_requests 4',
    'stator_router_storage_expired_requests 5',
    'stator_router_storage_redirects 6',
    'stator_router_storage_retries 7',
    'stator_router_storage_given_up_requests 8',
  ]);
});
