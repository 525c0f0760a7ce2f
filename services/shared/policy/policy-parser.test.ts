import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePolicy } from './policy-parser.ts';
import { PolicyError } from './policy-error.ts';

const VARIABLES = { userName: 'ann' };

function policy(statement: Readonly<Record<string, unknown>>, version: string | null = '2012-10-17'): string {
  const whole = { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: '*', ...statement };
  return JSON.stringify({ ...(version === null ? {} : { Version: version }), Statement: [whole] });
}

function variable(name: string): string {
  return `\${${name}}`;
}

function refuses(text: string, message: RegExp): void {
  assert.throws(
    () => parsePolicy(text, VARIABLES),
    (error) => error instanceof PolicyError && message.test(error.message),
    `${text} against ${message}`,
  );
}

test('one value stands for a list of one', () => {
  const one = policy({ Condition: { StringEquals: { 'dynamodb:Select': 'COUNT' } } });
  const list = policy({
    Action: ['dynamodb:GetItem'],
    Resource: ['*'],
    Condition: { StringEquals: { 'dynamodb:Select': ['COUNT'] } },
  });
  assert.deepEqual(parsePolicy(one, VARIABLES), parsePolicy(list, VARIABLES));
  const bare = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Deny', NotAction: '*', NotResource: 'arn:aws:dynamodb:*' } });
  const { statements } = parsePolicy(bare, VARIABLES);
  assert.equal(statements.length, 1);
  assert.deepEqual([statements[0]?.exceptActions, statements[0]?.exceptResources], [true, true]);
});

test('the form of a document', () => {
  refuses('{', /^the policy is not JSON/);
  refuses('[]', /^the policy is not an object/);
  refuses('{"Version":"2012-10-17"}', /no Statement/);
  refuses('{"Statement":[]}', /Statement is empty/);
  refuses('{"Version":"2017-08-17","Statement":[]}', /^Version is none of/);
  refuses('{"Statement":[1]}', /^Statement\[0\] is not an object/);
  refuses('{"Statement":[],"Principal":"*"}', /element Principal, which is not supported/);
  refuses(policy({ Principal: '*' }), /^Statement\[0\] has the element Principal/);
  refuses(policy({ Effect: 'allow' }), /Effect is neither Allow nor Deny/);
  refuses(policy({ Sid: 'a b' }), /Sid is not made of letters and digits/);
  refuses(policy({ NotAction: '*' }), /needs one of Action and NotAction/);
  refuses(policy({ Action: undefined }), /needs one of Action and NotAction/);
  refuses(policy({ NotResource: '*' }), /needs one of Resource and NotResource/);
  refuses(policy({ Action: [] }), /Statement\[0\]\.Action is empty/);
  refuses(policy({ Resource: [1] }), /Statement\[0\]\.Resource is not a text/);
  const twice = { Sid: 'One', Effect: 'Allow', Action: '*', Resource: '*' };
  refuses(JSON.stringify({ Statement: [twice, twice] }), /Statement\[1\]\.Sid One comes twice/);
});

test('names that come twice in an object would lose a rule in silence', () => {
  const text = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{}} , "\\u0043ondition" :{}}}';
  refuses(text, /"Condition" comes twice/);
  const same =
    '{"Id":"Statement","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}';
  assert.equal(parsePolicy(same, VARIABLES).statements.length, 2);
});

test('only actions of dynamodb, whatever their case', () => {
  for (const action of ['*', 'dynamodb:*', 'DynamoDB:getitem', 'dynamodb:*Item', 'dynamodb:PartiQL?elect', 'dynamodb:ConditionCheckItem']) {
    parsePolicy(policy({ Action: action }), VARIABLES);
  }
  refuses(policy({ Action: 'dynamodb:GetItems' }), /Statement\[0\]\.Action: dynamodb has no action dynamodb:GetItems/);
  refuses(policy({ Action: 'dynamodb:Fetch*' }), /dynamodb has no action dynamodb:Fetch\*/);
  refuses(policy({ Action: ['*', 's3:GetObject'] }), /s3:GetObject is no action of dynamodb/);
  refuses(policy({ Action: 'GetItem' }), /GetItem is no action of dynamodb/);
});

test('resources are ARNs', () => {
  for (const resource of ['*', 'arn:aws:dynamodb:eu-*-1:*:table/a?b*', 'arn:aws:dynamodb:*', 'arn:aws:s3:::bucket']) {
    parsePolicy(policy({ Resource: resource }), VARIABLES);
  }
  for (const resource of ['cities', 'table/*', 'arn:aws:dynamodb:eu-1:table/x', '*:table/x', 'arn']) {
    refuses(policy({ Resource: resource }), /is neither \* nor an ARN/);
  }
});

test('condition keys and operators that are not judged are refused by name', () => {
  const condition = (operator: string, key: string, value: unknown = 'x') => policy({ Condition: { [operator]: { [key]: value } } });
  refuses(condition('IpAddress', 'aws:SourceIp'), /the condition operator IpAddress is not supported/);
  refuses(condition('StringMatches', 'dynamodb:Select'), /the condition operator StringMatches is not supported/);
  refuses(condition('ForSomeValues:StringEquals', 'dynamodb:Select'), /the condition operator ForSomeValues:StringEquals is not supported/);
  refuses(condition('toString', 'dynamodb:Select'), /the condition operator toString is not supported/);
  refuses(condition('NullIfExists', 'dynamodb:Select', true), /the condition operator NullIfExists is not supported/);
  refuses(condition('ForAllValues:Null', 'dynamodb:Attributes', true), /the condition operator ForAllValues:Null is not supported/);
  refuses(condition('ForAnyValue:StringLikeIfExists', 'dynamodb:Attributes'), /the condition operator ForAnyValue:StringLikeIfExists/);
  refuses(condition('StringEquals', 'aws:SourceVpc'), /the condition key aws:SourceVpc is not supported/);
  refuses(condition('StringEquals', 'dynamodb:FirstPartitionKeyValues'), /the condition key dynamodb:FirstPartitionKeyValues/);
  refuses(condition('StringEquals', 'dynamodb:LeadingKeys'), /ForAllValues: or ForAnyValue: must stand before StringEquals/);
  refuses(condition('Bool', 'dynamodb:Select', true), /Bool does not fit the condition key dynamodb:Select/);
  refuses(
    condition('StringEquals', 'dynamodb:FullTableScan', 'true'),
    /StringEquals does not fit the condition key dynamodb:FullTableScan/,
  );
  refuses(condition('Bool', 'dynamodb:FullTableScan', 'yes'), /yes is neither true nor false/);
  refuses(condition('StringEquals', 'dynamodb:Select', []), /dynamodb:Select is empty/);
  refuses(condition('StringEquals', 'dynamodb:Select', [{}]), /is not a text, a number or a flag/);
  refuses(policy({ Condition: { StringEquals: [] } }), /StringEquals is not an object/);
  refuses(policy({ Condition: 'x' }), /Condition is not an object/);
  const written = { 'ForAllValues:StringEqualsIfExists': { 'DynamoDB:leadingKEYS': 'x' }, Bool: { 'dynamodb:FullTableScan': true } };
  const [statement] = parsePolicy(policy({ Condition: written }), VARIABLES).statements;
  assert.deepEqual(statement?.conditions[0], {
    key: 'dynamodb:LeadingKeys',
    over: 'all',
    test: { kind: 'equals', values: ['x'] },
    negated: false,
    ifExists: true,
  });
});

test('the variable for the user’s name counts from version 2012-10-17 on; others are refused', () => {
  const written = {
    Resource: `arn:aws:dynamodb:*:*:table/${variable('aws:username')}-*`,
    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `${variable('aws:UserName')}#*` } },
  };
  const filled = JSON.stringify(parsePolicy(policy(written), VARIABLES));
  assert.match(filled, /table\/ann-/);
  assert.match(filled, /ann#/);
  const literal = JSON.stringify(parsePolicy(policy(written, '2008-10-17'), VARIABLES));
  assert.match(literal, /table\/\$\{aws:username\}-/);
  assert.match(JSON.stringify(parsePolicy(policy(written, null), VARIABLES)), /\$\{aws:username\}/);
  const others = ['www.amazon.com:user_id', '*', "aws:username, 'x'"].map(variable);
  for (const other of [...others, variable('aws:username').slice(0, -1)]) {
    const text = policy({ Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': other } } });
    refuses(text, /the policy variable .* is not supported/);
  }
});

test('a policy has only the characters that IAM takes', () => {
  parsePolicy(policy({ Resource: 'arn:aws:dynamodb:*:*:table/é' }), VARIABLES);
  parsePolicy(policy({ Resource: 'arn:aws:dynamodb:*:*:table/x' }).replace('/x', '/\\u1234'), VARIABLES);
  refuses(policy({ Resource: 'arn:aws:dynamodb:*:*:table/\u1234' }), /characters of U\+0020 to U\+00FF only/);
});

test('a policy is bounded', () => {
  const long = (names: number) => policy({ Resource: `arn:aws:dynamodb:*:*:table/${'x'.repeat(names)}` });
  parsePolicy(long(6000), VARIABLES);
  refuses(long(6100), /at most 6144 characters/);
  parsePolicy(`${' '.repeat(10_000)}${policy({})}`, VARIABLES);
  refuses(`${' '.repeat(30_000)}${policy({})}`, /at most 6144 characters/);
});

test('whatever is given is read or refused', () => {
  const names = ['Version', 'Statement', 'Effect', 'Action', 'Resource', 'Condition', 'Null', 'dynamodb:Select', '__proto__'];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>('*', 'Allow', 'dynamodb:*', true, 1, null, '2012-10-17'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      try {
        parsePolicy(JSON.stringify(value) ?? 'null', VARIABLES);
      } catch (error) {
        assert.ok(error instanceof PolicyError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
