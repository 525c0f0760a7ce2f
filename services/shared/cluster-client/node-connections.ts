import type { NodeId } from '../base/ids.ts';
import type { StatorTransport } from '../wire/frames.ts';
import {
  type CallOutcomes,
  type ConnectionCall,
  type ConnectionEnvironment,
  type ConnectionEvents,
  NodeConnection,
} from './node-connection.ts';

/**
 * One connection for each address that was ever asked for; nodes are few and their addresses seldom change. A node may be
 * known by two addresses (a name and a number, say), and takes requests only from the stream that was opened last: then the
 * older one gives way, and both addresses lead to the newer one for as long as it stands.
 */
export class NodeConnections<Call extends ConnectionCall> {
  readonly #environment: ConnectionEnvironment;
  readonly #transport: StatorTransport;
  readonly #events: ConnectionEvents<Call>;
  readonly #byAddress = new Map<string, NodeConnection<Call>>();
  /** Address -> the connection by another address to the same process. */
  readonly #aliases = new Map<string, NodeConnection<Call>>();

  constructor(environment: ConnectionEnvironment, transport: StatorTransport, outcomes: CallOutcomes<Call>) {
    this.#environment = environment;
    this.#transport = transport;
    this.#events = {
      answered: (call, response) => outcomes.answered(call, response),
      lost: (call) => outcomes.lost(call),
      notSent: (call) => outcomes.notSent(call),
      opened: (connection) => this.#opened(connection),
    };
  }

  at(address: string): NodeConnection<Call> {
    if (this.#aliases.size > 0) {
      const alias = this.#aliases.get(address);
      if (alias?.isOpen === true) return alias;
      this.#aliases.delete(address);
    }
    const present = this.#byAddress.get(address);
    if (present !== undefined) return present;
    const made = new NodeConnection(address, this.#environment, this.#transport, this.#events);
    this.#byAddress.set(address, made);
    return made;
  }

  /** The connection at whose other end a node of this name answered last. For nodes that the catalog does not name yet. */
  named(node: NodeId): NodeConnection<Call> | undefined {
    let found: NodeConnection<Call> | undefined;
    for (const connection of this.#byAddress.values()) {
      if (connection.peer?.name === node && (found === undefined || connection.isOpen)) found = connection;
    }
    return found;
  }

  #opened(connection: NodeConnection<Call>): void {
    this.#aliases.delete(connection.address);
    for (const other of this.#byAddress.values()) {
      const isSame = other.peer?.name === connection.peer?.name && other.peer?.incarnation === connection.peer?.incarnation;
      if (other === connection || !isSame) continue;
      this.#aliases.set(other.address, connection);
      other.giveWay();
    }
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
