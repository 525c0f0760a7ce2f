import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainOperation, chainProblem } from './version-chain.ts';

const FIRST = 0;

function write(invokedAt: number, returnedAt: number | undefined, previous: number, value: number): ChainOperation {
  return { invokedAt, returnedAt, previous, value };
}

function read(invokedAt: number, returnedAt: number, value: number): ChainOperation {
  return { invokedAt, returnedAt, previous: undefined, value };
}

test('a chain of writes with reads among them is right, whatever of the unknown took place', () => {
  const history = [
    read(1, 2, 0),
    write(3, 6, 0, 1),
    read(4, 5, 1),
    write(7, undefined, 1, 2),
    read(8, 9, 1),
    read(10, 11, 2),
    write(12, 13, 2, 3),
  ];
  assert.equal(chainProblem(history, FIRST), undefined);
  assert.equal(chainProblem([...history, write(14, undefined, 3, 4), read(15, 16, 3)], FIRST), undefined);
  assert.equal(chainProblem([], FIRST), undefined);
});

test('a hundred thousand writes one after the other are checked', () => {
  const history = Array.from({ length: 100_000 }, (_, at) => write(2 * at, 2 * at + 1, at, at + 1));
  assert.equal(chainProblem(history, FIRST), undefined);
  assert.match(String(chainProblem([...history, read(300_000, 300_001, 99_998)], FIRST)), /99998 was read/);
});

const KNOWN_BAD: readonly { readonly what: string; readonly history: readonly ChainOperation[]; readonly problem: RegExp }[] = [
  { what: 'a lost update', history: [write(1, 2, 0, 1), write(3, 4, 0, 2)], problem: /both took the place of 0/ },
  {
    what: 'a fork by a write of unknown outcome',
    history: [write(1, undefined, 0, 1), write(2, 3, 0, 2), read(4, 5, 1)],
    problem: /both took/,
  },
  { what: 'a stale read', history: [write(1, 2, 0, 1), read(3, 4, 0)], problem: /0 was read at 3, after 1 was seen/ },
  { what: 'two reads in the wrong order', history: [write(1, 9, 0, 1), read(2, 3, 1), read(4, 5, 0)], problem: /0 was read at 4/ },
  { what: 'a value from nowhere', history: [read(1, 2, 7)], problem: /7 was seen and never written/ },
  { what: 'a read of the future', history: [read(1, 2, 1), write(3, 4, 0, 1)], problem: /1 was written at 3, after 1 was seen/ },
  { what: 'a write that came before its predecessor', history: [write(1, 2, 1, 2), write(3, 4, 0, 1)], problem: /1 was written at 3/ },
  {
    what: 'a late effect of the unknown',
    history: [write(1, undefined, 0, 1), write(2, 3, 1, 2), read(4, 5, 1)],
    problem: /1 was read at 4/,
  },
  { what: 'a value written twice', history: [write(1, 2, 0, 1), write(3, 4, 1, 1)], problem: /1 was written twice/ },
  { what: 'writes in a circle', history: [write(1, 2, 2, 1), write(3, 4, 1, 2)], problem: /./ },
];

for (const { what, history, problem } of KNOWN_BAD) {
  test(`${what} is found`, () => {
    assert.match(String(chainProblem(history, FIRST)), problem);
  });
}
