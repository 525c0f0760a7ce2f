import { CATALOG_GROUP, type GroupId } from '../../shared/base/ids.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import type { GroupIdentity } from './group-state.ts';

/**
 * Whether a group may be given a new member on this node, as far as the node's catalog says. A table or an index may go while a replica of it
 * is being replaced, and a node that was down may come back with one of a group that is gone elsewhere: members that it is given then
 * would have ids that nobody looks for when the rest is destroyed.
 */
export function isWantedGroup(identity: Pick<GroupIdentity, 'group' | 'tableId'>, view: CatalogView): boolean {
  const { group, tableId } = identity;
  if (group === CATALOG_GROUP) return true;
  const owner = view.ownerOf(tableId);
  if (owner === undefined || owner.status === 'DELETING') return false;
  if (isRetiredGroup(identity, view)) return false;
  return (
    owner.tableId === tableId || (owner.globalIndexes ?? []).some(({ indexId, status }) => indexId === tableId && status !== 'DELETING')
  );
}

/**
 * A node's groups but those of which the catalog says that they serve nobody any more: whatever becomes of these concerns nobody. Goes once
 * through the groups, and once through the partitions of each table that they belong to.
 */
export function neededGroups<G extends { readonly identity: Pick<GroupIdentity, 'group' | 'tableId'> }>(
  groups: Iterable<G>,
  view: Pick<CatalogView, 'partitions'>,
): G[] {
  const all = [...groups];
  const retired = new Set<GroupId>();
  for (const tableId of new Set(all.map(({ identity }) => identity.tableId))) {
    for (const { record } of view.partitions(tableId)) if (record.retired === true) retired.add(record.group);
  }
  return all.filter(({ identity }) => !retired.has(identity.group));
}

/** As above, of one group alone. */
function isRetiredGroup({ group, tableId }: Pick<GroupIdentity, 'group' | 'tableId'>, view: CatalogView): boolean {
  return view.partitions(tableId).some(({ record }) => record.group === group && record.retired === true);
}
