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

it('sends small messages in the frame of their turn, and large ones by the bulk stream, a megabyte a turn', async () => {
  const { timers, sent, links, bulkBytes } = await linked();
  links.send('peer', accept(1, 1, 100));
  for (let group = 2; group < 12; group++) links.send('peer', accept(group, 1, 300 * KIB));
  links.flush();
  const [first] = sent;
  assert.ok(first !== undefined && 'control' in first);
  assert.deepEqual(
    first.control.messages.map(({ group }) => group),
    [1],
  );
  assert.equal(bulkBytes().length, 1, 'the rest has its turn later');
  await timers.advance(1);
  assert.equal(sent.flatMap((frame) => ('bulk' in frame ? frame.bulk.messages : [])).length, 10);
  assert.ok(bulkBytes().every((bytes) => bytes <= MIB));
});

it('keeps large messages back while the network takes nothing, and never a heartbeat', async () => {
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

it('lets no record of a group overtake a large one before it is acknowledged', async () => {
  const { timers, sent, links } = await linked();
  const ways = (): string[] =>
    sent.flatMap((frame) => ('bulk' in frame ? frame.bulk.messages.map(() => 'bulk') : frame.control.messages.map(() => 'control')));
  links.send('peer', accept(5, 1, 300 * KIB));
  links.send('peer', accept(5, 2, 10));
  links.send('peer', accept(6, 1, 10));
  links.flush();
  await timers.advance(1);
  assert.deepEqual(ways(), ['control', 'bulk', 'bulk']);
  links.send('peer', accept(5, 3, 10));
  links.acknowledged('peer', 5, 2);
  links.flush();
  assert.deepEqual(ways().slice(3), ['bulk'], 'slot 3 was not acknowledged when it was sent');
  links.acknowledged('peer', 5, 3);
  links.send('peer', accept(5, 4, 10));
  links.flush();
  assert.deepEqual(ways().slice(4), ['control']);
});

it('has a limit for what many groups send small in one turn', async () => {
  const { sent, links, bulkBytes } = await linked();
  for (let group = 1; group <= 10; group++) links.send('peer', accept(group, 1, 60 * KIB));
  links.flush();
  const [first] = sent;
  assert.ok(first !== undefined && 'control' in first);
  assert.equal(first.control.messages.length, 4);
  assert.equal(bulkBytes().length, 1);
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
