import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitAddress } from './common-options.ts';
import {
  addressesOption,
  addressOption,
  choiceOption,
  integerOption,
  nameOption,
  optional,
  OptionsError,
  parseOptions,
} from './options.ts';

const PROGRAM = { name: 'test', description: 'A test.' };
const TABLE = {
  listen: addressOption({ help: 'Here.', default: '127.0.0.1:1' }),
  peerSeeds: optional(addressesOption({ help: 'There.' })),
  walBytes: integerOption({ help: 'Size.', unit: 'bytes', max: 1000, default: 10 }),
  lease: choiceOption(['on', 'off'], { help: 'Lease.', default: 'on' }),
  az: nameOption({ help: 'Zone.', default: 'a' }),
};

function parse(argv: string[], environment: Record<string, string> = {}) {
  const parsed = parseOptions(PROGRAM, TABLE, argv, environment);
  assert(parsed.kind === 'values');
  return parsed.values;
}

function problems(argv: string[]): readonly string[] {
  try {
    parse(argv);
  } catch (error) {
    assert(error instanceof OptionsError);
    return error.problems;
  }
  return [];
}

test('a flag goes before the environment, the environment before the default', () => {
  assert.deepEqual(parse([]), { listen: '127.0.0.1:1', peerSeeds: undefined, walBytes: 10, lease: 'on', az: 'a' });
  const environment = { STATOR_WAL_BYTES: '20', STATOR_LEASE: 'off', STATOR_PEER_SEEDS: 'h1:1, [::1]:2', STATOR_AZ: '' };
  assert.deepEqual(parse(['--wal-bytes=30'], environment), {
    listen: '127.0.0.1:1',
    peerSeeds: ['h1:1', '[::1]:2'],
    walBytes: 30,
    lease: 'off',
    az: 'a',
  });
});

test('values that are none are refused', () => {
  for (const wrong of ['x', ':1', 'host', 'host:', 'host:65536', 'host:-1', 'a b:1', 'host:1:2']) {
    assert.equal(problems([`--listen=${wrong}`]).length, 1, wrong);
  }
  for (const right of ['h:0', 'node-a.example.org:65535', '[::1]:80', '10.0.0.1:7100'])
    assert.deepEqual(problems([`--listen=${right}`]), []);
  for (const wrong of ['1001', '-1', '1.5', '1e2', '', ' 1', '0x1']) assert.equal(problems([`--wal-bytes=${wrong}`]).length, 1, wrong);
  for (const wrong of ['A', 'a_b', '', 'x'.repeat(64)]) assert.equal(problems([`--az=${wrong}`]).length, 1, wrong);
  assert.equal(problems(['--peer-seeds=h:1,,h:2']).length, 1);
  assert.equal(problems(['--lease=yes', '--wal-bytes=x']).length, 2);
  assert.equal(problems(['positional']).length, 1);
  assert.equal(problems(['--no-such=1']).length, 1);
});

test('addresses are taken apart', () => {
  assert.deepEqual(splitAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.deepEqual(splitAddress('[::1]:0'), { host: '::1', port: 0 });
});
