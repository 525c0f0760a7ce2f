import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { LingerLimits } from './http-linger.ts';
import { HttpLinger } from './http-linger.ts';

const PIECE = 65_536;
const TICK_MS = 50;
/** Two pieces in a tick, ten ticks, twenty pieces of a connection. */
const LIMITS: LingerLimits = { elapsedMs: 10 * TICK_MS, bytes: 20 * PIECE, bytesPerSecond: 40 * PIECE, connections: 4 };

/** A connection whose client sends without an end: whoever reads gets a piece at a time. */
class EndlessSocket extends EventEmitter {
  readonly events: string[] = [];
  pieces = 0;
  isRead = false;
  destroyed = false;

  get socket(): Socket {
    return this as unknown as Socket;
  }

  end(): void {
    this.events.push('end');
  }

  _read(): void {}

  pause(): void {
    this.isRead = false;
  }

  resume(): void {
    this.isRead = true;
  }

  destroySoon(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.events.push('destroy');
    this.emit('close');
  }

  piece(): void {
    assert.ok(this.isRead && !this.destroyed, 'it is read');
    this.pieces++;
    this.emit('data', Buffer.alloc(PIECE));
  }
}

/** Ticks pass by hand, and with each those that are read get pieces, in turn, until nobody is read. */
function start(context: TestContext, limits: Partial<LingerLimits> = {}) {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const linger = new HttpLinger({ ...LIMITS, ...limits });
  const sockets: EndlessSocket[] = [];
  const add = (): EndlessSocket => {
    const socket = new EndlessSocket();
    sockets.push(socket);
    linger.afterAnswer(socket.socket);
    socket.destroySoon();
    return socket;
  };
  const tick = (): void => {
    context.mock.timers.tick(TICK_MS);
    for (let reading = sockets; reading.length > 0; reading = sockets.filter(({ isRead, destroyed }) => isRead && !destroyed)) {
      for (const socket of reading) if (socket.isRead && !socket.destroyed) socket.piece();
    }
  };
  return { linger, add, tick };
}

test('a connection is half closed, read at the rate, and ended after its time', (context) => {
  const { linger, add, tick } = start(context);
  const socket = add();
  assert.deepEqual([socket.events, socket.isRead, linger.size], [['end'], false, 1]);
  for (let at = 1; at < 10; at++) {
    tick();
    assert.equal(socket.pieces, 2 * at);
  }
  tick();
  assert.deepEqual([socket.events, socket.pieces, linger.size], [['end', 'destroy'], 18, 0]);
});

test('it is ended when it has sent too much', (context) => {
  const { linger, add, tick } = start(context, { bytes: 3 * PIECE });
  const socket = add();
  tick();
  assert.equal(socket.destroyed, false);
  tick();
  assert.deepEqual([socket.destroyed, socket.pieces, linger.size], [true, 4, 0]);
});

test('all share the rate, in turn', (context) => {
  const { add, tick } = start(context);
  const sockets = [add(), add(), add(), add()];
  for (let at = 1; at <= 8; at++) {
    tick();
    assert.equal(
      sockets.reduce((sum, { pieces }) => sum + pieces, 0),
      2 * at,
    );
  }
  assert.deepEqual(
    sockets.map(({ pieces }) => pieces),
    [4, 4, 4, 4],
  );
});

test('a piece that was longer than the share is paid for later', (context) => {
  const { add, tick } = start(context, { bytesPerSecond: 5 * PIECE });
  const socket = add();
  for (let at = 0; at < 9; at++) tick();
  assert.equal(socket.pieces, 3);
});

test('further connections end those that linger longest', (context) => {
  const { linger, add, tick } = start(context);
  const first = add();
  tick();
  const others = [add(), add(), add()];
  const last = add();
  assert.equal(linger.size, 4);
  assert.deepEqual(
    [first, ...others, last].map(({ destroyed }) => destroyed),
    [true, false, false, false, false],
  );
});

test('a client that goes is forgotten, and one that ends is left at once', (context) => {
  const { linger, add, tick } = start(context);
  const gone = add();
  const ended = add();
  gone.destroy();
  assert.equal(linger.size, 1);
  ended.emit('end');
  assert.deepEqual([ended.events, linger.size], [['end', 'destroy'], 0]);
  tick();
  assert.equal(add().destroyed, false);
});
