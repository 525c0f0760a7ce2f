import nodeAssert from 'node:assert/strict';
import { must } from '../../services/shared/base/assert.ts';
import type { GroupId } from '../../services/shared/base/ids.ts';
import type { Prng } from '../../services/shared/base/prng.ts';
import type { Clock } from '../../services/shared/env/clock.ts';
import type { KeyValueStore } from '../../services/shared/env/key-value-store.ts';
import type { Logger } from '../../services/shared/env/logger.ts';
import type { MarkFile } from '../../services/shared/env/mark-file.ts';
import { compareBallots, ZERO_BALLOT } from '../../services/shared/paxos/ballot.ts';
import { nodeDigest } from '../../services/shared/platform/digest.ts';
import type { GroupHeader, WalChange } from '../../services/shared/wal/wal-types.ts';
import { WriteAheadLog } from '../../services/shared/wal/write-ahead-log.ts';

/** One group as it should be. Never changed: each step makes a new one. */
export interface ModelGroup {
  readonly header: GroupHeader;
  /** Of slots header.trimmed + 1 to header.last. */
  readonly records: readonly string[];
}

export type ModelState = ReadonlyMap<GroupId, ModelGroup>;

type Cut = Pick<WalChange, 'cutAbove' | 'restartAfter'>;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
const stoppedClock: Clock = { monotonicMs: () => 0, wallMs: () => 0 };

/** A log in which nothing may fail. */
export function openWal(
  store: KeyValueStore,
  mark: MarkFile,
  storeDamage?: string,
  onFailure = (error: unknown): void => {
    throw new Error('the log failed', { cause: error });
  },
  clock = stoppedClock,
  batchRecordBytes?: number,
): Promise<WriteAheadLog> {
  return WriteAheadLog.open({
    store,
    mark,
    digest: nodeDigest,
    logger: silent,
    clock,
    onFailure,
    ...(storeDamage !== undefined && { storeDamage }),
    ...(batchRecordBytes !== undefined && { batchRecordBytes }),
  });
}

/**
 * Random steps on a log, and what it should hold after each of them: after a crash it must hold what it held after some step
 * that is not before the last answered one.
 */
export class WalWorkload {
  readonly #random: Prng;
  /** history[n]: after n steps. */
  history: ModelState[];
  /** So many steps are answered. */
  answered = 0;
  /** The last step that gets an answer; trims get none. */
  lastAnswerable = 0;
  #log: WriteAheadLog;
  #recordCount = 0;

  constructor(random: Prng, log: WriteAheadLog, state: ModelState = new Map()) {
    this.#random = random;
    this.#log = log;
    this.history = [state];
  }

  get state(): ModelState {
    return must(this.history.at(-1));
  }

  /** One step: an append, a cut, a new ballot, a trim, a new or a removed group. */
  step(): void {
    const random = this.#random;
    const groups = [...this.state.keys()];
    if (groups.length === 0 || (groups.length < 5 && random.chance(0.1))) return this.create(this.#newGroup());
    const group = random.pick(groups);
    const kind = random.below(100);
    if (kind < 55) return this.append(group);
    if (kind < 70) return this.cut(group);
    if (kind < 78) return this.vote(group);
    if (kind < 90) return this.trim(group);
    if (kind < 94) return this.restart(group);
    if (kind < 97) return this.create(group);
    return this.remove(group);
  }

  append(group: GroupId): void {
    const { header, records } = this.#group(group);
    const fresh = this.#records();
    const last = header.last + fresh.length;
    this.#change(group, { ...header, last, commit: this.#between(header.commit, last) }, [...records, ...fresh], fresh);
  }

  cut(group: GroupId): void {
    const { header, records } = this.#group(group);
    const above = this.#between(Math.max(header.trimmed, header.commit), header.last);
    const fresh = this.#random.chance(0.7) ? this.#records() : [];
    const kept = records.slice(0, above - header.trimmed);
    const ballots = this.#random.chance(0.5) ? this.#higherBallots(header) : header;
    this.#change(group, { ...header, ...ballots, last: above + fresh.length }, [...kept, ...fresh], fresh, { cutAbove: above });
  }

  vote(group: GroupId): void {
    const { header, records } = this.#group(group);
    this.#change(group, { ...header, ...this.#higherBallots(header) }, records, []);
  }

  trim(group: GroupId): void {
    const { header, records } = this.#group(group);
    const trimmed = this.#between(header.trimmed, header.last);
    this.#log.trim(group, trimmed);
    this.#push(group, { header: { ...header, trimmed }, records: records.slice(trimmed - header.trimmed) });
  }

  /** A snapshot takes the place of the log, which may end before or behind it. */
  restart(group: GroupId): void {
    const { header } = this.#group(group);
    const trimmed = this.#between(header.trimmed, header.last + 10);
    const fresh = this.#random.chance(0.3) ? this.#records() : [];
    const next = { ...header, trimmed, commit: trimmed, last: trimmed + fresh.length };
    this.#change(group, next, fresh, fresh, { restartAfter: trimmed });
  }

  create(group: GroupId): void {
    const slot = this.#random.below(50);
    const header = {
      ...this.#higherBallots({ promised: ZERO_BALLOT, accepted: ZERO_BALLOT }),
      last: slot,
      commit: slot,
      trimmed: slot,
      abstains: false,
    };
    this.#log.createGroup(group, group, header, this.#done());
    this.#push(group, { header, records: [] });
  }

  remove(group: GroupId): void {
    const step = this.history.length;
    const { history } = this;
    this.lastAnswerable = step;
    // A promise is heard a little later than the answers of its batch.
    void this.#log.removeGroup(group).then(() => {
      if (this.history === history) this.answered = Math.max(this.answered, step);
    });
    const next = new Map(this.state);
    next.delete(group);
    this.history.push(next);
  }

  /** Goes on with another log, after a restart that brought back this state. */
  continueWith(log: WriteAheadLog, state: ModelState): void {
    this.#log = log;
    this.history = [state];
    this.answered = 0;
    this.lastAnswerable = 0;
  }

  #change(group: GroupId, header: GroupHeader, records: readonly string[], fresh: readonly string[], cut: Cut = {}): void {
    const change: WalChange = {
      group,
      header,
      records: fresh.map((record) => Buffer.from(record, 'latin1')),
      ...(fresh.length > 0 && { first: header.last - fresh.length + 1 }),
      ...cut,
    };
    this.#log.append(change, this.#done());
    this.#push(group, { header, records });
  }

  #push(group: GroupId, next: ModelGroup): void {
    this.history.push(new Map(this.state).set(group, next));
  }

  /** Called before the step is pushed. Answers must come in the order of the steps. */
  #done(): () => void {
    const step = this.history.length;
    this.lastAnswerable = step;
    return () => {
      nodeAssert.ok(step > this.answered, 'answers came out of order');
      this.answered = step;
    };
  }

  #group(group: GroupId): ModelGroup {
    return must(this.state.get(group));
  }

  #newGroup(): GroupId {
    for (let group = 1; ; group++) if (!this.state.has(group)) return group;
  }

  /** Mostly small ones, sometimes empty, sometimes so large that chunks are split. */
  #records(): string[] {
    const random = this.#random;
    const large = random.chance(0.03);
    const records: string[] = [];
    for (let count = 1 + random.below(4); count > 0; count--) {
      this.#recordCount += 1;
      const length = large ? 60_000 + random.below(150_000) : random.below(30);
      records.push(`${this.#recordCount}:`.padEnd(length, String(this.#recordCount % 10)));
    }
    return records;
  }

  #between(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }

  #higherBallots(before: Pick<GroupHeader, 'promised' | 'accepted'>): Pick<GroupHeader, 'promised' | 'accepted'> {
    const promised = { ...before.promised, round: before.promised.round + 1 + this.#random.below(2), replica: this.#random.below(9) };
    return { promised, accepted: this.#random.chance(0.5) ? promised : before.accepted };
  }
}

/** Everything in a log, as the model says it. Reads in pieces of a random size. */
export async function contentsOf(log: WriteAheadLog, random: Prng): Promise<Map<GroupId, ModelGroup>> {
  const contents = new Map<GroupId, ModelGroup>();
  for (const [group, { header, damage }] of log.recovered()) {
    nodeAssert.equal(damage, undefined, `group ${group}`);
    contents.set(group, { header, records: await recordsOf(log, group, header, random) });
  }
  return contents;
}

export async function recordsOf(log: WriteAheadLog, group: GroupId, header: GroupHeader, random: Prng): Promise<string[]> {
  const records: string[] = [];
  for (let slot = header.trimmed + 1; slot <= header.last; slot = header.trimmed + records.length + 1) {
    const read = await log.read(group, slot, header.last, random.below(400_000));
    nodeAssert.ok(read.length > 0, `slot ${slot} of group ${group}`);
    for (const record of read) records.push(Buffer.from(record).toString('latin1'));
  }
  return records;
}

/** The state of the history that a restart brought back; throws when it is none that a crash may bring back. */
export function matchingState(history: readonly ModelState[], answered: number, found: ModelState): ModelState {
  const wanted = describe(found);
  for (let step = history.length - 1; step >= answered; step--) {
    const state = must(history[step]);
    if (describe(state) === wanted) return state;
  }
  throw new nodeAssert.AssertionError({
    message: 'the log is none of the states that may have survived',
    actual: wanted,
    expected: describe(must(history.at(-1))),
  });
}

function describe(state: ModelState): string {
  return JSON.stringify([...state].sort(([a], [b]) => a - b));
}

/** Whether nothing durable is missing: equal but for the commit, which may be older, and for the trim floor, which may be lower. */
export function holdsAllOf(found: ModelGroup, model: ModelGroup): boolean {
  const trimmedLess = model.header.trimmed - found.header.trimmed;
  return (
    found.header.last === model.header.last &&
    compareBallots(found.header.promised, model.header.promised) === 0 &&
    compareBallots(found.header.accepted, model.header.accepted) === 0 &&
    trimmedLess >= 0 &&
    JSON.stringify(found.records.slice(trimmedLess)) === JSON.stringify(model.records)
  );
}
