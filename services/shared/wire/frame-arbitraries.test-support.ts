import fc from 'fast-check';
import type { Ballot } from '../paxos/ballot.ts';
import type { PaxosMessage } from '../paxos/messages.ts';
import type { AdminRequest, AdminResponse, CredentialDescription, ReplicaDescription } from './admin.ts';
import type { AdminReply } from './codec-admin-reply.ts';
import type { Hello } from './codec-hello.ts';
import type {
  BulkFrame,
  CatalogEntry,
  ControlFrame,
  GroupEnvelope,
  RequestFrame,
  ResponseFrame,
  SnapshotMessage,
  WatchFrame,
} from './frames.ts';
import type { StorageOperation, StorageResponse, StorageStatus, UpdateReturn } from './storage-operations.ts';

/** Arbitrary frames of every kind, for property tests. */

const BOUNDARIES = [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2 ** 28 - 1, 2 ** 28, 2 ** 32, 2 ** 35, 2 ** 49, 2 ** 53 - 1];

/** Integers of 0 to 2^53 - 1, those where the encoding changes its length first of all. */
const integer = fc.oneof(fc.constantFrom(...BOUNDARIES), fc.maxSafeNat());
const integer32 = fc.oneof(fc.constantFrom(0, 127, 128, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const flag = fc.boolean();
/** Without lone surrogates, which no UTF-8 can hold; lengths on both sides of what the writer takes for short. */
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme-ascii', maxLength: 80 }));
const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 100, max: 300 }).map((length) => new Uint8Array(length).fill(length)),
  )
  .map((array) => Buffer.from(array));
const byteLists = fc.array(bytes, { maxLength: 5 });

/** Plain objects, as the decoders make them; keys that are not required are sometimes absent. */
function record<T, K extends keyof T = keyof T>(
  fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
  options: { requiredKeys?: K[] } = {},
): fc.Arbitrary<fc.RecordValue<T, K>> {
  return fc.record<T, K>(fields, { ...options, noNullPrototype: true });
}

function kind<K extends string>(name: K): fc.Arbitrary<K> {
  return fc.constant(name);
}

const ballot: fc.Arbitrary<Ballot> = record({ configuration: integer, round: integer, replica: integer32 });
const recordsFields = { ballot, records: byteLists, commit: integer };

const paxosMessage: fc.Arbitrary<PaxosMessage> = fc.oneof(
  record({ kind: kind('ask-leader'), question: integer }),
  record({ kind: kind('leader-heard'), question: integer, heard: flag }),
  record({ kind: kind('prepare'), ballot, released: ballot, rejoin: integer }),
  record({ kind: kind('promise'), ballot, accepted: ballot, last: integer, commit: integer, trimmed: integer, abstention: integer }),
  record({ kind: kind('refusal'), promised: ballot, refused: ballot }),
  record({ kind: kind('fetch-tail'), ballot, first: integer }),
  record({ kind: kind('tail'), ballot, first: integer, records: byteLists }),
  record({ kind: kind('nominate'), ballot, leaseGivenUp: flag }),
  record({ kind: kind('sync'), from: integer, ...recordsFields }),
  record({ kind: kind('accept'), first: integer, ...recordsFields }),
  record({ kind: kind('accepted'), ballot, last: integer }),
  record({ kind: kind('learn'), first: integer, ...recordsFields }),
  record({ kind: kind('learned'), ballot, last: integer }),
);

const envelopes: fc.Arbitrary<GroupEnvelope[]> = fc.array(
  record({ group: integer32, from: integer32, to: integer32, message: paxosMessage }),
  { maxLength: 5 },
);

export const controlFrame: fc.Arbitrary<ControlFrame> = record(
  {
    heartbeat: record({ sequence: integer, leaderships: bytes, floors: bytes }),
    heartbeatAnswer: record({
      sequence: integer,
      refusals: bytes,
      checkpoints: bytes,
      monotonicUs: integer,
      marks: bytes,
      origins: bytes,
      logStarts: bytes,
      fullness: integer32,
    }),
    messages: envelopes,
  },
  { requiredKeys: ['messages'] },
);

const snapshotMessage: fc.Arbitrary<SnapshotMessage> = fc.oneof(
  record({
    kind: kind('begin'),
    group: integer32,
    from: integer32,
    to: integer32,
    transfer: integer,
    ballot,
    slot: integer,
    state: bytes,
    itemBytes: integer,
  }),
  record({ kind: kind('chunk'), group: integer32, transfer: integer, index: integer, entries: bytes }),
  record({ kind: kind('end'), group: integer32, transfer: integer, chunks: integer, items: integer }),
  record({ kind: kind('installed'), group: integer32, transfer: integer, slot: integer }),
  record({ kind: kind('abort'), group: integer32, transfer: integer, reason: text }),
  record({ kind: kind('request'), group: integer32, position: integer }),
  record({ kind: kind('identity'), group: integer32, state: bytes }),
  record({ kind: kind('absent'), group: integer32, replica: integer32, incarnation: integer }),
);

export const bulkFrame: fc.Arbitrary<BulkFrame> = record({
  credit: integer,
  messages: envelopes,
  snapshots: fc.array(snapshotMessage, { maxLength: 5 }),
});

const positive = integer.map((value) => Math.max(1, value));
const expressionFields = { condition: text, names: bytes, values: bytes, measure: fc.integer({ min: 1, max: 3 }) };
const writeFields = { key: bytes, number: integer, returnOldOnFailure: flag, ...expressionFields };
const updateReturn = fc.constantFrom<UpdateReturn>('none', 'all-old', 'updated-old', 'all-new', 'updated-new');

const operation: fc.Arbitrary<StorageOperation> = fc.oneof(
  record({ kind: kind('get'), key: bytes, consistent: flag }),
  record(
    { kind: kind('put'), item: bytes, itemSize: integer, returnOld: flag, ...writeFields },
    { requiredKeys: ['kind', 'key', 'item', 'itemSize', 'returnOld', 'number', 'returnOldOnFailure'] },
  ),
  record(
    { kind: kind('update'), keyAttributes: bytes, update: text, returnValues: updateReturn, ...writeFields },
    { requiredKeys: ['kind', 'key', 'keyAttributes', 'update', 'returnValues', 'number', 'returnOldOnFailure'] },
  ),
  record(
    { kind: kind('delete'), returnOld: flag, ...writeFields },
    { requiredKeys: ['kind', 'key', 'returnOld', 'number', 'returnOldOnFailure'] },
  ),
  record(
    {
      kind: kind('range'),
      low: bytes,
      high: bytes,
      reverse: flag,
      consistent: flag,
      limit: integer,
      byteLimit: integer,
      countOnly: flag,
      filter: text,
      names: bytes,
      values: bytes,
      index: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      fetchItems: fc.constant(true as const),
    },
    { requiredKeys: ['kind', 'low', 'reverse', 'consistent', 'limit', 'byteLimit', 'countOnly'] },
  ),
  record({
    kind: kind('apply-changes'),
    source: integer32,
    previous: integer,
    slot: integer,
    changes: fc.array(record({ key: bytes, value: bytes }, { requiredKeys: ['key'] }), { maxLength: 4 }),
    opens: flag,
  }),
);

export const requestFrame: fc.Arbitrary<RequestFrame> = record({
  requests: fc.array(record({ id: integer, group: integer32, deadlineMs: integer32, operation }), { maxLength: 5 }),
});

const status = fc.constantFrom<StorageStatus>(
  'ok',
  'condition-failed',
  'validation',
  'not-leader',
  'not-ready',
  'no-such-group',
  'wrong-range',
  'overloaded',
  'unavailable',
  'number-refused',
  'unknown-outcome',
  'no-room',
  'no-copy',
  'collection-full',
  'index-behind',
);

const rangeResult = record(
  {
    items: byteLists,
    count: integer,
    scanned: integer,
    scannedBytes: integer,
    lastKey: bytes,
    more: flag,
    fetchedUnits: positive,
    fetchedBytes: positive,
  },
  { requiredKeys: ['items', 'count', 'scanned', 'scannedBytes', 'more'] },
);

const response: fc.Arbitrary<StorageResponse> = record(
  {
    id: integer,
    status,
    message: text,
    leader: text,
    item: bytes,
    oldSize: integer,
    newSize: integer,
    slot: integer,
    range: rangeResult,
    collectionBytes: integer,
    indexUnits: fc.array(record({ index: text, units: integer }), { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ['id', 'status'] },
);

export const responseFrame: fc.Arbitrary<ResponseFrame> = record({ responses: fc.array(response, { maxLength: 5 }) });

const catalogEntries: fc.Arbitrary<CatalogEntry[]> = fc.array(record({ key: text, value: bytes }, { requiredKeys: ['key'] }), {
  maxLength: 5,
});

export const watchFrame: fc.Arbitrary<WatchFrame> = fc.oneof(
  record({ kind: kind('subscribe') }),
  record({ kind: kind('snapshot'), slot: integer, records: catalogEntries, done: flag }),
  record({ kind: kind('changes'), slot: integer, records: catalogEntries }),
);

export const hello: fc.Arbitrary<Hello> = record({ protocolVersion: integer32, clusterId: text, name: text, incarnation: integer });

const places = fc.array(record({ replica: integer32, node: text, az: text }), { maxLength: 4 });

const memberPlace = record({ replica: integer32, node: text, az: text, logOnly: flag });

const adminRequest: fc.Arbitrary<AdminRequest> = fc.oneof(
  record({ kind: kind('create-credential'), definition: bytes }),
  record({ kind: kind('set-credential-policy'), accessKeyId: text, policy: text, overGeneration: integer }),
  record({ kind: kind('revoke-credential'), accessKeyId: text }),
  record({ kind: kind('list-credentials') }),
  record({
    kind: kind('init-cluster'),
    clusterId: text,
    members: places,
    addresses: fc.array(record({ node: text, address: text }), { maxLength: 4 }),
  }),
  record({
    kind: kind('create-replica'),
    group: integer32,
    replica: integer32,
    tableId: text,
    partitionId: integer,
    low: bytes,
    high: bytes,
    members: places,
    preferredLeader: integer32,
    late: flag,
  }),
  record({ kind: kind('delete-replica'), group: integer32, replica: integer32 }),
  record({ kind: kind('describe-node') }),
  record({ kind: kind('transfer-leadership'), group: integer32, to: integer32 }),
  record({ kind: kind('add-learner'), group: integer32, replica: integer32, incarnation: integer, state: bytes, logBehind: integer }),
  record({ kind: kind('swap-replica'), group: integer32, configuration: integer32, out: integer32, into: memberPlace }),
  record({ kind: kind('inspect-group'), group: integer32 }),
  record({ kind: kind('change-settings'), group: integer32, settings: bytes }),
  record({ kind: kind('register-node'), node: text, az: text, address: text, incarnation: integer }),
  record({ kind: kind('create-table'), definition: bytes, overGeneration: integer }),
  record({ kind: kind('delete-table'), account: text, region: text, name: text, tableId: text }),
  record({ kind: kind('change-table'), account: text, region: text, name: text, tableId: text, change: bytes }),
  record({ kind: kind('describe-auto-admin') }),
  record({ kind: kind('list-lost-indexes') }),
  record({ kind: kind('scrub'), start: flag }),
);

export const adminCall = record({ hello, request: adminRequest });

const replica: fc.Arbitrary<ReplicaDescription> = record({
  group: integer32,
  replica: integer32,
  tableId: text,
  leading: flag,
  damaged: flag,
  ballot,
  commit: integer,
  applied: integer,
  last: integer,
  trimmed: integer,
  checkpoint: integer,
  items: integer,
  itemBytes: integer,
});

const scrubReport: fc.Arbitrary<AdminResponse> = record({
  kind: kind('scrub-report'),
  node: text,
  pass: integer,
  running: flag,
  replicasDone: integer,
  replicas: integer,
  pages: integer,
  bytes: integer,
  lastCompleteMs: integer,
  rebuilt: integer,
  findings: fc.array(record({ group: integer32, tableId: text, kind: text, detail: text, foundMs: integer, repaired: flag }), {
    maxLength: 4,
  }),
  findingsTotal: integer,
});

const credential: fc.Arbitrary<CredentialDescription> = record({
  accessKeyId: text,
  account: text,
  userName: text,
  sealing: text,
  policy: text,
  createdAtMs: integer,
  generation: integer,
});

const adminResponse: fc.Arbitrary<AdminResponse> = fc.oneof(
  record({ kind: kind('done') }),
  record({
    kind: kind('node-description'),
    node: text,
    az: text,
    clusterId: text,
    incarnation: integer,
    replicas: fc.array(replica, { maxLength: 4 }),
  }),
  record({
    kind: kind('group-inspection'),
    replica,
    stateHash: text,
    low: bytes,
    high: bytes,
    configuration: integer32,
    members: fc.array(memberPlace, { maxLength: 4 }),
    localIndexes: fc.array(record({ number: integer32, entries: integer, bytes: integer }), { maxLength: 4 }),
  }),
  record({ kind: kind('learner-added'), replica: integer32 }),
  record({
    kind: kind('settings-applied'),
    version: integer,
    indexes: fc.array(record({ indexId: text, backfilled: flag, delivered: flag, itemsDone: integer, items: integer }), { maxLength: 4 }),
  }),
  record({
    kind: kind('lost-indexes'),
    indexes: fc.array(record({ group: integer32, indexId: text, loss: fc.constantFrom('log-gone' as const, 'silent' as const) }), {
      maxLength: 4,
    }),
  }),
  record({ kind: kind('table-changed'), record: bytes, slot: integer }),
  record({
    kind: kind('auto-admin-description'),
    clusterId: text,
    active: flag,
    operationsUnderWay: integer,
    tableUnitsMax: integer,
    accountUnitsMax: integer,
  }),
  record({ kind: kind('credential-list'), credentials: fc.array(credential, { maxLength: 4 }) }),
  scrubReport,
);

export const adminReply: fc.Arbitrary<AdminReply> = record({
  hello,
  outcome: fc.oneof(adminResponse, record({ kind: kind('refusal'), code: text, message: text })),
});
