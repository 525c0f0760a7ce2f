import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { TransportError } from '../shared/env/transport.ts';
import type { AdminRequest, AdminResponse, ScrubReport } from '../shared/wire/admin.ts';
import { isAllSound, type ScrubResult, scrubNodes, type ScrubWish } from './scrub.ts';
import { parseNodes, summary } from './scrub-command.ts';
import { UserError } from './user-error.ts';

const NODES = ['a:1', 'b:1', 'c:1'];
const PAGE = { group: 7, tableId: 'cities', kind: 'page', detail: 'page 3 of tree 100: checksum', foundMs: 1, repaired: false };

interface FakeNode {
  cluster: string;
  down: boolean;
  started: number;
  /** What it answers next; the last one again and again. */
  reports: Partial<ScrubReport>[];
}

let nodes: Map<string, FakeNode>;
let lines: string[];
let nowMs: number;
let onSleep: () => void;

beforeEach(() => {
  nodes = new Map(NODES.map((node) => [node, { cluster: 'x', down: false, started: 0, reports: [{ pass: 1 }] }]));
  lines = [];
  nowMs = 0;
  onSleep = () => undefined;
});

function node(address: string): FakeNode {
  const found = nodes.get(address);
  assert.ok(found);
  return found;
}

async function call(address: string, request: AdminRequest): Promise<AdminResponse> {
  const { cluster, down, reports } = node(address);
  if (down) throw new TransportError(`${address} does not answer`);
  if (request.kind === 'describe-node') {
    return { kind: 'node-description', node: address, az: 'a', clusterId: cluster, incarnation: 1, replicas: [] };
  }
  assert.equal(request.kind, 'scrub');
  if (request.kind === 'scrub' && request.start) node(address).started += 1;
  const report = reports.length > 1 ? reports.shift() : reports[0];
  return { ...EMPTY, node: address, ...report };
}

const EMPTY: ScrubReport = {
  kind: 'scrub-report',
  node: '',
  pass: 0,
  running: false,
  replicasDone: 0,
  replicas: 0,
  pages: 0,
  bytes: 0,
  lastCompleteMs: 0,
  rebuilt: 0,
  findings: [],
  findingsTotal: 0,
};

function scrub(wish: Partial<ScrubWish> = {}): Promise<ScrubResult> {
  const sleep = async (ms: number): Promise<void> => {
    nowMs += ms;
    onSleep();
  };
  const parts = { call, callIn: () => call, report: (line: string) => void lines.push(line), sleep, nowMs: () => nowMs };
  return scrubNodes(parts, { addresses: NODES, start: true, repairMs: 5000, ...wish });
}

test('a pass is begun once on every node and followed to its end', async () => {
  node('b:1').reports = [
    { pass: 2, running: true, replicas: 4, replicasDone: 1 },
    { pass: 2, running: true, replicas: 4, replicasDone: 1 },
    { pass: 2, replicas: 4, replicasDone: 4 },
  ];
  const result = await scrub();
  assert.equal(isAllSound(result), true);
  assert.deepEqual(
    [...nodes.values()].map(({ started }) => started),
    [1, 1, 1],
  );
  assert.equal(lines.filter((line) => line.startsWith('b:1')).length, 2, 'a line only when something has changed');
  assert.equal(summary(result).at(-1), 'sound');
});

test('what is found is waited for until it is repaired', async () => {
  node('a:1').reports = [
    { pass: 1, findings: [PAGE], findingsTotal: 1 },
    { pass: 1, findings: [{ ...PAGE, repaired: true }], findingsTotal: 1 },
  ];
  const result = await scrub();
  assert.equal(isAllSound(result), true);
  assert.match(summary(result).join('\n'), /a:1 +7 +cities +page .* repaired +page 3 of tree 100/);
  assert.equal(summary(result).at(-1), 'everything found is repaired');
});

test('what is not repaired in time is told, and the result is not sound', async () => {
  node('a:1').reports = [{ pass: 1, findings: [PAGE], findingsTotal: 1 }];
  const result = await scrub();
  assert.equal(isAllSound(result), false);
  assert.ok(nowMs >= 5000);
  assert.match(summary(result).join('\n'), /NOT REPAIRED/);
  assert.match(summary(result).at(-1) ?? '', /^1 findings are not repaired yet: run/);
});

test('a node that does not answer, or stops answering, is not called sound', async () => {
  node('c:1').down = true;
  node('b:1').reports = [{ pass: 1, running: true }];
  onSleep = () => {
    node('b:1').down = nowMs > 2000;
  };
  const result = await scrub();
  assert.equal(isAllSound(result), false);
  assert.deepEqual([...result.silent.keys()].sort(), ['b:1', 'c:1']);
  assert.match(summary(result).at(-1) ?? '', /^Start the nodes that did not answer/);
});

test('a node that was started again before its pass had ended is not called sound', async () => {
  node('a:1').reports = [{ pass: 3, running: true }, { pass: 0 }];
  const result = await scrub();
  assert.match(result.silent.get('a:1') ?? '', /started again/);
});

test('without a start nothing is begun', async () => {
  node('a:1').reports = [{ pass: 1, running: true, findings: [PAGE], findingsTotal: 1 }];
  const result = await scrub({ start: false });
  assert.deepEqual(
    [...nodes.values()].map(({ started }) => started),
    [0, 0, 0],
  );
  assert.deepEqual([isAllSound(result), lines], [false, []]);
});

test('mistakes are told in one sentence', async () => {
  for (const each of nodes.values()) each.down = true;
  await assert.rejects(
    scrub(),
    (error: unknown) => error instanceof UserError && /No node answers.*a:1 does not answer/.test(error.message),
  );
  for (const each of nodes.values()) each.down = false;
  node('b:1').cluster = 'y';
  await assert.rejects(scrub(), /different clusters: x, y/);
  assert.throws(() => parseNodes('a=10.0.0.1:1'), UserError);
  assert.deepEqual(parseNodes('10.0.0.1:1, b:2'), ['10.0.0.1:1', 'b:2']);
});
