import { POLICY_CHARACTERS_MAX, POLICY_TEXT_CHARACTERS_MAX } from '../limits/policy-limits.ts';
import { LOWER_CASE_ACTIONS, SERVICE_PREFIX } from './actions.ts';
import { readCondition } from './condition-parser.ts';
import { compileGlob, matchesGlob } from './glob.ts';
import type { Glob } from './glob.ts';
import { asList, asObject, nonEmptyText, refuseOthers } from './policy-fields.ts';
import type { PolicyFields } from './policy-fields.ts';
import type { Policy, PolicyStatement, ResourcePattern } from './policy.ts';
import { PolicyError } from './policy-error.ts';
import { substitute } from './policy-variables.ts';
import type { PolicyVariables } from './policy-variables.ts';
import { repeatedName } from './repeated-names.ts';

/** Policy variables mean something from this version on (IAM User Guide, "Version"). */
const VERSION_WITH_VARIABLES = '2012-10-17';
const VERSIONS = ['2008-10-17', VERSION_WITH_VARIABLES];
const ARN_PARTS = 6;

/**
 * Reads an identity policy (IAM User Guide, "Grammar of the IAM JSON policy language"): Version, Id, Statement with Sid, Effect, Action
 * or NotAction, Resource or NotResource, Condition. What is not judged here (other services, principals, condition keys and
 * operators that are not listed in policy.ts) is refused by name, so that no rule is kept that does not count. Throws PolicyError.
 */
export function parsePolicy(text: string, variables: PolicyVariables): Policy {
  const document = asObject(parseJson(text), 'the policy');
  refuseOthers(document, ['Version', 'Id', 'Statement'], 'the policy');
  const version = document['Version'] ?? '2008-10-17';
  if (typeof version !== 'string' || !VERSIONS.includes(version)) throw new PolicyError(`Version is none of ${VERSIONS.join(', ')}`);
  if (document['Id'] !== undefined && typeof document['Id'] !== 'string') throw new PolicyError('Id is not a text');
  const written = document['Statement'];
  if (written === undefined) throw new PolicyError('the policy has no Statement');
  const list = Array.isArray(written) ? (written as readonly unknown[]) : [written];
  if (list.length === 0) throw new PolicyError('Statement is empty');
  const named = version === VERSION_WITH_VARIABLES ? variables : undefined;
  const sids = new Set<string>();
  return { statements: list.map((statement, at) => readStatement(statement, `Statement[${at}]`, sids, named)) };
}

function parseJson(text: string): unknown {
  if (text.length > POLICY_TEXT_CHARACTERS_MAX || text.replace(/\s/g, '').length > POLICY_CHARACTERS_MAX) {
    throw new PolicyError(`a policy has at most ${POLICY_CHARACTERS_MAX} characters, white space not counted`);
  }
  // "IAM policy documents can contain only the following Unicode characters" (Developer Guide, "Specifying conditions").
  if (/[^\t\n\r -ÿ]/.test(text)) throw new PolicyError('a policy has characters of U+0020 to U+00FF only; write others as \\u….');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PolicyError(`the policy is not JSON: ${(error as Error).message}`);
  }
  const repeated = repeatedName(text);
  if (repeated !== undefined) throw new PolicyError(`${JSON.stringify(repeated)} comes twice in one object`);
  return value;
}

function readStatement(value: unknown, place: string, sids: Set<string>, variables: PolicyVariables | undefined): PolicyStatement {
  const fields = asObject(value, place);
  refuseOthers(fields, ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'], place);
  readSid(fields, place, sids);
  const effect = fields['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError(`${place}.Effect is neither Allow nor Deny`);
  const actions = oneOfTwo(fields, 'Action', 'NotAction', place);
  const resources = oneOfTwo(fields, 'Resource', 'NotResource', place);
  return {
    effect,
    actions: actions.texts.map((text) => readAction(text, actions.place)),
    exceptActions: actions.except,
    resources: resources.texts.map((text) => readResource(text, resources.place, variables)),
    exceptResources: resources.except,
    conditions: readConditions(fields['Condition'], `${place}.Condition`, variables),
  };
}

function readSid(fields: PolicyFields, place: string, sids: Set<string>): void {
  const sid = fields['Sid'];
  if (sid === undefined || sid === '') return;
  if (typeof sid !== 'string' || !/^[A-Za-z0-9]+$/.test(sid)) throw new PolicyError(`${place}.Sid is not made of letters and digits`);
  if (sids.has(sid)) throw new PolicyError(`${place}.Sid ${sid} comes twice`);
  sids.add(sid);
}

interface Names {
  readonly texts: readonly string[];
  readonly except: boolean;
  readonly place: string;
}

/** Exactly one of an element and its negation. */
function oneOfTwo(fields: PolicyFields, name: string, negation: string, place: string): Names {
  if ((fields[name] === undefined) === (fields[negation] === undefined))
    throw new PolicyError(`${place} needs one of ${name} and ${negation}`);
  const except = fields[name] === undefined;
  const at = `${place}.${except ? negation : name}`;
  return { texts: asList(except ? fields[negation] : fields[name], at).map((value) => nonEmptyText(value, at)), except, place: at };
}

function readAction(text: string, place: string): Glob {
  const lower = text.toLowerCase();
  const glob = compileGlob(lower);
  if (lower === '*') return glob;
  if (!lower.startsWith(SERVICE_PREFIX)) throw new PolicyError(`${place}: ${text} is no action of dynamodb, and no other service is here`);
  if (!LOWER_CASE_ACTIONS.some((action) => matchesGlob(glob, action))) throw new PolicyError(`${place}: dynamodb has no action ${text}`);
  return glob;
}

/** `*`, or an ARN whose parts may have wildcards; only one that ends with an asterisk may be shorter than an ARN is. */
function readResource(text: string, place: string, variables: PolicyVariables | undefined): ResourcePattern {
  if (text === '*') return [];
  const parts = substitute(text, variables, place).split(':');
  if (parts[0] !== 'arn' || (parts.length < ARN_PARTS && !text.endsWith('*'))) {
    throw new PolicyError(`${place}: ${text} is neither * nor an ARN like arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`);
  }
  const last = Math.min(parts.length, ARN_PARTS) - 1;
  return [...parts.slice(0, last), parts.slice(last).join(':')].map(compileGlob);
}

function readConditions(value: unknown, place: string, variables: PolicyVariables | undefined): PolicyStatement['conditions'] {
  if (value === undefined) return [];
  return Object.entries(asObject(value, place)).flatMap(([operator, keys]) =>
    Object.entries(asObject(keys, `${place}.${operator}`)).map(([key, values]) => readCondition(operator, key, values, place, variables)),
  );
}
