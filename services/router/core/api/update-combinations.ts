import { validationError } from './api-error.ts';
import { movesIndex } from './index-updates.ts';
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

type Change = (typeof CHANGES)[number];

/** Those that stand alone, in the order in which the service tells of them, and how it says so. */
const ALONE: readonly (readonly [Change, string])[] = [
  ['SSESpecification', 'Server-Side Encryption modification must be the only operation in the request'],
  ['TableClass', 'TableClass modification must be the only operation in the request'],
  ['DeletionProtectionEnabled', 'DeletionProtection modification must be the only operation in the request'],
  ['WarmThroughput', 'WarmThroughput must be the only operation in the request'],
];

/** What does not go with a new index or the end of one, and how the service says so. */
const NOT_WITH_INDEX: readonly (readonly [Change, string])[] = [
  ['ProvisionedThroughput', 'updating table IOPS'],
  ['StreamSpecification', 'changing stream status'],
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
  const given = CHANGES.filter((name) => isGiven(input, name) && !isEmpty(input, name));
  if (given.length === 0) throw validationError(nothingAsked(input));
  if (isEmptyList(input)) throw validationError(`${INVALID}List of GlobalSecondaryIndexUpdates is empty`);
  if (given.length === 1) return;
  if (movesIndex(input) === 'Create' && given.includes('WarmThroughput')) {
    throw validationError(`${INVALID}Create global secondary index cannot be specified when updating WarmThroughput`);
  }
  for (const [name, text] of ALONE) if (given.includes(name)) throw validationError(INVALID + text);
  if (given.some((name) => name !== 'OnDemandThroughput' && name !== 'BillingMode') && given.includes('OnDemandThroughput')) {
    throw validationError(`${INVALID}OnDemandThroughput can only be combined with BillingMode in an UpdateTable request`);
  }
  if (movesIndex(input) !== undefined) {
    for (const [name, text] of NOT_WITH_INDEX) {
      if (given.includes(name)) throw validationError(`${INVALID}You cannot create or delete index while ${text}`);
    }
  }
  if (isGiven(input, 'StreamSpecification') && (isGiven(input, 'ProvisionedThroughput') || input.BillingMode === 'PROVISIONED')) {
    throw validationError(`${INVALID}You cannot modify stream status while updating table IOPS`);
  }
}

/** Structures that say nothing count as absent beside others. */
const UNITS: Readonly<Record<string, string>> = {
  WarmThroughput: 'ReadUnitsPerSecond or WriteUnitsPerSecond',
  OnDemandThroughput: 'MaxReadRequestUnits or MaxWriteRequestUnits',
};

function isEmpty(input: JsonObject, name: string): boolean {
  if (name === 'GlobalSecondaryIndexUpdates') return isEmptyList(input);
  return UNITS[name] !== undefined && Object.values(input[name] as JsonObject).every((member) => member === null);
}

function isEmptyList({ GlobalSecondaryIndexUpdates: updates }: JsonObject): boolean {
  return Array.isArray(updates) && updates.length === 0;
}

/** Alone they are an internal error of the service; here they are refused in the words that it has for indexes. */
function nothingAsked(input: JsonObject): string {
  const empty = Object.keys(UNITS).find((name) => isGiven(input, name));
  return empty === undefined ? NOTHING : `${INVALID}${empty} must have at least one of ${UNITS[empty]} specified`;
}
