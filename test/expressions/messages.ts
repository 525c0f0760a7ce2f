import type { Refused } from './outcome.ts';
import type { RefusalKind } from './reference/refusal.ts';

/** The service's texts by what they say. Groups in the order of the reference's details. */
const TEXTS: readonly (readonly [RefusalKind, RegExp])[] = [
  ['empty', /^The expression can not be empty;$/],
  ['size', /^Expression size has exceeded the maximum allowed size; expression size: (\d+)$/],
  ['syntax', /^Syntax error; token: "(.+?)", near: "(.*)"$/su],
  ['operators', /^The expression contains too many operators; operator count: (\d+)$/],
  ['parentheses', /^The expression has redundant parentheses;$/],
  ['unknown-function', /^Invalid function name; function: (\w+)$/],
  ['foreign-function', /^The function is not allowed in (?:a condition|an update) expression; function: (\w+)$/],
  ['function-use', /^The function is not allowed to be used this way in an expression; function: (\w+)$/],
  ['reserved-word', /^Attribute name is a reserved keyword; reserved keyword: (\w+)$/],
  ['path-depth', /^The document path has too many nesting levels; nesting levels: (\d+)$/],
  ['list-index', /^List index is not within the allowable range; index: \[(\d+)\]$/],
  ['candidates', /^The IN operator is provided with too many operands; number of operands: (\d+)$/],
  ['section', /^The "(\w+)" section can only be used once in an update expression;$/],
  ['undefined-name', /^An expression attribute name used in the document path is not defined; attribute name: (#\w+)$/],
  ['undefined-value', /^An expression attribute value used in expression is not defined; attribute value: (:\w+)$/],
  ['operand-count', /^Incorrect number of operands for operator or function; operator or function: (\w+), number of operands: (\d+)$/],
  [
    'distinct-operands',
    /^The first operand must be distinct from the remaining operands for this operator or function; operator: (\S+), first operand: .*$/su,
  ],
  ['operand-type', /^Incorrect operand type for operator or function; operator or function: (\S+), operand type: ([A-Z]+)$/],
  [
    'operand-type',
    /^Incorrect operand type for operator or function; operator or function: (attribute_type), operand type: \{(?=NS,SS,L,BS,N,M,B,BOOL,NULL,S\})/,
  ],
  [
    'section-operand-type',
    /^Incorrect operand type for operator or function; operator: (ADD|DELETE), operand type: [A-Z_]+, typeSet: ALLOWED_FOR_\1_OPERAND$/,
  ],
  ['no-path', /^Operator or function requires a document path; operator or function: (\w+)$/],
  ['type-name', /^Invalid attribute type name found; type: (.*), valid types: \{B,NULL,SS,BOOL,L,BS,N,NS,S,M\}$/su],
  ['bounds-type', /^The BETWEEN operator requires same data type for lower and upper bounds; .*$/su],
  ['bounds-order', /^The BETWEEN operator requires upper bound to be greater than or equal to lower bound; .*$/su],
  ['overlap', /^Two document paths overlap with each other; must remove or rewrite one of these paths; .*$/su],
  ['conflict', /^Two document paths conflict with each other; must remove or rewrite one of these paths; .*$/su],
  ['no-attribute', /^The provided expression refers to an attribute that does not exist in the item$/],
  ['invalid-path', /^The document path provided in the update expression is invalid for update$/],
  ['incorrect-type', /^An operand in the update expression has an incorrect data type$/],
  ['number-overflow', /^Number overflow\. Attempting to store a number with magnitude larger than supported range$/],
  ['number-underflow', /^Number underflow\. Attempting to store a number with magnitude smaller than supported range$/],
  ['number-digits', /^Attempting to store more than 38 significant digits in a Number$/],
  ['item-depth', /^Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit$/],
  ['key-operator', /^Invalid operator used in KeyConditionExpression: (\S+)$/],
  ['key-attributes', /^Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition$/],
  ['key-none', /^Invalid condition in KeyConditionExpression: No key attribute specified$/],
  ['key-first-operand', /^Invalid condition in KeyConditionExpression: (\w+) operator must have the key attribute as its first operand$/],
  ['key-nested-operation', /^KeyConditionExpressions cannot contain nested operations$/],
  ['key-nested-attribute', /^KeyConditionExpressions cannot have conditions on nested attributes$/],
  ['key-twice', /^KeyConditionExpressions must only contain one condition per key$/],
  ['key-length', /^Conditions can be of length 1 or 2 only$/],
  ['key-unsupported', /^Query key condition not supported$/],
  ['key-missed', /^Query condition missed key schema element: (.*)$/su],
  [
    'key-unequal',
    /^RANGE key attributes (.*) must have equality conditions specified in the query because a condition is present on key attribute (.*)$/su,
  ],
  ['key-type', /^One or more parameter values were invalid: Condition parameter type does not match schema type$/],
];

const FIELD = /^Invalid (?:Condition|Filter|KeyCondition|Projection|Update)Expression: /;

/** What a text of ours says. Throws an Error for one that says nothing known. */
export function refusedBy(message: string): Refused {
  const reason = message.replace(FIELD, '');
  for (const [kind, form] of TEXTS) {
    const found = form.exec(reason);
    if (found === null) continue;
    const [one, two] = found.slice(1);
    if (kind === 'syntax') return { kind, detail: `${one} near ${two}` };
    if (kind === 'operand-type') return { kind, detail: `${one} ${two ?? 'any'}` };
    return { kind, detail: two === undefined ? (one ?? '') : `${one} ${two}` };
  }
  throw new Error(`a text that says nothing known: ${message}`);
}
