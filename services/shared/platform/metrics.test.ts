import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gauge } from '../env/metrics.ts';
import { PrometheusMetrics } from './metrics.ts';

test('metrics are given as Prometheus reads them', async () => {
  const metrics = new PrometheusMetrics({ node: 'n1' });
  const requests = metrics.counter({ name: 'stator_test_requests_total', help: 'Requests.', labels: ['operation'] });
  requests.add(1, { operation: 'get' });
  requests.add(2, { operation: 'get' });
  const plain = metrics.counter({ name: 'stator_test_plain_total', help: 'Plain.' });
  plain.add();
  plain.add(4);
  let depth = 7;
  metrics.gauge({ name: 'stator_test_queue_bytes', help: 'Queue.', collect: (gauge) => gauge.set(depth) });
  metrics.gauge({ name: 'stator_test_set_bytes', help: 'Set.', labels: ['az'] }).set(3, { az: 'a' });
  const seconds = metrics.histogram({ name: 'stator_test_wait_seconds', help: 'Wait.', buckets: [0.1, 1] });
  seconds.observe(0.05);
  seconds.observe(0.5);
  depth = 8;
  const text = await metrics.text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(lines, [
    'stator_test_requests_total{operation="get",node="n1"} 3',
    'stator_test_plain_total{node="n1"} 5',
    'stator_test_queue_bytes{node="n1"} 8',
    'stator_test_set_bytes{az="a",node="n1"} 3',
    'stator_test_wait_seconds_bucket{le="0.1",node="n1"} 1',
    'stator_test_wait_seconds_bucket{le="1",node="n1"} 2',
    'stator_test_wait_seconds_bucket{le="+Inf",node="n1"} 2',
    'stator_test_wait_seconds_sum{node="n1"} 0.55',
    'stator_test_wait_seconds_count{node="n1"} 2',
  ]);
});

test('what a gauge was not given at this scrape is not reported with what it had at the last one', async () => {
  const metrics = new PrometheusMetrics({});
  let lags: readonly [index: string, seconds: number][] = [
    ['a', 1],
    ['b', 2],
  ];
  const collect = (gauge: Gauge): void => {
    for (const [index, seconds] of lags) gauge.set(seconds, { index });
  };
  metrics.gauge({ name: 'stator_test_lag_seconds', help: 'Lag.', labels: ['index'], collect });
  assert.match(await metrics.text(), /index="a"} 1\n.*index="b"} 2/);
  lags = [['b', 3]];
  const text = await metrics.text();
  assert.match(text, /index="b"} 3/);
  assert.doesNotMatch(text, /index="a"/);
});
