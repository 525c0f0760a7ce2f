import assert from 'node:assert/strict';
import { nodeDigest } from '../../../test/harness/test-environment.ts';
import { utf8 } from '../../shared/base/bytes.ts';
import type { ScanStep } from '../../shared/btree/scan.ts';
import { parseItem } from '../../shared/item/attribute-map.ts';
import { expiryEntryKey, expirySeconds, readExpiryEntry } from '../../shared/item/expiry.ts';
import { encodeKey } from '../../shared/item/key-encoding.ts';
import { LOCAL_SPACE_LOW } from '../../shared/item/local-space.ts';
import { storedItemJson } from '../../shared/item/stored-value.ts';
import { DEFAULT_PAXOS_OPTIONS } from '../../shared/paxos/options.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import type { Answer } from '../core/write-evaluator.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import type { Group } from './group.ts';
import { IDENTITY, ReplicaWorld } from './replica-world.fixture.ts';

export const OPTIONS = { sweepIntervalMs: 1000, deletesPerSecond: 1000 };
const TICK_MS = 50;
/** The only member: what it proposes is chosen as soon as it is durable. */
const ALONE = { ...IDENTITY, members: IDENTITY.members.filter(({ replica }) => replica === IDENTITY.replica) };

const KEYS = { partition: { name: 'pk', type: 'S' as const } };

export function keyOf(number: number): Buffer {
  return encodeKey(KEYS, { pk: { S: String(number) } }, nodeDigest);
}

export function settingsOf(version: number, ttlAttribute?: string): PartitionSettings {
  return { version, keys: KEYS, localIndexes: [], globalIndexes: [], ...(ttlAttribute === undefined ? {} : { ttlAttribute }) };
}

/** A group of one replica that leads itself, and the sweeper of its node. */
export class ExpiryWorld {
  readonly world = new ReplicaWorld();
  sweeper = this.#newSweeper();
  #requests = 0;

  get group(): Group {
    return this.world.group;
  }

  get nowSeconds(): number {
    return Math.floor(this.world.timers.wallMs() / 1000);
  }

  async begin(): Promise<void> {
    await this.world.create(ALONE);
    await this.#lead();
  }

  /** Another life of the process; it must win its leadership anew. */
  async restart(): Promise<void> {
    await this.world.restart();
    this.sweeper = this.#newSweeper();
    await this.#lead();
  }

  async checkpoint(): Promise<void> {
    await this.world.timers.until(this.group.checkpoint());
  }

  async settle(settings: PartitionSettings): Promise<void> {
    const answers: Answer[] = [];
    this.group.changeSettings(settings, this.world.timers.monotonicMs() + 10_000, (answer) => void answers.push(answer));
    await this.turns(2);
    assert.equal(answers[0]?.status, 'ok');
  }

  /** Proposes a write and waits for nothing. `attributes` as JSON without braces; undefined: the item is deleted. */
  propose(number: number, attributes: string | undefined, answered: (answer: Answer) => void = () => undefined): void {
    this.#requests += 1;
    const key = keyOf(number);
    const shared = { key, number: this.#requests, returnOld: false, returnOldOnFailure: false };
    const json = utf8(`{"pk":{"S":"${number}"}${attributes === undefined || attributes === '' ? '' : `,${attributes}`}}`);
    const operation =
      attributes === undefined ? { ...shared, kind: 'delete' as const } : { ...shared, kind: 'put' as const, item: json, itemSize: 10 };
    this.group.write(operation, { life: 1, number: this.#requests }, this.world.timers.monotonicMs() + 10_000, answered);
  }

  async write(number: number, attributes: string | undefined): Promise<void> {
    const answers: Answer[] = [];
    this.propose(number, attributes, (answer) => void answers.push(answer));
    await this.turns(1);
    assert.equal(answers[0]?.status, 'ok');
  }

  /** Time goes on, for consensus and the sweeper. */
  async turns(count: number, sweeps = false): Promise<void> {
    const { timers } = this.world;
    for (let turn = 0; turn < count; turn++) {
      await timers.advance(TICK_MS);
      this.group.tick(timers.monotonicMs());
      if (sweeps) this.sweeper.tick([this.group], timers.monotonicMs());
      await timers.settle();
    }
  }

  /** All that the tree holds: items by their keys, and keys of entries, in hexadecimal. */
  async contents(): Promise<{ items: Map<string, string>; entries: Set<string> }> {
    const items = new Map<string, string>();
    const entries = new Set<string>();
    let low: Uint8Array | undefined = new Uint8Array(0);
    while (low !== undefined) {
      const step: ScanStep = this.group.tree.scan(low, undefined, false, (key, value) => {
        if (Buffer.compare(key, LOCAL_SPACE_LOW) < 0) items.set(Buffer.from(key).toString('hex'), storedItemJson(value).toString());
        else entries.add(Buffer.from(key).toString('hex'));
        return true;
      });
      low = step.next;
      await this.world.timers.settle();
      await step.wait;
    }
    return { items, entries };
  }

  /** The entries must be those that follow from the items, and no others. */
  async assertEntries(): Promise<void> {
    const { items, entries } = await this.contents();
    const expected = new Set<string>();
    const { settings, expiry } = this.group.state;
    for (const [key, json] of items) {
      if (settings?.ttlAttribute === undefined || expiry === undefined) continue;
      const seconds = expirySeconds(parseItem(utf8(json)), settings.ttlAttribute);
      if (seconds !== undefined) expected.add(expiryEntryKey(expiry.generation, seconds, Buffer.from(key, 'hex')).toString('hex'));
    }
    assert.deepEqual(readable(entries), readable(expected));
  }

  #newSweeper(): ExpirySweeper<Group> {
    return new ExpirySweeper(OPTIONS, this.world.environment);
  }

  async #lead(): Promise<void> {
    for (let turn = 0; !this.group.paxos.serves; turn++) {
      assert(turn * TICK_MS < 10 * DEFAULT_PAXOS_OPTIONS.leaseMs, 'the replica does not lead');
      await this.turns(1);
    }
  }
}

function readable(entries: ReadonlySet<string>): string[] {
  const texts = [...entries].map((hex) => {
    const { generation, seconds, itemKey } = readExpiryEntry(Buffer.from(hex, 'hex'));
    return `${generation} ${seconds} ${itemKey.toString('hex')}`;
  });
  return texts.sort();
}
