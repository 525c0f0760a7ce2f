import { accessDenied, accessIsDenied } from '../api-error.ts';
import type { ApiError } from '../api-error.ts';
import { principalArn } from '../identity.ts';
import type { Identity } from '../identity.ts';

/** The texts of the service's AccessDeniedException ("Troubleshoot access denied error messages" of the IAM User Guide). */

const ITEM_ACTIONS: ReadonlySet<string> = new Set(
  ['BatchGetItem', 'BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'].map((name) => `dynamodb:${name}`),
);

/** The credential's own policy does not allow it. */
export function policyDenial(identity: Identity, action: string, resource: string, explicit: boolean): ApiError {
  const reason = explicit
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  return accessDenied(principalArn(identity), action, resource, reason);
}

/**
 * The resource is another account's: that account would have to allow it with a policy of the resource, and none has one here. Only operations on
 * items say so; the others were measured to say nothing (ack-api-quirks, DDB-TABLE-011 and 071).
 */
export function foreignDenial(identity: Identity, action: string, resource: string): ApiError {
  if (!ITEM_ACTIONS.has(action)) return accessIsDenied();
  return accessDenied(principalArn(identity), action, resource, `because no resource-based policy allows the ${action} action`);
}
