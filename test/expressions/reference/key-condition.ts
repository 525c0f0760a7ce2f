import { must } from '../../../services/shared/base/assert.ts';
import type { BoundCondition, BoundSimple } from './condition.ts';
import { Refusal, SeveralRefusals } from './refusal.ts';
import type { Value } from './value.ts';

/** Names and types of a key's attributes. */
export interface Key {
  readonly partition: readonly KeyPart[];
  readonly sort: readonly KeyPart[];
}

interface KeyPart {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

/** A condition on one attribute, which stands on the left. */
export interface PartCondition {
  readonly name: string;
  readonly operator: string;
  readonly values: readonly Value[];
}

const MIRRORED: Readonly<Record<string, string>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/**
 * "Key condition expressions for the Query operation": equality of the partition key, and perhaps one of six conditions on the sort
 * key. Partition first. Throws Refusal.
 */
export function keyConditions(condition: BoundCondition, key: Key): readonly PartCondition[] {
  const conditions: PartCondition[] = [];
  for (const simple of conjuncts(condition)) {
    const next = partCondition(simple);
    if (conditions.some(({ name }) => name === next.name)) throw new Refusal('key-twice');
    conditions.push(next);
  }
  if (key.partition.length > 1 || key.sort.length > 1) return conditionsOnSeveral(conditions, key);
  const [partitionPart, sortPart] = [must(key.partition[0]), key.sort[0]];
  if (conditions.length > 2) throw new Refusal('key-length');
  if (conditions.length > 1 && sortPart === undefined) throw new Refusal('key-unsupported');
  const partition = conditionOn(partitionPart, conditions);
  if (partition.operator !== '=') throw new Refusal('key-unsupported');
  return conditions.length === 1 ? [partition] : [partition, conditionOn(must(sortPart), conditions)];
}

/**
 * "Multi-attribute keys": every partition attribute equals something; the sort attributes have conditions from the first on, without a gap,
 * all but the last of them equalities. What is told of several violations is not documented.
 */
function conditionsOnSeveral(conditions: readonly PartCondition[], { partition, sort }: Key): readonly PartCondition[] {
  const of = ({ name }: KeyPart): PartCondition | undefined => conditions.find((one) => one.name === name);
  const without = [...partition, ...sort].find((part) => of(part) === undefined);
  const asked = [...partition, ...sort.slice(0, Math.max(0, conditions.length - partition.length))];
  const fits = asked.map((part, at) => {
    const condition = of(part);
    if (condition?.values.some((value) => value.type !== part.type)) return false;
    return condition !== undefined && (condition.operator === '=' || (at >= partition.length && at === asked.length - 1));
  });
  if (conditions.length === asked.length && fits.every(Boolean)) return asked.map((part) => must(of(part)));
  const ranged = sort.findIndex((part) => of(part)?.operator !== '=');
  const behind = sort.find((part, at) => ranged >= 0 && at > ranged && of(part) !== undefined);
  throw new SeveralRefusals([
    ...(behind === undefined ? [] : [new Refusal('key-unequal', `${must(sort[ranged]).name} ${behind.name}`)]),
    new Refusal('key-unsupported'),
    new Refusal('key-type'),
    ...(conditions.length > 2 ? [new Refusal('key-length')] : []),
    ...(without === undefined ? [] : [new Refusal('key-missed', without.name)]),
  ]);
}

/** Terms that must all hold. They come one by one, so that what is wrong with an earlier one is told first. */
function conjuncts(condition: BoundCondition): readonly BoundSimple[] {
  const all: BoundSimple[] = [];
  const visit = (one: BoundCondition): void => {
    if (one.is === 'not') all.push(refusedConnective('NOT'));
    else if (!('terms' in one)) all.push(one);
    else if (one.is === 'or') all.push(refusedConnective('OR'));
    else for (const term of one.terms) visit(term);
  };
  visit(condition);
  return all;
}

/** Stands where a term would, and is refused when its turn comes. */
function refusedConnective(operator: string): BoundSimple {
  return { is: 'in', operator, operands: [] };
}

function partCondition({ is, operator, operands }: BoundSimple): PartCondition {
  if (is === 'in' || operator === '<>' || (is === 'call' && operator !== 'begins_with')) throw new Refusal('key-operator', operator);
  if (is !== 'compare' && operands[0]?.is !== 'path') throw new Refusal('key-first-operand', operator);
  let name: string | undefined;
  const values: Value[] = [];
  for (const operand of operands) {
    if (operand.is === 'call') throw new Refusal('key-nested-operation');
    if (operand.is === 'value') values.push(operand.value);
    else if (name !== undefined) throw new Refusal('key-attributes');
    else if (operand.path.length > 1) throw new Refusal('key-nested-attribute');
    else name = String(operand.path[0]);
  }
  if (name === undefined) throw new Refusal('key-none');
  const turned = is === 'compare' && operands[0]?.is !== 'path';
  return { name, operator: turned ? must(MIRRORED[operator]) : operator.replace('BETWEEN', 'between'), values };
}

function conditionOn({ name, type }: KeyPart, conditions: readonly PartCondition[]): PartCondition {
  const condition = conditions.find((one) => one.name === name);
  if (condition === undefined) throw new Refusal('key-missed', name);
  if (condition.values.some((value) => value.type !== type)) throw new Refusal('key-type');
  return condition;
}
