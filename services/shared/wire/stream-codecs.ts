import type { BulkFrame, ControlFrame, RequestFrame, ResponseFrame, StreamFrames, StreamKind, WatchFrame } from './frames.ts';
import { readBulkFrame, writeBulkFrame } from './codec-bulk.ts';
import { readControlFrame, writeControlFrame } from './codec-control.ts';
import { readRequestFrame, writeRequestFrame } from './codec-storage-request.ts';
import { readResponseFrame, writeResponseFrame } from './codec-storage-response.ts';
import { readWatchFrame, writeWatchFrame } from './codec-watch.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** How one type of frame becomes bytes and back. */
export interface FrameCodec<Frame> {
  readonly write: (writer: ProtoWriter, frame: Frame) => void;
  readonly read: (reader: ProtoReader) => Frame;
  /** The same content in two frames, the first to be sent first; undefined when it cannot be divided. */
  readonly halve: (frame: Frame) => readonly [Frame, Frame] | undefined;
}

const CONTROL: FrameCodec<ControlFrame> = { write: writeControlFrame, read: readControlFrame, halve: halveControl };
const BULK: FrameCodec<BulkFrame> = { write: writeBulkFrame, read: readBulkFrame, halve: halveBulk };
const REQUESTS: FrameCodec<RequestFrame> = { write: writeRequestFrame, read: readRequestFrame, halve: halveRequests };
const RESPONSES: FrameCodec<ResponseFrame> = { write: writeResponseFrame, read: readResponseFrame, halve: halveResponses };
const WATCH: FrameCodec<WatchFrame> = { write: writeWatchFrame, read: readWatchFrame, halve: halveWatch };

/** For each kind of stream, the codecs of what the opener sends (`up`) and receives (`down`). */
export const STREAM_CODECS: {
  readonly [K in StreamKind]: {
    readonly up: FrameCodec<StreamFrames[K]['up']>;
    readonly down: FrameCodec<StreamFrames[K]['down']>;
  };
} = {
  control: { up: CONTROL, down: CONTROL },
  bulk: { up: BULK, down: BULK },
  requests: { up: REQUESTS, down: RESPONSES },
  watch: { up: WATCH, down: WATCH },
};

function halveControl(frame: ControlFrame): [ControlFrame, ControlFrame] | undefined {
  const [first, second] = halves(frame.messages);
  return second.length === 0 ? undefined : [{ ...frame, messages: first }, { messages: second }];
}

function halveBulk(frame: BulkFrame): [BulkFrame, BulkFrame] | undefined {
  if (frame.messages.length + frame.snapshots.length < 2) return undefined;
  const [firstMessages, secondMessages] = halves(frame.messages);
  const [firstSnapshots, secondSnapshots] = halves(frame.snapshots);
  return frame.messages.length > 0 && frame.snapshots.length > 0
    ? [
        { credit: frame.credit, messages: frame.messages, snapshots: [] },
        { credit: 0, messages: [], snapshots: frame.snapshots },
      ]
    : [
        { credit: frame.credit, messages: firstMessages, snapshots: firstSnapshots },
        { credit: 0, messages: secondMessages, snapshots: secondSnapshots },
      ];
}

function halveRequests(frame: RequestFrame): [RequestFrame, RequestFrame] | undefined {
  const [first, second] = halves(frame.requests);
  return second.length === 0 ? undefined : [{ requests: first }, { requests: second }];
}

function halveResponses(frame: ResponseFrame): [ResponseFrame, ResponseFrame] | undefined {
  const [first, second] = halves(frame.responses);
  return second.length === 0 ? undefined : [{ responses: first }, { responses: second }];
}

/** The first part of a snapshot is not yet its end. A page of changes says the slot for all of it, so it stays whole. */
function halveWatch(frame: WatchFrame): [WatchFrame, WatchFrame] | undefined {
  if (frame.kind !== 'snapshot') return undefined;
  const [first, second] = halves(frame.records);
  return second.length === 0
    ? undefined
    : [
        { ...frame, records: first, done: false },
        { ...frame, records: second },
      ];
}

/** The longer half first; the second one is empty when there is but one element. */
function halves<T>(list: readonly T[]): [readonly T[], readonly T[]] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}
