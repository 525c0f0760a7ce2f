import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CATALOG_GROUP } from '../../services/shared/base/ids.ts';
import type { Logger } from '../../services/shared/env/logger.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import { createTransport } from '../../services/shared/platform/grpc-transport.ts';
import { PrometheusMetrics } from '../../services/shared/platform/metrics.ts';
import type { ReplicaDescription } from '../../services/shared/wire/admin.ts';
import { freePorts } from '../harness/free-ports.ts';

const COMMAND = fileURLToPath(new URL('../../services/ctl/main.js', import.meta.url));
const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => QUIET };

/** The replica of the catalog that a seed has once it was told of the cluster; nobody has written yet. */
const CATALOG: ReplicaDescription = {
  group: CATALOG_GROUP,
  replica: 1,
  tableId: 'catalog',
  leading: false,
  damaged: false,
  ballot: { configuration: 1, round: 0, replica: 0 },
  commit: 0,
  applied: 0,
  last: 0,
  trimmed: 0,
  checkpoint: 0,
  items: 0,
  itemBytes: 0,
};

/** A storage node as far as `stator init` sees one: it says who it is, and belongs to a cluster once it is told so. */
interface Seed {
  readonly address: string;
  clusterId(): string;
  close(): Promise<void>;
}

async function startSeed(az: string): Promise<Seed> {
  let clusterId = '';
  const node = `node-${az}`;
  const transport = createTransport({
    identity: { name: node, incarnation: 1, clusterId: () => clusterId },
    listen: '127.0.0.1:0',
    digest: nodeDigest,
    logger: QUIET,
    metrics: new PrometheusMetrics({}),
    process: 'storage_node',
  });
  await transport.listen({
    admin: (request) => {
      const replicas = clusterId === '' ? [] : [CATALOG];
      if (request.kind === 'init-cluster') {
        clusterId = request.clusterId;
        return Promise.resolve({ kind: 'done' });
      }
      return Promise.resolve({ kind: 'node-description', node, az, clusterId, incarnation: 1, replicas });
    },
  });
  return { address: `127.0.0.1:${transport.port()}`, clusterId: () => clusterId, close: () => transport.close() };
}

async function stator(...options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [COMMAND, ...options]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('stator init forms a cluster over real streams, and finds it the second time', async () => {
  const seeds = await Promise.all(['a', 'b', 'c'].map(startSeed));
  const list = seeds.map(({ address }, position) => `${'abc'[position]}=${address}`).join(',');
  const first = await stator('init', '--seeds', list);
  assert.equal(first.code, 0, first.stderr);
  const id = seeds[0]?.clusterId() ?? '';
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(
    seeds.map((seed) => seed.clusterId()),
    [id, id, id],
  );
  assert.equal(first.stdout, `formed cluster ${id}\n`);
  const second = await stator('init', '--seeds', list);
  assert.equal(second.stdout, `the nodes already form cluster ${id}\n`);
  for (const seed of seeds) await seed.close();
});

test('stator init says which mistake was made, without a stack', async () => {
  const port = await freePorts(3);
  const unreachable = await stator('init', '--seeds', `a=127.0.0.1:${port},b=127.0.0.1:${port + 1},c=127.0.0.1:${port + 2}`);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /^stator: Not every seed could be reached: .*127\.0\.0\.1/);
  const malformed = await stator('init', '--seeds', 'node-a:7000');
  assert.equal(malformed.stderr, 'stator: A seed is written AZ=host:port, as in a=10.0.0.1:8003; this is not: node-a:7000\n');
});
