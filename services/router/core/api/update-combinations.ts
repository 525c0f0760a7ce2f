import { validationError } from './api-error.ts';
import type { JsonObject } from './json-object.ts';
import { isGiven } from './placeholders.ts';

const INVALID = 'One or more parameter values were invalid: ';

/** The fields of UpdateTable that ask for a change. */
const CHANGES = [
  'ProvisionedThroughput',
  'BillingMode',
  'StreamSpecification',
  'GlobalSecondaryIndexUpdates',
  'VectorIndexUpdates',
  'SSESpecification',
  'ReplicaUpdates',
  'GlobalTableWitnessUpdates',
  'MultiRegionConsistency',
  'GlobalTableSettingsReplicationMode',
  'DisassociationProtectionEnabled',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'TableClass',
] as const;

/** Those that stand alone, in the order in which the service tells of them, and how it says so. */
const ALONE: readonly (readonly [string, string])[] = [
  ['SSESpecification', 'Server-Side Encryption modification must be the only operation in the request'],
  ['TableClass', 'TableClass modification must be the only operation in the request'],
  ['DeletionProtectionEnabled', 'DeletionProtection modification must be the only operation in the request'],
  ['WarmThroughput', 'WarmThroughput must be the only operation in the request'],
];

const NOTHING =
  'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ' +
  'ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, ' +
  'OnDemandThroughput, WarmThroughput or TableClass is required';

/**
 * An UpdateTable asks for one kind of change. Throws ValidationException; rules and texts are those measured at the service in
 * October 2026 (ack-api-quirks).
 */
export function checkCombination(input: JsonObject): void {
  const given = CHANGES.filter((name) => isGiven(input, name));
  if (given.length === 0) throw validationError(NOTHING);
  if (given.length === 1) return;
  for (const [name, text] of ALONE) if (isGiven(input, name)) throw validationError(INVALID + text);
  if (given.some((name) => name !== 'OnDemandThroughput' && name !== 'BillingMode') && isGiven(input, 'OnDemandThroughput')) {
    throw validationError(`${INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request`);
  }
  if (isGiven(input, 'StreamSpecification') && (isGiven(input, 'ProvisionedThroughput') || input.BillingMode === 'PROVISIONED')) {
    throw validationError(`${INVALID}You cannot modify stream status while updating table IOPS`);
  }
}
