import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePolicy } from './policy-evaluator.ts';
import type { KeyValues, Verdict } from './policy-evaluator.ts';
import { parsePolicy } from './policy-parser.ts';
import type { ConditionKey } from './policy.ts';

const TABLE = 'arn:aws:dynamodb:eu-west-9:111122223333:table/scores';
/** The policy variable. */
const USER_NAME = ['$', 'aws:username}'].join('{');
const INDEX = `${TABLE}/index/byDate`;

type Statement = Readonly<Record<string, unknown>>;
type Values = Partial<Record<ConditionKey, KeyValues>>;

function judge(statements: readonly Statement[], action: string, resource: string, values: Values = {}): Verdict {
  const whole = statements.map((statement) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...statement }));
  const filled = whole.map((one) => without(without(one, 'NotAction', 'Action'), 'NotResource', 'Resource'));
  const policy = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: filled }), { userName: 'ann' });
  return evaluatePolicy(policy, { action: `dynamodb:${action}`, resource, values: (key) => values[key] });
}

/** The negated element stands in place of the plain one. */
function without(statement: Statement, negation: string, plain: string): Statement {
  return negation in statement ? Object.fromEntries(Object.entries(statement).filter(([name]) => name !== plain)) : statement;
}

test('deny wins, and nothing is allowed that no statement allows', () => {
  const allow = { Action: 'dynamodb:GetItem' };
  const deny = { Effect: 'Deny', Action: 'dynamodb:Get*' };
  assert.equal(judge([allow], 'GetItem', TABLE), 'allowed');
  assert.equal(judge([allow], 'PutItem', TABLE), 'implicit-deny');
  assert.equal(judge([allow, deny], 'GetItem', TABLE), 'explicit-deny');
  assert.equal(judge([deny, allow], 'GetItem', TABLE), 'explicit-deny');
  assert.equal(judge([deny], 'GetItem', TABLE), 'explicit-deny');
  assert.equal(judge([deny], 'Query', TABLE), 'implicit-deny');
});

test('actions', () => {
  const cases: [Statement, string, Verdict][] = [
    [{ Action: '*' }, 'Scan', 'allowed'],
    [{ Action: 'dynamodb:*' }, 'Scan', 'allowed'],
    [{ Action: 'DYNAMODB:sc?n' }, 'Scan', 'allowed'],
    [{ Action: ['dynamodb:Batch*', 'dynamodb:Query'] }, 'BatchGetItem', 'allowed'],
    [{ Action: ['dynamodb:Batch*', 'dynamodb:Query'] }, 'Scan', 'implicit-deny'],
    [{ NotAction: 'dynamodb:Delete*' }, 'PutItem', 'allowed'],
    [{ NotAction: 'dynamodb:Delete*' }, 'DeleteTable', 'implicit-deny'],
    [{ NotAction: ['dynamodb:GetItem', 'dynamodb:Query'] }, 'Query', 'implicit-deny'],
  ];
  for (const [statement, action, verdict] of cases) assert.equal(judge([statement], action, TABLE), verdict, JSON.stringify(statement));
});

test('resources', () => {
  const cases: [Statement, string, Verdict][] = [
    [{ Resource: TABLE }, TABLE, 'allowed'],
    [{ Resource: TABLE }, INDEX, 'implicit-deny'],
    [{ Resource: `${TABLE}/index/*` }, INDEX, 'allowed'],
    [{ Resource: `${TABLE}/index/*` }, TABLE, 'implicit-deny'],
    [{ Resource: `${TABLE}*` }, INDEX, 'allowed'],
    [{ Resource: 'arn:aws:dynamodb:*:*:table/sc?res' }, TABLE, 'allowed'],
    [{ Resource: 'arn:aws:dynamodb:eu-west-?:*:table/*' }, TABLE, 'allowed'],
    [{ Resource: 'arn:aws:dynamodb:eu-east-?:*:table/*' }, TABLE, 'implicit-deny'],
    [{ Resource: 'arn:aws:dynamodb:*:999900001111:table/*' }, TABLE, 'implicit-deny'],
    [{ Resource: 'arn:aws:dynamodb:*' }, TABLE, 'allowed'],
    [{ Resource: 'arn:aws:d*' }, TABLE, 'allowed'],
    [{ Resource: 'arn:aws:s3*' }, TABLE, 'implicit-deny'],
    [{ Resource: 'arn:aws:dynamodb:eu:*:*:table/scores' }, TABLE, 'implicit-deny'],
    [{ Resource: TABLE.toUpperCase().replace('ARN', 'arn') }, TABLE, 'implicit-deny'],
    [{ Resource: ['arn:aws:s3:::x', TABLE] }, TABLE, 'allowed'],
    [{ NotResource: TABLE }, TABLE, 'implicit-deny'],
    [{ NotResource: TABLE }, INDEX, 'allowed'],
    // Actions without a resource are only allowed on all resources.
    [{ Resource: '*' }, '*', 'allowed'],
    [{ Resource: 'arn:aws:dynamodb:*:*:*' }, '*', 'implicit-deny'],
    [{ Resource: 'arn:*' }, '*', 'implicit-deny'],
  ];
  for (const [statement, resource, verdict] of cases) {
    assert.equal(judge([statement], 'Query', resource), verdict, `${JSON.stringify(statement)} ${resource}`);
  }
});

test('condition operators, by the tables of the IAM User Guide', () => {
  const select = 'dynamodb:Select';
  const names = 'dynamodb:Attributes';
  const scan = 'dynamodb:FullTableScan';
  const cases: [operator: string, key: ConditionKey, listed: unknown, has: KeyValues, holds: boolean][] = [
    ['StringEquals', select, 'COUNT', ['COUNT'], true],
    ['StringEquals', select, ['ALL_ATTRIBUTES', 'COUNT'], ['COUNT'], true],
    ['StringEquals', select, 'COUNT', ['Count'], false],
    ['StringEquals', select, 'COUNT', undefined, false],
    ['StringEqualsIfExists', select, 'COUNT', undefined, true],
    ['StringEqualsIfExists', select, 'COUNT', ['ALL_ATTRIBUTES'], false],
    ['StringNotEquals', select, 'COUNT', ['COUNT'], false],
    ['StringNotEquals', select, ['COUNT', 'X'], ['ALL_ATTRIBUTES'], true],
    ['StringNotEquals', select, ['ALL_ATTRIBUTES', 'COUNT'], ['COUNT'], false],
    ['StringNotEquals', select, 'COUNT', undefined, true],
    ['StringNotEqualsIfExists', select, 'COUNT', undefined, true],
    ['StringEqualsIgnoreCase', select, 'count', ['COUNT'], true],
    ['StringNotEqualsIgnoreCase', select, 'count', ['COUNT'], false],
    ['StringLike', select, 'ALL_*', ['ALL_ATTRIBUTES'], true],
    ['StringLike', select, 'ALL_*', ['COUNT'], false],
    ['StringNotLike', select, 'ALL_*', ['COUNT'], true],
    ['StringNotLike', select, 'ALL_*', ['ALL_PROJECTED_ATTRIBUTES'], false],
    ['Bool', scan, 'true', ['true'], true],
    ['Bool', scan, true, ['false'], false],
    ['Bool', scan, 'true', undefined, false],
    ['BoolIfExists', scan, 'true', undefined, true],
    ['Null', select, 'true', undefined, true],
    ['Null', select, 'true', ['COUNT'], false],
    ['Null', select, false, ['COUNT'], true],
    ['Null', select, 'false', undefined, false],
    ['ForAllValues:StringEquals', names, ['a', 'b'], ['a'], true],
    ['ForAllValues:StringEquals', names, ['a', 'b'], ['b', 'a'], true],
    ['ForAllValues:StringEquals', names, ['a', 'b'], ['a', 'c'], false],
    ['ForAllValues:StringEquals', names, ['a', 'b'], undefined, true],
    ['ForAllValues:StringEqualsIfExists', names, 'a', undefined, true],
    ['ForAllValues:StringEqualsIfExists', names, 'a', ['b'], false],
    ['ForAllValues:StringNotLike', names, ['secret*', 'x'], ['a', 'b'], true],
    ['ForAllValues:StringNotLike', names, ['secret*', 'x'], ['a', 'secretKey'], false],
    ['ForAnyValue:StringEquals', names, ['a', 'b'], ['c', 'b'], true],
    ['ForAnyValue:StringEquals', names, ['a', 'b'], ['c'], false],
    ['ForAnyValue:StringEquals', names, ['a', 'b'], undefined, false],
    ['ForAnyValue:StringNotEquals', names, 'a', ['a', 'b'], true],
    ['ForAnyValue:StringNotEquals', names, 'a', ['a'], false],
    ['ForAnyValue:StringNotEquals', names, 'a', undefined, false],
    ['ForAnyValue:StringLike', names, 'a?', ['ab'], true],
    ['ForAnyValue:StringEquals', 'dynamodb:EnclosingOperation', 'TransactWriteItems', ['TransactWriteItems'], true],
  ];
  for (const [operator, key, listed, has, holds] of cases) {
    const condition = { Condition: { [operator]: { [key]: listed } } };
    const place = `${operator} ${key} ${JSON.stringify(listed)} over ${JSON.stringify(has)}`;
    assert.equal(judge([condition], 'Query', TABLE, { [key]: has }), holds ? 'allowed' : 'implicit-deny', place);
    const deny = judge([{}, { ...condition, Effect: 'Deny' }], 'Query', TABLE, { [key]: has });
    assert.equal(deny, holds ? 'explicit-deny' : 'allowed', `deny by ${place}`);
  }
});

test('all operators and all keys of a condition must hold', () => {
  const condition = {
    Condition: {
      'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': USER_NAME, 'dynamodb:Attributes': ['id', 'score'] },
      StringEqualsIfExists: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES', 'dynamodb:ReturnValues': ['NONE', 'UPDATED_NEW'] },
    },
  };
  const good: Values = {
    'dynamodb:LeadingKeys': ['ann'],
    'dynamodb:Attributes': ['id', 'score'],
    'dynamodb:Select': ['SPECIFIC_ATTRIBUTES'],
  };
  assert.equal(judge([condition], 'GetItem', TABLE, good), 'allowed');
  assert.equal(judge([condition], 'UpdateItem', TABLE, { ...good, 'dynamodb:ReturnValues': ['NONE'] }), 'allowed');
  const wrong: Values[] = [
    { 'dynamodb:LeadingKeys': ['bob'] },
    { 'dynamodb:LeadingKeys': ['ann', 'bob'] },
    { 'dynamodb:Attributes': ['id', 'password'] },
    { 'dynamodb:Select': ['ALL_ATTRIBUTES'] },
    { 'dynamodb:ReturnValues': ['ALL_OLD'] },
  ];
  for (const one of wrong) assert.equal(judge([condition], 'GetItem', TABLE, { ...good, ...one }), 'implicit-deny', JSON.stringify(one));
});

test('values that cannot be told never help', () => {
  const values: Values = { 'dynamodb:LeadingKeys': 'unknown' };
  for (const operator of ['ForAllValues:StringEquals', 'ForAllValues:StringNotEquals', 'ForAnyValue:StringLike', 'Null']) {
    const condition = { Condition: { [operator]: { 'dynamodb:LeadingKeys': operator === 'Null' ? 'false' : '*' } } };
    assert.equal(judge([condition], 'GetItem', TABLE, values), 'implicit-deny');
    assert.equal(judge([{}, { ...condition, Effect: 'Deny' }], 'GetItem', TABLE, values), 'explicit-deny');
  }
  // Another condition that surely does not hold makes the statement say nothing.
  const both = { Null: { 'dynamodb:LeadingKeys': 'false' }, StringEquals: { 'dynamodb:Select': 'COUNT' } };
  assert.equal(judge([{}, { Effect: 'Deny', Condition: both }], 'GetItem', TABLE, values), 'allowed');
});

test('keys are asked for only by statements about the action and the resource', () => {
  const statements = [
    { Action: 'dynamodb:PutItem', Condition: { Null: { 'dynamodb:LeadingKeys': 'true' } } },
    { Resource: `${TABLE}x`, Condition: { Null: { 'dynamodb:Attributes': 'true' } } },
    { Condition: { Null: { 'dynamodb:Select': 'true' } } },
  ].map((statement) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...statement }));
  const policy = parsePolicy(JSON.stringify({ Statement: statements }), { userName: 'ann' });
  const asked: string[] = [];
  const values = (key: ConditionKey): undefined => void asked.push(key);
  assert.equal(evaluatePolicy(policy, { action: 'dynamodb:GetItem', resource: TABLE, values }), 'allowed');
  assert.deepEqual(asked, ['dynamodb:Select']);
});
