import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { checkIndexKeys, type IndexToCheck, inOrderOfChecks } from '../../shared/item/index-key-check.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';

const known = new WeakMap<PartitionSettings, readonly IndexToCheck[]>();

/**
 * Throws ItemError when an item, as a write would leave it, has an attribute of an index's key as another type, empty or too long: of an
 * update only the leader knows.
 */
export function refuseUnfitIndexKeys(settings: PartitionSettings, item: AttributeMap, kind: 'put' | 'update'): void {
  checkIndexKeys(indexesOf(settings), item, kind);
}

/** The settings have an index, so that items have attributes that are to be looked at. */
export function hasIndexes(settings: PartitionSettings | undefined): settings is PartitionSettings {
  return settings !== undefined && settings.localIndexes.length + settings.globalIndexes.length > 0;
}

function indexesOf(settings: PartitionSettings): readonly IndexToCheck[] {
  const found = known.get(settings);
  if (found !== undefined) return found;
  const { localIndexes, globalIndexes } = settings;
  const indexes = inOrderOfChecks([
    ...globalIndexes.map(({ name, keys }) => ({ name, keys })),
    ...localIndexes.map(({ name, sort }) => ({ name, keys: { partition: [], sort: [sort] } })),
  ]);
  known.set(settings, indexes);
  return indexes;
}
