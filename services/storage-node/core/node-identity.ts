import type { NodeId } from '../../shared/base/ids.ts';

/**
 * What a data folder says of itself: written when the node joins a cluster, checked at every start. The addresses are the
 * last ones known, so that a node finds its peers before it sees the catalog.
 */
export interface NodeIdentity {
  readonly formatVersion: number;
  readonly clusterId: string;
  readonly node: NodeId;
  readonly addresses: Readonly<Record<NodeId, string>>;
}

/** History: 1 - first. */
export const DATA_FORMAT_VERSION = 1;

export class WrongDataFolderError extends Error {
  override readonly name = 'WrongDataFolderError';
}

export function encodeNodeIdentity(identity: NodeIdentity): Buffer {
  return Buffer.from(`${JSON.stringify(identity, undefined, 2)}\n`, 'utf8');
}

/** Throws WrongDataFolderError when the folder belongs to another node, another cluster or another version of the format. */
export function decodeNodeIdentity(bytes: Uint8Array, node: NodeId, clusterId?: string): NodeIdentity {
  let identity: NodeIdentity;
  try {
    identity = JSON.parse(Buffer.from(bytes).toString('utf8')) as NodeIdentity;
  } catch (error) {
    throw new WrongDataFolderError('the identity file of the data folder is not readable; restore it or give the node an empty folder', {
      cause: error,
    });
  }
  if (identity.formatVersion !== DATA_FORMAT_VERSION) {
    throw new WrongDataFolderError(`the data folder has format ${identity.formatVersion}; this version reads ${DATA_FORMAT_VERSION}`);
  }
  if (identity.node !== node) {
    throw new WrongDataFolderError(`the data folder belongs to node ${identity.node}, not to ${node}: give each node a folder of its own`);
  }
  if (clusterId !== undefined && identity.clusterId !== clusterId) {
    throw new WrongDataFolderError(
      `the data folder belongs to cluster ${identity.clusterId}, not to ${clusterId}, for which the node was started`,
    );
  }
  return identity;
}
