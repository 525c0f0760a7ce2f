import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCondition } from './condition.ts';
import type { ConditionField } from './condition.ts';
import { refuses } from './support.test.ts';
import type { Condition, Operand } from './syntax-tree.ts';

const parse = (text: string, field: ConditionField = 'ConditionExpression') => parseCondition(text, field);

const refusesText = (text: string, reason: string): void => {
  refuses(() => parse(text), `Invalid ConditionExpression: ${reason}`);
};

const shownOperand = (operand: Operand): string => {
  if (operand.kind === 'value') return operand.placeholder;
  if (operand.kind === 'function') return `${operand.name}(${operand.operands.map(shownOperand).join(' ')})`;
  return operand.path.elements.map((element) => (typeof element === 'object' ? element.placeholder : element)).join('/');
};

/** The tree with all its structure in parentheses. */
const shown = (condition: Condition): string => {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `{${condition.terms.map(shown).join(` ${condition.kind} `)}}`;
    case 'not':
      return `!${shown(condition.term)}`;
    case 'comparison':
      return `${shownOperand(condition.left)} ${condition.operator} ${shownOperand(condition.right)}`;
    case 'between':
      return `${shownOperand(condition.operand)} in ${shownOperand(condition.low)}..${shownOperand(condition.high)}`;
    case 'in':
      return `${shownOperand(condition.operand)} in ${condition.candidates.map(shownOperand).join('|')}`;
    case 'function':
      return shownOperand(condition);
  }
};

const tree = (text: string): string => shown(parse(text).root);

describe('parseCondition: the tree', () => {
  it('binds NOT before AND before OR', () => {
    assert.equal(tree('a = :a OR b = :b AND NOT c = :c AND d = :d'), '{a = :a or {b = :b and !c = :c and d = :d}}');
    assert.equal(tree('a = :a AND b = :b OR c = :c AND d = :d'), '{{a = :a and b = :b} or {c = :c and d = :d}}');
    assert.equal(tree('NOT NOT a = :a'), '!!a = :a');
  });

  it('lets parentheses decide', () => {
    assert.equal(tree('(a = :a OR b = :b) AND NOT (c = :c AND d = :d)'), '{{a = :a or b = :b} and !{c = :c and d = :d}}');
  });

  it('takes keywords in any case, function names only as documented', () => {
    assert.equal(tree('not a Between :l and :h Or b iN (:x, c)'), '{!a in :l..:h or b in :x|c}');
    refusesText('Attribute_Exists(a)', 'Invalid function name; function: Attribute_Exists');
  });

  it('tells the AND of BETWEEN from the conjunction', () => {
    assert.equal(tree('a BETWEEN :l AND :h AND b = :b'), '{a in :l..:h and b = :b}');
  });

  it('reads nested paths, with spaces anywhere', () => {
    assert.equal(tree('a . #b [ 3 ] . c = x[0][1]'), 'a/#b/3/c = x/0/1');
  });

  it('takes operands in parentheses, and paths that go on behind them', () => {
    assert.equal(tree('(a) = (:b)'), 'a = :b');
    assert.equal(tree('((size(a)) < b.c) AND (d > :v)'), '{size(a) < b/c and d > :v}');
    assert.equal(tree('(a.b).c[1] = (x)[2]'), 'a/b/c/1 = x/2');
  });

  it('keeps paths and values in the order of the text', () => {
    const program = parse('a = :a AND (#b.c) BETWEEN :l AND size(d)');
    assert.deepEqual(
      program.paths.map((path) => path.elements),
      [['a'], [{ placeholder: '#b' }, 'c'], ['d']],
    );
    assert.deepEqual(program.values, [':a', ':l']);
  });
});

describe('parseCondition: syntax errors', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a x b', 'x', 'a x b'],
    ['a', '<EOF>', 'a'],
    ['a = ', '<EOF>', '='],
    ['= :v', '=', '= :v'],
    ['!!! INVALID !!!', '!', '!!'],
    ['tenant:abc-1 = :v', ':abc', 'tenant:abc-'],
    ['a = : v', ':', '= : v'],
    ['a = #', '#', '= #'],
    ['_a = :v', '_', '_a'],
    ['a = :v)', ')', ':v)'],
    ['(a = :v', '<EOF>', ':v'],
    ['()', ')', '()'],
    ['a[-1] = :v', '-', '[-1'],
    ['a[] = :v', ']', '[] ='],
    ['a[:i] = :v', ':i', '[:i]'],
    ['a. = :v', '=', '. = :v'],
    ['a.1 = :v', '1', '.1 ='],
    ['a = :v AND', '<EOF>', 'AND'],
    ['a = :v AND OR b = :w', 'OR', 'AND OR b'],
    ['a = :v b = :w', 'b', ':v b ='],
    ['a = b = c', '=', 'b = c'],
    ['(a) AND b = :v', 'AND', ') AND b'],
    ['NOT a', '<EOF>', 'a'],
    ['NOT', '<EOF>', 'NOT'],
    ['a BETWEEN :l OR :h', 'OR', ':l OR :h'],
    ['a IN :v', ':v', 'IN :v'],
    ['a IN ()', ')', '()'],
    ['a IN (:v,)', ')', ',)'],
    ['size()', ')', '()'],
    ['attribute_exists(a', '<EOF>', 'a'],
    ['attribute_exists a', 'a', 'attribute_exists a'],
    ['#f(a)', '(', '#f(a'],
    ['and = :v', 'and', 'and ='],
    ['a.or = :v', 'or', '.or ='],
    ['(a = :v) = :w', '=', ') = :w'],
    ['a == :v', '=', '== :v'],
    ['a = 5', '5', '= 5'],
    ['a + :v = :w', '+', 'a + :v'],
  ];
  for (const [text, token, near] of cases) {
    it(text, () => refusesText(text, `Syntax error; token: "${token}", near: "${near}"`));
  }

  it('names the field', () => {
    refuses(() => parse('a', 'FilterExpression'), 'Invalid FilterExpression: Syntax error; token: "<EOF>", near: "a"');
    refuses(() => parse('', 'KeyConditionExpression'), 'Invalid KeyConditionExpression: The expression can not be empty;');
  });
});

describe('parseCondition: redundant parentheses', () => {
  const REASON = 'The expression has redundant parentheses;';
  const redundant = [
    '((a = :v))',
    '((a)) = :v',
    'a = ((:v))',
    'x = :x AND ((a = :v OR b = :w))',
    '((attribute_exists(a)))',
    '((:p = :p AND :p = :p))',
    'NOT ((a = :v))',
    '(((a = :v) AND b = :w))',
  ];
  for (const text of redundant) it(`refuses ${text}`, () => refusesText(text, REASON));

  const needed = [
    '(a = :v)',
    '((a = :v) AND (b = :w))',
    '((a = :v AND b = :w) AND c = :x)',
    '(a = :v AND (b = :w))',
    '((a) = (:v))',
    '(NOT (a = :v))',
    '(attribute_exists(a)) AND (attribute_exists(b))',
    '((size(a)) < :v)',
  ];
  for (const text of needed) it(`takes ${text}`, () => assert.ok(parse(text)));
});

describe('parseCondition: functions, names and limits', () => {
  it('refuses unknown functions, and those of updates', () => {
    refusesText('foo(a)', 'Invalid function name; function: foo');
    refusesText('a = if_not_exists(a, :v)', 'The function is not allowed in a condition expression; function: if_not_exists');
  });

  it('refuses a size that is no operand, and another function that is one', () => {
    const reason = 'The function is not allowed to be used this way in an expression; function: ';
    refusesText('size(a)', `${reason}size`);
    refusesText('NOT size(a)', `${reason}size`);
    refusesText('a = :v AND (size(a))', `${reason}size`);
    refusesText('attribute_exists(a) = :v', `${reason}attribute_exists`);
    refusesText('a IN (contains(a, :v))', `${reason}contains`);
    refusesText('size(begins_with(a, :v)) = :v', `${reason}begins_with`);
  });

  it('refuses reserved words, whatever their case, but not behind placeholders', () => {
    refusesText('Status = :v', 'Attribute name is a reserved keyword; reserved keyword: Status');
    refusesText('a.name = :v', 'Attribute name is a reserved keyword; reserved keyword: name');
    refusesText('size = :v', 'Attribute name is a reserved keyword; reserved keyword: size');
    assert.ok(parse('size(a) = :v'));
  });

  it('reports a syntax error before any fault, and faults in the order of their kinds', () => {
    refusesText('((status = foo(a))) AND', 'Syntax error; token: "<EOF>", near: "AND"');
    refusesText('((status = foo(a)))', 'The expression has redundant parentheses;');
    refusesText('status = foo(a) AND size(b)', 'Invalid function name; function: foo');
    refusesText('status = :v AND size(b)', 'The function is not allowed to be used this way in an expression; function: size');
    refusesText('name = :v AND status = :w', 'Attribute name is a reserved keyword; reserved keyword: name');
  });

  it('takes 300 operators and functions, and refuses the next', () => {
    // n comparisons have n comparators and n - 1 ANDs.
    const comparisons = (count: number): string => new Array(count).fill('a=:v').join(' AND ');
    assert.ok(parse(`NOT ${comparisons(150)}`));
    refusesText(`NOT NOT ${comparisons(150)}`, 'The expression contains too many operators; operator count: 301');
    refusesText(comparisons(200), 'The expression contains too many operators; operator count: 301');
  });

  it('takes 100 candidates of IN, and refuses the next', () => {
    const list = (count: number): string => new Array(count).fill(':v').join(',');
    assert.ok(parse(`a IN (${list(100)})`));
    refusesText(`a IN (${list(101)})`, 'The IN operator is provided with too many operands; number of operands: 101');
  });

  it('takes paths of 32 elements, and refuses the next', () => {
    assert.ok(parse(`a${'.b'.repeat(31)} = :v`));
    refusesText(`a${'[0]'.repeat(32)} = :v`, 'The document path has too many nesting levels; nesting levels: 33');
  });

  it('takes list indexes up to the greatest 32-bit number', () => {
    assert.ok(parse('a[2147483647] = :v'));
    refusesText('a[2147483648] = :v', 'List index is not within the allowable range; index: [2147483648]');
  });

  it('refuses nests that no stack could hold', () => {
    refusesText('('.repeat(4096), 'The expression has redundant parentheses;');
    refusesText('NOT '.repeat(1024), 'Syntax error; token: "<EOF>", near: "NOT"');
    refusesText(`${'NOT '.repeat(1000)}a=:v`, 'The expression contains too many operators; operator count: 301');
    refusesText('size('.repeat(800), 'The expression contains too many operators; operator count: 301');
    refusesText(`${'(NOT '.repeat(500)}a=:v${')'.repeat(500)}`, 'The expression contains too many operators; operator count: 301');
  });
});
