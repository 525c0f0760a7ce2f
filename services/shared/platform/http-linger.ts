import type { Socket } from 'node:net';
import { SECOND_MS } from '../base/units.ts';

/** How far a client that was refused is read on, so that it gets to see its answer. */
export interface LingerLimits {
  /** Of each connection at most so long, and so many bytes. */
  readonly elapsedMs: number;
  readonly bytes: number;
  /** Of all connections together. */
  readonly bytesPerSecond: number;
  /** Connections at a time; further ones end those that linger longest. */
  readonly connections: number;
}

/** Node hands over what came in pieces of so many bytes at the most. */
const PIECE_BYTES = 65_536;
const TICK_MS = 50;

interface Lingering {
  readonly endsAtTick: number;
  bytes: number;
}

/**
 * Connections that had their last answer while their client still sends. Closing one with unread bytes would reset it, and most
 * clients read their answer only when they have sent everything; so what they send is read and thrown away for a while. It is
 * read slowly: whoever is refused must not take what others need, and what is not read waits at its client.
 */
export class HttpLinger {
  readonly #limits: LingerLimits;
  /** Those that were read last stand last. */
  readonly #sockets = new Map<Socket, Lingering>();
  readonly #reading = new Set<Socket>();
  /** Bytes that may be read until the next tick; below zero after a piece that was longer. */
  #allowance = 0;
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: LingerLimits) {
    this.#limits = limits;
  }

  /** Connections that linger. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Lets a connection that Node is about to destroy linger behind its last answer. */
  afterAnswer(socket: Socket): void {
    socket.destroySoon = () => this.add(socket);
  }

  /** Ends the sending side of a connection, and takes its receiving side over from whoever reads it now. */
  add(socket: Socket): void {
    if (socket.destroyed || this.#sockets.has(socket)) return;
    socket.end();
    socket.removeAllListeners('data');
    socket.on('data', (piece: Buffer) => this.#onPiece(socket, piece.length));
    socket.once('end', () => socket.destroy());
    socket.once('close', () => this.#forget(socket));
    socket.pause();
    // Node's parser stopped reading beneath the stream, which would wait for ever for a piece it believes to be on its way.
    socket._read(PIECE_BYTES);
    this.#makeRoom();
    this.#sockets.set(socket, { endsAtTick: this.#ticks + Math.ceil(this.#limits.elapsedMs / TICK_MS), bytes: 0 });
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #makeRoom(): void {
    if (this.#sockets.size < this.#limits.connections) return;
    let oldest: Socket | undefined;
    let endsAtTick = Infinity;
    for (const [socket, lingering] of this.#sockets) {
      if (lingering.endsAtTick >= endsAtTick) continue;
      oldest = socket;
      endsAtTick = lingering.endsAtTick;
    }
    if (oldest !== undefined) this.#end(oldest);
  }

  #onPiece(socket: Socket, bytes: number): void {
    const lingering = this.#sockets.get(socket);
    if (lingering === undefined) return;
    this.#allowance -= bytes;
    lingering.bytes += bytes;
    if (lingering.bytes > this.#limits.bytes) this.#end(socket);
    if (this.#allowance <= 0) this.#hold(socket);
  }

  /** Nothing is left to be read in this tick: neither of the one that was just read, nor of the others. */
  #hold(socket: Socket): void {
    socket.pause();
    for (const other of this.#reading) other.pause();
    this.#reading.clear();
  }

  #tick(): void {
    this.#ticks++;
    for (const [socket, { endsAtTick }] of this.#sockets) {
      if (endsAtTick <= this.#ticks) this.#end(socket);
    }
    const share = (this.#limits.bytesPerSecond * TICK_MS) / SECOND_MS;
    this.#allowance = Math.min(share, this.#allowance + share);
    let room = this.#allowance;
    for (const [socket, lingering] of [...this.#sockets]) {
      if (room <= 0) break;
      room -= PIECE_BYTES;
      this.#sockets.delete(socket);
      this.#sockets.set(socket, lingering);
      this.#reading.add(socket);
      socket.resume();
    }
  }

  #end(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#reading.delete(socket);
    if (this.#sockets.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
