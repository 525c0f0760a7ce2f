import type { Socket } from 'node:net';
import { ChannelCredentials, Client } from '@grpc/grpc-js';
import type { StreamKind } from '../wire/frames.ts';
import { clientOptions } from './grpc-settings.ts';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Plain-text credentials that know the socket of their channel. A grpc-js channel that is closed while it connects leaves its
 * TCP connection open until the other side speaks; towards a stopped process every attempt would keep one.
 */
class SocketCredentials extends ChannelCredentials {
  readonly #plain = ChannelCredentials.createInsecure();
  #socket: Socket | undefined;
  #destroyed = false;

  override _isSecure(): boolean {
    return false;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...parameters: Parameters<ChannelCredentials['_createSecureConnector']>): SecureConnector {
    const connector = this.#plain._createSecureConnector(...parameters);
    return {
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
      connect: (socket) => {
        this.#socket = socket;
        if (this.#destroyed) socket.destroy();
        return connector.connect(socket);
      },
    };
  }

  destroySocket(): void {
    this.#destroyed = true;
    this.#socket?.destroy();
  }
}

/** A channel to one address with a connection of its own, for one stream or one call. */
export class GrpcConnection {
  readonly client: Client;
  readonly #credentials = new SocketCredentials();

  constructor(address: string, kind: StreamKind | 'admin') {
    this.client = new Client(address, this.#credentials, clientOptions(kind));
  }

  /** After an orderly end: the connection is closed once everything is sent. */
  close(): void {
    this.client.close();
  }

  /** After any other end: nothing may be left of it. */
  destroy(): void {
    this.client.close();
    this.#credentials.destroySocket();
  }
}
