import type { AttributeMap } from '../../../shared/item/attribute-value.ts';
import { checkIndexKeys, inOrderOfChecks } from '../../../shared/item/index-key-check.ts';
import type { IndexToCheck } from '../../../shared/item/index-key-check.ts';
import type { TableRecord } from '../../../shared/placement/catalog-records.ts';

/** Throws ItemError when an item that is to be put could not stand in an index whose key attributes it has. */
export function refuseIndexKeys(record: TableRecord, item: AttributeMap): void {
  if (record.localIndexes === undefined && record.globalIndexes === undefined) return;
  checkIndexKeys(indexesToCheck(record), item);
}

const checked = new WeakMap<TableRecord, readonly IndexToCheck[]>();

/** One that is being deleted asks for nothing any more. */
function indexesToCheck(record: TableRecord): readonly IndexToCheck[] {
  const known = checked.get(record);
  if (known !== undefined) return known;
  const { localIndexes = [], globalIndexes = [] } = record;
  const indexes = inOrderOfChecks([
    ...globalIndexes.filter(({ status }) => status !== 'DELETING').map(({ name, keys }) => ({ name, keys })),
    ...localIndexes.map(({ name, sort }) => ({ name, keys: { partition: [], sort: [sort] } })),
  ]);
  checked.set(record, indexes);
  return indexes;
}
