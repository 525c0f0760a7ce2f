import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeNetwork } from '../../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import type { FrameStream } from '../../shared/env/transport.ts';
import type { RequestFrame, ResponseFrame } from '../../shared/wire/frames.ts';
import type { StorageResponse } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import type { Group } from './group.ts';
import { RangeReader } from './range-reader.ts';
import { RequestServer } from './request-server.ts';

type Stream = FrameStream<RequestFrame, ResponseFrame>;

const NODE = 'node-a:1';
const LOST = 13;
const REQUEST = { id: 4, group: 9, deadlineMs: 5000, operation: { kind: 'get', key: Buffer.from('k'), consistent: true } } as const;

let timers: ManualTimers;
let network: FakeNetwork;
let server: RequestServer;
let group: Group | undefined;

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  const options = { requestsMax: 10, requestBytesMax: 1 << 20, queuedBytesMax: 1 << 20 };
  const ranges = new RangeReader(testEnvironment(timers));
  group = undefined;
  server = new RequestServer({ clock: timers, timers, groupOf: () => group, isLost: (id) => id === LOST, ranges, options });
  void network.transport(NODE, 'node-a', 7).listen({ requests: (stream) => server.serve(stream) });
});

/** What happens on a stream: statuses of answers, and its end. */
function watched(stream: Stream): string[] {
  const events: string[] = [];
  stream.onFrame = ({ responses }) => events.push(...responses.map(({ status }) => status));
  stream.onClose = () => events.push('closed');
  return events;
}

test('a stream that the same router opens anew closes the older one, which is heard no more', async () => {
  const router = network.transport('router:1', 'router-1', 1);
  const older = await timers.until(router.open(NODE, 'requests', 1000));
  const events = watched(older);
  const newer = await timers.until(router.open(NODE, 'requests', 1000));
  const answers = watched(newer);
  older.send({ requests: [REQUEST] });
  newer.send({ requests: [REQUEST] });
  await timers.advance(10);
  assert.deepEqual([events, answers], [['closed'], ['no-such-group']]);
});

test('routers that share a name by mistake do not end each other', async () => {
  const lives = [1, 2].map((life) => network.transport(`router:${life}`, 'router', life));
  const streams = await timers.until(Promise.all(lives.map((router) => router.open(NODE, 'requests', 1000))));
  const events = streams.map(watched);
  for (const stream of streams) stream.send({ requests: [REQUEST] });
  await timers.advance(10);
  assert.deepEqual(events, [['no-such-group'], ['no-such-group']]);
});

test('a replica that lost even its header is told apart from one that never was here', async () => {
  const stream = await timers.until(network.transport('router:1', 'router-1', 1).open(NODE, 'requests', 1000));
  const events = watched(stream);
  stream.send({ requests: [REQUEST, { ...REQUEST, id: 5, group: LOST }] });
  await timers.advance(10);
  assert.deepEqual(events, ['no-such-group', 'no-copy']);
});

test('a node that stops sends routers to whoever took the group over, as far as it knows', async () => {
  const stream = await timers.until(network.transport('router:1', 'router-1', 1).open(NODE, 'requests', 1000));
  const answers: StorageResponse[] = [];
  stream.onFrame = ({ responses }) => answers.push(...responses);
  void server.drain();
  const knows = (leading: object | undefined, leader: string | undefined): void => {
    group = { paxos: { leading }, leaderNode: () => leader } as unknown as Group;
  };
  const cases: (() => void)[] = [
    () => knows(undefined, 'node-b'),
    () => knows({}, 'node-a'),
    () => knows(undefined, undefined),
    () => {
      group = undefined;
    },
  ];
  for (const set of cases) {
    set();
    stream.send({ requests: [REQUEST] });
    await timers.advance(10);
  }
  assert.deepEqual(
    answers.map(({ status, leader }) => [status, leader]),
    [
      ['not-leader', 'node-b'],
      ['not-ready', undefined],
      ['not-ready', undefined],
      ['not-ready', undefined],
    ],
  );
});

test('requests under way are bounded in bytes, and counted off with their answers', async () => {
  const stream = await timers.until(network.transport('router:1', 'router-1', 1).open(NODE, 'requests', 1000));
  const events = watched(stream);
  const respond: ((answer: Answer) => void)[] = [];
  group = {
    write: (_operation: unknown, _request: unknown, _deadlineMs: number, answer: (answer: Answer) => void) => respond.push(answer),
  } as unknown as Group;
  const put = {
    kind: 'put',
    key: Buffer.from('k'),
    item: Buffer.alloc(400_000),
    itemSize: 1,
    number: 1,
    returnOld: false,
    returnOldOnFailure: false,
  } as const;
  stream.send({ requests: Array.from({ length: 4 }, () => ({ ...REQUEST, operation: put })) });
  await timers.advance(10);
  assert.deepEqual(events, ['overloaded', 'overloaded'], 'two have room in a megabyte');
  for (const answer of respond) answer({ status: 'ok' });
  await timers.advance(10);
  assert.deepEqual([events.length, server.underWay, server.underWayBytes], [4, 0, 0]);
});
