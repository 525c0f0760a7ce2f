import { assert, must } from '../../../services/shared/base/assert.ts';
import { type PartitionSettings, serializePartitionSettings } from '../../../services/shared/placement/partition-settings.ts';
import { ClockLog } from '../checks/clock-log.ts';
import { problemOfEntries } from '../checks/expiry-entries.ts';
import type { Json } from '../clients.ts';
import { createTable } from '../table.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const TABLE = 'expiring';
const CLIENTS = 3;
const KEYS_EACH = 5;
const THINK_MS = 200;
const ATTRIBUTES = ['ttl', 'other'] as const;
/** The attribute that counts stays so for this long, at most. */
const ATTRIBUTE_MS = 12_000;
const DAY_SECONDS = 86_400;
/** Items that are to expire during the run do so within this time of their write. */
const SOON_SECONDS = 20;
/** After that, and what clocks are wrong by, everything is due that ever will be. */
const DUE_BY_THEN_MS = 30_000;
const GONE_WITHIN_MS = 60_000;
/** Clocks are looked at now and then only. */
const CLOCK_SLACK_MS = 2000;
const PATIENCE_MS = 2000;

type Attribute = (typeof ATTRIBUTES)[number];

/** What a key may hold; `item` undefined: nothing. */
interface State {
  readonly item: Json | undefined;
  /** When its write began, in the clock log. */
  readonly since: number;
}

/** Written by one client alone, until an outcome is not known. */
interface Key {
  readonly name: string;
  possible: readonly State[];
}

/**
 * W7, time to live: items with every kind of time are written while the attribute that counts changes, leaders come and go and clocks
 * are set. An item may go only while an attribute counts by which a clock of that moment showed it due; in the end what is due is gone
 * and all else is there, and every replica has the entries that follow from its items.
 *
 * The service takes one change of the attribute an hour, so that partitions are told directly, as the auto-admin does.
 */
export class ExpiryWorkload implements Workload {
  readonly name = 'expiry';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #clocks: ClockLog<Attribute>;
  readonly #keys: Key[][];
  /** An outcome was not known: whatever was under way may have been done, nothing else was. */
  readonly #left: Key[] = [];
  #tableId = '';
  #groups: readonly number[] = [];
  #version = 1000;
  #written = 0;
  #attribute: Attribute | undefined;
  #stopped = false;
  #problem: string | undefined;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#clocks = new ClockLog(parts.cluster);
    this.#keys = Array.from({ length: CLIENTS }, (_, client) =>
      Array.from({ length: KEYS_EACH }, (_none, at) => newKey(`${client}-${at}`)),
    );
  }

  async setup(): Promise<void> {
    const { cluster, clients } = this.#parts;
    await createTable(cluster, clients, TABLE);
    const { Table } = await clients.insist({ action: 'DescribeTable', input: { TableName: TABLE } });
    this.#tableId = (Table as { readonly TableId: string }).TableId;
    const groups = cluster.nodes.flatMap((node) => [...cluster.groupsOf(node)]);
    this.#groups = [...new Set(groups.filter(({ identity }) => identity.tableId === this.#tableId).map(({ id }) => id))];
  }

  async start(): Promise<void> {
    await Promise.all([this.#watchClocks(), this.#changeAttributes(), ...this.#keys.map((keys) => this.#client(keys))]);
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    const { cluster } = this.#parts;
    await cluster.sleep(DUE_BY_THEN_MS);
    const keys = [...this.#keys.flat(), ...this.#left];
    await cluster.until('what has expired is gone', GONE_WITHIN_MS, async () => {
      this.#clocks.look();
      for (const key of keys) if (!(await this.#isSettled(key))) return false;
      return true;
    });
    return this.#problem ?? problemOfEntries(cluster, this.#tableId, this.#attribute);
  }

  // --- clients -----------------------------------------------------------------------------------------------------

  async #client(keys: Key[]): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      const at = random.below(keys.length);
      const key = must(keys[at]);
      if (random.chance(0.3)) await this.#read(key);
      else if (!(await this.#write(key))) {
        this.#left.push(key);
        keys[at] = newKey(`${key.name}-${this.#written}`);
      }
    }
  }

  /** False: nobody knows whether it was done. */
  async #write(key: Key): Promise<boolean> {
    const { clients, random } = this.#parts;
    this.#written += 1;
    const isDelete = random.chance(0.15);
    const item = isDelete ? undefined : this.#newItem(key.name);
    const state: State = { item, since: this.#clocks.look() };
    const input = isDelete ? { TableName: TABLE, Key: { pk: { S: key.name } } } : { TableName: TABLE, Item: item };
    const outcome = await clients.execute({ action: isDelete ? 'DeleteItem' : 'PutItem', input });
    this.answered += 1;
    if (outcome.kind === 'refused') return true;
    if (outcome.kind === 'done') this.succeeded += 1;
    key.possible = outcome.kind === 'done' ? [state] : [...key.possible, state];
    return outcome.kind === 'done';
  }

  #newItem(name: string): Json {
    const { random } = this.#parts;
    const times = ATTRIBUTES.filter(() => random.chance(0.85)).map((attribute) => [attribute, this.#someTime()]);
    return { pk: { S: name }, v: { N: String(this.#written) }, ...Object.fromEntries(times) };
  }

  /** Past, near, far, and what never counts. */
  #someTime(): Json {
    const { cluster, random } = this.#parts;
    const now = Math.floor(cluster.wallMs / 1000);
    const kinds: readonly Json[] = [
      { N: String(now - DAY_SECONDS) },
      ...Array.from({ length: 4 }, () => ({ N: String(now + random.below(SOON_SECONDS)) })),
      { N: String(now + DAY_SECONDS) },
      { N: String(now + DAY_SECONDS) },
      { N: String(now - 6 * 365 * DAY_SECONDS) },
      { N: `${now - DAY_SECONDS}.5` },
      { S: String(now - DAY_SECONDS) },
    ];
    return random.pick(kinds);
  }

  /** A strong read tells which of the possible states it is. */
  async #read(key: Key): Promise<boolean> {
    const input = { TableName: TABLE, Key: { pk: { S: key.name } }, ConsistentRead: true };
    const outcome = await this.#parts.clients.execute({ action: 'GetItem', input });
    this.answered += 1;
    if (outcome.kind !== 'done') return false;
    this.succeeded += 1;
    const found = outcome.answer['Item'] as Json | undefined;
    this.#clocks.look();
    const same = key.possible.find(({ item }) => versionOf(item) === versionOf(found));
    if (same === undefined && (found !== undefined || !key.possible.some((state) => this.#mayBeGone(state))))
      this.#problem ??= `${key.name} holds ${JSON.stringify(found)}, and may hold ${JSON.stringify(key.possible)}`;
    // Once it is gone only a write brings it back.
    key.possible = [same ?? { item: undefined, since: this.#clocks.look() }];
    return true;
  }

  // --- what may and must be ----------------------------------------------------------------------------------------

  /** Some attribute counted while a clock showed the item as due by it. */
  #mayBeGone({ item, since }: State): boolean {
    return ATTRIBUTES.some((attribute) => {
      const dueMs = dueMsOf(item, attribute);
      return dueMs !== undefined && dueMs < this.#clocks.fastest(attribute, since) + CLOCK_SLACK_MS;
    });
  }

  /** The key is read, and what it holds is not to go any more. */
  async #isSettled(key: Key): Promise<boolean> {
    if (!(await this.#read(key))) return false;
    const item = key.possible[0]?.item;
    const dueMs = this.#attribute === undefined ? undefined : dueMsOf(item, this.#attribute);
    return dueMs === undefined || dueMs >= this.#parts.cluster.wallMs;
  }

  // --- clocks and attributes ---------------------------------------------------------------------------------------

  async #watchClocks(): Promise<void> {
    while (!this.#stopped) {
      this.#clocks.look();
      await this.#parts.cluster.sleep(100);
    }
  }

  async #changeAttributes(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    do {
      const before = this.#attribute;
      const next = random.pick([...ATTRIBUTES, ...ATTRIBUTES, undefined]);
      this.#version += 1;
      // While partitions are told, either may count.
      this.#clocks.counts([before, next]);
      for (const group of this.#groups) await this.#tell(group, settingsOf(this.#version, next));
      this.#attribute = next;
      this.#clocks.counts([next]);
      for (let leftMs = random.float() * ATTRIBUTE_MS * leisure; leftMs > 0 && !this.#stopped; leftMs -= 200) await cluster.sleep(200);
    } while (!this.#stopped);
  }

  async #tell(group: number, settings: PartitionSettings): Promise<void> {
    const { cluster } = this.#parts;
    const request = { kind: 'change-settings' as const, group, settings: serializePartitionSettings(settings) };
    for (;;) {
      for (const node of cluster.nodes) {
        if (![...cluster.groupsOf(node)].some(({ id, paxos }) => id === group && paxos.serves)) continue;
        const answer = await Promise.race([cluster.call(node, request).catch(() => undefined), cluster.sleep(PATIENCE_MS)]);
        if (typeof answer !== 'object') continue;
        assert(answer.kind === 'settings-applied', 'settings are answered by something else');
        if (answer.version >= settings.version) return;
      }
      await cluster.sleep(100);
    }
  }
}

function newKey(name: string): Key {
  return { name, possible: [{ item: undefined, since: 0 }] };
}

function settingsOf(version: number, ttlAttribute: Attribute | undefined): PartitionSettings {
  const keys = { partition: { name: 'pk', type: 'S' as const } };
  return { version, keys, localIndexes: [], globalIndexes: [], ...(ttlAttribute === undefined ? {} : { ttlAttribute }) };
}

function versionOf(item: Json | undefined): string | undefined {
  return item === undefined ? undefined : (item['v'] as { readonly N: string }).N;
}

/** When an item is due by an attribute, milliseconds since 1970; undefined: never. Written here anew, from the documentation. */
function dueMsOf(item: Json | undefined, attribute: Attribute): number | undefined {
  const time = item?.[attribute] as { readonly N?: string } | undefined;
  if (time?.N === undefined) return undefined;
  const seconds = Number(time.N);
  // Of this workload's times, only one is over five years old.
  return seconds < 1_795_000_000 - 5 * 366 * DAY_SECONDS ? undefined : seconds * 1000;
}
