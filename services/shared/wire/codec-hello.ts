import type { PeerIdentity } from '../env/transport.ts';
import { ControlFrameTags, HelloTags } from './generated/field-tags.ts';
import type { ProtoReader } from './proto-reader.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** The first frame of a stream, in both directions. */
export interface Hello extends PeerIdentity {
  readonly protocolVersion: number;
}

/** Key of the field `hello`: the same in every frame, call and reply. */
const HELLO_TAG = ControlFrameTags.hello;

/** Writes the field `hello` of any frame, call or reply. */
export function writeHello(writer: ProtoWriter, hello: Hello): void {
  const position = writer.position();
  writer.uint(HelloTags.incarnation, hello.incarnation);
  writer.text(HelloTags.process, hello.name);
  writer.text(HelloTags.clusterId, hello.clusterId);
  writer.uint(HelloTags.protocolVersion, hello.protocolVersion);
  writer.nest(HELLO_TAG, position);
}

/** The content of the field. */
export function readHello(reader: ProtoReader): Hello {
  const outer = reader.enter();
  let protocolVersion = 0;
  let clusterId = '';
  let name = '';
  let incarnation = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === HelloTags.protocolVersion) protocolVersion = reader.uint();
    else if (tag === HelloTags.clusterId) clusterId = reader.text();
    else if (tag === HelloTags.process) name = reader.text();
    else if (tag === HelloTags.incarnation) incarnation = reader.uint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { protocolVersion, clusterId, name, incarnation };
}

/** The hello of a stream's first frame, whatever the kind of the stream; undefined when it carries none. */
export function readFirstFrame(reader: ProtoReader): Hello | undefined {
  let hello: Hello | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === HELLO_TAG) hello = readHello(reader);
    else reader.skip(tag);
  }
  return hello;
}
