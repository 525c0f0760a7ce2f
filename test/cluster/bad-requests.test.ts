import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CheckedLoad } from '../harness/checked-load.ts';
import { ProcessCluster } from '../harness/process-cluster.ts';
import { type RawAnswer, RawConnection } from '../harness/raw-http.ts';
import { SigV4Signer } from '../harness/sigv4-signer.ts';

const TABLE = 'Disturbed';
const TIMEOUT_MS = 180_000;
const CONNECTIONS = 16;
const ROUNDS = 5;
const REST_MS = 20;
const MIB = 1 << 20;

interface Refusal {
  readonly what: string;
  readonly action?: string;
  readonly body: string;
  readonly type: string;
  readonly message?: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  { what: 'malformed JSON', body: '{"TableName":"Disturbed","Item":', type: 'SerializationException' },
  { what: 'no JSON at all', body: '\u0000\u0001\u0002', type: 'SerializationException' },
  { what: 'an array for an object', body: '[]', type: 'SerializationException' },
  { what: 'a number for a table name', body: '{"TableName":5}', type: 'SerializationException' },
  { what: 'a number for a string attribute', body: put('{"pk":{"S":5}}'), type: 'SerializationException' },
  { what: 'a text for an item', body: put('"x"'), type: 'SerializationException' },
  { what: 'an unknown type of attribute', body: put('{"pk":{"X":"y"}}'), type: 'ValidationException' },
  { what: 'a key of the wrong type', body: put('{"pk":{"N":"5"}}'), type: 'ValidationException', message: /Type mismatch for key pk/ },
  { what: 'an unknown operation', action: 'Destroy', body: '{}', type: 'UnknownOperationException' },
  { what: 'an operation to come', action: 'TransactWriteItems', body: '{}', type: 'ValidationException', message: /TransactWriteItems/ },
  { what: '33 levels', body: put(nested(33)), type: 'ValidationException', message: /Nesting Levels have exceeded supported limits/ },
  { what: 'a megabyte of brackets', body: '['.repeat(MIB), type: 'ValidationException', message: /Nesting Levels/ },
  { what: 'brackets within an item', body: put(`{"pk":${'{"M":{"x":'.repeat(MIB / 10)}`), type: 'ValidationException' },
  { what: 'a million values', body: put(`{"pk":{"S":"x"},"v":{"NS":[${'"1",'.repeat(MIB)}"1"]}}`), type: 'ValidationException' },
  { what: 'eight megabytes of blanks', body: `{${' '.repeat(8 * MIB)}}`, type: 'ValidationException' },
  { what: 'an item that is too large', body: put(`{"pk":{"S":"x"},"v":{"S":"${'x'.repeat(MIB)}"}}`), type: 'ValidationException' },
];

function put(item: string): string {
  return `{"TableName":"${TABLE}","Item":${item}}`;
}

/** An item with an attribute of so many levels, its own one the first. */
function nested(levels: number): string {
  return `{"pk":{"S":"levels-${levels}"},"v":${'{"L":['.repeat(levels - 1)}{"S":"deep"}${']}'.repeat(levels - 1)}}`;
}

describe('a router that is sent bad requests amid good ones', { timeout: 600_000 }, () => {
  let cluster: ProcessCluster;

  before(async () => {
    cluster = await ProcessCluster.start();
    await cluster.createTable(TABLE);
  });

  after(() => cluster?.remove());

  function signed(action: string, body: string): Buffer {
    const signer = new SigV4Signer(cluster.credentials);
    return signer.http({ host: `127.0.0.1:${cluster.port}`, action, body: Buffer.from(body), timeMs: Date.now() });
  }

  /** Sends bytes on a connection of their own, and gives the answer. */
  async function exchange(bytes: Uint8Array): Promise<RawAnswer> {
    const connection = await RawConnection.open(cluster.port);
    try {
      void connection.write(bytes);
      return (await connection.answer()) ?? assert.fail('the connection was closed without an answer');
    } finally {
      connection.close();
    }
  }

  async function call(action: string, body: string): Promise<Record<string, unknown>> {
    const answer = await exchange(signed(action, body));
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body) as Record<string, unknown>;
  }

  /** Good traffic goes on while `work` does its worst, and nothing of it fails. */
  async function amidGoodTraffic(run: string, work: () => Promise<void>): Promise<void> {
    const load = new CheckedLoad(cluster.client(), TABLE, run, CONNECTIONS);
    load.restMs = REST_MS;
    await load.during(async () => {
      await load.everyClientWrites();
      await work();
      await load.everyClientWrites();
    });
    assert.equal(load.figures.failed, 0, load.failures);
    await load.verify(cluster.client());
  }

  test('each gets its own error, and nobody else notices', { timeout: TIMEOUT_MS }, async () => {
    await amidGoodTraffic('refusals', async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(
          REFUSALS.map(async ({ what, action = 'PutItem', body, type, message }) => {
            const answer = await exchange(signed(action, body));
            assert.equal(answer.status, 400, `${what}: ${answer.body.slice(0, 300)}`);
            const { __type, message: text } = JSON.parse(answer.body) as { __type: string; message?: string };
            assert.equal(__type.split('#')[1], type, `${what}: ${answer.body.slice(0, 300)}`);
            if (message !== undefined) assert.match(text ?? '', message, what);
          }),
        );
      }
    });
  });

  test('who is not who he says gets nothing', { timeout: TIMEOUT_MS }, async () => {
    await amidGoodTraffic('signatures', async () => {
      const request = signed('PutItem', put('{"pk":{"S":"forged"}}')).toString('latin1');
      const forged = request.replace('"forged"', '"f0rged"');
      assert.match((await exchange(Buffer.from(forged, 'latin1'))).body, /#InvalidSignatureException"/);
      const unknown = request.replace('Credential=', 'Credential=X');
      assert.match((await exchange(Buffer.from(unknown, 'latin1'))).body, /#UnrecognizedClientException"/);
      const unsigned = request.replace(/authorization: .*\r\n/, '');
      assert.match((await exchange(Buffer.from(unsigned, 'latin1'))).body, /#MissingAuthenticationTokenException"/);
    });
  });

  test('names that mean something to JavaScript are names like any other', { timeout: TIMEOUT_MS }, async () => {
    const map = '{"__proto__":{"S":"inner"},"constructor":{"M":{"prototype":{"BOOL":true}}},"toString":{"N":"1"}}';
    const item = `{"pk":{"S":"names"},"__proto__":{"M":${map}},"hasOwnProperty":{"S":"x"},"valueOf":{"NULL":true}}`;
    const key = `"TableName":"${TABLE}","Key":{"pk":{"S":"names"}}`;
    await amidGoodTraffic('names', async () => {
      await call('PutItem', put(item));
      const read = await call('GetItem', `{${key},"ConsistentRead":true}`);
      assert.deepEqual(read, { Item: JSON.parse(item) });
      const names = '"ExpressionAttributeNames":{"#p":"__proto__","#c":"constructor"}';
      const update = `"UpdateExpression":"SET #p.#p = :v, #p.#c.#c = :v, #c = :v","ExpressionAttributeValues":{":v":{"S":"new"}}`;
      const { Attributes } = await call('UpdateItem', `{${key},${names},${update},"ReturnValues":"ALL_NEW"}`);
      const changed = JSON.parse(
        item
          .replace('{"S":"inner"}', '{"S":"new"}')
          .replace('{"prototype":{"BOOL":true}}', '{"prototype":{"BOOL":true},"constructor":{"S":"new"}}')
          .replace(/}$/, ',"constructor":{"S":"new"}}'),
      );
      assert.deepEqual(Attributes, changed);
      const projection = await call('GetItem', `{${key},${names},"ProjectionExpression":"#p.#p, #c","ConsistentRead":true}`);
      assert.deepEqual(projection, { Item: JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"new"}}},"constructor":{"S":"new"}}') });
      const scan = `{"TableName":"${TABLE}","ConsistentRead":true,"FilterExpression":"#p.#c.#c = :v","ExpressionAttributeValues":{":v":{"S":"new"}},${names}}`;
      assert.deepEqual((await call('Scan', scan))['Items'], [changed]);
    });
    assert.equal(({} as Record<string, unknown>)['S'], undefined);
  });

  test('32 levels are stored and read', { timeout: TIMEOUT_MS }, async () => {
    await call('PutItem', put(nested(32)));
    const { Item } = await call('GetItem', `{"TableName":"${TABLE}","Key":{"pk":{"S":"levels-32"}},"ConsistentRead":true}`);
    assert.deepEqual(Item, JSON.parse(nested(32)));
  });

  test('bodies that come slowly, not at all, or without end disturb nobody', { timeout: TIMEOUT_MS }, async () => {
    await amidGoodTraffic('bodies', async () => {
      await Promise.all([
        ...Array.from({ length: 8 }, (_, at) => byteByByte(`slow-${at}`)),
        ...Array.from({ length: 8 }, () => brokenOff()),
        stalled(),
        oversized(`content-length: ${17 * MIB}\r\n`, Buffer.alloc(0)),
        oversized('transfer-encoding: chunked\r\n', endlessChunks()),
        oversizedWithoutName(),
      ]);
      assert.equal((await exchange(Buffer.from('NONSENSE\r\n\r\n'))).status, 400);
      assert.equal((await exchange(Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(MIB)}\r\n\r\n`))).status, 431);
    });
  });

  async function byteByByte(name: string): Promise<void> {
    const connection = await RawConnection.open(cluster.port);
    for (const byte of signed('PutItem', put(`{"pk":{"S":"${name}"}}`))) await connection.write(Uint8Array.of(byte));
    const answer = await connection.answer();
    assert.equal(answer?.status, 200, answer?.body);
    connection.close();
    const { Item } = await call('GetItem', `{"TableName":"${TABLE}","Key":{"pk":{"S":"${name}"}},"ConsistentRead":true}`);
    assert.deepEqual(Item, { pk: { S: name } });
  }

  async function brokenOff(): Promise<void> {
    const connection = await RawConnection.open(cluster.port);
    await connection.write(signed('PutItem', put('{"pk":{"S":"half"}}')).subarray(0, -10));
    connection.close();
  }

  /** Half a body, and then nothing: refused once its time is over. */
  async function stalled(): Promise<void> {
    const answer = await exchange(signed('PutItem', put('{"pk":{"S":"half"}}')).subarray(0, -10));
    assert.equal(answer.status, 408);
  }

  /** Its headers may be those of a request that is right, so that the body has to be read. */
  async function oversized(header: string, body: Buffer): Promise<void> {
    const request = signed('PutItem', put('{"pk":{"S":"much"}}')).toString('latin1');
    const head = request.slice(0, request.indexOf('\r\n\r\n') + 4).replace(/content-length: \d+\r\n/i, header);
    assert.ok(head.includes(header));
    assert.equal((await exchange(Buffer.concat([Buffer.from(head, 'latin1'), body]))).status, 413);
  }

  /** Its headers cannot be right: nobody waits for the end of the body to say so. */
  async function oversizedWithoutName(): Promise<void> {
    const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-target: DynamoDB_20120810.PutItem\r\n';
    const answer = await exchange(Buffer.concat([Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n`), endlessChunks()]));
    assert.equal(answer.status, 400);
    assert.match(answer.body, /MissingAuthenticationToken/);
  }
});

function endlessChunks(): Buffer {
  const chunk = Buffer.concat([Buffer.from(`${MIB.toString(16)}\r\n`), Buffer.alloc(MIB, ' '), Buffer.from('\r\n')]);
  return Buffer.concat(Array.from({ length: 17 }, () => chunk));
}
