import type { BoundCondition } from '../../../shared/expression/condition.ts';
import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { canonicalizeItem, ItemError } from '../../../shared/item/canonical-value.ts';
import { validationError } from './api-error.ts';
import { readCapacityDetail } from './capacity.ts';
import type { CapacityDetail } from './capacity.ts';
import { readCondition } from './condition-fields.ts';
import { lengthAtLeast, lengthAtMost, nameCharacters, oneOf } from './constraint.ts';
import type { BoundProjection } from '../../../shared/expression/projection.ts';
import type { ExpressionCache } from './expression-cache.ts';
import { readFlag } from './item-fields.ts';
import { readLegacyProjection, readProjection } from './item-projection.ts';
import type { ItemProjection } from './item-projection.ts';
import type { JsonObject } from './json-object.ts';
import { namesInFilter } from './key-attribute-checks.ts';
import type { FilterNames } from './key-attribute-checks.ts';
import { writeFilter } from './legacy/write-condition.ts';
import { isGiven, pickPlaceholders, placeholderBytes, writtenPlaceholderBytes } from './placeholders.ts';
import type { Placeholders } from './placeholders.ts';
import type { Field } from './field.ts';

/** What Query and Scan share: filter, projection, what is selected, where a page starts and how long it gets. */
export interface PageFields {
  /** A filter in the older form is not among the expressions. */
  readonly filter: BoundCondition | undefined;
  /** What the filter looks at, in either form. */
  readonly filtered: FilterNames | undefined;
  readonly projection: ItemProjection | undefined;
  /** Select is ALL_ATTRIBUTES. */
  readonly allAttributes: boolean;
  readonly countOnly: boolean;
  readonly consistent: boolean;
  /** 0: no limit. */
  readonly limit: number;
  readonly startKey: AttributeMap | undefined;
  readonly capacity: CapacityDetail;
  /** The filter for the storage node. */
  readonly operation: { readonly filter?: string; readonly names?: Uint8Array; readonly values?: Uint8Array };
}

export const select: Field = {
  name: 'Select',
  type: { kind: 'string' },
  constraints: [oneOf('SPECIFIC_ATTRIBUTES', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES')],
};
export const indexName: Field = {
  name: 'IndexName',
  type: { kind: 'string' },
  constraints: [nameCharacters, lengthAtLeast(3), lengthAtMost(255)],
};
export const exclusiveStartKey: Field = { name: 'ExclusiveStartKey', type: { kind: 'attributes' } };
export const filterExpression: Field = { name: 'FilterExpression', type: { kind: 'string' } };

/** What of the shared fields came in the older form, and the starting key: the service looks at these first. */
export interface EarlyPageFields {
  readonly filtered: FilterNames | undefined;
  readonly operation: PageFields['operation'] | undefined;
  readonly projection: ItemProjection | undefined;
  readonly startKey: AttributeMap | undefined;
}

/** Throws ValidationException or ItemError. */
export function readEarlyPageFields(input: JsonObject, field: 'QueryFilter' | 'ScanFilter', cache: ExpressionCache): EarlyPageFields {
  const written = writeFilter(input, field);
  return {
    filtered: written === undefined ? undefined : { name: 'QueryFilter', attributes: written.attributes },
    operation: written?.text === undefined ? undefined : { filter: written.text, ...writtenPlaceholderBytes(written.placeholders) },
    projection: readLegacyProjection(input, cache),
    startKey: readStartKey(input),
  };
}

/** Reads the rest of the shared fields; unused placeholders are left to the caller, who knows of all expressions. */
export function readPageFields(input: JsonObject, early: EarlyPageFields, placeholders: Placeholders, cache: ExpressionCache): PageFields {
  const filter = readCondition(input, 'FilterExpression', placeholders, cache);
  const projection = readProjection(input, placeholders, cache);
  return {
    filter,
    filtered: filter === undefined ? early.filtered : namesInFilter(filter),
    projection: projection ?? early.projection,
    allAttributes: input.Select === 'ALL_ATTRIBUTES',
    countOnly: input.Select === 'COUNT',
    consistent: readFlag(input, 'ConsistentRead'),
    limit: Math.min(Math.floor((input.Limit ?? 0) as number), 0x7fffffff),
    startKey: early.startKey,
    capacity: readCapacityDetail(input),
    operation:
      filter === undefined
        ? (early.operation ?? {})
        : { filter: input.FilterExpression as string, ...placeholderBytes(usedBy(filter, placeholders)) },
  };
}

/** The expressions that a request's names and values are for. */
export function expressionsOf(fields: PageFields, early: EarlyPageFields): readonly (BoundCondition | BoundProjection)[] {
  const projection = fields.projection === early.projection ? undefined : fields.projection?.bound;
  return [fields.filter, projection].filter((one) => one !== undefined);
}

/** Only what the filter uses goes to the storage node. */
function usedBy({ program }: BoundCondition, { names, values }: Placeholders): Placeholders {
  return { names: pickPlaceholders(names, program.usedNames), values: pickPlaceholders(values, program.usedValues) };
}

/** Checks `Select` against the projection. Query's messages begin with the count of errors, Scan's do not. */
export function checkSelect(input: JsonObject, prefix: string): void {
  const selected = input.Select ?? undefined;
  if (selected === undefined) return;
  const projected = ['ProjectionExpression', 'AttributesToGet'].find((name) => isGiven(input, name));
  if (selected === 'SPECIFIC_ATTRIBUTES') {
    if (projected !== undefined) return;
    throw validationError(`${prefix}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`);
  }
  if (projected !== undefined) {
    const what = selected === 'COUNT' ? 'only the Count' : String(selected);
    throw validationError(`${prefix}Cannot specify the ${projected} when choosing to get ${what}`);
  }
  if (selected === 'ALL_PROJECTED_ATTRIBUTES' && !isGiven(input, 'IndexName')) {
    throw validationError(`${prefix}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName`);
  }
}

/** The index that a request names. */
export function readIndexName(input: JsonObject): string | undefined {
  return (input.IndexName ?? undefined) as string | undefined;
}

/** Errors of these kinds the service reports without saying that they are about the starting key. */
const PLAIN_ERRORS = /contains duplicates|number set|numeric value|significant digits|number with magnitude/;

function readStartKey(input: JsonObject): AttributeMap | undefined {
  if (!isGiven(input, 'ExclusiveStartKey')) return undefined;
  try {
    return canonicalizeItem(input.ExclusiveStartKey);
  } catch (error) {
    if (!(error instanceof ItemError) || error.kind === 'serialization' || PLAIN_ERRORS.test(error.message)) throw error;
    throw validationError(`The provided starting key is invalid: ${error.message}`);
  }
}
