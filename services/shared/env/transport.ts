/**
 * Messages between processes: gRPC in production, a simulated network in simulations. Long-lived bidirectional streams
 * carry the data path; single calls exist for administration only. Frames are plain objects that nobody changes once sent.
 * What the frames are is said in `wire/frames.ts`; this layer only carries them.
 */

/** For each kind of stream, what the opener sends (`up`) and receives (`down`). */
export type StreamFrameTypes<Kinds extends string> = { readonly [K in Kinds]: { readonly up: unknown; readonly down: unknown } };

/** Who is at the other end, as its first frame says; a mismatch of protocol or cluster never comes this far. */
export interface PeerIdentity {
  readonly clusterId: string;
  /** Name of the process (the node id for storage nodes). */
  readonly name: string;
  /** Random, another in each life of the process; a safe integer. */
  readonly incarnation: number;
}

/** One side of an open stream. */
export interface FrameStream<Out, In> {
  readonly peer: PeerIdentity;
  /** Queues a frame; order is kept. After close it does nothing. */
  send(frame: Out): void;
  /** Bytes queued here and not yet taken by the network: what overload decisions look at. */
  queuedBytes(): number;
  /** Set at once when the stream is given: each received frame. */
  onFrame: (frame: In) => void;
  /** Called once, when either side or the network ended the stream; not after one's own close(). */
  onClose: (reason: string) => void;
  close(): void;
}

/** Serves streams and calls of one process; a kind that is left out is refused. */
export type StreamHandlers<F extends StreamFrameTypes<keyof F & string>, Request, Response> = {
  readonly [K in keyof F]?: (stream: FrameStream<F[K]['down'], F[K]['up']>) => void;
} & {
  /** A single call. A rejected AdminCallError reaches the caller as it is, anything else as code `internal`. */
  readonly admin?: (request: Request, peer: PeerIdentity) => Promise<Response>;
};

export interface Transport<F extends StreamFrameTypes<keyof F & string>, Request, Response> {
  /** Starts to accept at the process's own address. */
  listen(handlers: StreamHandlers<F, Request, Response>): Promise<void>;
  /**
   * Opens a stream. Rejects with TransportError when the other side is not reached within the time, speaks another
   * protocol version, belongs to another cluster or does not serve the kind.
   */
  open<K extends keyof F & string>(address: string, kind: K, timeoutMs: number): Promise<FrameStream<F[K]['up'], F[K]['down']>>;
  /** One administrative call. Rejects with TransportError or AdminCallError. */
  call(address: string, request: Request, timeoutMs: number): Promise<Response>;
  close(): Promise<void>;
}

/** The other side was not reached or the connection broke: whether a call was carried out is unknown. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

/** The other side answered with a refusal. `code` is stable, the message is for people. */
export class AdminCallError extends Error {
  override readonly name = 'AdminCallError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
