import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SigV4Signer } from './sigv4-signer.ts';

interface SignedBySdk {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The request that the real SDK would send. */
async function signedBySdk(): Promise<SignedBySdk> {
  let captured: SignedBySdk | undefined;
  const client = new DynamoDBClient({
    endpoint: 'http://127.0.0.1:8000',
    region: 'eu-west-3',
    credentials: { accessKeyId: 'KEYID', secretAccessKey: 'not/a+secret' },
    maxAttempts: 1,
    requestHandler: {
      handle: (request: { headers: Record<string, string>; body: unknown }) => {
        captured = { headers: { ...request.headers }, body: Buffer.from(String(request.body)) };
        return Promise.reject(new Error('captured'));
      },
    },
  });
  await assert.rejects(client.send(new PutItemCommand({ TableName: 't', Item: { k: { S: 'é"\\' } } })), /captured/);
  assert.ok(captured);
  return captured;
}

test('signs as the AWS SDK does', async () => {
  const sdk = await signedBySdk();
  const signedNames = /SignedHeaders=([^,]+)/.exec(sdk.headers['authorization'] ?? '')?.[1]?.split(';') ?? [];
  const time = String(sdk.headers['x-amz-date']).replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const signer = new SigV4Signer({ accessKeyId: 'KEYID', secretAccessKey: 'not/a+secret', region: 'eu-west-3' });
  const ours = signer.headers({
    host: '127.0.0.1:8000',
    action: 'PutItem',
    body: sdk.body,
    timeMs: Date.parse(time),
    extraHeaders: Object.fromEntries(signedNames.map((name) => [name, String(sdk.headers[name])])),
  });
  assert.match(String(ours['authorization']), /Signature=[0-9a-f]{64}$/);
  assert.equal(ours['authorization'], sdk.headers['authorization']);
});
