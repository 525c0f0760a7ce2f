import { bindCondition, evaluateCondition, parseCondition } from '../../services/shared/expression/condition.ts';
import { ExpressionError } from '../../services/shared/expression/errors.ts';
import type { ExpressionProgram } from '../../services/shared/expression/expression-program.ts';
import { analyzeKeyCondition } from '../../services/shared/expression/key-condition.ts';
import { bindProjection, parseProjection, project } from '../../services/shared/expression/projection.ts';
import { applyUpdate, bindUpdate, parseUpdate } from '../../services/shared/expression/update.ts';
import type { Kind } from './case.ts';

/** Texts of expressions, each made to cost more than its length: a beginning, one part as often as there is room for it, an end. */
export interface HostileText {
  readonly name: string;
  readonly kind: Exclude<Kind, 'filter'>;
  /** A text of about so many bytes. */
  text(bytes: number): string;
}

function repeated(name: string, kind: HostileText['kind'], beginning: string, part: string, end: string): HostileText {
  const text = (bytes: number): string =>
    beginning + part.repeat(Math.max(1, Math.floor((bytes - Buffer.byteLength(beginning + end)) / Buffer.byteLength(part)))) + end;
  return { name, kind, text };
}

/** As `repeated`, with an end for each part: parentheses that close again. */
function nested(name: string, kind: HostileText['kind'], beginning: string, open: string, core: string, close: string): HostileText {
  const text = (bytes: number): string => {
    const depth = Math.floor((bytes - beginning.length - core.length) / (open.length + close.length));
    return beginning + open.repeat(depth) + core + close.repeat(depth);
  };
  return { name, kind, text };
}

/** As `repeated`, with a number in each part, so that no two are alike. */
function numbered(name: string, kind: HostileText['kind'], beginning: string, part: (at: number) => string): HostileText {
  const text = (bytes: number): string => {
    let made = beginning + part(0);
    for (let at = 1; made.length + part(at).length < bytes; at += 1) made += `,${part(at)}`;
    return made;
  };
  return { name, kind, text };
}

/** As many as IN takes. */
const CANDIDATES = Array(100).fill(':v').join();

export const HOSTILE_TEXTS: readonly HostileText[] = [
  repeated('open parentheses', 'condition', '', '(', ''),
  repeated('closing parentheses', 'condition', 'a', ')', ''),
  nested('parentheses around parentheses', 'condition', '', '(', 'a=:v', ')'),
  nested('a path that goes on behind parentheses', 'condition', ':v=', '(', 'a', ').b'),
  nested('negated parentheses', 'condition', '', '(NOT ', 'a=:v', ')'),
  nested('functions within functions', 'condition', ':v=', 'size(', 'a', ')'),
  repeated('negations', 'condition', '', 'NOT ', 'a=:v'),
  repeated('comparisons', 'condition', 'a=:v', ' OR a=:v', ''),
  repeated('groups', 'condition', '(a=:v)', 'AND(a=:v OR b=:w)', ''),
  repeated('bounds', 'condition', ':v BETWEEN :v AND :v', ' AND :v BETWEEN :v AND :v', ''),
  repeated('candidates', 'condition', 'a IN (:v', ',:v', ')'),
  repeated('lists of candidates', 'condition', `a IN (${CANDIDATES})`, ` OR a IN (${CANDIDATES})`, ''),
  repeated('a function with many operands', 'condition', 'contains(a', ',:v', ')'),
  repeated('a path of names', 'condition', 'a', '.b', '=:v'),
  repeated('a path of placeholders', 'condition', '#a', '.#a', '=:v'),
  repeated('a path of indexes', 'condition', 'a', '[0]', '=:v'),
  repeated('a long index', 'condition', 'a[', '9', ']=:v'),
  repeated('a long name', 'condition', 'a', 'a', '=:v'),
  repeated('a long placeholder', 'condition', 'a=:v', 'v', ''),
  repeated('signs that are none', 'condition', '', '!', ''),
  repeated('characters of two units', 'condition', '', '\u{1F600}', ''),
  repeated('blanks', 'condition', '', ' \t\r\n', 'a=:v'),
  repeated('nothing but words', 'condition', 'a', ' a', ''),
  repeated('conditions on a key', 'key-condition', 'a=:v', ' AND a=:v', ''),
  numbered('sums', 'update', 'SET ', (at) => `x${at}=a+:n`),
  numbered('defaults', 'update', 'SET ', (at) => `x${at}=if_not_exists(b,:v)`),
  numbered('removed elements', 'update', 'REMOVE ', (at) => `l[${at}]`),
  numbered('sets that grow', 'update', 'ADD ', (at) => `s${at} :s`),
  repeated('the same target', 'update', 'SET a=:v', ',a=:v', ''),
  nested('lists within lists', 'update', 'SET a=', 'list_append(', 'l', ',:l)'),
  nested('defaults within defaults', 'update', 'SET x=', 'if_not_exists(b,', ':v', ')'),
  repeated('open parentheses of a value', 'update', 'SET a=', '(', ''),
  repeated('sections', 'update', 'REMOVE a', ' REMOVE b', ''),
  numbered('projected names', 'projection', '', (at) => `p${at}`),
  numbered('projected elements', 'projection', '', (at) => `l[${at}].#a`),
  repeated('the same name', 'projection', 'a', ',a', ''),
  repeated('lists and maps at once', 'projection', 'a.b', ',a[0].b', ''),
];

const NAMES = { '#a': 'a' };
const VALUES = { ':v': { S: 'v' }, ':w': { S: 'w' }, ':n': { N: '1' }, ':l': { L: [{ N: '1' }] }, ':s': { SS: ['a', 'b'] } };
const ITEM = { a: { N: '5' }, l: { L: Array.from({ length: 1000 }, (_, at) => ({ N: String(at) })) } };

/** What depends on the text alone. Throws ExpressionError. */
export function parse(kind: HostileText['kind'], text: string): ExpressionProgram {
  if (kind === 'projection') return parseProjection(text);
  if (kind === 'update') return parseUpdate(text);
  return parseCondition(text, kind === 'condition' ? 'ConditionExpression' : 'KeyConditionExpression');
}

/** All that is done with a text. Returns the refusal, if there is one; throws what is no ExpressionError. */
export function use({ kind }: HostileText, text: string): string | undefined {
  try {
    if (kind === 'projection') project(bindProjection(parseProjection(text), NAMES), ITEM);
    else if (kind === 'update') applyUpdate(bindUpdate(parseUpdate(text), NAMES, VALUES), ITEM);
    else {
      const bound = bindCondition(
        parseCondition(text, kind === 'condition' ? 'ConditionExpression' : 'KeyConditionExpression'),
        NAMES,
        VALUES,
      );
      if (kind === 'condition') evaluateCondition(bound, ITEM);
      else analyzeKeyCondition(bound, { partition: [{ name: 'a', type: 'S' }], sort: [] });
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return error.message;
  }
}
