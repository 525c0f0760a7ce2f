import type { ControlFrame, GroupEnvelope, Heartbeat, HeartbeatAnswer } from './frames.ts';
import { ControlFrameTags, HeartbeatAnswerTags, HeartbeatTags } from './generated/field-tags.ts';
import { readEnvelope, writeEnvelope } from './codec-paxos.ts';
import type { Mutable } from './mutable.ts';
import type { ProtoReader } from './proto-reader.ts';
import { NO_BYTES } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

export function writeControlFrame(writer: ProtoWriter, frame: ControlFrame): void {
  const { heartbeat, heartbeatAnswer, messages } = frame;
  for (let index = messages.length - 1; index >= 0; index--) {
    writeEnvelope(writer, ControlFrameTags.messages, messages[index] as GroupEnvelope);
  }
  if (heartbeatAnswer !== undefined) {
    const position = writer.position();
    writer.bytes(HeartbeatAnswerTags.logStarts, heartbeatAnswer.logStarts);
    writer.bytes(HeartbeatAnswerTags.origins, heartbeatAnswer.origins);
    writer.uint(HeartbeatAnswerTags.fullness, heartbeatAnswer.fullness);
    writer.bytes(HeartbeatAnswerTags.marks, heartbeatAnswer.marks);
    writer.uint(HeartbeatAnswerTags.monotonicUs, heartbeatAnswer.monotonicUs);
    writer.bytes(HeartbeatAnswerTags.checkpoints, heartbeatAnswer.checkpoints);
    writer.bytes(HeartbeatAnswerTags.refusals, heartbeatAnswer.refusals);
    writer.uint(HeartbeatAnswerTags.sequence, heartbeatAnswer.sequence);
    writer.nest(ControlFrameTags.heartbeatAnswer, position);
  }
  if (heartbeat !== undefined) {
    const position = writer.position();
    writer.bytes(HeartbeatTags.floors, heartbeat.floors);
    writer.bytes(HeartbeatTags.leaderships, heartbeat.leaderships);
    writer.uint(HeartbeatTags.sequence, heartbeat.sequence);
    writer.nest(ControlFrameTags.heartbeat, position);
  }
}

export function readControlFrame(reader: ProtoReader): ControlFrame {
  const messages: GroupEnvelope[] = [];
  const frame: Mutable<ControlFrame> = { messages };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ControlFrameTags.messages) messages.push(readEnvelope(reader));
    else if (tag === ControlFrameTags.heartbeat) frame.heartbeat = readHeartbeat(reader);
    else if (tag === ControlFrameTags.heartbeatAnswer) frame.heartbeatAnswer = readHeartbeatAnswer(reader);
    else reader.skip(tag);
  }
  return frame;
}

function readHeartbeat(reader: ProtoReader): Heartbeat {
  const outer = reader.enter();
  let sequence = 0;
  let leaderships: Uint8Array = NO_BYTES;
  let floors: Uint8Array = NO_BYTES;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === HeartbeatTags.sequence) sequence = reader.uint();
    else if (tag === HeartbeatTags.leaderships) leaderships = reader.bytes();
    else if (tag === HeartbeatTags.floors) floors = reader.bytes();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { sequence, leaderships, floors };
}

function readHeartbeatAnswer(reader: ProtoReader): HeartbeatAnswer {
  const outer = reader.enter();
  let sequence = 0;
  let refusals: Uint8Array = NO_BYTES;
  let checkpoints: Uint8Array = NO_BYTES;
  let marks: Uint8Array = NO_BYTES;
  let origins: Uint8Array = NO_BYTES;
  let logStarts: Uint8Array = NO_BYTES;
  let fullness = 0;
  let monotonicUs = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === HeartbeatAnswerTags.sequence) sequence = reader.uint();
    else if (tag === HeartbeatAnswerTags.refusals) refusals = reader.bytes();
    else if (tag === HeartbeatAnswerTags.checkpoints) checkpoints = reader.bytes();
    else if (tag === HeartbeatAnswerTags.monotonicUs) monotonicUs = reader.uint();
    else if (tag === HeartbeatAnswerTags.marks) marks = reader.bytes();
    else if (tag === HeartbeatAnswerTags.origins) origins = reader.bytes();
    else if (tag === HeartbeatAnswerTags.logStarts) logStarts = reader.bytes();
    else if (tag === HeartbeatAnswerTags.fullness) fullness = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { sequence, refusals, checkpoints, monotonicUs, marks, origins, logStarts, fullness };
}
