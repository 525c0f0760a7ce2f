import type { ConditionKey } from '../../../../shared/policy/policy.ts';
import type { KeyValues } from '../../../../shared/policy/policy-evaluator.ts';
import type { TableRecord } from '../../../../shared/placement/catalog-records.ts';
import type { ExpressionCache } from '../expression-cache.ts';
import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { attributesNamed } from './attribute-names.ts';
import { leadingKeys } from './leading-keys.ts';
import type { Requirement } from './requirements.ts';

/** Actions whose requests have the key (Service Authorization Reference, column "Condition keys"). */
const READS = new Set(['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan']);
const WRITES_OF_ONE = new Set(['dynamodb:DeleteItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
const ON_ITEMS = new Set([...READS, ...WRITES_OF_ONE, 'dynamodb:BatchWriteItem']);

/** What the values of a request's condition keys are told from. */
export interface ValueSources {
  readonly expressions: ExpressionCache;
  /** The table that the requirement is about; undefined when it is not known. */
  readonly tableOf: (requirement: Requirement) => TableRecord | undefined;
}

/** The values that a request, found right, has of a condition key. */
export function conditionValues(key: ConditionKey, requirement: Requirement, sources: ValueSources): KeyValues {
  const { action, fields } = requirement;
  if (!ON_ITEMS.has(action)) return undefined;
  switch (key) {
    case 'dynamodb:Attributes': {
      const names = attributesNamed(requirement, sources.expressions);
      return names.length === 0 ? undefined : names;
    }
    case 'dynamodb:LeadingKeys': {
      const table = sources.tableOf(requirement);
      return table === undefined ? 'unknown' : leadingKeys(requirement, table, sources.expressions);
    }
    case 'dynamodb:Select':
      return READS.has(action) ? [selected(fields)] : undefined;
    case 'dynamodb:ReturnValues':
      return WRITES_OF_ONE.has(action) ? returned(fields) : undefined;
    case 'dynamodb:ReturnConsumedCapacity':
      return [(fields.ReturnConsumedCapacity ?? 'NONE') as string];
    // Only requests of transactions and of PartiQL have these.
    case 'dynamodb:EnclosingOperation':
    case 'dynamodb:FullTableScan':
      return undefined;
  }
}

/** "If neither Select nor ProjectionExpression is specified" (API reference of Query); reads without the field are judged alike. */
function selected(fields: JsonObject): string {
  if (isGiven(fields, 'Select')) return fields.Select as string;
  if (isGiven(fields, 'ProjectionExpression') || isGiven(fields, 'AttributesToGet')) return 'SPECIFIC_ATTRIBUTES';
  return isGiven(fields, 'IndexName') ? 'ALL_PROJECTED_ATTRIBUTES' : 'ALL_ATTRIBUTES';
}

/** ReturnValuesOnConditionCheckFailure gives as much away; a request that asks for two things by them is not judged by either. */
function returned(fields: JsonObject): KeyValues {
  const values = (fields.ReturnValues ?? 'NONE') as string;
  const onFailure = (fields.ReturnValuesOnConditionCheckFailure ?? 'NONE') as string;
  if (onFailure === 'NONE' || onFailure === values) return [values];
  return values === 'NONE' ? [onFailure] : 'unknown';
}
