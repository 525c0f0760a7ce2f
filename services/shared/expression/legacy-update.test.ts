import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeMap } from '../item/attribute-value.ts';
import { ROUTER_BOUNDS } from './expression-bounds.ts';
import { writeLegacyUpdate } from './legacy-update.ts';
import type { LegacyUpdate } from './legacy-update.ts';
import { PlaceholderWriter } from './placeholder-writer.ts';
import { refuses } from './support.test.ts';
import { applyUpdate, bindUpdate, createsItem, parseUpdate } from './update.ts';
import type { BoundUpdate } from './update.ts';

function bound(updates: readonly LegacyUpdate[]): BoundUpdate {
  const writer = new PlaceholderWriter();
  const text = writeLegacyUpdate(updates, writer);
  return bindUpdate(parseUpdate(text, ROUTER_BOUNDS), writer.names, writer.values);
}

function updated(item: AttributeMap, ...updates: readonly LegacyUpdate[]): AttributeMap {
  return applyUpdate(bound(updates), item).item;
}

const put = (name: string, value: LegacyUpdate['value']): LegacyUpdate => ({ name, action: 'PUT', value });
const add = (name: string, value: LegacyUpdate['value']): LegacyUpdate => ({ name, action: 'ADD', value });
const remove = (name: string, value?: LegacyUpdate['value']): LegacyUpdate => ({ name, action: 'DELETE', value });

test('every action on what is there and on what is not', () => {
  const item: AttributeMap = { n: { N: '1' }, s: { SS: ['a', 'b'] }, l: { L: [{ S: 'x' }] }, t: { S: 'old' }, gone: { S: 'x' } };
  assert.deepEqual(
    updated(
      item,
      put('t', { S: 'new' }),
      put('list.name[0]', { BOOL: true }),
      add('n', { N: '2' }),
      add('fresh', { N: '5' }),
      add('s', { SS: ['c'] }),
      add('l', { L: [{ S: 'y' }] }),
      add('fresh list', { L: [{ S: 'z' }] }),
      remove('gone'),
      remove('never there'),
    ),
    {
      n: { N: '3' },
      s: { SS: ['a', 'b', 'c'] },
      l: { L: [{ S: 'x' }, { S: 'y' }] },
      t: { S: 'new' },
      'list.name[0]': { BOOL: true },
      fresh: { N: '5' },
      'fresh list': { L: [{ S: 'z' }] },
    },
  );
  assert.deepEqual(updated(item, remove('s', { SS: ['a', 'q'] })).s, { SS: ['b'] });
  assert.equal(updated(item, remove('s', { SS: ['a', 'b'] })).s, undefined);
});

test('an attribute of another type is refused', () => {
  for (const update of [add('t', { N: '1' }), add('t', { SS: ['a'] }), add('t', { L: [] }), remove('t', { SS: ['a'] })]) {
    refuses(() => updated({ t: { S: 'text' } }, update), 'An operand in the update expression has an incorrect data type');
  }
});

test('only what adds makes an item', () => {
  assert.equal(createsItem(bound([remove('a'), remove('b', { SS: ['x'] })])), false);
  assert.equal(createsItem(bound([remove('a'), put('b', { S: 'x' })])), true);
  assert.equal(createsItem(bound([add('a', { N: '1' })])), true);
});

test('there may be more updates than an expression has room for', () => {
  const many = Array.from({ length: 512 }, (_, at) => put(`attribute ${at}`, { N: String(at) }));
  assert.equal(Object.keys(updated({}, ...many)).length, 512);
  refuses(
    () => updated({}, ...many, remove('one more')),
    'The request names more than 1024 attributes and values in its conditions and updates',
  );
});
