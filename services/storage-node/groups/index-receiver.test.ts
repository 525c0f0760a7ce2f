import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import { decodeStoredValue, encodeStoredValue } from '../../shared/item/stored-value.ts';
import type { ApplyChangesOperation, IndexChange } from '../../shared/wire/storage-operations.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { IDENTITY, ReplicaWorld } from './replica-world.fixture.ts';

const SOURCE = 40;
/** The only member of its group, so that it leads without the test playing others. */
const ALONE = { ...IDENTITY, members: IDENTITY.members.filter(({ replica }) => replica === IDENTITY.replica), high: utf8('x') };

function put(key: string, text: string): IndexChange {
  const json = utf8(JSON.stringify({ a: { S: text } }));
  const bytes = utf8(key);
  return {
    key: bytes,
    value: encodeStoredValue({ flags: 0, size: 5, slot: 1, timeMs: 1, originRegion: '', json }, bytes, nodeDigest),
  };
}

function step(previous: number, slot: number, changes: readonly IndexChange[], opens = false): ApplyChangesOperation {
  return { kind: 'apply-changes', source: SOURCE, previous, slot, changes, opens };
}

async function lead(world: ReplicaWorld): Promise<void> {
  while (!world.group.paxos.serves) {
    await world.timers.advance(50);
    world.group.tick(world.timers.monotonicMs());
    await world.timers.settle();
  }
}

async function leader(): Promise<ReplicaWorld> {
  const world = new ReplicaWorld();
  await world.create(ALONE);
  await lead(world);
  return world;
}

function send(world: ReplicaWorld, operation: ApplyChangesOperation): Answer[] {
  const answers: Answer[] = [];
  world.group.takeChanges(operation, world.timers.monotonicMs() + 5000, (answer) => void answers.push(answer));
  return answers;
}

async function answered(world: ReplicaWorld, operation: ApplyChangesOperation): Promise<Answer | undefined> {
  const answers = send(world, operation);
  await world.timers.settle();
  assert.equal(answers.length, 1);
  return answers[0];
}

async function entries({ group, timers }: ReplicaWorld): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let low: Uint8Array | undefined = Buffer.alloc(0);
  while (low !== undefined) {
    const scan: ScanStep = group.tree.scan(low, undefined, false, (key, value) => {
      const { json } = decodeStoredValue(value, key, nodeDigest);
      found.set(Buffer.from(key).toString(), (JSON.parse(json.toString()) as { a: { S: string } }).a.S);
      return true;
    });
    low = scan.next;
    await timers.settle();
    await scan.wait;
  }
  return found;
}

test('a source that is not known must open, and then each step must follow on the one before', async () => {
  const world = await leader();
  assert.deepEqual(await answered(world, step(3, 5, [put('k', 'early')])), { status: 'ok' });
  assert.deepEqual(await answered(world, step(3, 3, [], true)), { status: 'ok', slot: 3 });
  assert.deepEqual(await answered(world, step(3, 5, [put('k', 'one'), put('l', 'two')])), { status: 'ok', slot: 5 });
  assert.deepEqual(await answered(world, step(4, 9, [put('k', 'gap')])), { status: 'ok', slot: 5 });
  assert.deepEqual(await answered(world, step(3, 5, [put('k', 'repeated')])), { status: 'ok', slot: 5 });
  assert.deepEqual(await answered(world, step(3, 3, [], true)), { status: 'ok', slot: 5 }, 'it is known already');
  assert.deepEqual(await answered(world, step(5, 8, [put('k', 'three'), { key: utf8('l') }])), { status: 'ok', slot: 8 });
  assert.deepEqual([...(await entries(world))], [['k', 'three']]);
});

test('what is under way counts: a step behind it is taken, and one that is not is answered once it is applied', async () => {
  const world = await leader();
  await answered(world, step(1, 1, [], true));
  const answers = [
    send(world, step(1, 2, [put('k', 'one')])),
    send(world, step(1, 2, [put('k', 'again')])),
    send(world, step(2, 4, [put('k', 'two')])),
    send(world, step(1, 3, [put('k', 'other')])),
  ];
  assert.equal(answers.flat().length, 0);
  await world.timers.settle();
  assert.deepEqual(
    answers.map(([answer]) => answer?.slot),
    [4, 4, 4, 4],
  );
  assert.deepEqual([...(await entries(world))], [['k', 'two']]);
});

test('where the sources are comes back with the entries, from a checkpoint and from the log', async () => {
  const world = await leader();
  await answered(world, step(1, 1, [], true));
  const many = Array.from({ length: 200 }, (_, at) => put(`k${String(at).padStart(4, '0')}`, 'x'.repeat(300)));
  await answered(world, step(1, 5, many));
  await world.group.checkpoint();
  await answered(world, step(5, 9, [put('last', 'y')]));
  for (const checkpointFirst of [false, true]) {
    if (checkpointFirst) await world.group.checkpoint();
    await world.restart();
    await lead(world);
    assert.deepEqual(world.group.state.indexCursors.all, [[SOURCE, 9]]);
    assert.equal((await entries(world)).size, 201);
    assert.deepEqual(await answered(world, step(5, 9, [put('last', 'z')])), { status: 'ok', slot: 9 });
  }
  assert.deepEqual(world.failures, []);
});

test('keys of another partition and entries that are not sound are refused whole', async () => {
  const world = await leader();
  await answered(world, step(1, 1, [], true));
  const damaged = Buffer.from(put('k', 'one').value ?? []);
  damaged.writeUInt8(damaged.readUInt8(40) ^ 1, 40);
  assert.equal((await answered(world, step(1, 2, [put('a', 'good'), put('y', 'beyond')])))?.status, 'wrong-range');
  assert.equal((await answered(world, step(1, 2, [put('a', 'good'), { key: utf8('k'), value: damaged }])))?.status, 'validation');
  assert.equal((await answered(world, step(1, 2, [put('a', 'good'), { ...put('k', 'x'), key: utf8('l') }])))?.status, 'validation');
  assert.equal((await answered(world, step(1, 2, [{ key: LOCAL_SPACE_LOW }])))?.status, 'wrong-range');
  assert.deepEqual(await answered(world, step(2, 3, [])), { status: 'ok', slot: 1 });
  assert.equal((await entries(world)).size, 0);
});

test('a leader that is none any more takes nothing, and says so of what was under way', async () => {
  const world = await leader();
  await answered(world, step(1, 1, [], true));
  const answers = send(world, step(1, 2, [put('k', 'one')]));
  world.group.paxos.stepDown(world.timers.monotonicMs());
  world.group.pump();
  assert.deepEqual(answers[0]?.status, 'unknown-outcome');
  assert.notEqual((await answered(world, step(1, 2, [put('k', 'one')])))?.status, 'ok');
  await lead(world);
  const cursor = world.group.state.indexCursors.of(SOURCE);
  assert.deepEqual(await answered(world, step(0, 1, [])), { status: 'ok', slot: cursor });
});

test('a disk that has room for deletes alone takes what the table has taken: deletes behind a put would wait for ever', async () => {
  const world = await leader();
  await answered(world, step(1, 1, [], true));
  world.nearlyFull = true;
  assert.deepEqual(await answered(world, step(1, 5, [put('k', 'one'), { key: utf8('l') }])), { status: 'ok', slot: 5 });
});
