import type { Logger } from '../env/logger.ts';
import type { Counter, Metrics } from '../env/metrics.ts';
import { MalformedBytesError } from '../base/byte-reader.ts';
import type { ProtoWriter } from '../wire/proto-writer.ts';
import { ProtoWriter as Writer } from '../wire/proto-writer.ts';
import type { Checksum } from '../wire/sealed-frame.ts';
import { DamagedFrameError } from '../wire/sealed-frame.ts';
import type { OwnIdentity } from './grpc-handshake.ts';

export interface TransportOptions {
  readonly identity: OwnIdentity;
  /** `host:port` to accept at; port 0: any free one. */
  readonly listen: string;
  readonly digest: Checksum;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Names the metrics: `stator_<process>_transport_…`. */
  readonly process: string;
}

/** Something that has to be over before the transport is closed. */
export interface Closeable {
  close(): void;
  /** Resolves when nothing of it is left. */
  readonly done: Promise<void>;
}

/** What all streams and calls of one transport share. */
export interface TransportShared {
  readonly identity: OwnIdentity;
  readonly digest: Checksum;
  readonly logger: Logger;
  readonly writer: ProtoWriter;
  readonly open: Set<Closeable>;
  readonly counters: TransportCounters;
}

export interface TransportCounters {
  readonly sentFrames: Counter;
  readonly sentBytes: Counter;
  readonly receivedFrames: Counter;
  readonly receivedBytes: Counter;
  readonly damagedFrames: Counter;
}

export function createShared(options: TransportOptions): TransportShared {
  const open = new Set<Closeable>();
  return {
    identity: options.identity,
    digest: options.digest,
    logger: options.logger,
    writer: new Writer(),
    open,
    counters: createCounters(options, open),
  };
}

function createCounters({ metrics, process }: TransportOptions, open: ReadonlySet<Closeable>): TransportCounters {
  const prefix = `stator_${process}_transport`;
  metrics.gauge({
    name: `${prefix}_open_streams`,
    help: 'Streams and calls under way, in both directions.',
    collect: (gauge) => gauge.set(open.size),
  });
  return {
    sentFrames: metrics.counter({ name: `${prefix}_sent_frames_total`, help: 'Frames sent on streams.' }),
    sentBytes: metrics.counter({ name: `${prefix}_sent_bytes_total`, help: 'Bytes of frames sent on streams.' }),
    receivedFrames: metrics.counter({ name: `${prefix}_received_frames_total`, help: 'Frames received on streams.' }),
    receivedBytes: metrics.counter({ name: `${prefix}_received_bytes_total`, help: 'Bytes of frames received on streams.' }),
    damagedFrames: metrics.counter({
      name: `${prefix}_damaged_frames_total`,
      help: 'Frames, calls and replies with a wrong checksum or malformed content; each ended its stream.',
    }),
  };
}

/** True for what is wrong with received bytes, as opposed to a mistake of ours. */
export function isDamage(error: unknown): error is Error {
  return error instanceof DamagedFrameError || error instanceof MalformedBytesError;
}

/** grpc-js carries our bytes as they are. */
export function sameBytes(bytes: Buffer): Buffer {
  return bytes;
}
