import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../services/shared/base/prng.ts';
import { checkLinearizable, type Operation } from './linearizability.ts';
import { ABSENT, REGISTER, type RegisterCall, type RegisterCondition } from './register-model.ts';

type History = Operation<RegisterCall>[];

const ALWAYS: RegisterCondition = { kind: 'always' };

function read(from: number, to: number, value: number): Operation<RegisterCall> {
  return { invokedAt: from, returnedAt: to, call: { kind: 'read', value } };
}

function write(
  from: number,
  to: number | undefined,
  value: number,
  more: { condition?: RegisterCondition; succeeded?: boolean | undefined; found?: number } = {},
): Operation<RegisterCall> {
  const { condition = ALWAYS, found } = more;
  const succeeded = 'succeeded' in more ? more.succeeded : to === undefined ? undefined : true;
  return { invokedAt: from, returnedAt: to, call: { kind: 'write', value, condition, succeeded, ...(found !== undefined && { found }) } };
}

const isLinearizable = (history: History): boolean => checkLinearizable(history, REGISTER) === undefined;

describe('histories that are right', () => {
  const right: readonly (readonly [string, History])[] = [
    ['nothing', []],
    ['one after the other', [write(1, 2, 7), read(3, 4, 7), write(5, 6, ABSENT), read(7, 8, ABSENT)]],
    ['a read beside a write may see either', [write(1, 2, 7), write(3, 6, 8), read(4, 5, 7)]],
    ['a read beside a write may see the new one', [write(1, 2, 7), write(3, 6, 8), read(4, 5, 8)]],
    ['two writes at once, in the order that later reads tell', [write(1, 10, 7), write(2, 9, 8), read(11, 12, 7)]],
    ['a write of unknown outcome that happened', [write(1, undefined, 7), read(2, 3, 7)]],
    ['a write of unknown outcome that did not', [write(1, undefined, 7), read(2, 3, ABSENT), read(4, 5, ABSENT)]],
    ['a write of unknown outcome that happens late', [write(1, undefined, 7), write(2, 3, 8), read(4, 5, 8), read(6, 7, 7)]],
    [
      'a condition that fails beside the write that makes it fail',
      [write(1, 6, 7), write(2, 5, 9, { condition: { kind: 'absent' }, succeeded: false, found: 7 }), read(7, 8, 7)],
    ],
    [
      'of two compare-and-sets one fails',
      [
        write(1, 2, 1),
        write(3, 9, 2, { condition: { kind: 'equals', value: 1 } }),
        write(4, 8, 3, { condition: { kind: 'equals', value: 1 }, succeeded: false }),
        read(10, 11, 2),
      ],
    ],
  ];
  for (const [name, history] of right) it(name, () => assert(isLinearizable(history)));
});

describe('histories that are wrong', () => {
  const wrong: readonly (readonly [string, History])[] = [
    ['a value that nobody wrote', [write(1, 2, 7), read(3, 4, 8)]],
    ['a stale read', [write(1, 2, 7), write(3, 4, 8), read(5, 6, 7)]],
    ['a lost write', [write(1, 2, 7), read(3, 4, ABSENT)]],
    ['a read before its write was begun', [read(1, 2, 7), write(3, 4, 7)]],
    ['time goes back between two reads', [write(1, 2, 7), write(3, 10, 8), read(4, 5, 8), read(6, 7, 7)]],
    ['two readers see two writes in two orders', [write(1, 20, 7), write(2, 19, 8), read(3, 4, 7), read(5, 6, 8), read(7, 8, 7)]],
    [
      'both of two compare-and-sets succeed',
      [
        write(1, 2, 1),
        write(3, 9, 2, { condition: { kind: 'equals', value: 1 } }),
        write(4, 8, 3, { condition: { kind: 'equals', value: 1 } }),
      ],
    ],
    ['a condition fails that holds', [write(1, 2, 7), write(3, 4, 8, { condition: { kind: 'equals', value: 7 }, succeeded: false })]],
    [
      'a write that failed happens later',
      [write(1, 2, 7), write(3, 4, 8, { condition: { kind: 'absent' }, succeeded: false }), write(5, 6, ABSENT), read(7, 8, 8)],
    ],
    ['a write that was not there when another found it', [write(1, 2, 7), write(3, 4, 8, { found: 9 })]],
    [
      'a write of unknown outcome that happens twice',
      [write(1, undefined, 7), read(2, 3, 7), write(4, 5, 8), read(6, 7, 8), read(8, 9, 7), write(10, 11, 9), read(12, 13, 7)],
    ],
    ['a write of unknown outcome that happens before it was begun', [read(1, 2, 7), write(3, undefined, 7)]],
  ];
  for (const [name, history] of wrong) it(name, () => assert(!isLinearizable(history)));

  it('names the operation that cannot be explained', () => {
    const stale = read(5, 6, 7);
    const failure = checkLinearizable([write(1, 2, 7), write(3, 4, 8), stale], REGISTER);
    assert.equal(failure?.operation, stale);
    assert.equal(failure.explained, 2);
    assert.deepEqual(failure.states, [8]);
  });
});

/** Tries every order: the definition itself, for short histories. */
function explainedBySomeOrder(history: History, state: number): boolean {
  if (history.every(({ returnedAt }) => returnedAt === undefined)) return true;
  return history.some((operation, at) => {
    const others = history.filter((_, other) => other !== at);
    if (others.some(({ returnedAt }) => returnedAt !== undefined && returnedAt < operation.invokedAt)) return false;
    const next = REGISTER.step(state, operation.call);
    return next !== undefined && explainedBySomeOrder(others, next);
  });
}

/** Some history of few operations on few values, right or wrong. */
function anyHistory(random: Prng, length: number): History {
  const history: History = [];
  for (let count = 0; count < length; count++) {
    const from = random.float();
    const to = from + random.float() * 0.4;
    const value = random.below(3);
    const condition = random.pick<RegisterCondition>([ALWAYS, { kind: 'absent' }, { kind: 'equals', value: random.below(3) }]);
    if (random.chance(0.5)) history.push(read(from, to, value));
    else if (random.chance(0.3)) history.push(write(from, undefined, value, { condition }));
    else history.push(write(from, to, value, { condition, succeeded: random.chance(0.6) }));
  }
  return history;
}

/** A history as a real register gives it: each operation takes effect at some moment between call and return. */
function rightHistory(random: Prng, length: number, clients: number, unknown: number): History {
  const history: History = [];
  let state = ABSENT;
  let nowMs = 0;
  const freeAtMs = Array.from({ length: clients }, () => 0);
  for (let count = 1; count <= length; count++) {
    const client = freeAtMs.indexOf(Math.min(...freeAtMs));
    const effectMs = Math.max(nowMs, freeAtMs[client] ?? 0) + random.float();
    const from = Math.max(freeAtMs[client] ?? 0, effectMs - random.float() * clients);
    const to = effectMs + random.float() * clients;
    nowMs = effectMs;
    freeAtMs[client] = to;
    const condition = random.pick<RegisterCondition>([ALWAYS, { kind: 'absent' }, { kind: 'equals', value: state }]);
    const lost = random.chance(unknown);
    const call: RegisterCall = random.chance(0.4)
      ? { kind: 'read', value: state }
      : { kind: 'write', value: random.chance(0.1) ? ABSENT : count, condition, succeeded: undefined };
    const next = REGISTER.step(state, call);
    assert(next !== undefined);
    if (call.kind === 'read') history.push({ invokedAt: from, returnedAt: to, call });
    else if (lost) history.push({ invokedAt: from, returnedAt: undefined, call });
    else history.push({ invokedAt: from, returnedAt: to, call: { ...call, succeeded: next === call.value, found: state } });
    if (call.kind === 'read' || !lost || random.chance(0.5)) state = next;
  }
  return history;
}

describe('against the definition', () => {
  it('says of short histories what trying every order says', () => {
    let wrong = 0;
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.integer({ min: 1, max: 6 }), (seed, length) => {
        const history = anyHistory(new Prng(seed), length);
        const expected = explainedBySomeOrder(history, ABSENT);
        if (!expected) wrong += 1;
        assert.equal(isLinearizable(history), expected);
      }),
      { numRuns: 2000, seed: 1 },
    );
    assert(wrong > 200, 'both kinds must be among them');
  });

  it('accepts what a register does, of a length and with as many clients as the workloads have', () => {
    for (let seed = 1; seed <= 2; seed++) assert(isLinearizable(rightHistory(new Prng(seed), 2000, 8, 0.03)));
  });

  it('finds one wrong read in a long history', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = new Prng(seed);
      const history = rightHistory(random, 500, 4, 0.02);
      const reads = history.filter(({ call }) => call.kind === 'read');
      const changed = random.pick(reads.slice(reads.length / 2));
      const bad = history.map((operation) =>
        operation === changed ? { ...operation, call: { kind: 'read' as const, value: 1_000_000 } } : operation,
      );
      assert(!isLinearizable(bad));
    }
  });
});
