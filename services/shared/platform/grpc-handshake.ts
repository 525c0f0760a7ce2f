import type { AdminRequest } from '../wire/admin.ts';
import type { Hello } from '../wire/codec-hello.ts';
import { PROTOCOL_VERSION } from '../wire/protocol-version.ts';

/** Who this process is. The cluster id is asked each time: a process learns it at `stator init`. */
export interface OwnIdentity {
  readonly name: string;
  readonly incarnation: number;
  /** Empty: none yet. */
  clusterId(): string;
}

/** A longer first frame is no hello: names and ids are short. */
export const MAX_HELLO_BYTES = 1024;

/** What a process without a cluster may ask and be asked: how a cluster begins and how an operator looks at it. */
const CALLS_WITHOUT_CLUSTER: ReadonlySet<AdminRequest['kind']> = new Set(['init-cluster', 'describe-node', 'describe-auto-admin']);

export function ownHello(own: OwnIdentity): Hello {
  return { protocolVersion: PROTOCOL_VERSION, clusterId: own.clusterId(), name: own.name, incarnation: own.incarnation };
}

/** Why these two processes cannot talk over a stream; undefined when they can. */
export function streamRefusal(own: Hello, other: Hello): string | undefined {
  return versionRefusal(own, other) ?? homelessRefusal(own) ?? homelessRefusal(other) ?? clusterRefusal(own, other);
}

/** The same for one call. */
export function callRefusal(own: Hello, other: Hello, kind: AdminRequest['kind']): string | undefined {
  const refusal = versionRefusal(own, other);
  if (refusal !== undefined) return refusal;
  if (CALLS_WITHOUT_CLUSTER.has(kind) && (own.clusterId === '' || other.clusterId === '')) return undefined;
  return homelessRefusal(own) ?? homelessRefusal(other) ?? clusterRefusal(own, other);
}

function versionRefusal(own: Hello, other: Hello): string | undefined {
  if (own.protocolVersion === other.protocolVersion) return undefined;
  return `${own.name} speaks protocol version ${own.protocolVersion}, ${other.name} speaks ${other.protocolVersion}`;
}

function homelessRefusal(hello: Hello): string | undefined {
  return hello.clusterId === '' ? `${hello.name} belongs to no cluster yet` : undefined;
}

function clusterRefusal(own: Hello, other: Hello): string | undefined {
  if (own.clusterId === other.clusterId) return undefined;
  return `${own.name} belongs to cluster ${own.clusterId}, ${other.name} to cluster ${other.clusterId}`;
}
