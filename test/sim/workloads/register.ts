import type { Prng } from '../../../services/shared/base/prng.ts';
import { checkLinearizable, type Operation } from '../checks/linearizability.ts';
import { ABSENT, REGISTER, type RegisterCall, type RegisterCondition } from '../checks/register-model.ts';
import type { ApiCall } from '../clients.ts';
import { deleteCall, putCall, readCall, updateCall, valueIn } from '../items.ts';
import type { Workload, WorkloadParts } from './workload.ts';

const KEYS = 5;
const CLIENTS = 8;
const THINK_MS = 250;
/** What the check can bear for one key (reliability.md 5). */
const OPERATIONS_A_KEY_MAX = 2000;
const PADDING_MAX = 300;
/** Shown of a history that is wrong. */
const LAST_OPERATIONS = 25;

/** One key: its name, what was done to it, and every value that some write may have given it. */
interface Register {
  readonly name: string;
  readonly history: Operation<RegisterCall>[];
  readonly written: Set<number>;
  /** The value that some client saw last: what the next condition asks for. */
  seen: number;
}

/** A write before it is sent. */
interface Write {
  readonly call: ApiCall;
  readonly value: number;
  readonly condition: RegisterCondition;
}

/** W1: strong reads and conditional writes on a few keys; the history of each must be linearizable. */
export class RegisterWorkload implements Workload {
  readonly name = 'register';
  answered = 0;
  succeeded = 0;
  readonly #parts: WorkloadParts;
  readonly #registers: Register[];
  #lastValue = 0;
  #stopped = false;
  #problem: string | undefined;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
    this.#registers = Array.from({ length: KEYS }, (_, at) => ({
      name: `register-${at}`,
      history: [],
      written: new Set([ABSENT]),
      seen: ABSENT,
    }));
  }

  async setup(): Promise<void> {
    return undefined;
  }

  async start(): Promise<void> {
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#client()));
  }

  stop(): void {
    this.#stopped = true;
  }

  async check(): Promise<string | undefined> {
    for (const register of this.#registers) {
      await this.#read(register, true);
      const failure = checkLinearizable(register.history, REGISTER);
      if (failure === undefined) continue;
      const { operation, explained, states } = failure;
      this.#traceUpTo(register, operation);
      const shown = JSON.stringify(operation);
      return `${register.name} is not linearizable: ${shown} cannot follow ${explained} operations; it could hold ${states.join(', ')}`;
    }
    return this.#problem;
  }

  /** What happened to the key before, for whoever looks for the reason. */
  #traceUpTo({ name, history }: Register, last: Operation<RegisterCall>): void {
    const { kernel } = this.#parts.cluster;
    const before = history.filter(({ invokedAt }) => invokedAt <= (last.returnedAt ?? last.invokedAt));
    for (const operation of before.slice(-LAST_OPERATIONS)) kernel.trace.line(kernel.nowMs, name, 'history', operation);
  }

  async #client(): Promise<void> {
    const { cluster, random, leisure } = this.#parts;
    while (!this.#stopped) {
      await cluster.sleep(random.float() * 2 * THINK_MS * leisure);
      const register = random.pick(this.#registers);
      if (register.history.length >= OPERATIONS_A_KEY_MAX) continue;
      const choice = random.below(100);
      if (choice < 40) await this.#read(register, true);
      else if (choice < 50) await this.#read(register, false);
      else await this.#write(register, this.#drawWrite(register, random));
    }
  }

  async #read(register: Register, consistent: boolean): Promise<void> {
    const { clients } = this.#parts;
    const invokedAt = clients.moment();
    const outcome = await clients.execute(readCall(register.name, consistent));
    this.answered += 1;
    if (outcome.kind !== 'done') return;
    this.succeeded += 1;
    const value = valueIn(outcome.answer) ?? ABSENT;
    if (consistent) {
      register.seen = value;
      register.history.push({ invokedAt, returnedAt: clients.moment(), call: { kind: 'read', value } });
    } else if (!register.written.has(value)) {
      this.#problem ??= `${register.name}: an eventually consistent read found ${value}, which nobody wrote`;
    }
  }

  #drawWrite(register: Register, random: Prng): Write {
    const { name, seen } = register;
    const value = ++this.#lastValue;
    const padding = random.below(PADDING_MAX);
    const equalsSeen = { condition: 'v = :e', values: { ':e': seen } };
    const expected: RegisterCondition = { kind: 'equals', value: seen };
    const always: RegisterCondition = { kind: 'always' };
    const choice = random.below(100);
    if (choice < 20) return { call: putCall(name, value, padding), value, condition: always };
    if (choice < 50 && seen !== ABSENT) return { call: putCall(name, value, padding, equalsSeen), value, condition: expected };
    if (choice < 70) {
      return { call: putCall(name, value, padding, { condition: 'attribute_not_exists(pk)' }), value, condition: { kind: 'absent' } };
    }
    if (choice < 80) return { call: updateCall(name, 'SET v = :v', { ':v': value }), value, condition: always };
    // An update that may change nothing leaves no record of its own.
    if (choice < 88 && seen !== ABSENT) return { call: updateCall(name, 'SET v = :v', { ':v': seen }), value: seen, condition: always };
    if (choice < 94 && seen !== ABSENT) return { call: deleteCall(name, equalsSeen), value: ABSENT, condition: expected };
    return { call: deleteCall(name), value: ABSENT, condition: always };
  }

  async #write(register: Register, write: Write): Promise<void> {
    const { clients } = this.#parts;
    const { value, condition } = write;
    const invokedAt = clients.moment();
    register.written.add(value);
    const outcome = await clients.execute(write.call);
    this.answered += 1;
    if (outcome.kind === 'refused') return;
    const call = { kind: 'write', value, condition } as const;
    if (outcome.kind === 'unknown') {
      register.history.push({ invokedAt, returnedAt: undefined, call: { ...call, succeeded: undefined } });
      return;
    }
    this.succeeded += 1;
    const succeeded = outcome.kind === 'done';
    if (succeeded) register.seen = value;
    const told = valueIn(outcome.answer);
    // An update answers with what it left, all others with what they found.
    const isUpdate = write.call.action === 'UpdateItem';
    if (isUpdate && told !== value) this.#problem ??= `${register.name}: an update to ${value} was answered with ${told}`;
    const found = isUpdate ? {} : { found: told ?? ABSENT };
    register.history.push({ invokedAt, returnedAt: clients.moment(), call: { ...call, succeeded, ...found } });
  }
}
