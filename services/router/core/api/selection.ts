import type { RangeOperation } from '../../../shared/wire/storage-operations.ts';
import { validationError } from './api-error.ts';
import type { PageFields } from './page-fields.ts';
import { sourceKeyNames } from './read-source.ts';
import type { ReadSource } from './read-source.ts';

const INVALID = 'One or more parameter values were invalid: ';

/** How the storage nodes are told what is read, and where. */
export type Selection = Pick<RangeOperation, 'index' | 'fetchItems'>;

/**
 * Holds what a request wants to see of items against what an index has of them. A local index has the rest beside it, so whole items can be
 * fetched; a global one has not. What a filter looks at has to be in either. Throws ValidationException; the texts are the service's, in the
 * order of DynamoDB Local.
 */
export function selectFrom(source: ReadSource, { filtered, projection, allAttributes, countOnly }: PageFields): Selection {
  const { index } = source;
  if (index === undefined) return TABLE;
  const number = index.kind === 'local' ? { index: index.definition.number } : undefined;
  if (index.projection.kind === 'all') return { ...number };
  const held = new Set([...sourceKeyNames(source), ...(index.projection.kind === 'include' ? index.projection.attributes : [])]);
  const unfiltered = missing(filtered?.attributes ?? [], held);
  if (unfiltered.length > 0) {
    throw validationError(
      `${INVALID}Secondary index ${index.name} does not project one or more filter attributes: [${[...unfiltered].sort().join(', ')}]`,
    );
  }
  if (allAttributes && index.kind === 'global') {
    throw validationError(
      `${INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
  }
  const unprojected = missing(projection?.bound.paths.map(([name]) => String(name)) ?? [], held);
  if (unprojected.length > 0 && index.kind === 'global') {
    throw validationError(`${INVALID}Global secondary index ${index.name} does not project [${unprojected.join(', ')}]`);
  }
  const fetches = !countOnly && (allAttributes || unprojected.length > 0);
  return { ...number, ...(fetches ? { fetchItems: true } : undefined) };
}

const TABLE: Selection = {};

/** Each once, in the order in which they are asked for. */
function missing(names: readonly string[], held: ReadonlySet<string>): readonly string[] {
  return [...new Set(names)].filter((name) => !held.has(name));
}
