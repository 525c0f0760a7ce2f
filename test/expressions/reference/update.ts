import { must } from '../../../services/shared/base/assert.ts';
import { negated, sum } from './exact-number.ts';
import { UpdateGrammar } from './grammars.ts';
import { type Bound, checkClashes, find, type Path, type Placeholders } from './placeholders.ts';
import { Refusal, refusalsOf, SeveralRefusals } from './refusal.ts';
import { bareAssigned, checkUpdateText, operandsOfAction, operandsOfAssigned, UPDATE_FUNCTIONS } from './text-checks.ts';
import { type Section, withInner } from './tree.ts';
import { has, type Item, levels, type Value } from './value.ts';

const LEVELS_MAX = 32;

/** An action with the names and values of a request: SET has one operand, or two of a sum; REMOVE has none. */
export interface BoundAction {
  readonly section: Section;
  readonly path: Path;
  readonly sign: '+' | '-' | undefined;
  readonly operands: readonly Bound[];
}

/** Reads and binds an update. Throws Refusal. */
export function bindUpdate(text: string, placeholders: Placeholders): readonly BoundAction[] {
  const update = new UpdateGrammar(text).read();
  checkUpdateText(update);
  const actions = update.sections.flatMap((section) => section.actions);
  const all = actions.flatMap(operandsOfAction).flatMap(withInner);
  for (const operand of all) if (operand.is === 'path') placeholders.path(operand);
  for (const operand of all) if (operand.is === 'value') placeholders.value(operand.placeholder);
  const bound = actions.map(({ section, path, assigned, operand }): BoundAction => {
    const operands = assigned === undefined ? (operand === undefined ? [] : [operand]) : operandsOfAssigned(assigned);
    const value = assigned === undefined ? undefined : bareAssigned(assigned);
    return {
      section,
      path: placeholders.path(path),
      sign: value?.is === 'sum' ? value.sign : undefined,
      operands: operands.map((each) => placeholders.operand(each)),
    };
  });
  checkClashes(bound.map(({ path }) => path));
  for (const action of bound) checkSectionOperand(action);
  for (const action of bound) checkSetOperands(action);
  return bound;
}

function checkSectionOperand({ section, operands: [operand] }: BoundAction): void {
  if ((section !== 'ADD' && section !== 'DELETE') || operand?.is !== 'value') return;
  const { type } = operand.value;
  const fits = type === 'SS' || type === 'NS' || type === 'BS' || (type === 'N' && section === 'ADD');
  if (!fits) throw new Refusal('section-operand-type', section);
}

function checkSetOperands({ section, sign, operands }: BoundAction): void {
  if (section !== 'SET') return;
  for (const operand of operands) checkCalls(operand);
  if (sign === undefined) return;
  for (const operand of operands)
    if (operand.is === 'value' && operand.value.type !== 'N') throw new Refusal('operand-type', `${sign} ${operand.value.type}`);
}

function checkCalls(operand: Bound): void {
  if (operand.is !== 'call') return;
  const { name, operands } = operand;
  for (const inner of operands) checkCalls(inner);
  if (operands.length !== UPDATE_FUNCTIONS.get(name)) throw new Refusal('operand-count', `${name} ${operands.length}`);
  if (name === 'if_not_exists') {
    if (operands[0]?.is !== 'path') throw new Refusal('no-path', name);
    return;
  }
  for (const each of operands)
    if (each.is === 'value' && each.value.type !== 'L') throw new Refusal('operand-type', `${name} ${each.value.type}`);
}

/**
 * The item after the update: all operands are read from the item before it, and list indexes are those of the lists before it. Throws
 * Refusal; where several actions cannot be carried out, any of their refusals is right (`alternatives`).
 */
export function updated(actions: readonly BoundAction[], item: Item): Item {
  const assigned = actions.map((action) => (action.section === 'SET' ? assignedValue(action, item) : undefined));
  const refusals: Refusal[] = [];
  const changed = thawed({ type: 'M', attributes: item });
  actions.forEach((action, at) => {
    try {
      const place = placeOf(changed, action.path);
      const outcome = action.section === 'SET' ? must(assigned[at]) : outcomeOf(action, find(item, action.path));
      place.put(outcome);
    } catch (error) {
      refusals.push(...refusalsOf(error));
    }
  });
  if (refusals.length > 0) throw new SeveralRefusals(refusals);
  const result = frozen(changed);
  if (result.type !== 'M') throw new Error('an item is a map');
  return result.attributes;
}

/** What SET puts at its path. */
function assignedValue({ path, sign, operands }: BoundAction, item: Item): Value {
  const value = sign === undefined ? operandValue(must(operands[0]), item) : total(...fitting(operands, 'N', item), sign);
  // The path's own levels, and those of the value at its end. At the top a value cannot become deeper than it was.
  if (path.length > 1 && path.length - 1 + levels(value) > LEVELS_MAX) throw new Refusal('item-depth');
  return value;
}

function operandValue(operand: Bound, item: Item): Value {
  if (operand.is === 'value') return operand.value;
  if (operand.is === 'path') {
    const found = find(item, operand.path);
    if (found === undefined) throw new Refusal('no-attribute');
    return found;
  }
  const { name, operands } = operand;
  const first = must(operands[0]);
  if (name === 'if_not_exists') return (first.is === 'path' ? find(item, first.path) : undefined) ?? operandValue(must(operands[1]), item);
  return { type: 'L', elements: fitting(operands, 'L', item).flatMap(({ elements }) => elements) };
}

/** Two operands that must be there and have this type. Which of several refusals is told is not documented. */
function fitting<T extends Value['type']>(operands: readonly Bound[], type: T, item: Item): [OfType<T>, OfType<T>] {
  const refusals: Refusal[] = [];
  const values = operands.flatMap((operand) => {
    try {
      const value = operandValue(operand, item);
      if (value.type === type) return [value as OfType<T>];
      refusals.push(new Refusal('incorrect-type'));
    } catch (error) {
      refusals.push(...refusalsOf(error));
    }
    return [];
  });
  if (refusals.length > 0) throw new SeveralRefusals(refusals);
  return values as [OfType<T>, OfType<T>];
}

type OfType<T extends Value['type']> = Extract<Value, { readonly type: T }>;

function total(one: OfType<'N'>, two: OfType<'N'>, sign: '+' | '-'): Value {
  return { type: 'N', number: sum(one.number, sign === '+' ? two.number : negated(two.number)) };
}

/** What REMOVE, ADD and DELETE leave of what was there; undefined: nothing. */
function outcomeOf({ section, operands: [operand] }: BoundAction, old: Value | undefined): Value | undefined {
  if (section === 'REMOVE' || operand?.is !== 'value') return undefined;
  const { value } = operand;
  if (old === undefined) return section === 'ADD' ? value : undefined;
  if (value.type === 'N') {
    if (old.type !== 'N') throw new Refusal('incorrect-type');
    return total(old, value, '+');
  }
  if (!('members' in value) || !('members' in old) || old.type !== value.type) throw new Refusal('incorrect-type');
  const members =
    section === 'ADD'
      ? [...old.members, ...value.members.filter((member) => !has(old.members, member))]
      : old.members.filter((member) => !has(value.members, member));
  // There are no empty sets.
  return members.length === 0 ? undefined : { type: old.type, members };
}

/** An item that is being changed. Elements of lists keep their places until all is done: gone ones leave a hole, new ones lie behind. */
type Node =
  | Value
  | { readonly type: 'list'; readonly elements: Map<number, Node> }
  | { readonly type: 'map'; readonly attributes: Map<string, Node> };

function thawed(value: Value): Node {
  if (value.type === 'L') return { type: 'list', elements: new Map(value.elements.map((element, at) => [at, thawed(element)])) };
  if (value.type === 'M') return { type: 'map', attributes: new Map([...value.attributes].map(([name, inner]) => [name, thawed(inner)])) };
  return value;
}

function frozen(node: Node): Value {
  if (node.type === 'list') {
    const inOrder = [...node.elements].sort(([one], [two]) => one - two);
    return { type: 'L', elements: inOrder.map(([, element]) => frozen(element)) };
  }
  if (node.type === 'map') return { type: 'M', attributes: new Map([...node.attributes].map(([name, inner]) => [name, frozen(inner)])) };
  return node;
}

/** The place that a path names; what leads to it must be there. Throws Refusal. */
function placeOf(root: Node, path: Path): { put(value: Value | undefined): void } {
  let parent: Node | undefined = root;
  for (const step of path.slice(0, -1)) parent = parent === undefined ? undefined : childOf(parent, step);
  const last = must(path.at(-1));
  if (typeof last === 'number' && parent?.type === 'list') return placeIn(parent.elements, last);
  if (typeof last === 'string' && parent?.type === 'map') return placeIn(parent.attributes, last);
  throw new Refusal('invalid-path');
}

function placeIn<K>(children: Map<K, Node>, key: K): { put(value: Value | undefined): void } {
  return {
    put: (value) => {
      if (value === undefined) children.delete(key);
      else children.set(key, value);
    },
  };
}

function childOf(node: Node, step: string | number): Node | undefined {
  if (typeof step === 'number') return node.type === 'list' ? node.elements.get(step) : undefined;
  return node.type === 'map' ? node.attributes.get(step) : undefined;
}
