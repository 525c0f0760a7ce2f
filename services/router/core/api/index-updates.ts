import type { Random } from '../../../shared/env/clock.ts';
import type { GlobalIndexUpdate, IndexCreation } from '../../../shared/placement/index-update.ts';
import { NO_MAXIMUM } from '../../../shared/placement/on-demand-change.ts';
import type { OnDemandChange } from '../../../shared/placement/on-demand-change.ts';
import type { Throughput } from '../../../shared/placement/table-settings.ts';
import { validationError } from './api-error.ts';
import { keySchemaOf, readProjection } from './index-definition.ts';
import type { JsonObject } from './json-object.ts';
import { readAttributeTypes, readIndexKeySchema } from './key-schema.ts';
import type { AttributeDefinition } from './key-schema.ts';
import { isGiven } from './placeholders.ts';
import { readGivenThroughput } from './provisioned-throughput.ts';
import { readMaxima, readWarmThroughput } from './throughput-settings.ts';
import { uuid } from './uuid.ts';

/**
 * GlobalSecondaryIndexUpdates of UpdateTable, as far as the table need not be known. Rules and texts: measurements of the service from October
 * 2026 (ack-api-quirks).
 */

const INVALID = 'One or more parameter values were invalid: ';
const ACTIONS = ['Update', 'Create', 'Delete'] as const;
type ActionName = (typeof ACTIONS)[number];

/** Throws ValidationException. Undefined: no index is to change. */
export function readIndexUpdates(input: JsonObject, random: Random): readonly GlobalIndexUpdate[] | undefined {
  const given = indexActions(input);
  if (given.length === 0) return undefined;
  refuseRepeatedNames(given);
  for (const { action } of given) refuseEmptyWarmThroughput(action);
  return given.map(({ kind, action }): GlobalIndexUpdate => {
    const name = action.IndexName as string;
    if (kind === 'Delete') return { kind: 'delete', name };
    return kind === 'Create' ? { kind: 'create', index: readCreation(input, action, random) } : readUpdate(action);
  });
}

/** Whether an index is to be created or deleted, which goes with few other changes. */
export function movesIndex(input: JsonObject): ActionName | undefined {
  const updates = (input.GlobalSecondaryIndexUpdates ?? []) as readonly (JsonObject | null)[];
  return (['Create', 'Delete'] as const).find((kind) => updates.some((update) => isGiven(update ?? {}, kind)));
}

interface IndexAction {
  readonly kind: ActionName;
  readonly action: JsonObject;
}

function indexActions(input: JsonObject): readonly IndexAction[] {
  const updates = (input.GlobalSecondaryIndexUpdates ?? []) as readonly (JsonObject | null)[];
  return updates.map((update) => {
    const [kind, ...more] = ACTIONS.filter((name) => isGiven(update ?? {}, name));
    if (kind === undefined) {
      throw validationError(`${INVALID}One of ${ACTIONS.map((name) => `GlobalSecondaryIndexUpdate.${name}`).join(', ')} must not be null`);
    }
    if (more.length > 0) {
      throw validationError(`${INVALID}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object`);
    }
    return { kind, action: update?.[kind] as JsonObject };
  });
}

function refuseRepeatedNames(given: readonly IndexAction[]): void {
  const seen = new Set<unknown>();
  for (const { action } of given) {
    const { IndexName: name } = action;
    if (seen.has(name)) {
      throw validationError(`${INVALID}Only one global secondary index update per index is allowed simultaneously. Index: ${name}`);
    }
    seen.add(name);
  }
}

function refuseEmptyWarmThroughput(action: JsonObject): void {
  const warm = (action.WarmThroughput ?? undefined) as JsonObject | undefined;
  if (warm === undefined || isGiven(warm, 'ReadUnitsPerSecond') || isGiven(warm, 'WriteUnitsPerSecond')) return;
  throw validationError(
    `${INVALID}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: ${action.IndexName}`,
  );
}

/** Its key attributes are defined in the same request, also those that the table has already. */
function readCreation(input: JsonObject, action: JsonObject, random: Random): IndexCreation {
  const name = action.IndexName as string;
  if (!isGiven(input, 'AttributeDefinitions')) throw validationError(`${INVALID}AttributeDefinitions is not specified for index: ${name}`);
  const types = readAttributeTypes(input.AttributeDefinitions as readonly AttributeDefinition[]);
  const keys = readIndexKeySchema(keySchemaOf(action), types);
  const projection = readProjection(action);
  return { name, indexId: uuid(random), keys, projection, ...readCapacity(action, 1) };
}

function readUpdate(action: JsonObject): GlobalIndexUpdate {
  return { kind: 'update', name: action.IndexName as string, ...readCapacity(action, NO_MAXIMUM) };
}

/** A structure that says nothing asks for nothing. */
function readCapacity(
  action: JsonObject,
  leastMaximum: number,
): { readonly throughput?: Throughput; readonly onDemandThroughput?: OnDemandChange; readonly warmThroughput?: Partial<Throughput> } {
  const name = action.IndexName as string;
  const throughput = readGivenThroughput(action, name);
  const maxima = isGiven(action, 'OnDemandThroughput') ? readMaxima(action, leastMaximum, name) : {};
  const warm = isGiven(action, 'WarmThroughput') ? readWarmThroughput(action) : undefined;
  return {
    ...(throughput === undefined ? undefined : { throughput }),
    ...(Object.keys(maxima).length === 0 ? undefined : { onDemandThroughput: maxima }),
    ...(warm === undefined ? undefined : { warmThroughput: warm }),
  };
}
