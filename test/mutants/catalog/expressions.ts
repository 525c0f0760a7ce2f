import { type Mutant, type Patch, tests } from '../mutant.ts';

const PARSER = 'shared/expression/condition-parser.ts';
const READER = 'shared/expression/expression-reader.ts';
const CONDITIONS = 'shared/expression/condition-evaluator.ts';
const UPDATES = 'shared/expression/update-evaluator.ts';
const TARGETS = 'shared/expression/path-tree.ts';
const VALUES = 'shared/item/value-order.ts';
const NUMBERS = 'shared/item/decimal.ts';

/** What the expressions of two thousand seeds, compared with the reference (test/expressions), must notice. */
function meant(name: string, mistake: string, ...patches: readonly Patch[]): Mutant {
  return { name, mistake, patches, detectors: [tests('test/expressions/fuzz.test.js')] };
}

const READING: readonly Mutant[] = [
  meant(
    'or-before-and',
    'OR binds closer than AND.',
    {
      file: PARSER,
      old: `      if (reader.takeKeyword('OR')) {
        alternatives.push(joined('and', terms));`,
      new: `      if (reader.takeKeyword('AND')) {
        alternatives.push(joined('or', terms));`,
    },
    { file: PARSER, old: "        reader.takeKeyword('AND');\n", new: "        reader.takeKeyword('OR');\n" },
    {
      file: PARSER,
      old: "    alternatives.push(joined('and', terms));\n    return joined('or', alternatives);",
      new: "    alternatives.push(joined('or', terms));\n    return joined('and', alternatives);",
    },
  ),
  meant('not-over-all-that-follows', 'NOT holds for everything behind it.', {
    file: PARSER,
    old: 'const node = this.#parseComparison(this.#parsePrimary());',
    new: 'const node = negations > 0 ? this.#parseNode() : this.#parseComparison(this.#parsePrimary());',
  }),
  meant('two-negations-are-one', 'NOT NOT is read as NOT.', {
    file: PARSER,
    old: 'for (; negations > 0; negations -= 1) condition',
    new: 'for (; negations > 0; negations = 0) condition',
  }),
  meant('calls-not-counted', 'Function calls do not count among the operators.', {
    file: READER,
    old: '    this.countOperator();\n    this.#functionDepth += 1;',
    new: '    this.#functionDepth += 1;',
  }),
  meant('reserved-word-in-capitals-only', 'A reserved word in small letters is taken for a name.', {
    file: 'shared/expression/reserved-words.ts',
    old: 'RESERVED_WORDS.has(name.toUpperCase())',
    new: 'RESERVED_WORDS.has(name)',
  }),
  meant('path-a-level-too-short', 'A path of 32 elements is refused.', {
    file: READER,
    old: 'if (elements.length > PATH_MAX_ELEMENTS) {',
    new: 'if (elements.length >= PATH_MAX_ELEMENTS) {',
  }),
  meant('candidate-too-many', 'IN takes 101 candidates.', {
    file: PARSER,
    old: 'if (candidates.length > reader.bounds.candidates) {',
    new: 'if (candidates.length > reader.bounds.candidates + 1) {',
  }),
  meant('overlap-unseen-when-the-shorter-path-is-later', 'A target within which an earlier one lies is taken.', {
    file: TARGETS,
    old: "  if (node.first !== position) return clashOf('overlap', paths, node.first, position);\n",
    new: '',
  }),
  meant('list-and-map-at-once', 'Paths that take one value for a list and for a map are taken.', {
    file: TARGETS,
    old: "if (typeof sibling !== typeof element) conflict ??= clashOf('conflict', paths, node.first, position);",
    new: 'if (typeof sibling === typeof element) continue;',
  }),
];

const CONDITION_MEANING: readonly Mutant[] = [
  meant('between-without-its-upper-bound', 'BETWEEN leaves the upper bound out.', {
    file: CONDITIONS,
    old: "comparisonHolds('<=', value, operandValue(condition.high",
    new: "comparisonHolds('<', value, operandValue(condition.high",
  }),
  meant('between-without-its-lower-bound', 'BETWEEN leaves the lower bound out.', {
    file: CONDITIONS,
    old: "comparisonHolds('>=', value, operandValue(condition.low",
    new: "comparisonHolds('>', value, operandValue(condition.low",
  }),
  meant('in-looks-at-one-candidate', 'IN looks at the first candidate only.', {
    file: CONDITIONS,
    old: "if (comparisonHolds('=', value, operandValue(candidate, evaluation, item), evaluation.work)) return true;",
    new: "return comparisonHolds('=', value, operandValue(candidate, evaluation, item), evaluation.work);",
  }),
  meant('missing-equals-missing', 'Two paths that lead nowhere are equal.', {
    file: CONDITIONS,
    old: "if (left === undefined || right === undefined) return operator === '<>';",
    new: "if (left === undefined || right === undefined) return operator === '<>' ? left !== right : operator === '=' && left === right;",
  }),
  meant('missing-is-unknown', 'With a path that leads nowhere <> does not hold, as if it were NULL in SQL.', {
    file: CONDITIONS,
    old: "if (left === undefined || right === undefined) return operator === '<>';",
    new: 'if (left === undefined || right === undefined) return false;',
  }),
  meant('types-in-order', 'A value of another type counts as less.', {
    file: CONDITIONS,
    old: '  if (order === undefined) return false;\n',
    new: "  if (order === undefined) return operator === '<';\n",
  }),
  meant('null-unequal-to-null', 'NULL equals nothing.', {
    file: VALUES,
    old: "if ('NULL' in a) return 'NULL' in b;",
    new: "if ('NULL' in a) return false;",
  }),
  meant('sets-equal-by-their-size', 'Sets of as many members are equal.', {
    file: VALUES,
    old: '  return at === a.length;',
    new: '  return true;',
  }),
  meant('sets-in-the-order-given', 'The members of a set stay in the order in which they came.', {
    file: 'shared/item/canonical-set.ts',
    old: 'if (areMembersSorted(type, members)) return members;',
    new: 'if (members.length > 0) return members;',
  }),
  meant('numbers-compared-as-doubles', 'Numbers are compared as JavaScript numbers.', {
    file: NUMBERS,
    old: 'return comparePlain(aText, bText);',
    new: 'return Number(aText) - Number(bText);',
  }),
  meant('numbers-equal-as-doubles', 'Numbers are equal when their JavaScript numbers are.', {
    file: VALUES,
    old: "if ('N' in a) return 'N' in b && a.N === b.N;",
    new: "if ('N' in a) return 'N' in b && Number(a.N) === Number(b.N);",
  }),
  meant('strings-by-utf-16', 'Strings are put in order by their UTF-16 units.', {
    file: 'shared/item/unicode.ts',
    old: 'return codePointRank(left) - codePointRank(right);',
    new: 'return left - right;',
  }),
  meant('size-of-a-string-in-bytes', 'size counts the bytes of a string.', {
    file: CONDITIONS,
    old: "  if ('S' in value) return value.S.length;",
    new: "  if ('S' in value) return Buffer.byteLength(value.S);",
  }),
  meant('size-of-a-binary-in-base64', 'size counts the characters of a binary in base64.', {
    file: CONDITIONS,
    old: "return Buffer.byteLength(value.B, 'base64');",
    new: 'return value.B.length;',
  }),
  meant('size-of-a-number', 'size counts the digits of a number.', {
    file: CONDITIONS,
    old: '  return membersOf(value)?.length;',
    new: "  return 'N' in value ? value.N.length : membersOf(value)?.length;",
  }),
  meant('contains-part-of-a-member', 'contains looks for a part within the members of a set.', {
    file: CONDITIONS,
    old: 'return member !== undefined && members.includes(member);',
    new: 'return member !== undefined && members.some((each) => each.includes(member));',
  }),
  meant('contains-no-collections', 'contains finds no list, map or set in a list.', {
    file: CONDITIONS,
    old: 'value.L.some((element) => equal(element, part, work))',
    new: "value.L.some((element) => ('S' in element || 'N' in element) && equal(element, part, work))",
  }),
  meant('contains-at-the-beginning', 'contains looks at the beginning of a string only.', {
    file: CONDITIONS,
    old: "'S' in part && hasPart(value.S, part.S)",
    new: "'S' in part && value.S.startsWith(part.S)",
  }),
  meant('begins-with-in-base64', 'begins_with compares binaries by their base64.', {
    file: CONDITIONS,
    old: 'return decoded(value.B.slice(0, prefix.B.length)).subarray(0, start.length).equals(start);',
    new: 'return start.length >= 0 && value.B.startsWith(prefix.B);',
  }),
  meant('range-before-the-last', 'A range of a sort attribute is taken though conditions on later ones follow.', {
    file: 'shared/expression/conditions-on-key.ts',
    old: "found[before]?.operator !== '='",
    new: 'found[before] === undefined',
  }),
  meant('mirrored-the-wrong-way', 'A key condition with the value on the left is read as if it stood on the right.', {
    file: 'shared/expression/key-condition.ts',
    old: "left.kind === 'path' ? operator : MIRRORED[operator]",
    new: "left.kind === 'path' ? operator : MIRRORED[MIRRORED[operator]]",
  }),
];

const UPDATE_MEANING: readonly Mutant[] = [
  meant('null-counts-as-missing', 'if_not_exists takes NULL for nothing.', {
    file: UPDATES,
    old: 'return present ?? operandValue(second, operands, item);',
    new: "return present === undefined || 'NULL' in present ? operandValue(second, operands, item) : present;",
  }),
  meant('lists-appended-the-wrong-way', 'list_append puts its second list first.', {
    file: UPDATES,
    old: 'for (const inner of operand.operands) collectLists',
    new: 'for (const inner of [...operand.operands].reverse()) collectLists',
  }),
  meant('elements-removed-one-after-the-other', 'REMOVE of one element shifts those of the next.', {
    file: UPDATES,
    old: '    if (index < list.length) kept[index] = value;\n',
    new: '    if (index < list.length && value === undefined) kept.splice(index, 1);\n    else if (index < list.length) kept[index] = value;\n',
  }),
  meant('appended-in-the-order-of-the-text', 'Elements set beyond the end follow in the order of the text.', {
    file: TARGETS,
    old: '  sortIndexes(root);\n  return { tree: root };',
    new: '  if (root.path !== NO_PATH) sortIndexes(root);\n  return { tree: root };',
  }),
  meant('added-to-nothing', 'ADD to a path that leads nowhere is refused.', {
    file: UPDATES,
    old: '  if (old === undefined) return operand;\n',
    new: '  if (old === undefined) throw new ExpressionError(INCORRECT_TYPE);\n',
  }),
  meant('empty-set-left', 'A set that lost its last member stays.', {
    file: UPDATES,
    old: 'return membersOfSet(difference).length === 0 ? undefined : difference;',
    new: 'return difference;',
  }),
  meant('set-through-nothing', 'What is set within a map that is not there is forgotten.', {
    file: UPDATES,
    old: '  if (old === undefined) throw new ExpressionError(INVALID_PATH);\n',
    new: '  if (old === undefined) return undefined;\n',
  }),
  meant('sum-of-doubles', 'Sums are those of JavaScript numbers.', {
    file: NUMBERS,
    old: 'const sum = coefficient(a, lastPower) + coefficient(b, lastPower);',
    new: 'const sum = BigInt(Number(coefficient(a, lastPower)) + Number(coefficient(b, lastPower)));',
  }),
  meant('difference-the-wrong-way', 'a - b is b - a.', {
    file: UPDATES,
    old: 'subtractDecimals(one, two)',
    new: 'subtractDecimals(two, one)',
  }),
  meant('copied-too-deep', 'A copied value may end up deeper than an item may be.', {
    file: UPDATES,
    old: '    if (level > 1) checkDepth(value, level);\n',
    new: '    if (level > NESTING_LEVELS_MAX) checkDepth(value, level);\n',
  }),
  meant('selected-with-holes-closed-twice', 'A projection gives the elements of a list in the order of its paths.', {
    file: TARGETS,
    old: '.sort(([one], [two]) => Number(one) - Number(two))',
    new: '.reverse()',
  }),
];

/** What expressions mean. The detectors of all of them are the same two thousand cases. */
export const EXPRESSIONS: readonly Mutant[] = [...READING, ...CONDITION_MEANING, ...UPDATE_MEANING];
