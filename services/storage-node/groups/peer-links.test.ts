import assert from 'node:assert/strict';
import { it } from 'node:test';
import { KIB, MIB } from '../../shared/base/units.ts';
import type { BulkFrame, ControlFrame, GroupEnvelope, StatorTransport } from '../../shared/wire/frames.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { DEFAULT_LINK_OPTIONS } from '../core/options.ts';
import { PeerLinks } from './peer-links.ts';
import { messageBytes } from './record-queue.ts';

const BALLOT = { configuration: 1, round: 1, replica: 1 };

function accept(group: number, first: number, bytes: number): GroupEnvelope {
  return { group, from: 1, to: 2, message: { kind: 'accept', ballot: BALLOT, first, records: [new Uint8Array(bytes)], commit: 0 } };
}

/** A node whose peer takes as much as a test lets it. */
async function linked() {
  const timers = new ManualTimers();
  const sent: ({ control: ControlFrame } | { bulk: BulkFrame })[] = [];
  const network = { queuedBytes: 0 };
  const streams: { onClose: (reason: string) => void }[] = [];
  const open = (_address: string, kind: 'control' | 'bulk'): Promise<unknown> => {
    const stream = {
      peer: { clusterId: 'test', name: 'peer', incarnation: 1 },
      send: (frame: ControlFrame & BulkFrame) => void sent.push(kind === 'control' ? { control: frame } : { bulk: frame }),
      queuedBytes: () => network.queuedBytes,
      onFrame: () => undefined,
      onClose: () => undefined,
      close: () => undefined,
    };
    streams.push(stream);
    return Promise.resolve(stream);
  };
  const environment = testEnvironment(timers);
  const events = { onControl: () => undefined, onBulk: () => undefined, onConnected: () => undefined };
  const links = new PeerLinks(environment, { open } as unknown as StatorTransport, DEFAULT_LINK_OPTIONS, events);
  links.setAddress('peer', 'peer:1');
  await new Promise(setImmediate);
  assert.equal(links.connected('peer'), true);
  const bulkBytes = (): number[] =>
    sent.flatMap((frame) => ('bulk' in frame ? [frame.bulk.messages.reduce((sum, { message }) => sum + messageBytes(message), 0)] : []));
  return { timers, sent, network, streams, links, bulkBytes };
}

it('sends records by a stream of their own, a megabyte a turn and in their order, and everything else in the frame of its turn', async () => {
  const { timers, sent, links, bulkBytes } = await linked();
  links.send('peer', { group: 1, from: 1, to: 2, message: { kind: 'accepted', ballot: BALLOT, last: 3 } });
  links.send('peer', accept(1, 1, 100));
  for (let group = 2; group < 12; group++) links.send('peer', accept(group, 1, 300 * KIB));
  links.send('peer', accept(11, 2, 100));
  links.flush();
  const [first] = sent;
  assert.ok(first !== undefined && 'control' in first);
  assert.deepEqual(
    first.control.messages.map(({ message }) => message.kind),
    ['accepted'],
  );
  assert.equal(bulkBytes().length, 1, 'the rest has its turn later');
  await timers.advance(1);
  const records = sent.flatMap((frame) => ('bulk' in frame ? frame.bulk.messages : []));
  assert.deepEqual(
    records.map(({ group, message }) => [group, message.kind === 'accept' && message.first]),
    [...Array.from({ length: 11 }, (_, at) => [at + 1, 1]), [11, 2]],
  );
  assert.ok(bulkBytes().every((bytes) => bytes <= MIB));
});

it('keeps records back while the network takes nothing, and never a heartbeat', async () => {
  const { timers, sent, network, links, bulkBytes } = await linked();
  network.queuedBytes = 8 * MIB;
  for (let group = 2; group < 12; group++) links.send('peer', accept(group, 1, 300 * KIB));
  links.flush();
  await timers.advance(100);
  assert.deepEqual(bulkBytes(), []);
  links.heartbeat('peer', { sequence: 7, leaderships: new Uint8Array(0), floors: new Uint8Array(0) });
  links.flush();
  assert.equal(sent.length, 1);
  network.queuedBytes = 0;
  await timers.advance(100);
  assert.equal(bulkBytes().length, 4);
});

it('forgets what waits when the stream breaks', async () => {
  const { timers, network, streams, links, bulkBytes } = await linked();
  network.queuedBytes = 8 * MIB;
  links.send('peer', accept(2, 1, 300 * KIB));
  links.flush();
  streams[0]?.onClose('broken');
  network.queuedBytes = 0;
  await timers.advance(1000);
  await new Promise(setImmediate);
  assert.equal(links.connected('peer'), true, 'connected again');
  links.flush();
  assert.deepEqual(bulkBytes(), []);
});
