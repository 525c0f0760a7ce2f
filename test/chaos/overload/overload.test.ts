import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { generateLoad } from './load-process.ts';
import type { Arrival, LoadReport } from './order.ts';

const CREDENTIALS = { accessKeyId: 'key', secretAccessKey: 'secret', region: 'us-east-1' };

/** Load on a server that answers one request in two with success, one with a refusal, and nothing else. */
async function load(arrival: Arrival, answers = true, hugeBodies = 0): Promise<LoadReport> {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (answers) request.on('end', () => response.writeHead(requests++ % 2 === 0 ? 200 : 400, { 'content-length': '2' }).end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const nuisance = { slowBodies: 0, hugeBodies };
    return await generateLoad({ port, credentials: CREDENTIALS, table: 'T', arrival, nuisance, keys: 10, seconds: 1 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a closed loop counts answers by what they say', async () => {
  const { good, late, refused, unsent } = await load({ kind: 'closed', connections: 2 });
  assert.ok(good > 0 && (refused['400'] ?? 0) > 0);
  assert.ok(Math.abs(good + late - (refused['400'] ?? 0)) <= 2, 'every other answer is a refusal');
  assert.equal(unsent, 0);
});

test('an open loop goes on when nobody answers, gives up and repeats', async () => {
  const { offered, good, unanswered, unsent } = await load({ kind: 'open', ratePerSecond: 3000, timeoutMs: 400, retries: 1 }, false);
  assert.equal(good, 0);
  assert.ok(offered > 1000 && unanswered > 0 && unsent > 0, JSON.stringify({ offered, unanswered, unsent }));
});

test('huge bodies are counted by themselves', async () => {
  const { offered, hugeAnswered } = await load({ kind: 'closed', connections: 0 }, true, 2);
  assert.equal(offered, 0);
  assert.ok(hugeAnswered > 0);
});
