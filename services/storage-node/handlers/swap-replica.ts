import { AdminCallError } from '../../shared/env/transport.ts';
import type { AdminResponse, SwapReplica } from '../../shared/wire/admin.ts';
import type { NodeGroups } from '../groups/node-groups.ts';

/**
 * Gives one member's place to another replica, or to itself in another role; answers when the new configuration is applied.
 * Repeating it is harmless: it is a compare-and-set on the configuration that the caller saw. Rejects with AdminCallError
 * `not-leader`, `other-configuration`, `no-such-replica`, `leader` or `not-now`.
 */
export async function swapReplica(request: SwapReplica, groups: NodeGroups): Promise<AdminResponse> {
  const group = groups.group(request.group);
  if (group === undefined || !group.paxos.serves) throw new AdminCallError('not-leader', `this node does not lead group ${request.group}`);
  const { configuration } = group.identity;
  if (configuration !== request.configuration) {
    throw new AdminCallError(
      'other-configuration',
      `group ${request.group} is in configuration ${configuration}, not ${request.configuration}`,
    );
  }
  await groups.replacer.replace(group, request.out, request.into);
  return { kind: 'done' };
}
