import { matchesGlob } from './glob.ts';
import type { ConditionKey, Policy, PolicyCondition, PolicyStatement, ResourcePattern, ValueTest } from './policy.ts';

/** The values that a request has of a condition key; undefined: it has no such key. `unknown`: it has, but they cannot be told. */
export type KeyValues = readonly string[] | undefined | 'unknown';

/** One action on one resource. */
export interface PolicyRequest {
  /** `dynamodb:GetItem`. */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  /** Asked only for the keys of statements that are about this action and resource. */
  readonly values: (key: ConditionKey) => KeyValues;
}

export type Verdict = 'allowed' | 'explicit-deny' | 'implicit-deny';

/**
 * A statement that denies wins over all that allow, and what none allows is denied (IAM User Guide, "Policy evaluation logic"). A
 * condition that cannot be told never helps: it lets a Deny apply, and an Allow not.
 */
export function evaluatePolicy({ statements }: Policy, request: PolicyRequest): Verdict {
  const action = request.action.toLowerCase();
  const resource = arnParts(request.resource);
  let allowed = false;
  for (const statement of statements) {
    if (allowed && statement.effect === 'Allow') continue;
    if (!isAbout(statement, action, resource)) continue;
    const holds = conditionsHold(statement, request.values);
    if (statement.effect === 'Deny') {
      if (holds !== false) return 'explicit-deny';
    } else if (holds === true) {
      allowed = true;
    }
  }
  return allowed ? 'allowed' : 'implicit-deny';
}

function isAbout(statement: PolicyStatement, action: string, resource: readonly string[]): boolean {
  if (statement.actions.some((glob) => matchesGlob(glob, action)) === statement.exceptActions) return false;
  return statement.resources.some((pattern) => matchesResource(pattern, resource)) !== statement.exceptResources;
}

/** Cut at the first five colons; one part for `*`. */
function arnParts(arn: string): string[] {
  const parts = arn.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}

function matchesResource(pattern: ResourcePattern, parts: readonly string[]): boolean {
  const last = pattern.length - 1;
  if (last < 0) return true;
  if (parts.length <= last) return false;
  for (let at = 0; at < last; at++) {
    if (!matchesGlob(pattern[at] as ResourcePattern[number], parts[at] as string)) return false;
  }
  return matchesGlob(pattern[last] as ResourcePattern[number], parts.slice(last).join(':'));
}

/** Undefined: it cannot be told. */
function conditionsHold({ conditions }: PolicyStatement, values: PolicyRequest['values']): boolean | undefined {
  let holds: boolean | undefined = true;
  for (const condition of conditions) {
    const found = values(condition.key);
    if (found === 'unknown') holds = undefined;
    else if (!conditionHolds(condition, found)) return false;
  }
  return holds;
}

/** "If the key that you specify in a policy condition is not present": IAM User Guide, "Condition operators" and "Set operators". */
function conditionHolds({ over, test, negated, ifExists }: PolicyCondition, values: readonly string[] | undefined): boolean {
  if (test.kind === 'null') return test.present.includes(values !== undefined);
  if (over === 'all') return (values ?? []).every((value) => matches(test, value) !== negated);
  if (over === 'any') return (values ?? []).some((value) => matches(test, value) !== negated);
  const [value] = values ?? [];
  if (value === undefined) return ifExists || negated;
  return matches(test, value) !== negated;
}

/** Whether the value is one of those listed. */
function matches(test: Exclude<ValueTest, { kind: 'null' }>, value: string): boolean {
  switch (test.kind) {
    case 'equals':
      return test.values.includes(value);
    case 'equals-ignoring-case':
      return test.lowerCaseValues.includes(value.toLowerCase());
    case 'like':
      return test.patterns.some((pattern) => matchesGlob(pattern, value));
  }
}
