import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../shared/base/bytes.ts';
import type { Slot } from '../../shared/base/ids.ts';
import type { IndexChange } from '../../shared/wire/storage-operations.ts';
import type { ChainStep } from './index-chain.ts';
import { IndexCursors } from './index-cursors.ts';
import { IndexDelivery, type IndexPartition, type Parcel } from './index-delivery.ts';

const SOURCE = 7;
const START: Slot = 3;
const BOUNDS = { bytes: 200, changes: 4 };
const PARTITIONS: readonly IndexPartition[] = [
  { group: 20, low: Buffer.alloc(0), high: utf8('h') },
  { group: 21, low: utf8('h'), high: utf8('p') },
  { group: 22, low: utf8('p'), high: undefined },
];
const KEYS = ['a', 'c', 'g', 'h', 'k', 'o', 'p', 'x', 'z'];

type Event =
  | { readonly kind: 'write'; readonly key: string; readonly isDelete: boolean }
  /** A record that is of no concern to the index. */
  | { readonly kind: 'other' }
  | { readonly kind: 'read' }
  | { readonly kind: 'send' }
  /** One of the messages under way arrives, and its answer arrives, is lost, or the message stays under way to arrive again. */
  | { readonly kind: 'arrive'; readonly at: number; readonly fate: 'answered' | 'answer-lost' | 'repeated' }
  | { readonly kind: 'lose'; readonly at: number }
  /** Another replica of the table's partition leads. What the one before sent may still arrive. */
  | { readonly kind: 'lead' }
  | { readonly kind: 'trim' };

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), key: fc.constantFrom(...KEYS), isDelete: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'other' }) },
  { weight: 5, arbitrary: fc.constant<Event>({ kind: 'read' }) },
  { weight: 5, arbitrary: fc.constant<Event>({ kind: 'send' }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('arrive' as const),
      at: fc.nat(5),
      fate: fc.constantFrom('answered' as const, 'answered' as const, 'answer-lost' as const, 'repeated' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose' as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'lead' }) },
  { weight: 2, arbitrary: fc.constant<Event>({ kind: 'trim' }) },
);

interface Message {
  readonly target: IndexPartition['group'];
  readonly step: ChainStep;
  readonly leader: IndexDelivery;
  readonly chain: Parcel['chain'];
}

/** A partition of a table that feeds one index, and the partitions of that, with a network that keeps, repeats and loses. */
class World {
  /** Changes by slot, from START + 1 on; those behind `trimmed` are gone. */
  readonly log: (readonly IndexChange[])[] = [];
  trimmed: Slot = START;
  delivery = new IndexDelivery('i', START, PARTITIONS);
  readonly cursors = new Map(PARTITIONS.map(({ group }) => [group, new IndexCursors()]));
  /** Key -> number of the write. */
  readonly entries = new Map(PARTITIONS.map(({ group }) => [group, new Map<string, string>()]));
  readonly table = new Map<string, string>();
  messages: Message[] = [];
  /** How often each write was carried out in the index. */
  readonly applied = new Map<string, number>();
  nowMs = 0;

  get applying(): Slot {
    return START + this.log.length;
  }

  play(each: Event): void {
    this.nowMs += 100;
    switch (each.kind) {
      case 'write': {
        const number = String(this.log.length);
        this.log.push([each.isDelete ? { key: utf8(each.key) } : { key: utf8(each.key), value: utf8(number) }]);
        if (each.isDelete) this.table.delete(each.key);
        else this.table.set(each.key, number);
        return;
      }
      case 'other':
        this.log.push([]);
        return;
      case 'read':
        return this.read();
      case 'send':
        return this.send(0);
      case 'arrive':
        return this.arrive(each.at, each.fate);
      case 'lose': {
        const lost = this.messages.splice(each.at, 1)[0];
        if (lost?.leader === this.delivery) lost.chain.failed();
        return;
      }
      case 'lead':
        this.delivery = new IndexDelivery('i', START, PARTITIONS);
        return;
      case 'trim':
        this.trimmed = Math.max(this.trimmed, Math.min(this.delivery.delivered ?? 0, this.applying));
        return;
    }
  }

  read(): void {
    const { read } = this.delivery;
    if (read === undefined || read >= this.applying) return;
    assert.ok(read >= this.trimmed, 'what an index needs is gone');
    this.delivery.take(read + 1, 1, this.log[read - START] ?? []);
  }

  send(wanted: Slot): void {
    const { delivery } = this;
    for (const { chain, step } of delivery.next(wanted, BOUNDS, this.nowMs, 0)) {
      assert.ok(step.slot <= this.applying && step.changes.length <= BOUNDS.changes);
      this.messages.push({ target: chain.group, step, leader: delivery, chain });
    }
  }

  arrive(at: number, fate: 'answered' | 'answer-lost' | 'repeated'): void {
    const message = this.messages[at];
    if (message === undefined) return;
    if (fate !== 'repeated') this.messages.splice(at, 1);
    const { target, step, leader, chain } = message;
    const cursors = this.cursors.get(target) as IndexCursors;
    const before = cursors.of(SOURCE);
    if (cursors.advance({ source: SOURCE, ...step })) this.#carryOut(target, step);
    const after = cursors.of(SOURCE);
    assert.ok((after ?? 0) >= (before ?? 0), 'an index partition went back');
    if (fate === 'repeated' || leader !== this.delivery) return;
    if (fate === 'answered') leader.answered(chain, after);
    else chain.failed();
  }

  #carryOut(target: number, { changes }: ChainStep): void {
    const entries = this.entries.get(target) as Map<string, string>;
    for (const { key, value } of changes) {
      const name = Buffer.from(key).toString();
      const number = value === undefined ? `delete ${name}` : Buffer.from(value).toString();
      if (value === undefined) entries.delete(name);
      else {
        this.applied.set(number, (this.applied.get(number) ?? 0) + 1);
        entries.set(name, number);
      }
    }
  }

  /** Nothing is lost any more, until nothing moves. */
  finish(): void {
    this.messages = [];
    this.delivery = new IndexDelivery('i', START, PARTITIONS);
    for (let round = 0; (this.delivery.delivered ?? 0) < this.applying; round++) {
      assert.ok(round < 2000, 'the index partitions never have everything');
      this.nowMs += 100;
      this.send(this.applying);
      while (this.messages.length > 0) this.arrive(0, 'answered');
      this.read();
    }
  }
}

describe('an index that is fed', () => {
  it('holds what follows from the table, each change carried out once, whatever is lost, repeated or late', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 20, maxLength: 150 }), (events) => {
        const world = new World();
        for (const each of events) world.play(each);
        world.finish();
        const held = new Map([...world.entries.values()].flatMap((entries) => [...entries]));
        assert.deepEqual(new Map([...held].sort()), new Map([...world.table].sort()));
        for (const [number, times] of world.applied) assert.equal(times, 1, `write ${number} was carried out ${times} times`);
        for (const [group, entries] of world.entries) {
          for (const name of entries.keys()) assert.equal(group, name < 'h' ? 20 : name < 'p' ? 21 : 22);
        }
        world.play({ kind: 'trim' });
        assert.equal(world.trimmed, world.applying, 'the log is kept for nobody');
      }),
      { numRuns: 400 },
    );
  });

  it('is moved on without changes only where somebody wants it, and not all the time', () => {
    const world = new World();
    world.finish();
    for (let count = 0; count < 5; count++) {
      world.play({ kind: 'other' });
      world.read();
    }
    world.send(0);
    assert.equal(world.messages.length, 0);
    const [first] = world.delivery.next(START + 1, BOUNDS, world.nowMs, 1000);
    assert.deepEqual(first?.step, { previous: START, slot: START + 5, changes: [], opens: false });
    world.delivery.answered(first.chain, START + 5);
    world.play({ kind: 'other' });
    world.read();
    assert.equal(world.delivery.next(START + 6, BOUNDS, world.nowMs, 1000).length, 0, 'that was a moment ago');
    assert.equal(world.delivery.next(START + 6, BOUNDS, world.nowMs + 1000, 1000).length, 1, 'the others are under way');
  });

  it('is read to by a new leader from where the index partition is that has least, once all have said where they are', () => {
    const delivery = new IndexDelivery('i', START, PARTITIONS);
    const [one, two, three] = delivery.next(0, BOUNDS, 0, 0);
    assert.ok(one && two && three);
    delivery.answered(one.chain, START + 5);
    delivery.answered(two.chain, START + 2);
    assert.deepEqual([delivery.read, delivery.delivered], [undefined, undefined]);
    delivery.answered(three.chain, START + 9);
    assert.deepEqual([delivery.read, delivery.delivered], [START + 2, START + 2]);
    // Of what it reads again, an index partition is sent only what it lacks.
    const change = { key: utf8('a'), value: utf8('v') };
    for (let slot = START + 3; slot <= START + 6; slot++) delivery.take(slot, 1, [change]);
    assert.deepEqual(
      delivery.next(0, BOUNDS, 0, 0).map(({ step }) => [step.previous, step.slot, step.changes.length]),
      [[START + 5, START + 6, 1]],
    );
    // One that knows nothing any more is fed from the beginning.
    delivery.answered(two.chain, undefined);
    assert.equal(delivery.read, undefined);
    delivery.answered(two.chain, START);
    assert.equal(delivery.read, START);
  });

  it('sends the changes of one record together, and no more in a step than fits', () => {
    const delivery = new IndexDelivery('i', START, PARTITIONS.slice(2));
    const [opening] = delivery.next(0, BOUNDS, 0, 0);
    assert.deepEqual(opening?.step, { previous: START, slot: START, changes: [], opens: true });
    assert.equal(delivery.next(0, BOUNDS, 0, 0).length, 0, 'one step is under way');
    delivery.answered(opening.chain, START);
    const change = (text: string): IndexChange => ({ key: utf8(text), value: utf8(text) });
    const large = Array.from({ length: 9 }, (_, at) => change(`a${at}`));
    delivery.take(START + 1, 5, [change('x')]);
    delivery.take(START + 2, 6, large);
    delivery.take(START + 3, 7, []);
    assert.deepEqual([delivery.oldestMs, delivery.delivered, delivery.read], [5, START, START + 3]);
    const [one] = delivery.next(0, BOUNDS, 0, 0);
    assert.deepEqual([one?.step.slot, one?.step.changes.length], [START + 1, 1]);
    delivery.answered(opening.chain, START + 1);
    const [two] = delivery.next(0, BOUNDS, 0, 0);
    assert.deepEqual([two?.step.slot, two?.step.changes.length], [START + 3, 9]);
    delivery.answered(opening.chain, START + 3);
    assert.deepEqual([delivery.oldestMs, delivery.bytes, delivery.delivered], [undefined, 0, START + 3]);
  });
});
