import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap } from '../item/attribute-value.ts';
import { ExpressionError } from './errors.ts';
import { applyUpdate, bindUpdate, parseUpdate } from './update.ts';
import { updatedItemSize } from './update-size.ts';

const ITEM_BYTES = 409_600;
const KEY: AttributeMap = { pk: { S: 'k' } };

/** The size of the item that the update makes, or undefined when it is refused. */
function sizeAfter(text: string, values: AttributeMap | undefined, item: AttributeMap): number | undefined {
  const bound = bindUpdate(parseUpdate(text), undefined, values);
  try {
    return updatedItemSize(bound, applyUpdate(bound, item).item);
  } catch (error) {
    assert.ok(error instanceof ExpressionError);
    assert.equal(error.message, 'Item size to update has exceeded the maximum allowed size');
    return undefined;
  }
}

/** The size of the largest item that an update can make whose values hold a text of any length. */
function largest(text: string, values: (filling: string) => AttributeMap, item: AttributeMap = KEY): number {
  let low = 0;
  let high = ITEM_BYTES + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sizeAfter(text, values('x'.repeat(middle)), item) === undefined) high = middle;
    else low = middle;
  }
  const size = sizeAfter(text, values('x'.repeat(low)), item);
  assert.ok(size !== undefined);
  return size;
}

const filled = (filling: string): AttributeMap => ({ ':v': { S: filling } });

describe('the size of an updated item', () => {
  it('is that of the item: names and values', () => {
    assert.equal(sizeAfter('SET a = :v', filled('abc'), { ...KEY, b: { S: '12' } }), 3 + 4 + 3);
    assert.equal(updatedItemSize(undefined, { a: { S: 'x'.repeat(ITEM_BYTES - 1) } }), ITEM_BYTES);
  });

  it('leaves room for the update and each of its actions', () => {
    // pk and its value are three bytes that the update does not write.
    assert.equal(largest('SET b = :v', filled), ITEM_BYTES - 3 - 19 + 3);
    assert.equal(
      largest('SET b = :v, c = :n', (filling) => ({ ...filled(filling), ':n': { N: '1' } })),
      ITEM_BYTES - 3 - 2 * 19 + 3,
    );
    assert.equal(largest('SET b = :v REMOVE c, d', filled), ITEM_BYTES - 3 - 19 - 2 * 2 + 3);
    assert.equal(
      largest('ADD b :v', (filling) => ({ ':v': { SS: [filling] } })),
      ITEM_BYTES - 3 - 19 + 3,
    );
  });

  it('counts nothing for attributes that the update leaves alone, until the item itself is too large', () => {
    const other = (length: number): AttributeMap => ({ ...KEY, u: { S: 'y'.repeat(length - 1) } });
    assert.equal(largest('SET b = :v', filled, other(10)), ITEM_BYTES - 3 - 19 + 3 + 10);
    assert.equal(largest('SET b = :v', filled, other(100)), ITEM_BYTES);
    assert.equal(largest('SET b = :v', filled, other(300_000)), ITEM_BYTES);
  });

  it('charges a path through a list, and a sum', () => {
    const list: AttributeMap = { ...KEY, d: { L: [{ S: '' }] } };
    assert.equal(
      largest('SET d = :l', (filling) => ({ ':l': { L: [{ S: filling }] } }), list),
      ITEM_BYTES - 3 - 19 + 3,
    );
    assert.equal(largest('SET d[0] = :v', filled, list), ITEM_BYTES - 3 - 19 - 1 + 3);
    const counted = { ...KEY, n: { N: '1' } };
    const sum = (filling: string): AttributeMap => ({ ...filled(filling), ':one': { N: '1' } });
    assert.equal(largest('SET b = :v, n = n + :one', sum, counted), ITEM_BYTES - 3 - 19 - 19 - 50 + 3);
  });
});
