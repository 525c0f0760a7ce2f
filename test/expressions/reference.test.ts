import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExpressionCase } from './case.ts';
import { answersOf } from './outcome.ts';
import { byReference } from './reference-side.ts';
import { compareExact, readNumber, sum } from './reference/exact-number.ts';
import { type Item, readItem, sameItem, shownItem, type Wire } from './reference/value.ts';

/** The reference itself, by what the documentation says of its examples (named at each group). */

const NOTHING = { names: {}, values: {}, key: undefined };

/** An item like that of "Using projection expressions" and "Using update expressions". */
const PRODUCT: Wire = {
  Id: { N: '123' },
  Title: { S: 'Bicycle 123' },
  Color: { SS: ['Red', 'Black'] },
  Price: { N: '500' },
  InStock: { BOOL: true },
  QuantityOnHand: { NULL: true },
  RelatedItems: { L: [{ N: '341' }, { N: '472' }, { N: '649' }] },
  Pictures: { M: { FrontView: { S: 'front' }, RearView: { S: 'rear' } } },
  ProductReviews: { M: { FiveStar: { L: [{ S: 'excellent' }, { S: 'do not buy' }] }, OneStar: { L: [{ S: 'terrible' }] } } },
};

function outcome(one: Partial<ExpressionCase> & Pick<ExpressionCase, 'kind' | 'text'>): unknown {
  const result = byReference({ ...NOTHING, items: [PRODUCT], ...one });
  const [answer] = answersOf(result);
  if (answer?.is === 'refused') return answer.refused.map(({ kind, detail }) => (detail === '' ? kind : `${kind}: ${detail}`)).join();
  return answer?.is === 'truth' ? answer.truth : answer;
}

function holds(text: string, values: Wire = {}, item: Wire = PRODUCT): unknown {
  return outcome({ kind: 'condition', text, values, items: [item] });
}

function same(actual: Item, expected: Wire): void {
  assert.ok(sameItem(actual, readItem(expected)), shownItem(actual));
}

function updatedTo(text: string, values: Wire, expected: Wire, item: Wire = PRODUCT): void {
  const gives = outcome({ kind: 'update', text, values, items: [item] });
  assert.ok(typeof gives === 'object' && gives !== null && 'item' in gives, String(gives));
  same(gives.item as Item, expected);
}

describe('the reference, conditions ("Condition and filter expressions, operators, and functions")', () => {
  it('takes NOT before AND before OR, and parentheses before all', () => {
    const values = { ':t': { N: '500' }, ':f': { N: '1' } };
    assert.equal(holds('Price = :t OR Price = :t AND Price = :f', values), true);
    assert.equal(holds('(Price = :t OR Price = :t) AND Price = :f', values), false);
    assert.equal(holds('NOT Price = :f AND Price = :f', values), false);
    assert.equal(holds('NOT (Price = :f AND Price = :f)', values), true);
  });

  it('has both bounds in BETWEEN, and any of a list in IN', () => {
    assert.equal(holds('Price BETWEEN :a AND :b', { ':a': { N: '500' }, ':b': { N: '9e2' } }), true);
    assert.equal(holds('Price BETWEEN :a AND :b', { ':a': { N: '1' }, ':b': { N: '500.0' } }), true);
    assert.equal(holds('Price BETWEEN :a AND :b', { ':a': { N: '1' }, ':b': { N: '499.99' } }), false);
    assert.equal(holds('Price IN (:a, :b)', { ':a': { N: '1' }, ':b': { N: '5e2' } }), true);
    assert.equal(holds('Price IN (:a, :b)', { ':a': { N: '1' }, ':b': { S: '500' } }), false);
  });

  it('compares sets whatever their order, and numbers whatever their form', () => {
    assert.equal(holds('Color = :c', { ':c': { SS: ['Black', 'Red'] } }), true);
    assert.equal(holds('n = :n', { ':n': { NS: ['2.0', '1'] } }, { n: { NS: ['1.00', '2'] } }), true);
    assert.equal(holds('n < :n', { ':n': { N: '9007199254740993' } }, { n: { N: '9007199254740992' } }), true);
  });

  it('knows the functions', () => {
    assert.equal(holds('attribute_exists(Pictures.RearView)'), true);
    assert.equal(holds('attribute_not_exists(Pictures.SideView)'), true);
    assert.equal(holds('attribute_type(ProductReviews.FiveStar, :t)', { ':t': { S: 'L' } }), true);
    assert.equal(holds('begins_with(Pictures.FrontView, :p)', { ':p': { S: 'fro' } }), true);
    assert.equal(holds('contains(Color, :c)', { ':c': { S: 'Red' } }), true);
    assert.equal(holds('contains(Color, :c)', { ':c': { S: 'Re' } }), false);
    assert.equal(holds('contains(Title, :c)', { ':c': { S: 'cycle' } }), true);
    assert.equal(holds('contains(RelatedItems, :c)', { ':c': { N: '472' } }), true);
    assert.equal(
      holds('size(Color) = :two AND size(Pictures) = :two AND size(b) = :two', { ':two': { N: '2' } }, { ...PRODUCT, b: { B: 'AAA=' } }),
      true,
    );
    assert.equal(holds('size(Price) < :n OR size(QuantityOnHand) < :n', { ':n': { N: '99' } }), false);
  });

  it('tells what is wrong', () => {
    assert.equal(holds('Price ='), 'syntax: <EOF> near =');
    assert.equal(holds('Price = :x'), 'undefined-value: :x');
    assert.equal(holds('Status = :x'), 'reserved-word: Status');
    assert.equal(holds('Price BETWEEN :b AND :a', { ':a': { N: '1' }, ':b': { N: '2' } }), 'bounds-order');
    assert.equal(holds('((Price = :a))', { ':a': { N: '1' } }), 'parentheses');
  });
});

describe('the reference, updates ("Using update expressions")', () => {
  it('sets, counts, appends and gives defaults', () => {
    updatedTo('SET Price = Price - :p', { ':p': { N: '15' } }, { ...PRODUCT, Price: { N: '485' } });
    updatedTo('SET Price = if_not_exists(Price, :p), New = if_not_exists(New, :p)', { ':p': { N: '1' } }, { ...PRODUCT, New: { N: '1' } });
    updatedTo(
      'SET l = list_append(:n, l)',
      { ':n': { L: [{ S: 'c' }] } },
      { l: { L: [{ S: 'c' }, { S: 'a' }] } },
      { l: { L: [{ S: 'a' }] } },
    );
  });

  it('removes elements by their old places, and appends behind the end in the order of the places', () => {
    updatedTo('REMOVE RelatedItems[0], RelatedItems[1]', {}, { ...PRODUCT, RelatedItems: { L: [{ N: '649' }] } });
    const behind = { L: [{ N: '341' }, { N: '472' }, { N: '649' }, { S: 'x' }, { S: 'y' }] };
    updatedTo(
      'SET RelatedItems[9] = :y, RelatedItems[5] = :x',
      { ':x': { S: 'x' }, ':y': { S: 'y' } },
      { ...PRODUCT, RelatedItems: behind },
    );
  });

  it('adds to what is not there, and takes away the last member of a set', () => {
    updatedTo('ADD n :n, s :s', { ':n': { N: '5' }, ':s': { SS: ['a'] } }, { n: { N: '5' }, s: { SS: ['a'] } }, {});
    updatedTo('DELETE s :s', { ':s': { NS: ['1.0', '3'] } }, {}, { s: { NS: ['1'] } });
  });

  it('reads everything from the item before the update, and wants what leads to a path', () => {
    updatedTo('SET a = b, b = a', {}, { a: { N: '2' }, b: { N: '1' } }, { a: { N: '1' }, b: { N: '2' } });
    assert.equal(outcome({ kind: 'update', text: 'SET x.y = :v', values: { ':v': { N: '1' } } }), 'invalid-path');
    assert.equal(outcome({ kind: 'update', text: 'SET x = y' }), 'no-attribute');
    assert.equal(outcome({ kind: 'update', text: 'REMOVE Pictures, Pictures.RearView' }), 'overlap');
  });
});

describe('the reference, projections, keys and numbers', () => {
  it('projects ("Using projection expressions")', () => {
    const gives = outcome({ kind: 'projection', text: 'ProductReviews.FiveStar[0], RelatedItems[2], RelatedItems[0], Missing' });
    assert.ok(typeof gives === 'object' && gives !== null && 'item' in gives, String(gives));
    const expected = {
      ProductReviews: { M: { FiveStar: { L: [{ S: 'excellent' }] } } },
      RelatedItems: { L: [{ N: '341' }, { N: '649' }] },
    };
    same(gives.item as Item, expected);
  });

  it('reads key conditions ("Key condition expressions for the Query operation")', () => {
    const key = { partition: [{ name: 'p', type: 'S' }], sort: [{ name: 's', type: 'N' }] } as const;
    const query = (text: string): unknown => outcome({ kind: 'key-condition', text, key, values: { ':p': { S: 'x' }, ':n': { N: '1' } } });
    assert.deepEqual(
      (query(':n > s AND p = :p') as { conditions: { operator: string }[] }).conditions.map(({ operator }) => operator),
      ['=', '<'],
    );
    assert.equal(query('p = :p OR s = :n'), 'key-operator: OR');
    assert.equal(query('s = :n'), 'key-missed: p');
  });

  it('adds exactly ("Supported data types and naming rules")', () => {
    const added = (one: string, two: string): number => compareExact(sum(readNumber(one), readNumber(two)), readNumber('0.3'));
    assert.equal(added('0.1', '0.2'), 0);
    assert.ok(added('0.1', '0.20000000000000000000000000000000000001') > 0);
    assert.throws(() => sum(readNumber('1e38'), readNumber('1')), { kind: 'number-digits' });
    assert.throws(() => sum(readNumber('5e125'), readNumber('5e125')), { kind: 'number-overflow' });
    assert.throws(() => sum(readNumber('1.5e-130'), readNumber('-1e-130')), { kind: 'number-underflow' });
  });
});
