import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCondition } from './condition.ts';
import { unusedPlaceholders, usedNames, usedValues } from './placeholders.ts';
import { parseProjection } from './projection.ts';
import { isReservedWord, RESERVED_WORDS } from './reserved-words.ts';
import { parseUpdate } from './update.ts';

describe('placeholders', () => {
  const filter = parseCondition('#a.x[0].#b = :v AND size(#a) IN (:w, :v)', 'FilterExpression');
  const projection = parseProjection('#c, d');
  const update = parseUpdate('SET #a = if_not_exists(#d, :x) + :y ADD n :z');

  it('are collected from all of an expression', () => {
    assert.deepEqual([...usedNames(filter)], ['#a', '#b']);
    assert.deepEqual([...usedValues(filter)], [':v', ':w']);
    assert.deepEqual([...usedNames(projection)], ['#c']);
    assert.deepEqual([...usedValues(projection)], []);
    assert.deepEqual([...usedNames(update)], ['#a', '#d']);
    assert.deepEqual([...usedValues(update)], [':x', ':y', ':z']);
  });

  it('are judged over all expressions of a request', () => {
    const names = { '#a': 'p', '#b': 'q', '#c': 'r' };
    const values = { ':v': { S: '' }, ':w': { S: '' } };
    assert.equal(unusedPlaceholders([filter, projection], names, values), undefined);
    assert.equal(
      unusedPlaceholders([filter], { ...names, '#d': 's' }, values),
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#c, #d}',
    );
    assert.equal(
      unusedPlaceholders([projection], { '#c': 'r' }, values),
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:v, :w}',
    );
  });

  it('reports names before values, and nothing where nothing was sent', () => {
    assert.equal(
      unusedPlaceholders([], { '#a': 'a' }, { ':a': { S: '' } }),
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}',
    );
    assert.equal(unusedPlaceholders([filter], undefined, undefined), undefined);
  });
});

describe('reserved words', () => {
  it('are the 573 of the documentation', () => {
    assert.equal(RESERVED_WORDS.size, 573);
    for (const word of ['ABORT', 'FLATTERN', 'INNTER', 'LOGED', 'STATUS', 'TTL', 'SPECIFICTYPE', 'ZONE']) {
      assert.ok(RESERVED_WORDS.has(word), word);
    }
    for (const word of RESERVED_WORDS) assert.match(word, /^[A-Z]+$/);
  });

  it('are recognised in any case', () => {
    assert.ok(isReservedWord('Status') && isReservedWord('status') && isReservedWord('STATUS'));
    assert.ok(!isReservedWord('status1') && !isReservedWord('pk') && !isReservedWord(''));
  });
});

describe('a message about unused placeholders', () => {
  it('stays short however many were sent and however long they are', () => {
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`#unused${at}`, 'a']));
    const listed = unusedPlaceholders([], many, undefined) ?? '';
    assert.match(listed, /keys: \{#unused0, #unused1, .*, …\}$/);
    assert.ok(listed.length < 2000, String(listed.length));
    const long = unusedPlaceholders([], undefined, { [`:${'x'.repeat(100_000)}`]: { S: '' } }) ?? '';
    assert.match(long, /^Value provided in ExpressionAttributeValues unused in expressions: keys: \{:x+…\}$/);
    assert.ok(long.length < 2000, String(long.length));
  });
});
