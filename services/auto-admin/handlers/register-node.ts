import { AdminCallError } from '../../shared/env/transport.ts';
import { nodeKey } from '../../shared/placement/catalog-keys.ts';
import type { NodeRecord } from '../../shared/placement/catalog-records.ts';
import { parseNodeRecord, serializeRecord } from '../../shared/placement/record-format.ts';
import type { AdminResponse, RegisterNode } from '../../shared/wire/admin.ts';
import { CHANGE_ATTEMPTS, type HandlerContext, requireActive, unsettled } from './handler-context.ts';

/**
 * A storage node says where it is reached. Its AZ never changes, because the placement of its replicas rests on it. `peer` is
 * the name under which the caller greeted: a node registers only itself.
 */
export async function registerNode(context: HandlerContext, request: RegisterNode, peer: string): Promise<AdminResponse> {
  requireActive(context);
  checkRequest(request, peer);
  const key = nodeKey(request.node);
  for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt++) {
    const item = await context.cluster.catalog.read(key);
    const present = item === undefined ? undefined : parseNodeRecord(item.json);
    if (present !== undefined && present.az !== request.az) {
      throw new AdminCallError('az-changed', `node ${request.node} is in AZ ${present.az}; it cannot move to ${request.az}`);
    }
    if (present?.address === request.address && present.incarnation === request.incarnation) return { kind: 'done' };
    const { node, az, address, incarnation } = request;
    const record: NodeRecord = { node, az, address, incarnation, generation: (present?.generation ?? 0) + 1 };
    const write = await context.cluster.catalog.writeSettled(key, serializeRecord(record), record.generation, present?.generation);
    if (write.outcome === 'written') return { kind: 'done' };
  }
  throw unsettled(`node ${request.node} was registered`);
}

function checkRequest(request: RegisterNode, peer: string): void {
  if (request.node !== peer) throw new AdminCallError('wrong-node', `${peer} cannot register node ${request.node}`);
  const wellFormed = /^[a-z0-9-]{1,63}$/.test(request.node) && request.az !== '' && /^[^/]+:[0-9]+$/.test(request.address);
  if (!wellFormed) throw new AdminCallError('invalid-node', 'a node is registered with a name of a-z, 0-9 and -, an AZ and host:port');
}
