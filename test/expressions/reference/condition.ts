import { must } from '../../../services/shared/base/assert.ts';
import { ConditionGrammar } from './grammars.ts';
import { type Bound, find, type Path, type Placeholders } from './placeholders.ts';
import { Refusal } from './refusal.ts';
import { CONDITION_FUNCTIONS, checkConditionText } from './text-checks.ts';
import type { Comparator, Condition, Simple } from './tree.ts';
import { has, type Item, order, same, type Value } from './value.ts';

/** A simple condition with the names and values of a request. */
export interface BoundSimple {
  readonly is: Simple['is'];
  /** The comparator or function, or the word BETWEEN or IN. */
  readonly operator: string;
  readonly operands: readonly Bound[];
}

export type BoundCondition =
  | BoundSimple
  | { readonly is: 'and' | 'or'; readonly terms: readonly BoundCondition[] }
  | { readonly is: 'not'; readonly term: BoundCondition };

const TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'];

/** Reads and binds a condition. Throws Refusal. */
export function bindCondition(text: string, placeholders: Placeholders): BoundCondition {
  const condition = new ConditionGrammar(text).read();
  checkConditionText(condition);
  return bound(condition, placeholders);
}

function bound(condition: Condition, placeholders: Placeholders): BoundCondition {
  switch (condition.is) {
    case 'and':
    case 'or':
      return { is: condition.is, terms: condition.terms.map((term) => bound(term, placeholders)) };
    case 'not':
      return { is: 'not', term: bound(condition.term, placeholders) };
    case 'condition-group':
      return bound(condition.inner, placeholders);
    default: {
      const simple = {
        is: condition.is,
        operator: operatorOf(condition),
        operands: condition.operands.map((each) => placeholders.operand(each)),
      };
      checkSimple(simple);
      return simple;
    }
  }
}

function operatorOf(simple: Simple): string {
  if (simple.is === 'compare') return simple.comparator;
  return simple.is === 'call' ? simple.name : simple.is.toUpperCase();
}

/** What is wrong before any item is read: number of operands, a first operand that comes again, types that are known. */
function checkSimple({ is, operator, operands }: BoundSimple): void {
  for (const operand of operands) checkCalls(operand);
  if (is === 'call') return checkCall(operator, operands);
  checkDistinct(operator, operands);
  if (operator === '=' || operator === '<>' || is === 'in') return;
  for (const operand of operands) checkType(operator, operand, ['S', 'N', 'B']);
  if (is === 'between') checkBounds(must(operands[1]), must(operands[2]));
}

/** Calls within an operand, innermost first. */
function checkCalls(operand: Bound): void {
  if (operand.is !== 'call') return;
  for (const inner of operand.operands) checkCalls(inner);
  checkCall(operand.name, operand.operands);
}

function checkCall(name: string, operands: readonly Bound[]): void {
  if (operands.length !== CONDITION_FUNCTIONS.get(name)) throw new Refusal('operand-count', `${name} ${operands.length}`);
  checkDistinct(name, operands);
  const first = must(operands[0]);
  if (name === 'attribute_exists' || name === 'attribute_not_exists') {
    if (first.is !== 'path') throw new Refusal('no-path', name);
  } else if (name === 'attribute_type') {
    checkTypeName(must(operands[1]));
  } else if (name === 'begins_with') {
    for (const operand of operands) checkType(name, operand, ['S', 'B']);
  } else if (name === 'size') {
    checkType(name, first, ['S', 'B', 'SS', 'NS', 'BS', 'L', 'M']);
  }
}

function checkDistinct(operator: string, [first, ...others]: readonly Bound[]): void {
  if (first?.is !== 'path') return;
  if (others.some((other) => other.is === 'path' && samePath(first.path, other.path))) throw new Refusal('distinct-operands', operator);
}

function samePath(one: Path, two: Path): boolean {
  return one.length === two.length && one.every((step, at) => step === two[at]);
}

/** The type that an operand has whatever the item holds. */
function typeOf(operand: Bound): Value['type'] | undefined {
  if (operand.is === 'value') return operand.value.type;
  return operand.is === 'call' ? 'N' : undefined;
}

function checkType(operator: string, operand: Bound, types: readonly Value['type'][]): void {
  const type = typeOf(operand);
  if (type !== undefined && !types.includes(type)) throw new Refusal('operand-type', `${operator} ${type}`);
}

function checkTypeName(operand: Bound): void {
  const type = typeOf(operand);
  if (type !== 'S') throw new Refusal('operand-type', `attribute_type ${type ?? 'any'}`);
  if (operand.is === 'value' && operand.value.type === 'S' && !TYPES.includes(operand.value.text))
    throw new Refusal('type-name', operand.value.text);
}

function checkBounds(low: Bound, high: Bound): void {
  if (low.is !== 'value' || high.is !== 'value') return;
  const difference = order(low.value, high.value);
  if (difference === undefined) throw new Refusal('bounds-type');
  if (difference > 0) throw new Refusal('bounds-order');
}

/** Whether the condition holds for the item. */
export function holds(condition: BoundCondition, item: Item): boolean {
  switch (condition.is) {
    case 'and':
      return condition.terms.every((term) => holds(term, item));
    case 'or':
      return condition.terms.some((term) => holds(term, item));
    case 'not':
      return !holds(condition.term, item);
    default:
      return simpleHolds(condition, item);
  }
}

function simpleHolds({ is, operator, operands }: BoundSimple, item: Item): boolean {
  const [first, ...others] = operands.map((operand) => operandValue(operand, item));
  switch (is) {
    case 'compare':
      return compares(operator as Comparator, first, others[0]);
    case 'between':
      return compares('>=', first, others[0]) && compares('<=', first, others[1]);
    case 'in':
      return others.some((other) => compares('=', first, other));
    default:
      return callHolds(operator, first, others[0]);
  }
}

function operandValue(operand: Bound, item: Item): Value | undefined {
  if (operand.is === 'value') return operand.value;
  if (operand.is === 'path') return find(item, operand.path);
  const of = operandValue(must(operand.operands[0]), item);
  const size = of === undefined ? undefined : sizeOf(of);
  return size === undefined ? undefined : { type: 'N', number: { coefficient: BigInt(size), power: 0 } };
}

/** "Comparison operators": what is not there equals nothing, what has another type is unequal and comes neither before nor after. */
function compares(comparator: Comparator, one: Value | undefined, two: Value | undefined): boolean {
  const equal = one !== undefined && two !== undefined && same(one, two);
  const difference = one === undefined || two === undefined ? undefined : order(one, two);
  switch (comparator) {
    case '=':
      return equal;
    case '<>':
      return !equal;
    case '<':
      return difference !== undefined && difference < 0;
    case '<=':
      return difference !== undefined && difference <= 0;
    case '>':
      return difference !== undefined && difference > 0;
    default:
      return difference !== undefined && difference >= 0;
  }
}

/** "size (path)": numbers, booleans and null have none. */
export function sizeOf(value: Value): number | undefined {
  switch (value.type) {
    case 'S':
      return value.text.length;
    case 'B':
      return value.bytes.length;
    case 'L':
      return value.elements.length;
    case 'M':
      return value.attributes.size;
    case 'SS':
    case 'NS':
    case 'BS':
      return value.members.length;
    default:
      return undefined;
  }
}

function callHolds(name: string, value: Value | undefined, argument: Value | undefined): boolean {
  if (name === 'attribute_exists') return value !== undefined;
  if (name === 'attribute_not_exists') return value === undefined;
  if (value === undefined || argument === undefined) return false;
  if (name === 'attribute_type') return argument.type === 'S' && argument.text === value.type;
  return name === 'begins_with' ? begins(value, argument) : contains(value, argument);
}

function begins(value: Value, start: Value): boolean {
  if (value.type === 'S' && start.type === 'S') return value.text.slice(0, start.text.length) === start.text;
  return value.type === 'B' && start.type === 'B' && value.bytes.subarray(0, start.bytes.length).equals(start.bytes);
}

function contains(value: Value, part: Value): boolean {
  if (value.type === 'S' && part.type === 'S')
    return startsWithin(value.text.length, (at) => value.text.slice(at, at + part.text.length) === part.text);
  if (value.type === 'B' && part.type === 'B') {
    return startsWithin(value.bytes.length, (at) => value.bytes.subarray(at, at + part.bytes.length).equals(part.bytes));
  }
  if (value.type === 'L') return has(value.elements, part);
  return 'members' in value && has(value.members, part);
}

function startsWithin(length: number, fits: (at: number) => boolean): boolean {
  for (let at = 0; at <= length; at += 1) if (fits(at)) return true;
  return false;
}
