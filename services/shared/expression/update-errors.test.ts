import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttributeMap, AttributeValue } from '../item/attribute-value.ts';
import { refuses, update, updated } from './support.test.ts';
import type { Names } from './support.test.ts';
import { parseUpdate } from './update.ts';

const VALUES: AttributeMap = {
  ':s': { S: 'a' },
  ':n': { N: '1' },
  ':b': { B: 'AA==' },
  ':bool': { BOOL: true },
  ':null': { NULL: true },
  ':ss': { SS: ['a'] },
  ':ns': { NS: ['1'] },
  ':bs': { BS: ['AA=='] },
  ':l': { L: [] },
  ':m': { M: {} },
};

const refusesText = (text: string, reason: string, names?: Names): void => {
  refuses(() => update(text, VALUES, names), `Invalid UpdateExpression: ${reason}`);
};

describe('parseUpdate: syntax errors', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['INVALID SYNTAX HERE', 'INVALID', 'INVALID SYNTAX'],
    ['ADD hits : incr', ':', 'hits : incr'],
    ['SET a = :v, updated = :w, = :x', '=', ', = :x'],
    ['SET #a, #b = :v', ',', '#a, #b'],
    ['set _something = :v', '_', 'set _something'],
    ['SET a-b = :v', '-', 'a-b'],
    ['SET', '<EOF>', 'SET'],
    ['SET a', '<EOF>', 'a'],
    ['SET a =', '<EOF>', '='],
    ['SET a = :v,', '<EOF>', ','],
    ['SET a = :v + :v + :v', '+', ':v + :v'],
    ['SET a = (:v + :v) - :v', '-', ') - :v'],
    ['SET a = :v + (:v - :v)', '-', ':v - :v'],
    ['SET a = :v * :v', '*', ':v * :v'],
    ['SET a = if_not_exists(a, :v + :v)', '+', ':v + :v'],
    ['SET a = (b', '<EOF>', 'b'],
    ['SET a = b)', ')', 'b)'],
    ['SET :v = a', ':v', 'SET :v ='],
    ['REMOVE a b', 'b', 'a b'],
    ['REMOVE a = :v', '=', 'a = :v'],
    ['ADD a b', 'b', 'a b'],
    ['ADD a = :v', '=', 'a = :v'],
    ['DELETE a', '<EOF>', 'a'],
    ['SET a = :v REMOVE', '<EOF>', 'REMOVE'],
    ['SET remove = :v', 'remove', 'SET remove ='],
    ['a = :v', 'a', 'a ='],
  ];
  for (const [text, token, near] of cases) it(text, () => refusesText(text, `Syntax error; token: "${token}", near: "${near}"`));

  it('refuses an empty expression', () => refusesText('', 'The expression can not be empty;'));
});

describe('parseUpdate', () => {
  it('takes the sections in any order and case', () => {
    const { actions } = parseUpdate('remove a, b Add c :n delete d :ss SET e = :s, f = g');
    assert.deepEqual(
      actions.map((action) => action.kind),
      ['remove', 'remove', 'add', 'delete', 'set', 'set'],
    );
  });

  it('takes each section once', () => {
    for (const section of ['SET', 'REMOVE', 'ADD', 'DELETE']) {
      const action = { SET: '= :s', REMOVE: '', ADD: ':n', DELETE: ':ss' }[section];
      refusesText(
        `${section} a ${action} ${section} b ${action}`,
        `The "${section}" section can only be used once in an update expression;`,
      );
    }
  });

  it('reports reserved words before functions, functions before sections', () => {
    refusesText('SET status = foo(a) SET b = :s', 'Attribute name is a reserved keyword; reserved keyword: status');
    refusesText('SET a = foo(a) SET b = :s', 'Invalid function name; function: foo');
    refusesText('SET a = size(b)', 'The function is not allowed in an update expression; function: size');
    refusesText('SET and = :s', 'Attribute name is a reserved keyword; reserved keyword: and');
  });

  it('refuses redundant parentheses and nests of them', () => {
    refusesText('SET a = ((b))', 'The expression has redundant parentheses;');
    refusesText('SET a = ((b + :n))', 'The expression has redundant parentheses;');
    refusesText('SET a = b + ((:n))', 'The expression has redundant parentheses;');
    refusesText(`SET a = ${'('.repeat(4000)}`, 'The expression has redundant parentheses;');
    assert.ok(parseUpdate('SET a = ((b) + (c))'));
  });

  it('takes 300 operators and functions, and refuses the next', () => {
    const actions = (count: number): string => new Array(count).fill('a=b+c').join(',');
    assert.ok(parseUpdate(`SET ${actions(300)}`));
    refusesText(`SET ${actions(301)}`, 'The expression contains too many operators; operator count: 301');
  });
});

describe('bindUpdate', () => {
  it('refuses undefined names before undefined values', () => {
    refusesText('SET a = :x, #b = :s', 'An expression attribute name used in the document path is not defined; attribute name: #b');
    refusesText('SET a = :x, b = :y', 'An expression attribute value used in expression is not defined; attribute value: :x');
    refuses(
      () => update('SET attr1 = :v'),
      'Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :v',
    );
  });

  const clash = (kind: string, one: string, two: string): string =>
    `Two document paths ${kind} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`;

  it('refuses targets that overlap or conflict', () => {
    refusesText('SET f = :s, f = :n', clash('overlap', '[f]', '[f]'));
    refusesText('SET a.b = :s REMOVE a', clash('overlap', '[a, b]', '[a]'));
    refusesText('SET #x[0].y = :s ADD a :n', clash('overlap', '[a, [0], y]', '[a]'), { '#x': 'a' });
    refusesText('SET a.b = :s, a[0] = :s', clash('conflict', '[a, b]', '[a, [0]]'));
    refusesText('SET a.b = :s, a[0] = :s, c = :s REMOVE c', clash('overlap', '[c]', '[c]'));
    assert.ok(update('SET a.b = a.c, a.d = a', VALUES));
  });

  it('refuses operands of ADD and DELETE by the words for their types', () => {
    const words = { ':s': 'STRING', ':b': 'BINARY', ':bool': 'BOOLEAN', ':null': 'NULL', ':l': 'LIST', ':m': 'MAP' };
    const reason = (section: string, type: string): string =>
      `Incorrect operand type for operator or function; operator: ${section}, operand type: ${type}, ` +
      `typeSet: ALLOWED_FOR_${section}_OPERAND`;
    for (const [value, word] of Object.entries(words)) {
      refusesText(`ADD a ${value}`, reason('ADD', word));
      refusesText(`DELETE a ${value}`, reason('DELETE', word));
    }
    refusesText('DELETE a :n', reason('DELETE', 'NUMBER'));
    for (const value of [':n', ':ss', ':ns', ':bs']) assert.ok(update(`ADD a ${value}`, VALUES));
    for (const value of [':ss', ':ns', ':bs']) assert.ok(update(`DELETE a ${value}`, VALUES));
  });

  it('refuses operands of functions and arithmetic whose type is known', () => {
    const reason = (operator: string, type: string): string =>
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`;
    refusesText('SET a = b + :s', reason('+', 'S'));
    refusesText('SET a = :l - b', reason('-', 'L'));
    refusesText('SET a = list_append(b, :m)', reason('list_append', 'M'));
    refusesText('SET a = list_append(:n, list_append(b, :m))', reason('list_append', 'M'));
    refusesText('SET a = if_not_exists(:s, :n)', 'Operator or function requires a document path; operator or function: if_not_exists');
    refusesText(
      'SET a = list_append(b)',
      'Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1',
    );
    refusesText(
      'SET a = list_append(b, :m) ADD c :s',
      'Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND',
    );
  });
});

describe('applyUpdate: results that are too large', () => {
  const TOO_LARGE = 'Item size to update has exceeded the maximum allowed size';
  const item: AttributeMap = { x: { L: new Array<AttributeValue>(100_000).fill({ NULL: true }) }, m: { M: {} } };
  const values: AttributeMap = { ':s': { NS: Array.from({ length: 100_000 }, (_, position) => String(1_000_000 + position)) } };
  const each = (action: (position: number) => string, count: number): string =>
    Array.from({ length: count }, (_, at) => action(at)).join(',');

  it('refuses copies of a large value before they are made', () => {
    refuses(() => updated(`SET ${each((at) => `m.y${at} = x`, 300)}`, item), TOO_LARGE);
    refuses(() => updated(`SET ${each((at) => `y${at} = list_append(x, x)`, 150)}`, item), TOO_LARGE);
    refuses(() => updated(`ADD ${each((at) => `y${at} :s`, 300)}`, item, values), TOO_LARGE);
  });

  it('refuses a nest of list_append whose list is too long, and joins others in order', () => {
    refuses(() => updated(`SET y = ${'list_append(x, '.repeat(140)}x${')'.repeat(140)}`, item), TOO_LARGE);
    const lists: AttributeMap = { a: { L: [{ S: 'a' }] }, b: { L: [{ S: 'b' }] } };
    const { y } = updated('SET y = list_append(list_append(a, b), list_append(b, if_not_exists(c, a)))', lists);
    assert.deepEqual(y, { L: [{ S: 'a' }, { S: 'b' }, { S: 'b' }, { S: 'a' }] });
  });

  it('takes a value as large as an item can be', () => {
    assert.ok(updated('SET y = :v', {}, { ':v': { S: 'a'.repeat(409_599) } }));
  });
});

describe('applyUpdate: DELETE', () => {
  it('takes members out of sets much shorter and much longer than what is named', () => {
    const numbers = (count: number): string[] => Array.from({ length: count }, (_, position) => String(position));
    const remove = (NS: string[], named: string[]): unknown => updated('DELETE n :v', { n: { NS } }, { ':v': { NS: named } }).n;
    assert.deepEqual(remove(['-1', '7', '500'], numbers(100)), { NS: ['-1', '500'] });
    assert.deepEqual(remove(['0', '99', '99.5'], numbers(100)), { NS: ['99.5'] });
    assert.equal(remove(['0', '99'], numbers(100)), undefined);
    assert.deepEqual(remove(numbers(5), ['3']), { NS: ['0', '1', '2', '4'] });
  });
});
