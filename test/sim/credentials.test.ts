import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import type { HttpResponse } from '../../services/shared/env/http.ts';
import { serializeRecord } from '../../services/shared/placement/record-format.ts';
import { SigV4Signer } from '../harness/sigv4-signer.ts';
import { REGION, SEALER, type SimCluster } from './cluster.ts';
import { play } from './story.ts';

const ID = 'AKIASIMULATEDUSER000';
const SECRET = 'known to the simulation';
/** Simulated: how soon every router is to know of a change. */
const KNOWN_WITHIN_MS = 1000;

function policy(effect: 'Allow' | 'Deny'): string {
  return JSON.stringify({ Statement: { Effect: effect, Action: 'dynamodb:ListTables', Resource: '*' } });
}

const definition = serializeRecord({
  accessKeyId: ID,
  account: '111122223333',
  userName: 'ann',
  sealedSecret: SEALER.seal(SECRET, ID),
  sealing: SEALER.name,
  policy: policy('Allow'),
  createdAtMs: 1,
});

type Router = SimCluster['routers'][number];

/** The error's name that this credential gets from the router; `OK` when it gets none. */
async function answerOf(router: Router): Promise<string> {
  const signer = new SigV4Signer({ accessKeyId: ID, secretAccessKey: SECRET, region: REGION });
  const body = Buffer.from('{}');
  const headers = signer.headers({ host: router.name, action: 'ListTables', body, timeMs: router.clock.wallMs() });
  const life = must(router.life);
  const door = must(life.service.door);
  const response = await new Promise<HttpResponse>((resolve, reject) => {
    life.process.run(() => void door.post(headers, body).then(resolve, reject));
  });
  const { __type: type } = JSON.parse(response.body.toString()) as { __type?: string };
  return type === undefined ? 'OK' : type.slice(type.indexOf('#') + 1);
}

async function everyRouterAnswers(cluster: SimCluster, expected: string): Promise<void> {
  await cluster.until(`every router answers ${expected}`, KNOWN_WITHIN_MS, async () => {
    const answers = await Promise.all(cluster.routers.map(answerOf));
    return answers.every((answer) => answer === expected);
  });
}

test('a credential that is made, changed or revoked is so at every router within a second', async () => {
  await play(async (cluster) => {
    const { autoAdmin } = cluster;
    await everyRouterAnswers(cluster, 'UnrecognizedClientException');
    await cluster.call(autoAdmin, { kind: 'create-credential', definition });
    await everyRouterAnswers(cluster, 'OK');
    await cluster.call(autoAdmin, { kind: 'set-credential-policy', accessKeyId: ID, policy: policy('Deny'), overGeneration: 1 });
    await everyRouterAnswers(cluster, 'AccessDeniedException');
    await cluster.call(autoAdmin, { kind: 'set-credential-policy', accessKeyId: ID, policy: policy('Allow'), overGeneration: 2 });
    await everyRouterAnswers(cluster, 'OK');
    await cluster.call(autoAdmin, { kind: 'revoke-credential', accessKeyId: ID });
    await everyRouterAnswers(cluster, 'UnrecognizedClientException');
  });
});

test('routers that start while no auto-admin runs know the credentials', async () => {
  await play(async (cluster) => {
    await cluster.call(cluster.autoAdmin, { kind: 'create-credential', definition });
    cluster.autoAdmin.kill();
    for (const router of cluster.routers) {
      router.kill();
      router.start();
    }
    await cluster.until('the routers are ready', 60_000, () => cluster.routers.every(({ life }) => life?.service.door !== undefined));
    for (const router of cluster.routers) assert.equal(await answerOf(router), 'OK');
  });
});
