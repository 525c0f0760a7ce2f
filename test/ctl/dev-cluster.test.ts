import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DevCluster } from '../../services/ctl/dev-cluster.ts';
import type { ProcessStatus } from '../../services/ctl/dev-folder.ts';
import { commandLine } from '../../services/ctl/process-table.ts';
import { UserError } from '../../services/ctl/user-error.ts';
import { freePorts } from '../harness/free-ports.ts';

const FAKE = fileURLToPath(new URL('../harness/fake-process.js', import.meta.url));
const PORTS = 11;

let folder: string;
let port: number;
let lines: string[];
let inits: number;

function cluster(directory = join(folder, '.stator')): DevCluster {
  return new DevCluster({
    directory,
    programOf: () => FAKE,
    report: (line) => lines.push(line),
    initCluster: async (seeds, { clusterId }) => {
      inits++;
      for (const { address } of seeds) await assertAccepts(address);
      return { clusterId, formedNow: true };
    },
    readyTimeoutMs: 1500,
    stopTimeoutMs: 1500,
  });
}

async function assertAccepts(address: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
  await once(socket, 'connect');
  socket.destroy();
}

async function statuses(directory = join(folder, '.stator')): Promise<ProcessStatus[]> {
  return JSON.parse(await readFile(join(directory, 'status.json'), 'utf8')) as ProcessStatus[];
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof UserError, String(error));
  return error.message;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-ctl-'));
  port = await freePorts(PORTS);
  lines = [];
  inits = 0;
});

afterEach(async () => {
  delete process.env['STATOR_FAKE'];
  await cluster().down();
  await rm(folder, { recursive: true, force: true });
});

test('starts five processes, forms the cluster once, and stops them', async () => {
  const running = await cluster().up({ port });
  assert.equal(running.endpoint, `http://127.0.0.1:${port}`);
  const started = await statuses();
  assert.deepEqual(
    started.map(({ name, role, az }) => `${name} ${role} ${az}`),
    ['node-a storage-node a', 'node-b storage-node b', 'node-c storage-node c', 'auto-admin-1 auto-admin a', 'router-1 router a'],
  );
  const ports = started.flatMap((each) => Object.values(each.ports) as number[]);
  assert.equal(new Set(ports).size, ports.length);
  assert.ok(ports.every((each) => each >= port && each < port + PORTS));
  for (const { pid } of started) assert.match((await commandLine(pid ?? 0)) ?? '', /fake-process/);
  assert.match(await readFile(started[0]?.log ?? '', 'utf8'), /"threads":"16"/);
  assert.equal(inits, 1);

  assert.equal(await cluster().down(), true);
  for (const { pid } of started) assert.equal(await commandLine(pid ?? 0), undefined);
  assert.deepEqual(new Set((await statuses()).map(({ pid }) => pid)), new Set([null]));
  assert.equal(await cluster().down(), false, 'a stopped cluster is stopped already');

  await cluster().up({});
  assert.equal(inits, 1, 'a cluster that was formed is not formed again');
});

test('forms the cluster when every seed accepts connections, not before', async () => {
  process.env['STATOR_FAKE'] = 'node-c:late';
  await cluster().up({ port });
  assert.equal(inits, 1);
});

test('writes an environment that a shell can read, and a stator command', async () => {
  await cluster().up({ port, accessKeyId: 'AKID', secretAccessKey: "it's$ecret", region: 'eu-west-1' });
  const file = join(folder, '.stator', 'env');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const names = ['STATOR_ENDPOINT', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'];
  const script = `. ${file}; for name in ${names.join(' ')}; do eval "echo \\"\\$$name\\""; done; command -v stator`;
  const output = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
  const endpoint = `http://127.0.0.1:${port}`;
  assert.deepEqual(output, [endpoint, endpoint, 'AKID', "it's$ecret", 'eu-west-1', join(folder, '.stator', 'bin', 'stator')]);
});

test('brings back what is missing and leaves the rest alone', async () => {
  await cluster().up({ port });
  const before = await statuses();
  const killed = before.find(({ name }) => name === 'node-b');
  process.kill(killed?.pid ?? 0, 'SIGKILL');
  while ((await commandLine(killed?.pid ?? 0)) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  await cluster().up({});
  const changed = (await statuses()).filter(({ pid }, position) => pid !== before[position]?.pid);
  assert.deepEqual(
    changed.map(({ name }) => name),
    ['node-b'],
  );
});

test('a process that somebody else killed counts as running in the file until the next command, which may start it', async () => {
  await cluster().up({ port });
  const pidOf = async (): Promise<number | null | undefined> => (await statuses()).find(({ name }) => name === 'node-b')?.pid;
  const killed = (await pidOf()) as number;
  process.kill(killed, 'SIGKILL');
  while ((await commandLine(killed)) !== undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await pidOf(), killed);
  await cluster().startProcess('node-b');
  const started = await pidOf();
  assert.ok(typeof started === 'number' && started !== killed);
  assert.match((await commandLine(started)) ?? '', /node-b/);
});

test('starts, stops and kills one process by name', async () => {
  await cluster().up({ port });
  const pidOf = async (name: string): Promise<number | null | undefined> => (await statuses()).find((each) => each.name === name)?.pid;
  await cluster().killProcess('node-a');
  assert.equal(await pidOf('node-a'), null);
  await cluster().startProcess('node-a');
  assert.equal(typeof (await pidOf('node-a')), 'number');
  await cluster().stopProcess('router-1');
  assert.equal(await pidOf('router-1'), null);
  lines.length = 0;
  await cluster().startProcess('node-a');
  await cluster().stopProcess('router-1');
  await cluster().killProcess('router-1');
  assert.deepEqual(lines, [`node-a runs already, pid ${await pidOf('node-a')}`, 'router-1 was not running', 'router-1 was not running']);
  assert.match(await refusal(cluster().stopProcess('node-z')), /No process is named node-z; there are node-a,/);
});

test('two clusters stand side by side', async () => {
  await cluster().up({ port });
  const other = join(folder, 'other');
  try {
    await cluster(other).up({ port: port + 100 });
    const pids = [...(await statuses()), ...(await statuses(other))].map(({ pid }) => pid);
    assert.equal(new Set(pids).size, 10);
  } finally {
    await cluster(other).clean();
  }
  assert.ok((await statuses()).every(({ pid }) => pid !== null));
});

test('says which port is in use, by whom, and what to do', async () => {
  const server = createServer().listen(port + 4, '127.0.0.1');
  await once(server, 'listening');
  const message = await refusal(cluster().up({ port }));
  server.close();
  assert.match(message, new RegExp(`Port ${port + 4}, which node-a needs for metrics, is in use by pid ${process.pid} `));
  assert.match(message, /make up PORT=/);
});

test('a pid file whose number belongs to another process is no running process, and nobody else is killed', async () => {
  await cluster().up({ port });
  await cluster().killProcess('node-c');
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await writeFile(join(folder, '.stator', 'run', 'node-c.pid'), `${bystander.pid}\n`);
  await cluster().killProcess('node-c');
  assert.notEqual(await commandLine(bystander.pid ?? 0), undefined);
  await cluster().up({});
  assert.notEqual((await statuses()).find(({ name }) => name === 'node-c')?.pid, bystander.pid);
  bystander.kill('SIGKILL');
});

test('shows the end of the log of a process that ends at its start', async () => {
  process.env['STATOR_FAKE'] = 'node-b:crash';
  const message = await refusal(cluster().up({ port }));
  assert.match(message, /node-b ended at its start/);
  assert.match(message, /this process crashes at its start|Node\.js v/);
});

test('says what a process waits for when it does not become ready', async () => {
  process.env['STATOR_FAKE'] = 'router-1:unready';
  assert.match(await refusal(cluster().up({ port })), /router-1 is not ready after \d+ s: waits for something that never comes/);
});

test('kills what does not stop in time', async () => {
  process.env['STATOR_FAKE'] = 'node-a:deaf';
  await cluster().up({ port });
  assert.equal(await cluster().down(), true);
  assert.ok(lines.some((line) => line.startsWith('killed node-a, which did not stop')));
});

test('refuses another port, region or key where that cannot be', async () => {
  await cluster().up({ port });
  assert.match(await refusal(cluster().up({ port: port + 1 })), /was made with PORT \d+, not \d+/);
  assert.match(await refusal(cluster().up({ region: 'mars-1' })), /was made with REGION us-east-1, not mars-1/);
  assert.match(await refusal(cluster().up({ accessKeyId: 'OTHER' })), /runs with another access key/);
  await cluster().down();
  const { settings } = await cluster().up({ accessKeyId: 'OTHER' });
  assert.equal(settings.accessKeyId, 'OTHER');
  assert.match(await refusal(cluster().up({ port: 0 })), /PORT must be/);
});

test('waits for a lock that is held, and takes over one whose owner is gone', async () => {
  const lock = join(folder, '.stator', 'lock');
  await cluster().up({ port });
  await writeFile(lock, '999999999\n');
  await cluster().up({});
  await writeFile(lock, `${process.pid}\n`);
  const down = cluster().down();
  assert.ok((await statuses()).every(({ pid }) => pid !== null));
  await rm(lock);
  assert.equal(await down, true);
});

test('clean removes the cluster and nothing else', async () => {
  await cluster().up({ port });
  const mine = join(folder, '.stator', 'my-notes');
  await writeFile(mine, 'keep');
  await cluster().clean();
  assert.equal(await readFile(mine, 'utf8'), 'keep');
  await assert.rejects(stat(join(folder, '.stator', 'cluster.json')));
  await assert.rejects(stat(join(folder, '.stator', 'data')));
});
