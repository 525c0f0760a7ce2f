import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DROP, FakeNetwork } from '../../../test/harness/fake-transport.ts';
import { ManualTimers } from '../../../test/harness/manual-timers.ts';
import { testEnvironment } from '../../../test/harness/test-environment.ts';
import { AdminCallError } from '../env/transport.ts';
import { AutoAdminClient, NOT_ACTIVE, RefusedAfterLossError } from './auto-admin-client.ts';

let timers: ManualTimers;
let network: FakeNetwork;
let called: string[];

beforeEach(() => {
  timers = new ManualTimers();
  network = new FakeNetwork(timers);
  called = [];
});

function autoAdmin(address: string, code: () => string | undefined): void {
  void network.transport(address, 'auto-admin', 1).listen({
    admin: async () => {
      called.push(address);
      const refusal = code();
      if (refusal !== undefined) throw new AdminCallError(refusal, 'because');
      return { kind: 'done' };
    },
  });
}

function client(...addresses: string[]): AutoAdminClient {
  return new AutoAdminClient(testEnvironment(timers), network.transport('router:1', 'router', 1), addresses);
}

const describe = { kind: 'describe-auto-admin' } as const;

test('the active one is found and asked first from then on', async () => {
  autoAdmin('one:1', () => NOT_ACTIVE);
  autoAdmin('two:1', () => undefined);
  const admins = client('dead:1', 'one:1', 'two:1');
  assert.deepEqual(await timers.until(admins.call(describe, 1000)), { kind: 'done' });
  await timers.until(admins.call(describe, 1000));
  assert.deepEqual(called, ['one:1', 'two:1', 'two:1']);
});

test('a change of the active one is waited out', async () => {
  let active = false;
  autoAdmin('one:1', () => (active ? undefined : NOT_ACTIVE));
  timers.after(700, () => {
    active = true;
  });
  assert.deepEqual(await timers.until(client('one:1').call(describe, 2000)), { kind: 'done' });
});

test('a refusal with a meaning is passed on at once', async () => {
  autoAdmin('one:1', () => 'table-exists');
  await assert.rejects(timers.until(client('one:1').call(describe, 1000)), { code: 'table-exists' });
  assert.equal(called.length, 1);
});

test('a refusal that follows a lost answer says so; a standby loses nothing', async () => {
  let answers = 0;
  autoAdmin('standby:1', () => NOT_ACTIVE);
  autoAdmin('one:1', () => 'table-exists');
  network.onSend = ({ kind, to }) => (kind === 'call' && to === 'one:1' && answers++ === 0 ? DROP : undefined);
  const isLost = (error: Error): boolean => error instanceof RefusedAfterLossError && error.code === 'table-exists';
  const admins = client('standby:1', 'one:1');
  await assert.rejects(timers.until(admins.call(describe, 30_000)), isLost);
  await assert.rejects(timers.until(admins.call(describe, 30_000)), (error: Error) => !isLost(error));
});

test('the active one cannot do it just now: it is asked again, and its reason is passed on', async () => {
  autoAdmin('one:1', () => (called.length < 4 ? 'unavailable' : undefined));
  autoAdmin('two:1', () => NOT_ACTIVE);
  assert.deepEqual(await timers.until(client('two:1', 'one:1').call(describe, 2000)), { kind: 'done' });
  assert.deepEqual(called, ['two:1', 'one:1', 'one:1', 'one:1']);
  autoAdmin('one:1', () => 'unavailable');
  await assert.rejects(timers.until(client('two:1', 'one:1', 'dead:1').call(describe, 500)), { code: 'unavailable', message: 'because' });
});

test('nobody active in time, or nobody configured: unavailable, with the last reason', async () => {
  autoAdmin('one:1', () => NOT_ACTIVE);
  await assert.rejects(timers.until(client('one:1').call(describe, 500)), { code: 'unavailable', message: /one:1: because/ });
  await assert.rejects(timers.until(client().call(describe, 500)), { code: 'unavailable', message: /none is configured/ });
});
