import { AdminCallError } from '../../shared/env/transport.ts';
import type { GroupInspection, InspectGroup } from '../../shared/wire/admin.ts';
import type { NodeGroups } from '../groups/node-groups.ts';
import { describeReplica } from './describe-node.ts';

/** One replica in detail. Rejects with AdminCallError `no-such-group`. */
export async function inspectGroup(request: InspectGroup, groups: NodeGroups): Promise<GroupInspection> {
  const group = groups.group(request.group);
  if (group === undefined) throw new AdminCallError('no-such-group', `group ${request.group} has no replica on this node`);
  const replica = await describeReplica(group);
  const { low, high, configuration, members } = group.identity;
  return {
    kind: 'group-inspection',
    replica,
    stateHash: group.tree.stateHash(),
    low,
    high: high ?? new Uint8Array(0),
    configuration,
    members,
    localIndexes: await group.countLocalIndexes(),
  };
}
