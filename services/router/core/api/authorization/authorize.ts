import { CATALOG_REFRESH_TIMEOUT_MS } from '../../../../shared/limits/api-limits.ts';
import type { TableRecord } from '../../../../shared/placement/catalog-records.ts';
import { evaluatePolicy } from '../../../../shared/policy/policy-evaluator.ts';
import type { Policy } from '../../../../shared/policy/policy.ts';
import { catalogOutOfReach } from '../api-error.ts';
import type { JsonObject } from '../json-object.ts';
import type { RequestContext } from '../request-context.ts';
import { plainTableName } from '../table-name.ts';
import { conditionValues } from './condition-values.ts';
import { foreignDenial, policyDenial } from './denial.ts';
import { accountOf, requirementsOf } from './requirements.ts';
import type { Requirement } from './requirements.ts';

/**
 * Whether whoever signed the request may do all that it asks. `input` was found right; whether its table exists is not looked at, so
 * that nobody learns it who may not use it. Throws AccessDeniedException; a promise only where the newest catalog must be asked
 * for the key of a table, since another router may just have created it.
 */
export function authorize(operation: string, input: JsonObject, context: RequestContext): Promise<void> | undefined {
  const { identity, services } = context;
  const { user, account } = identity;
  if (user === undefined) {
    if (mayNameAnArn(input)) refuseForeign(requirementsOf(operation, input, { region: services.region, account }) ?? [], context);
    return undefined;
  }
  const requirements = requirementsOf(operation, input, { region: services.region, account });
  if (requirements === undefined) throw policyDenial(identity, `dynamodb:${operation}`, '*', false);
  const unknownTables = judge(requirements, user.policy, context, false);
  return unknownTables ? judgeAgain(requirements, user.policy, context) : undefined;
}

/** Single tables in ARNs are looked at when the request is read; batches name theirs by keys. */
function mayNameAnArn({ RequestItems }: JsonObject): boolean {
  if (RequestItems === undefined) return false;
  for (const name in RequestItems as JsonObject) {
    if (name.startsWith('arn:')) return true;
  }
  return false;
}

/**
 * True when a denial rests on a table that this process does not know, and has not looked for: nothing is said then. Otherwise
 * returns, or throws AccessDeniedException.
 */
function judge(requirements: readonly Requirement[], policy: Policy, context: RequestContext, isNewest: boolean): boolean {
  const { identity, services } = context;
  for (const requirement of requirements) {
    const { action, resource } = requirement;
    let unknown = false;
    const tableOf = (one: Requirement): TableRecord | undefined => {
      const table = tableNamed(one, context);
      unknown ||= table === undefined;
      return table;
    };
    const sources = { expressions: services.expressions, tableOf };
    const verdict = evaluatePolicy(policy, { action, resource, values: (key) => conditionValues(key, requirement, sources) });
    if (verdict === 'allowed') continue;
    if (unknown && !isNewest) return true;
    throw policyDenial(identity, action, resource, verdict === 'explicit-deny');
  }
  refuseForeign(requirements, context);
  return false;
}

async function judgeAgain(requirements: readonly Requirement[], policy: Policy, context: RequestContext): Promise<void> {
  const timeoutMs = Math.min(CATALOG_REFRESH_TIMEOUT_MS, context.timeLeftMs());
  if (!(await context.services.storage.refreshTables(timeoutMs))) throw catalogOutOfReach();
  judge(requirements, policy, context, true);
}

function tableNamed({ table, resource }: Requirement, context: RequestContext): TableRecord | undefined {
  if (table === undefined || accountOf(resource) !== context.account) return undefined;
  return context.services.storage.table(context.account, plainTableName(table, context.services.region, context.account))?.record;
}

/** A policy of one's own gives no access to another account's resources. */
function refuseForeign(requirements: readonly Requirement[], { identity }: RequestContext): void {
  for (const { action, resource } of requirements) {
    const account = accountOf(resource);
    if (account !== undefined && account !== identity.account) throw foreignDenial(identity, action, resource);
  }
}
