import { compileGlob } from './glob.ts';
import { asList } from './policy-fields.ts';
import { CONDITION_KEYS } from './policy.ts';
import type { ConditionKey, ConditionKeyDefinition, PolicyCondition, ValueTest } from './policy.ts';
import { PolicyError } from './policy-error.ts';
import { substitute } from './policy-variables.ts';
import type { PolicyVariables } from './policy-variables.ts';

/** The operators that are judged (IAM User Guide, "Condition operators"), by name. */
const OPERATORS: Readonly<Record<string, { readonly type: 'text' | 'flag' | 'any'; readonly test: TestMaker; readonly negated: boolean }>> =
  {
    StringEquals: { type: 'text', test: equals, negated: false },
    StringNotEquals: { type: 'text', test: equals, negated: true },
    StringEqualsIgnoreCase: { type: 'text', test: equalsIgnoringCase, negated: false },
    StringNotEqualsIgnoreCase: { type: 'text', test: equalsIgnoringCase, negated: true },
    StringLike: { type: 'text', test: like, negated: false },
    StringNotLike: { type: 'text', test: like, negated: true },
    Bool: { type: 'flag', test: flags, negated: false },
    Null: { type: 'any', test: absence, negated: false },
  };

type TestMaker = (values: readonly string[], place: string) => ValueTest;

const KEYS_IN_LOWER_CASE = new Map(Object.keys(CONDITION_KEYS).map((key) => [key.toLowerCase(), key as ConditionKey]));
const FORM = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/;

/** One operator with one key of a Condition. Names of keys are compared without case, as IAM does. Throws PolicyError. */
export function readCondition(
  operator: string,
  writtenKey: string,
  values: unknown,
  place: string,
  variables: PolicyVariables | undefined,
): PolicyCondition {
  const [, quantifier, name = '', ifExists] = FORM.exec(operator) ?? [];
  const definition = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (definition === undefined) throw new PolicyError(`${place}: the condition operator ${operator} is not supported`);
  const key = KEYS_IN_LOWER_CASE.get(writtenKey.toLowerCase());
  if (key === undefined) throw new PolicyError(`${place}.${operator}: the condition key ${writtenKey} is not supported`);
  const at = `${place}.${operator}.${key}`;
  refuseMisfit(operator, definition.type, quantifier, ifExists !== undefined, key, at);
  const texts = asList(values, at).map((value) => conditionValue(value, at, definition.type === 'text' ? variables : undefined));
  return {
    key,
    over: quantifier === 'ForAllValues' ? 'all' : quantifier === 'ForAnyValue' ? 'any' : 'single',
    test: definition.test(texts, at),
    negated: definition.negated,
    ifExists: ifExists !== undefined,
  };
}

function refuseMisfit(
  operator: string,
  type: 'text' | 'flag' | 'any',
  quantifier: string | undefined,
  ifExists: boolean,
  key: ConditionKey,
  place: string,
): void {
  const definition: ConditionKeyDefinition = CONDITION_KEYS[key];
  if (type === 'any') {
    if (quantifier !== undefined || ifExists) throw new PolicyError(`${place}: the condition operator ${operator} is not supported`);
    return;
  }
  if (type !== definition.type) throw new PolicyError(`${place}: ${operator} does not fit the condition key ${key}`);
  if (definition.several && quantifier === undefined) {
    throw new PolicyError(
      `${place}: a request can have several values of ${key}, so ForAllValues: or ForAnyValue: must stand before ${operator}`,
    );
  }
  // Sources differ on what it means when the key is absent.
  if (quantifier === 'ForAnyValue' && ifExists) throw new PolicyError(`${place}: the condition operator ${operator} is not supported`);
}

/** Numbers and flags may be written without quotes. */
function conditionValue(value: unknown, place: string, variables: PolicyVariables | undefined): string {
  if (typeof value === 'string') return substitute(value, variables, place);
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  throw new PolicyError(`${place} is not a text, a number or a flag`);
}

function equals(values: readonly string[]): ValueTest {
  return { kind: 'equals', values };
}

function equalsIgnoringCase(values: readonly string[]): ValueTest {
  return { kind: 'equals-ignoring-case', lowerCaseValues: values.map((value) => value.toLowerCase()) };
}

function like(values: readonly string[]): ValueTest {
  return { kind: 'like', patterns: values.map(compileGlob) };
}

function flags(values: readonly string[], place: string): ValueTest {
  return { kind: 'equals-ignoring-case', lowerCaseValues: values.map((value) => readFlag(value, place)) };
}

/** `"true"`: the key is not there. */
function absence(values: readonly string[], place: string): ValueTest {
  return { kind: 'null', present: values.map((value) => readFlag(value, place) === 'false') };
}

function readFlag(text: string, place: string): 'true' | 'false' {
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new PolicyError(`${place}: ${text} is neither true nor false`);
  return lower;
}
