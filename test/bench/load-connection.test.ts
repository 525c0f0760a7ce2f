import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { LoadConnection, type LoadDriver } from './load-connection.ts';

interface Outcome {
  readonly answers: string[];
  readonly broken: string[];
}

/** Sends `requests` requests to a server that answers each one by `answer`, and gives back what the driver was told. */
async function drive(requests: number, answer: (socket: Socket, request: number) => Promise<void>): Promise<Outcome> {
  let received = 0;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', () => void answer(socket, received++));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outcome: Outcome = { answers: [], broken: [] };
  let sent = 0;
  await new Promise<void>((resolve) => {
    const driver: LoadDriver = {
      next: () => (sent++ < requests ? Buffer.from('POST / HTTP/1.1\r\n\r\n') : undefined),
      answered: (status, answerBytes) => outcome.answers.push(`${status} ${answerBytes}`),
      broken: (reason) => outcome.broken.push(reason),
      finished: resolve,
    };
    new LoadConnection('127.0.0.1', (server.address() as AddressInfo).port, driver).open();
  });
  server.close();
  return outcome;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('reads answers whole, however they are cut', async () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 5\r\n\r\nabcde';
  const outcome = await drive(text.length, async (socket, cut) => {
    socket.write(text.slice(0, cut));
    await turn();
    socket.write(text.slice(cut));
  });
  assert.deepEqual(outcome, { answers: Array.from({ length: text.length }, () => '200 5'), broken: [] });
});

test('tells status and length of a refusal, and goes on', async () => {
  const outcome = await drive(2, async (socket, request) => {
    socket.write(request === 0 ? 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n' : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  });
  assert.deepEqual(outcome.answers, ['500 0', '200 2']);
});

test('counts a connection that breaks under a request, and opens another', async () => {
  const outcome = await drive(2, async (socket, request) => {
    if (request === 0) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  });
  assert.equal(outcome.broken.length, 1);
  assert.deepEqual(outcome.answers, ['200 0']);
});

test('refuses an answer whose length it cannot know', async () => {
  const outcome = await drive(1, async (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  });
  assert.deepEqual(outcome, { answers: [], broken: ['an answer without Content-Length'] });
});
