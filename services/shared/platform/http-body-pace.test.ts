import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { BodyPaceLimits, PacedBody } from './http-body-pace.ts';
import { HttpBodyPace } from './http-body-pace.ts';

/** No share but for answered requests: what may be read does not depend on time. */
const LIMITS: BodyPaceLimits = {
  freeBytes: 1000,
  othersMax: 1,
  bytesPerOther: 70_000,
  bytesPerSecond: 0,
  turnBytes: 100_000,
  roomyBodies: 2,
};
const PIECE = 65_536;

/** A body without an end: whoever reads gets a piece in each turn. */
class EndlessBody implements PacedBody {
  readonly #pace: HttpBodyPace<EndlessBody>;
  bytes = 0;
  isHeld = false;
  isRoomy = false;

  constructor(pace: HttpBodyPace<EndlessBody>) {
    this.#pace = pace;
  }

  hold(): void {
    assert.equal(this.isHeld, false, 'it is read');
    this.isHeld = true;
  }

  goOn(): void {
    assert.equal(this.isHeld, true, 'it is not read');
    this.isHeld = false;
  }

  makeRoom(): void {
    assert.equal(this.isRoomy, false, 'it has no room yet');
    this.isRoomy = true;
  }

  piece(bytes = PIECE, isWhole = false): void {
    this.bytes += bytes;
    this.#pace.received(this, bytes, this.bytes, isWhole);
  }
}

function start(others: number, limits: Partial<BodyPaceLimits> = {}): HttpBodyPace<EndlessBody> {
  const pace = new HttpBodyPace<EndlessBody>({ ...LIMITS, ...limits });
  for (let at = 0; at < others; at++) pace.began();
  return pace;
}

/** The pace looks again after a while: so long that it has. */
async function untilGoesOn(body: EndlessBody): Promise<void> {
  while (body.isHeld) await turn();
}

test('what is not long is never held', () => {
  const pace = start(5);
  const body = new EndlessBody(pace);
  for (let at = 0; at < 10; at++) body.piece(100);
  assert.equal(body.isHeld, false);
  assert.equal(pace.has(body), false);
});

test('a body is held when a turn has read enough, and goes on in the next one when nobody else is there', async () => {
  const pace = start(1);
  const body = new EndlessBody(pace);
  body.piece();
  assert.equal(body.isHeld, false);
  body.piece();
  assert.deepEqual([body.isHeld, pace.held], [true, 1]);
  await untilGoesOn(body);
  assert.equal(pace.held, 0);
});

test('while others wait, a body gets as much as their answers give it, and no more', async () => {
  const pace = start(3);
  const body = new EndlessBody(pace);
  body.piece();
  body.piece();
  assert.equal(body.isHeld, true);
  const looks = new EndlessBody(start(3, { bytesPerSecond: 1_000_000 }));
  looks.piece();
  looks.piece();
  await untilGoesOn(looks);
  await turn();
  assert.equal(body.isHeld, true, 'nothing was answered');
  pace.began();
  pace.ended();
  await untilGoesOn(body);
  body.piece();
  assert.equal(body.isHeld, true, 'the answer gave it one piece');
  pace.ended();
  pace.ended();
  await untilGoesOn(body);
});

test('a share by time is given in any case', async () => {
  const pace = start(100, { bytesPerSecond: 1_000_000 });
  const body = new EndlessBody(pace);
  for (let at = 0; at < 10; at++) {
    await untilGoesOn(body);
    body.piece();
  }
});

test('who came first goes on first, and who came last gives way', async () => {
  const pace = start(3);
  const [first, second, third] = [new EndlessBody(pace), new EndlessBody(pace), new EndlessBody(pace)] as const;
  for (const body of [first, second, third, first, second, third]) body.piece();
  assert.deepEqual([first.isHeld, second.isHeld, third.isHeld], [true, true, true]);
  assert.equal(pace.youngestHeld(), third);
  // Six pieces were read where there was room for 100,000 bytes: four answers of 70,000 are owed.
  pace.began();
  for (let at = 0; at < 5; at++) {
    pace.ended();
    pace.began();
  }
  await untilGoesOn(first);
  assert.deepEqual([second.isHeld, third.isHeld], [true, true]);
  assert.deepEqual(pace.heldLongerThan(-1), [second, third]);
  assert.deepEqual(pace.heldLongerThan(3_600_000), []);
});

test('the first long bodies get their room at once', () => {
  const pace = start(0);
  const bodies = [1, 2, 3].map(() => new EndlessBody(pace));
  for (const body of bodies) body.piece();
  assert.deepEqual(
    bodies.map(({ isRoomy }) => isRoomy),
    [true, true, false],
  );
  pace.forget(bodies[0] as EndlessBody);
  const next = new EndlessBody(pace);
  next.piece(1001);
  assert.equal(next.isRoomy, false, 'two others are there');
});

test('whoever is forgotten is not let go on, and keeps nobody from ending', async () => {
  const pace = start(0);
  const body = new EndlessBody(pace);
  body.piece();
  body.piece();
  pace.forget(body);
  assert.deepEqual([pace.held, pace.has(body), pace.youngestHeld()], [0, false, undefined]);
  await turn();
  await turn();
  assert.equal(body.isHeld, true);
});

test('the last piece of a body is not held', () => {
  const pace = start(3);
  const body = new EndlessBody(pace);
  body.piece();
  body.piece(PIECE, true);
  assert.equal(body.isHeld, false);
});

test('no order of pieces, answers and ends lets more be read than was given, or forgets a body that is held', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('piece' as const), body: fc.nat(3), bytes: fc.integer({ min: 1, max: PIECE }) }),
    fc.record({ kind: fc.constant('answer' as const) }),
    fc.record({ kind: fc.constant('forget' as const), body: fc.nat(3) }),
    fc.record({ kind: fc.constant('turn' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const pace = start(2);
      const bodies = [0, 1, 2, 3].map(() => new EndlessBody(pace));
      let given = LIMITS.turnBytes;
      let read = 0;
      for (const each of steps) {
        if (each.kind === 'turn') await turn();
        if (each.kind === 'answer') {
          pace.began();
          pace.ended();
          given += LIMITS.bytesPerOther;
        }
        if (each.kind === 'forget') {
          pace.forget(bodies[each.body] as EndlessBody);
          bodies[each.body] = new EndlessBody(pace);
        }
        if (each.kind !== 'piece') continue;
        const body = bodies[each.body] as EndlessBody;
        if (body.isHeld) continue;
        body.piece(each.bytes);
        if (body.bytes > LIMITS.freeBytes) read += each.bytes;
        // Each of the four may have been let go on for a piece, and one may come that is longer than what is left.
        assert.ok(read <= given + 5 * PIECE, `${read} of ${given}`);
        assert.equal(pace.held, bodies.filter(({ isHeld }) => isHeld).length);
      }
      for (const body of bodies) pace.forget(body);
      assert.equal(pace.held, 0);
    }),
    { numRuns: 200 },
  );
});
