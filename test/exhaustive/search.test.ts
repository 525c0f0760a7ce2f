import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloneGraph, nameGraph, visitFields } from './object-graph.ts';
import { StateList } from './state-list.ts';
import { StateSet } from './state-set.ts';

class Counter {
  count = 0;
  readonly atMs = 7;
}

const NO_RULES = { ignored: new Set<string>(), replace: () => undefined };

describe('object graphs', () => {
  test('a copy keeps classes and what is shared, and changes alone', () => {
    const counter = new Counter();
    const graph = { a: counter, b: counter, map: new Map([[1, [counter]]]), bytes: new Uint8Array([1]) };
    const copy = cloneGraph(graph, new Set());
    assert(copy.a instanceof Counter && copy.a === copy.b && copy.map.get(1)?.[0] === copy.a && copy.bytes === graph.bytes);
    copy.a.count = 1;
    assert.equal(graph.a.count, 0);
  });

  test('constants are shared and not named', () => {
    const options = { size: 1 };
    const copy = cloneGraph({ options }, new Set([options]));
    assert.equal(copy.options, options);
    const before = nameGraph({ options }, new Set([options]), NO_RULES);
    options.size = 2;
    assert.equal(nameGraph({ options }, new Set([options]), NO_RULES), before);
  });

  test('equal values have equal names, others do not', () => {
    const name = (value: unknown): string => nameGraph(value, new Set(), NO_RULES);
    assert.equal(name({ ballot: { round: 1 }, set: new Set([1]) }), name({ ballot: { round: 1 }, set: new Set([1]) }));
    const values = [1, '1', [1], [[1]], { a: 1 }, { b: 1 }, new Map([[1, 1]]), new Set([1]), new Uint8Array([49]), undefined, null];
    assert.equal(new Set(values.map(name)).size, values.length);
  });

  test('an instance that is mentioned twice is not the same as two equal instances', () => {
    const counter = new Counter();
    assert.notEqual(nameGraph([counter, counter], new Set(), NO_RULES), nameGraph([counter, new Counter()], new Set(), NO_RULES));
  });

  test('ignored fields have no influence on the name', () => {
    const [a, b] = [new Counter(), new Counter()];
    b.count = 1;
    const rules = { ...NO_RULES, ignored: new Set(['count']) };
    assert.equal(nameGraph(a, new Set(), rules), nameGraph(b, new Set(), rules));
    const fields: string[] = [];
    visitFields([a, new Map([[1, { z: b }]])], new Set(), (_, field) => fields.push(field));
    assert.deepEqual(fields.sort(), ['atMs', 'atMs', 'count', 'count', 'z']);
  });
});

describe('sets and lists of states', () => {
  test('a set grows and takes every state once', () => {
    const set = new StateSet();
    for (let round = 0; round < 2; round++) {
      for (let a = 0; a < 400; a++) {
        for (let b = 0; b < 400; b++) assert.equal(set.add(new Int32Array([a, b, a * b])), round === 0);
      }
    }
    assert.equal(set.size, 160_000);
  });

  test('a list gives back what was put in', () => {
    const list = new StateList(2);
    for (let at = 0; at < 5000; at++) list.push([at, -at]);
    assert.equal(list.size, 5000);
    for (let at = 0; at < 5000; at++) assert.deepEqual([...list.at(at)], [at, 0 - at]);
  });
});
