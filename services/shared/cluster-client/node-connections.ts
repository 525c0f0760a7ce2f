import type { NodeId } from '../base/ids.ts';
import type { StatorTransport } from '../wire/frames.ts';
import { type CallOutcomes, type ConnectionCall, type ConnectionEnvironment, NodeConnection } from './node-connection.ts';

/** One connection for each address that was ever asked for. Nodes are few and their addresses seldom change. */
export class NodeConnections<Call extends ConnectionCall> {
  readonly #environment: ConnectionEnvironment;
  readonly #transport: StatorTransport;
  readonly #outcomes: CallOutcomes<Call>;
  readonly #byAddress = new Map<string, NodeConnection<Call>>();

  constructor(environment: ConnectionEnvironment, transport: StatorTransport, outcomes: CallOutcomes<Call>) {
    this.#environment = environment;
    this.#transport = transport;
    this.#outcomes = outcomes;
  }

  at(address: string): NodeConnection<Call> {
    const present = this.#byAddress.get(address);
    if (present !== undefined) return present;
    const made = new NodeConnection(address, this.#environment, this.#transport, this.#outcomes);
    this.#byAddress.set(address, made);
    return made;
  }

  /** The connection at whose other end a node of this name answered last. For nodes that the catalog does not name yet. */
  named(node: NodeId): NodeConnection<Call> | undefined {
    for (const connection of this.#byAddress.values()) {
      if (connection.peerName === node) return connection;
    }
    return undefined;
  }

  sweep(): void {
    for (const connection of this.#byAddress.values()) connection.sweep();
  }

  /** Bytes queued towards all nodes. */
  queuedBytes(): number {
    let bytes = 0;
    for (const connection of this.#byAddress.values()) bytes += connection.queuedBytes;
    return bytes;
  }

  close(): void {
    for (const connection of this.#byAddress.values()) connection.close();
  }
}
