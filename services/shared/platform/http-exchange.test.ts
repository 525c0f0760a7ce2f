import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpExchange } from './http-exchange.ts';
import { RawHttpHeaders } from './http-headers.ts';

function exchangeOf(announcedBytes: number): HttpExchange {
  const message = { method: 'POST', url: '/' } as IncomingMessage;
  const connection = { unanswered: 1, latest: message, refused: false, unread: new Set<HttpExchange>() };
  return new HttpExchange(message, {} as ServerResponse, connection, new RawHttpHeaders([]), announcedBytes);
}

/** A piece as a socket gives it: a part of a buffer that was made for much more. */
function piece(bytes: Uint8Array): Buffer {
  const slab = Buffer.alloc(65_536);
  slab.set(bytes, 7);
  return slab.subarray(7, 7 + bytes.length);
}

test('a body in pieces is whole, hashed, and takes no more room than twice its length', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(pieces, fc.constantFrom('announced', 'in chunks'), (list, how) => {
      const whole = Buffer.concat(list);
      const exchange = exchangeOf(how === 'announced' ? whole.length : 0);
      for (const bytes of list) exchange.add(piece(bytes));
      const { body, bodySha256 } = exchange.request();
      assert.deepEqual(body, whole);
      assert.equal(bodySha256, createHash('sha256').update(whole).digest('hex'));
      assert.ok(body.buffer.byteLength <= Math.max(2 * whole.length, 4096));
      if (how === 'announced') assert.equal(body.buffer.byteLength, whole.length, 'it can be given away');
    }),
  );
});

test('a body in one piece stays where it is', () => {
  const exchange = exchangeOf(3);
  const only = piece(Buffer.from('abc'));
  exchange.add(only);
  const { body, bodySha256 } = exchange.request();
  assert.equal(body, only);
  assert.equal(bodySha256, undefined);
});

test('what is announced takes no room before it comes', () => {
  const exchange = exchangeOf(16_777_216);
  exchange.add(piece(Buffer.from('a')));
  exchange.add(piece(Buffer.from('b')));
  assert.ok(exchange.request().body.buffer.byteLength <= 4096);
});
