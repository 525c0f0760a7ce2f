import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import { dueSeconds, expirySeconds, isDue } from '../../shared/item/expiry.ts';
import { storedItemJson } from '../../shared/item/stored-value.ts';
import { ZERO_BALLOT } from '../../shared/paxos/ballot.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import { parsePartitionSettings, serializePartitionSettings } from '../../shared/placement/partition-settings.ts';
import { decodeLogRecord } from '../../shared/wal/log-record.ts';
import { encodeExpiryRange, type ExpiryRange, isDerived, isDropped } from '../core/expiry-progress.ts';
import { ExpiryWorld, settingsOf } from './expiry-world.fixture.ts';
import { BALLOT, ownRecord, ReplicaWorld } from './replica-world.fixture.ts';

const ITEMS = 60;
/** Seconds that may lie ahead of an item when it is written. */
const AHEAD_MAX = 40;
const ATTRIBUTES = [undefined, 'ttl', 'other', 'ttl'] as const;

type Action =
  | { readonly kind: 'write'; readonly count: number; readonly seed: number }
  | { readonly kind: 'settings'; readonly attribute: number }
  | { readonly kind: 'turns'; readonly count: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'restart'; readonly checkpoint: boolean };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 30 }), seed: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('settings' as const), attribute: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 30 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), checkpoint: fc.boolean() }) },
  ),
  { minLength: 3, maxLength: 20 },
);

/** Writes and deletes of items, with every kind of attribute. Nobody waits for their outcome. */
function writeSome(at: ExpiryWorld, count: number, seed: number): void {
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  for (let written = 0; written < count; written++) {
    const number = below(ITEMS);
    if (below(5) === 0) at.propose(number, undefined);
    else at.propose(number, [someTime(at, 'ttl', below), someTime(at, 'other', below), `"n":{"N":"${below(3)}"}`].join(','));
  }
}

function someTime(at: ExpiryWorld, name: string, below: (bound: number) => number): string {
  const seconds = at.nowSeconds + below(AHEAD_MAX);
  const values = [
    `{"N":"${seconds}"}`,
    `{"N":"${seconds}"}`,
    `{"N":"${seconds}.25"}`,
    `{"S":"${seconds}"}`,
    `{"N":"${seconds - 6 * 365 * 86_400}"}`,
  ];
  return `"${name}":${values[below(values.length)]}`;
}

async function play(at: ExpiryWorld, all: readonly Action[]): Promise<void> {
  let version = 0;
  for (const action of all) {
    if (action.kind === 'write') writeSome(at, action.count, action.seed);
    else if (action.kind === 'turns') await at.turns(action.count, true);
    else if (action.kind === 'wait') await at.world.timers.advance(action.seconds * 1000);
    else if (action.kind === 'settings') {
      version += 1;
      await at.settle(settingsOf(version, ATTRIBUTES[action.attribute]));
    } else {
      if (action.checkpoint) await at.checkpoint();
      await at.restart();
    }
  }
  version += 1;
  // Whatever came before, one attribute counts in the end.
  await at.settle(settingsOf(version, 'ttl'));
  writeSome(at, ITEMS, version);
  await at.turns(1, true);
  await at.world.timers.advance(AHEAD_MAX * 500);
  await at.turns(120, true);
}

/** Every delete of the log was of an item that was due by the attribute that counted in that place. */
async function auditDeletes(at: ExpiryWorld, log: readonly Uint8Array[]): Promise<number> {
  const items = new Map<string, string>();
  let attribute: string | undefined;
  let deletes = 0;
  for (const bytes of log) {
    const { type, key, newValue, payload, timeMs } = decodeLogRecord(bytes, nodeDigest);
    const name = Buffer.from(key).toString('hex');
    if (type === 'settings') attribute = parsePartitionSettings(payload).ttlAttribute;
    if (type === 'ttl-delete') {
      deletes += 1;
      const item = items.get(name);
      const seconds = item === undefined || attribute === undefined ? undefined : expirySeconds(parseItem(Buffer.from(item)), attribute);
      assert(seconds !== undefined && isDue(seconds, dueSeconds(timeMs)), `${name} was ${item}, by ${attribute}`);
    }
    if (type !== 'write' && type !== 'ttl-delete') continue;
    if (newValue === undefined) items.delete(name);
    else items.set(name, storedItemJson(newValue).toString());
  }
  assert.deepEqual((await at.contents()).items, new Map([...items].sort(([a], [b]) => (a < b ? -1 : 1))));
  return deletes;
}

/** Another replica, which restarts now and then, has the same tree at the end. */
async function assertFollowerAgrees(at: ExpiryWorld, log: readonly Uint8Array[], parts: readonly number[]): Promise<void> {
  const follower = new ReplicaWorld();
  await follower.create();
  let round = 1;
  for (const upTo of [...parts.map((part) => part % log.length).sort((a, b) => a - b), log.length]) {
    await follower.timers.advance(DEFAULT_PAXOS_OPTIONS.leaseMs);
    round += 1;
    const ballot = { ...BALLOT, round };
    await follower.step({ kind: 'prepare', ballot, released: ZERO_BALLOT, rejoin: 0 });
    const { commit } = follower.group.paxos;
    await follower.step({ kind: 'sync', ballot, from: commit, records: log.slice(commit, upTo), commit: upTo });
    if (upTo < log.length) {
      // In the midst of a range, too.
      await follower.timers.until(follower.group.checkpoint());
      await follower.restart();
    }
  }
  await follower.timers.untilTrue(() => follower.group.state.applied === log.length);
  assert.equal(follower.group.tree.stateHash(), at.group.tree.stateHash());
  assert.deepEqual(follower.group.state.expiry, at.group.state.expiry);
  assert.deepEqual(follower.failures, []);
}

describe('entries of items that expire', () => {
  it('follow from the items, through attributes, restarts and deletes, on all replicas', async () => {
    let deletes = 0;
    await fc.assert(
      fc.asyncProperty(actions, fc.array(fc.nat(10_000), { maxLength: 3 }), async (all, parts) => {
        const at = new ExpiryWorld();
        await at.begin();
        await play(at, all);
        const { expiry } = at.group.state;
        assert(expiry !== undefined && isDerived(expiry) && isDropped(expiry));
        await at.assertEntries();
        const { items } = await at.contents();
        const due = dueSeconds(at.world.timers.wallMs() - 2000);
        const left = [...items].filter(([, json]) => {
          const seconds = expirySeconds(parseItem(Buffer.from(json)), 'ttl');
          return seconds !== undefined && isDue(seconds, due);
        });
        assert.deepEqual(left, []);
        const log = await at.world.wal.read(at.group.id, 1, at.group.paxos.last + 1, 1 << 26);
        assert.equal(log.length, at.group.state.applied);
        deletes += await auditDeletes(at, log);
        await assertFollowerAgrees(at, log, parts);
        assert.deepEqual(at.world.failures, []);
      }),
      { numRuns: 40 },
    );
    assert(deletes > 100, `only ${deletes} items expired`);
  });

  it('are not touched by ranges that were meant for another moment', async () => {
    const world = new ReplicaWorld();
    await world.create();
    const settings = (version: number): Uint8Array =>
      ownRecord('settings', serializePartitionSettings(settingsOf(version, `ttl${version}`)));
    const range = (kind: ExpiryRange['kind'], generation: number, low: string, high: string): Uint8Array =>
      ownRecord('expiry-range', encodeExpiryRange({ kind, generation, low: Buffer.from(low), high: Buffer.from(high) }));
    const log = [
      range('derive', 1, '', 'x'),
      settings(1),
      range('derive', 1, '', 'b'),
      range('derive', 1, '', 'm'),
      range('derive', 1, 'k', 'm'),
      range('derive', 2, 'b', 'n'),
      settings(3),
      range('derive', 1, 'b', 'x'),
      range('derive', 3, '', 'a'),
      range('derive', 1, 'a', 'x'),
    ];
    await world.follow(log.slice(0, 6), 6);
    assert.deepEqual(world.group.state.expiry?.derivedTo, Buffer.from('b'));
    await world.step({ kind: 'accept', ballot: BALLOT, first: 7, records: log.slice(6), commit: log.length });
    assert.equal(world.group.state.applied, log.length);
    assert.deepEqual([world.group.state.expiry?.generation, world.group.state.expiry?.derivedTo], [3, Buffer.from('a')]);
  });

  it('stop a replica by a record that it does not know', async () => {
    const world = new ReplicaWorld();
    await world.create();
    await world.follow([ownRecord('expiry-range', Buffer.of(9))], 1);
    assert.equal(world.group.stopped, true);
  });
});
