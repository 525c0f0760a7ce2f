import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAdminWorld } from '../../test/harness/auto-admin-world.ts';
import { MINUTE_MS } from '../shared/base/units.ts';
import { REMOVED_RECORD_KEPT_MS } from '../shared/limits/auto-admin-limits.ts';
import type { CredentialDefinition } from '../shared/placement/catalog-records.ts';
import { serializeRecord } from '../shared/placement/record-format.ts';
import type { AdminResponse, CredentialDescription } from '../shared/wire/admin.ts';

const ID = 'AKIAABCDEFGHIJKLMNOP';
const KEY = `credential/${ID}`;
const POLICY = '{"Statement":{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"}}';
const OTHER_POLICY = POLICY.replace('GetItem', 'PutItem');
const ANN: CredentialDefinition = {
  accessKeyId: ID,
  account: '000000000000',
  userName: 'ann',
  sealedSecret: 'c2VhbGVk',
  sealing: 'aes-256-gcm:0123456789ab',
  policy: POLICY,
  createdAtMs: 7,
};

/** An auto-admin that acts, and the calls about credentials. */
class CredentialWorld extends AutoAdminWorld {
  static async ready(): Promise<CredentialWorld> {
    const world = new CredentialWorld();
    world.cluster.registerNodes();
    world.start('admin-1');
    await world.list();
    return world;
  }

  createCredential(definition: CredentialDefinition = ANN): Promise<AdminResponse> {
    return this.call({ kind: 'create-credential', definition: serializeRecord(definition) });
  }

  setPolicy(policy: string, overGeneration: number, accessKeyId = ID): Promise<AdminResponse> {
    return this.call({ kind: 'set-credential-policy', accessKeyId, policy, overGeneration });
  }

  revoke(accessKeyId = ID): Promise<AdminResponse> {
    return this.call({ kind: 'revoke-credential', accessKeyId });
  }

  async list(): Promise<readonly CredentialDescription[]> {
    const answer = await this.call({ kind: 'list-credentials' });
    assert.ok(answer.kind === 'credential-list');
    return answer.credentials;
  }

  record(): Readonly<Record<string, unknown>> | undefined {
    return this.cluster.records().get(KEY) as Readonly<Record<string, unknown>> | undefined;
  }
}

test('a credential is written as it was given, and listed without its secret', async () => {
  const world = await CredentialWorld.ready();
  await world.createCredential();
  assert.deepEqual(world.record(), { ...ANN, status: 'ACTIVE', generation: 1 });
  const { sealedSecret: _, ...described } = ANN;
  assert.deepEqual(await world.list(), [{ ...described, generation: 1 }]);
  await world.createCredential();
  assert.deepEqual(world.record(), { ...ANN, status: 'ACTIVE', generation: 1 });
  await assert.rejects(world.createCredential({ ...ANN, sealedSecret: 'YW5vdGhlcg==' }), { code: 'credential-exists' });
});

test('a policy is set over the one that the caller saw', async () => {
  const world = await CredentialWorld.ready();
  await world.createCredential();
  await world.setPolicy(OTHER_POLICY, 1);
  // The same again: the answer was lost.
  await world.setPolicy(OTHER_POLICY, 1);
  assert.deepEqual([world.record()?.['policy'], world.record()?.['generation']], [OTHER_POLICY, 2]);
  await world.setPolicy('', 2);
  assert.deepEqual(['policy' in (world.record() ?? {}), (await world.list())[0]?.policy], [false, '']);
  // A late copy of an earlier change changes nothing.
  await assert.rejects(world.setPolicy(OTHER_POLICY, 1), { code: 'credential-changed' });
  assert.equal(world.record()?.['generation'], 3);
  await assert.rejects(world.setPolicy(POLICY, 1, 'AKIANOBODYNOBODY'), { code: 'credential-not-found' });
});

test('what is revoked stays revoked, however late a copy of a call arrives', async () => {
  const world = await CredentialWorld.ready();
  await world.createCredential();
  await world.revoke();
  await world.revoke();
  assert.deepEqual(await world.list(), []);
  assert.equal(world.record()?.['status'], 'REVOKED');
  assert.doesNotMatch(JSON.stringify(world.record()), /c2VhbGVk/);
  // It did succeed, an hour ago perhaps.
  await world.createCredential();
  await assert.rejects(world.setPolicy(OTHER_POLICY, 1), { code: 'credential-not-found' });
  assert.deepEqual([await world.list(), world.record()?.['status']], [[], 'REVOKED']);
  await assert.rejects(world.revoke('AKIANOBODYNOBODY'), { code: 'credential-not-found' });
  await world.timers.advance(REMOVED_RECORD_KEPT_MS - MINUTE_MS);
  assert.notEqual(world.record(), undefined);
  await world.timers.advance(3 * MINUTE_MS);
  assert.equal(world.record(), undefined);
});

test('what a credential or policy must not be is refused, and nothing is written', async () => {
  const world = await CredentialWorld.ready();
  const wrong: Partial<CredentialDefinition>[] = [
    { accessKeyId: 'short' },
    { accessKeyId: 'AKIA/SLASHSLASHSLASH' },
    { account: '12' },
    { userName: 'a b' },
    { userName: 'a*' },
    { userName: 'x'.repeat(65) },
    { sealedSecret: '' },
  ];
  for (const one of wrong) {
    await assert.rejects(world.createCredential({ ...ANN, ...one }), { code: 'invalid-credential' }, JSON.stringify(one));
  }
  const sourceIp = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceIp":"x"}}}}';
  await assert.rejects(world.createCredential({ ...ANN, policy: sourceIp }), {
    code: 'invalid-policy',
    message: /aws:SourceIp is not supported/,
  });
  const spacious = { ...ANN, policy: `${POLICY}${' '.repeat(6144)}` };
  await assert.rejects(world.createCredential(spacious), { code: 'invalid-policy', message: /at most 6144 characters/ });
  assert.deepEqual(await world.list(), []);
  await world.createCredential();
  await assert.rejects(world.setPolicy('{}', 1), { code: 'invalid-policy' });
  assert.equal(world.record()?.['policy'], POLICY);
});

test('a standby refuses', async () => {
  const world = await CredentialWorld.ready();
  const standby = world.start('admin-2');
  await world.timers.advance(1000);
  const transport = world.cluster.network.transport('operator:1', 'stator', 99);
  for (const request of [
    { kind: 'list-credentials' },
    { kind: 'revoke-credential', accessKeyId: ID },
    { kind: 'create-credential', definition: serializeRecord(ANN) },
    { kind: 'set-credential-policy', accessKeyId: ID, policy: '', overGeneration: 1 },
  ] as const) {
    await assert.rejects(world.timers.until(transport.call(standby.address, request, 1000)), { code: 'not-active' });
  }
});

test('credentials are listed by account, user and age', async () => {
  const world = await CredentialWorld.ready();
  const made = [
    { ...ANN, accessKeyId: 'AKIA0000000000000003', userName: 'bob' },
    { ...ANN, accessKeyId: 'AKIA0000000000000002', createdAtMs: 9 },
    { ...ANN, accessKeyId: 'AKIA0000000000000004', account: '111122223333' },
    { ...ANN, accessKeyId: 'AKIA0000000000000001', createdAtMs: 10 },
  ];
  for (const one of made) await world.createCredential(one);
  assert.deepEqual(
    (await world.list()).map(({ accessKeyId }) => accessKeyId.at(-1)),
    ['2', '1', '3', '4'],
  );
});
