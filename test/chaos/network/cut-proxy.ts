import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Checksum } from '../../../services/shared/wire/sealed-frame.ts';
import { Flow, type Link, OPEN_LINK } from './flow.ts';
import { HelloSniffer } from './hello-sniffer.ts';

const HOST = '127.0.0.1';

/** A process behind the proxy. */
export interface Route {
  readonly name: string;
  readonly listenPort: number;
  readonly targetPort: number;
}

/** Links by direction, as `linkName` names it; one that is not there is open. */
export type Links = Readonly<Record<string, Link>>;

/** The direction of bytes from one process to another. */
export function linkName(from: string, to: string): string {
  return `${from}>${to}`;
}

/**
 * A TCP proxy in front of every process. A connection's target is known by the port, its caller by the hello that it sends first,
 * so each direction between two processes can be cut or delayed by itself, whoever of them connected. Until the hello
 * everything passes: connecting works through a cut, talking does not.
 */
export class CutProxy {
  readonly #digest: Checksum;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<ProxiedConnection>();
  #links: Links = {};

  constructor(digest: Checksum) {
    this.#digest = digest;
  }

  async listen(route: Route): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const connection = new ProxiedConnection(client, route, this.#digest, () => this.#links);
      this.#connections.add(connection);
      connection.onClosed = () => this.#connections.delete(connection);
    });
    server.listen({ host: HOST, port: route.listenPort });
    await once(server, 'listening');
    this.#servers.push(server);
  }

  /** The state of all links from now on. */
  setLinks(links: Links): void {
    this.#links = links;
    for (const connection of this.#connections) connection.refresh();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(
      this.#servers.map(async (server) => {
        server.close();
        await once(server, 'close');
      }),
    );
  }
}

class ProxiedConnection {
  onClosed: () => void = () => {};
  readonly #target: string;
  readonly #links: () => Links;
  readonly #sockets: readonly [client: Socket, server: Socket];
  readonly #up: Flow;
  readonly #down: Flow;
  #sniffer: HelloSniffer | undefined;
  #caller: string | undefined;
  #closed = 0;

  constructor(client: Socket, { name, targetPort }: Route, digest: Checksum, links: () => Links) {
    this.#target = name;
    this.#links = links;
    this.#sniffer = new HelloSniffer(digest);
    const server = connect({ host: HOST, port: targetPort, allowHalfOpen: true, noDelay: true });
    this.#sockets = [client, server];
    this.#up = new Flow(client, server, (bytes) => this.#sniff(bytes));
    this.#down = new Flow(server, client);
    for (const socket of this.#sockets) {
      // A broken connection is broken on both sides; ends in good order travel through the flows.
      socket.on('error', () => this.destroy());
      socket.on('close', () => {
        this.#closed++;
        if (this.#closed === this.#sockets.length) this.onClosed();
      });
    }
  }

  refresh(): void {
    if (this.#caller === undefined) return;
    const links = this.#links();
    this.#up.setLink(links[linkName(this.#caller, this.#target)] ?? OPEN_LINK);
    this.#down.setLink(links[linkName(this.#target, this.#caller)] ?? OPEN_LINK);
  }

  destroy(): void {
    this.#up.stop();
    this.#down.stop();
    for (const socket of this.#sockets) socket.destroy();
  }

  #sniff(bytes: Buffer): void {
    if (this.#sniffer === undefined) return;
    try {
      this.#caller = this.#sniffer.feed(bytes);
    } catch {
      // Whoever that is, it is none of the cluster's processes.
      this.#caller = '';
    }
    if (this.#caller === undefined) return;
    this.#sniffer = undefined;
    this.refresh();
  }
}
