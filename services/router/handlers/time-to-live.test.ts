import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCOUNT, ApiClient } from '../../../test/harness/api-client.ts';

const MODEL = 'com.amazonaws.dynamodb.v20120810#';
const table = { TableName: 'sessions' };
const spec = (Enabled: boolean, AttributeName = 'expires') => ({ ...table, TimeToLiveSpecification: { Enabled, AttributeName } });

test('time to live is told as it is on its way', async () => {
  const client = new ApiClient();
  await client.createTable('sessions');
  const described = async () => (await client.call('DescribeTimeToLive', table)).TimeToLiveDescription;
  assert.deepEqual(await described(), { TimeToLiveStatus: 'DISABLED' });
  client.storage.finishesChanges = false;
  assert.deepEqual(await client.call('UpdateTimeToLive', spec(true)), {
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' },
  });
  assert.deepEqual(await described(), { TimeToLiveStatus: 'ENABLING', AttributeName: 'expires' });
  const record = client.storage.table(ACCOUNT, 'sessions')?.record ?? assert.fail('no table');
  client.storage.put({ ...record, settledVersion: 1 });
  assert.deepEqual(await described(), { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
  const off = { attribute: 'expires', enabled: false, changedAtMs: 5 };
  client.storage.put({ ...record, ttl: off, settingsVersion: 2, settledVersion: 1 });
  assert.deepEqual(await described(), { TimeToLiveStatus: 'DISABLING', AttributeName: 'expires' });
  client.storage.put({ ...record, ttl: off, settingsVersion: 2, settledVersion: 2 });
  assert.deepEqual(await described(), { TimeToLiveStatus: 'DISABLED' });
});

test('changes of time to live that are refused', async () => {
  const client = new ApiClient();
  await client.createTable('sessions');
  const refuses = (input: object, message: string) => client.refuses('UpdateTimeToLive', input, message);
  await refuses(spec(false), 'TimeToLive is already disabled');
  await client.call('UpdateTimeToLive', spec(true, 'pk'));
  await refuses(spec(true, 'pk'), 'TimeToLive is already enabled');
  await refuses(spec(false), 'TimeToLive is active on a different AttributeName: current AttributeName is pk');
  await refuses(spec(false, 'pk'), 'Time to live has been modified multiple times within a fixed interval');
  const at = (value: string, field: string, text: string) =>
    `Value ${value} at 'timeToLiveSpecification${field}' failed to satisfy constraint: Member must ${text}`;
  await refuses(table, `1 validation error detected: ${at('null', '', 'not be null')}`);
  await refuses(
    { ...table, TimeToLiveSpecification: {} },
    `2 validation errors detected: ${at('null', '.attributeName', 'not be null')}; ${at('null', '.enabled', 'not be null')}`,
  );
  await refuses(spec(true, ''), `1 validation error detected: ${at("''", '.attributeName', 'have length greater than or equal to 1')}`);
});

test('tables that are not there, or not ready', async () => {
  const client = new ApiClient();
  const missing = 'Requested resource not found: Table: sessions not found';
  await client.fails('DescribeTimeToLive', table, `${MODEL}ResourceNotFoundException`, missing);
  await client.fails('UpdateTimeToLive', spec(true), `${MODEL}ResourceNotFoundException`, missing);
  client.storage.createdAs = 'CREATING';
  await client.createTable('sessions');
  await client.refuses(
    'DescribeTimeToLive',
    table,
    'Cannot describe time to live while table is in CREATING state: Current table state is CREATING',
  );
  const busy = 'Attempt to change a resource which is still in use: Table sessions is being created';
  await client.fails('UpdateTimeToLive', spec(true), `${MODEL}ResourceInUseException`, busy);
});
