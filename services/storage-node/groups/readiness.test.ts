import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOG_GROUP } from '../../shared/base/ids.ts';
import { type ReadyGroup, whyNotReady } from './readiness.ts';

const LEASE_MS = 2000;
const NOW_MS = 100_000;

interface Given {
  readonly id?: number;
  readonly stopped?: boolean;
  readonly abstains?: boolean;
  readonly leader?: number | undefined;
  readonly heardAgoMs?: number;
  readonly confirmedAgoMs?: number;
  readonly silentForMs?: number;
  readonly isMember?: boolean;
  readonly awaitsSnapshot?: boolean;
  readonly keepsLogOnly?: boolean;
  readonly taughtAgoMs?: number;
}

function group(given: Given): ReadyGroup {
  const {
    id = 7,
    stopped = false,
    abstains = false,
    heardAgoMs = Number.POSITIVE_INFINITY,
    confirmedAgoMs = Number.POSITIVE_INFINITY,
  } = given;
  return {
    id,
    stopped,
    awaitsSnapshot: given.awaitsSnapshot ?? false,
    keepsLogOnly: given.keepsLogOnly ?? false,
    taughtAtMs: NOW_MS - (given.taughtAgoMs ?? Number.POSITIVE_INFINITY),
    paxos: {
      abstains,
      isMember: given.isMember ?? true,
      leader: 'leader' in given ? given.leader : 1,
      heardAtMs: NOW_MS - heardAgoMs,
      confirmedAtMs: () => NOW_MS - confirmedAgoMs,
      silentUntilMs: NOW_MS + (given.silentForMs ?? Number.NEGATIVE_INFINITY),
    },
  };
}

function why(...groups: Given[]): string | undefined {
  return whyNotReady(groups.map(group), LEASE_MS, NOW_MS);
}

test('a learner that was forgotten and a replica that was replaced hear of no leader, and nobody waits for them', () => {
  assert.equal(why({ isMember: false, leader: undefined }), undefined);
  assert.equal(why({ isMember: false, taughtAgoMs: 3 * LEASE_MS + 1 }), undefined);
});

test('a follower that heard, and a leader that was answered, within three lease times are ready', () => {
  assert.equal(why(), undefined);
  assert.equal(why({ heardAgoMs: 3 * LEASE_MS }, { confirmedAgoMs: 3 * LEASE_MS }), undefined);
  assert.equal(why({ heardAgoMs: 10 * LEASE_MS, confirmedAgoMs: 300 }), undefined, 'it leads since');
});

test('what was known longer ago counts for nothing, be it that this replica leads', () => {
  assert.match(why({ heardAgoMs: 300 }, { heardAgoMs: 3 * LEASE_MS + 1 }) ?? '', /^group 7 has no leader that reaches a quorum$/);
  assert.match(why({ id: CATALOG_GROUP, confirmedAgoMs: 3 * LEASE_MS + 1 }) ?? '', /^the catalog has no leader that reaches a quorum$/);
  assert.match(why({}) ?? '', /reaches a quorum/, 'the leader is known from the log alone');
});

test('a replica that cannot help to elect a leader is not ready', () => {
  assert.match(why({ heardAgoMs: 0, stopped: true }) ?? '', /has stopped/);
  assert.match(why({ heardAgoMs: 0, abstains: true }) ?? '', /damaged or .*, and waits for its leader/);
  assert.match(why({ abstains: true, leader: undefined }) ?? '', /damaged or .*, and no leader is heard of/);
  assert.match(why({ heardAgoMs: 0, silentForMs: 1 }) ?? '', /leases/);
  assert.match(why({ leader: undefined }) ?? '', /no leader yet/);
});

test('a node with a learner that is being taught is not ready', () => {
  assert.match(why({ heardAgoMs: 0 }, { isMember: false, taughtAgoMs: 3 * LEASE_MS }) ?? '', /^a new replica of group 7 may be learning/);
  assert.equal(why({ heardAgoMs: 0, taughtAgoMs: 0 }), undefined, 'a member');
});

test('a replica without its copy is not ready, though it votes', () => {
  assert.match(why({ heardAgoMs: 0, awaitsSnapshot: true }) ?? '', /has no tree yet/);
  assert.match(why({ heardAgoMs: 0, awaitsSnapshot: true, keepsLogOnly: true }) ?? '', /keeps the log alone/);
  assert.match(why({ heardAgoMs: 0, keepsLogOnly: true }) ?? '', /keeps the log alone/);
});
