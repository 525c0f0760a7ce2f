import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { nodeDigest, testEnvironment } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import { KIB, MIB } from '../../shared/base/units.ts';
import { encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { AnswerPace, answerBytes, type RequestStream } from './answer-outbox.ts';
import type { Group } from './group.ts';
import { RangeReader } from './range-reader.ts';
import { RequestLane } from './request-lane.ts';
import { TurnAllowance } from './turn-allowance.ts';

const TURN_STEPS = 4;

/** A stream that a test drains by hand. */
class DrainedStream {
  readonly peer = { clusterId: 'test', name: 'router-1', incarnation: 1 };
  onFrame = (): void => {};
  onClose = (): void => {};
  /** Bytes of answers in each frame, as it was sent. */
  readonly frames: number[][] = [];
  queued = 0;
  taking = true;

  send({ responses }: { readonly responses: readonly { readonly id: number }[] }): void {
    const sizes = responses.map((response) => answerBytes(response as unknown as Answer));
    this.frames.push(sizes);
    if (!this.taking) this.queued += sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  queuedBytes(): number {
    return this.queued;
  }

  close(): void {}
}

let timers: ManualTimers;
let stream: DrainedStream;
let lane: RequestLane;
/** What the group holds, by key; how often it was read; and answers that wait for a proof of leadership. */
let values: Map<string, Uint8Array>;
let reads: number;
let unproved: (() => void)[] | undefined;
let answered: string[];

const group = {
  read: (
    key: Uint8Array,
    _consistent: boolean,
    _deadlineMs: number,
    respond: (answer: Answer) => void,
    answer: (value?: Uint8Array) => Answer,
  ) => {
    reads += 1;
    const result = answer(values.get(Buffer.from(key).toString()));
    if (unproved === undefined) respond(result);
    else unproved.push(() => respond(result));
  },
} as unknown as Group;

beforeEach(() => {
  timers = new ManualTimers();
  stream = new DrainedStream();
  values = new Map();
  reads = 0;
  unproved = undefined;
  answered = [];
  const parts = {
    timers,
    pace: new AnswerPace(timers),
    allowance: new TurnAllowance(timers, timers, 2, TURN_STEPS),
    ranges: new RangeReader(testEnvironment(timers)),
  };
  lane = new RequestLane(parts, stream as unknown as RequestStream);
});

function store(key: string, bytes: number): void {
  const json = utf8(`{"pk":{"S":"${'x'.repeat(bytes - 16)}"}}`);
  values.set(key, encodeStoredValue({ flags: 0, size: bytes, slot: 1, timeMs: 1, originRegion: 'local', json }, utf8(key), nodeDigest));
}

function get(key: string, deadlineMs = timers.monotonicMs() + 5000): void {
  const request = { id: 1, group: 7, deadlineMs: 5000, operation: { kind: 'get', key: utf8(key), consistent: true } } as const;
  const respond = (answer: Answer): void => {
    answered.push(answer.status);
    lane.outbox.add({ id: 1, ...answer });
  };
  lane.take({ request, group, deadlineMs, respond });
}

const sent = (): number => stream.frames.flat().reduce((sum, bytes) => sum + bytes, 0);

test('a turn begins so many requests; the rest has its turn later, in order, and nothing is lost', async () => {
  store('a', 100);
  for (let at = 0; at < 10; at++) get('a');
  assert.equal(reads, TURN_STEPS);
  await timers.settle();
  assert.equal(reads, 10);
  assert.deepEqual(
    stream.frames.map(({ length }) => length).reduce((sum, count) => sum + count, 0),
    10,
  );
  assert.ok(stream.frames.length >= 2, 'answers leave with their turns');
});

test('what waits for its turn when the stream ends never begins', async () => {
  store('a', 100);
  for (let at = 0; at < 10; at++) get('a');
  lane.close();
  await timers.settle();
  assert.deepEqual([reads, answered.length], [TURN_STEPS, 10]);
});

test('large answers leave 256 KB a turn, and small ones do not wait behind them', async () => {
  for (const key of ['a', 'b', 'c', 'd']) store(key, 200 * KIB);
  store('small', 100);
  for (const key of ['a', 'b', 'c']) get(key);
  get('small');
  const turns: number[] = [];
  const { endOfTurn } = timers;
  timers.endOfTurn = (callback) =>
    endOfTurn.call(timers, () => {
      const before = sent();
      callback();
      if (sent() > before) turns.push(sent() - before);
    });
  await timers.settle();
  assert.equal(stream.frames.flat().length, 4);
  assert.equal(
    stream.frames.findIndex((sizes) => sizes.some((bytes) => bytes < KIB)),
    2,
    'the small one leaves with the first turn',
  );
  assert.ok(
    turns.every((bytes) => bytes < 512 * KIB),
    String(turns),
  );
});

test('a router that takes nothing: large items are bounded, read again when there is room, and all come in the end', async () => {
  stream.taking = false;
  for (let at = 0; at < 40; at++) store(`item-${at}`, 400 * KIB);
  store('small', 100);
  for (let at = 0; at < 40; at++) get(`item-${at}`);
  await timers.advance(100);
  assert.ok(lane.outbox.bytes <= 4 * MIB + MIB + 2 * 401 * KIB, `${lane.outbox.bytes} bytes`);
  assert.ok(answered.length < 20);
  get('small');
  await timers.advance(10);
  assert.ok(
    stream.frames.flat().some((bytes) => bytes < KIB),
    'small items are read meanwhile',
  );
  stream.taking = true;
  stream.queued = 0;
  await timers.advance(1000);
  assert.equal(answered.length, 41);
  assert.equal(stream.frames.flat().filter((bytes) => bytes > 400 * KIB).length, 40);
  assert.equal(lane.outbox.bytes, 0);
});

test('large items that wait for a proof of leadership count too', async () => {
  unproved = [];
  for (let at = 0; at < 40; at++) store(`item-${at}`, 400 * KIB);
  for (let at = 0; at < 40; at++) get(`item-${at}`);
  await timers.advance(100);
  assert.equal(lane.outbox.full, true);
  // Those without room hold nothing; the others do.
  assert.equal(unproved.length, 40);
  for (let round = 0; round < 20 && answered.length < 40; round++) {
    for (const prove of unproved.splice(0)) prove();
    await timers.advance(100);
  }
  assert.equal(answered.length, 40);
  assert.equal(lane.outbox.full, false);
});

test('who waits for room is answered at the deadline, and when the stream ends', async () => {
  stream.taking = false;
  for (let at = 0; at < 40; at++) store(`item-${at}`, 400 * KIB);
  for (let at = 0; at < 39; at++) get(`item-${at}`, timers.monotonicMs() + 1000);
  get('item-39');
  await timers.advance(1001);
  const before = answered.length;
  lane.expire(timers.monotonicMs());
  assert.ok(answered.length > before);
  assert.deepEqual([...new Set(answered.slice(before))], ['unavailable']);
  assert.equal(answered.length, 39);
  lane.close();
  assert.equal(answered.length, 40);
  assert.equal(lane.outbox.full, false);
});
