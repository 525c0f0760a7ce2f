import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { AdminCallError, TransportError } from '../shared/env/transport.ts';
import type { AdminRequest, AdminResponse, CredentialDescription } from '../shared/wire/admin.ts';
import { CredentialAdmin } from './credentials.ts';
import { UserError } from './user-error.ts';

const ANN: CredentialDescription = {
  accessKeyId: 'AKIAANN',
  account: '000000000000',
  userName: 'ann',
  sealing: 'aes-256-gcm:1',
  policy: '',
  createdAtMs: 1,
  generation: 4,
};

type Answer = (request: AdminRequest) => AdminResponse;

/** By address; one that is not there does not answer. */
let admins: Map<string, Answer>;
let asked: [string, string, AdminRequest][];
let nowMs: number;
let onSleep: () => void;

beforeEach(() => {
  admins = new Map();
  asked = [];
  nowMs = 0;
  onSleep = () => undefined;
});

function adminOf(...addresses: string[]): CredentialAdmin {
  const callIn = (clusterId: string) => async (address: string, request: AdminRequest) => {
    asked.push([clusterId, address, request]);
    const answer = admins.get(address);
    if (answer === undefined) throw new TransportError(`${address} does not answer`);
    if (request.kind !== 'describe-auto-admin') return answer(request);
    return {
      kind: 'auto-admin-description',
      clusterId: 'c1',
      active: true,
      operationsUnderWay: 0,
      tableUnitsMax: 0,
      accountUnitsMax: 0,
    } as const;
  };
  const sleep = async (ms: number): Promise<void> => {
    nowMs += ms;
    onSleep();
  };
  return new CredentialAdmin({ call: callIn(''), callIn, sleep, nowMs: () => nowMs }, addresses);
}

function refusing(code: string, message: string): Answer {
  return () => {
    throw new AdminCallError(code, message);
  };
}

test('the cluster is asked for first; a policy is set over what is there', async () => {
  admins.set('a:1', ({ kind }) => (kind === 'list-credentials' ? { kind: 'credential-list', credentials: [ANN] } : { kind: 'done' }));
  await adminOf('a:1').setPolicy('AKIAANN', '{}');
  assert.deepEqual(
    asked.map(([cluster, , { kind }]) => [cluster, kind]),
    [
      ['', 'describe-auto-admin'],
      ['c1', 'list-credentials'],
      ['', 'describe-auto-admin'],
      ['c1', 'set-credential-policy'],
    ],
  );
  assert.deepEqual(asked[3]?.[2], { kind: 'set-credential-policy', accessKeyId: 'AKIAANN', policy: '{}', overGeneration: 4 });
  await assert.rejects(adminOf('a:1').setPolicy('AKIABOB', '{}'), new UserError('There is no credential AKIABOB.'));
});

test('the active one of several is found, also when it becomes so only now', async () => {
  admins.set('b:1', refusing('not-active', 'this auto-admin is a standby'));
  onSleep = () => {
    if (nowMs > 3000) admins.set('b:1', () => ({ kind: 'done' }));
  };
  await adminOf('a:1', 'b:1').revoke('AKIAANN');
  assert.ok(nowMs > 3000);
});

test('a refusal is told as it is, and one who never answers after a while', async () => {
  admins.set('a:1', refusing('invalid-policy', 'Statement[0] has the element Principal, which is not supported'));
  const refusal = 'The policy is refused: Statement[0] has the element Principal, which is not supported.';
  await assert.rejects(adminOf('a:1').create(new Uint8Array()), new UserError(refusal));
  admins.set('a:1', refusing('credential-not-found', 'there is no credential X'));
  await assert.rejects(adminOf('a:1').revoke('X'), new UserError('There is no credential X.'));
  await assert.rejects(adminOf('z:1').revoke('X'), /No active auto-admin answered \(z:1: z:1 does not answer\)/);
});
