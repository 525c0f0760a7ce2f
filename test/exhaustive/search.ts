import { assert } from '../../services/shared/base/assert.ts';
import type { ReplicaId } from '../../services/shared/base/ids.ts';
import { firstConfiguration } from '../../services/shared/paxos/options.ts';
import { GlobalInvariants } from './global-invariants.ts';
import { type Facts, LocalStates, type Step } from './local-states.ts';
import type { Conduct } from './machine.ts';
import type { OpenCore } from './open-core.ts';
import { Outboxes } from './outboxes.ts';
import type { Spec } from './specs.ts';
import { StateList } from './state-list.ts';
import { StateSet } from './state-set.ts';

export interface Result {
  readonly name: string;
  readonly states: number;
  /** Steps from the beginning to the last states that were found. */
  readonly depth: number;
  /** Nothing is left: these are all states. */
  readonly closed: boolean;
  readonly violations: number;
  /** The steps that lead to the first violation, and what it is. */
  readonly story: readonly string[];
}

export interface Limits {
  readonly states: number;
  /** Called every 65,536 states or so. */
  readonly progress?: (progress: string) => void;
}

interface Violation {
  /** The state from which the step is taken. */
  readonly from: number;
  readonly what: string;
  readonly reason: string;
}

const TIME_PASSES = -2;
const BEGINNING = -1;

/**
 * Breadth-first search. A message stays on the network until it is delivered, so it may be late, lost, or come before an earlier
 * one; so many as the spec says stay after their delivery, too, and come again.
 *
 * A state is packed into numbers: for each machine its own state, for each its outbox, what is chosen, the doubled messages, the
 * time, and what was known to be chosen when each earlier time ended.
 */
export class Search {
  readonly #spec: Spec;
  /** Members and newcomers: one machine each, in this order. */
  readonly #replicas: readonly ReplicaId[];
  readonly #states: LocalStates;
  readonly #invariants: GlobalInvariants;
  readonly #outboxes: Outboxes;
  readonly #count: number;
  readonly #chosenAt: number;
  readonly #duplicatesAt: number;
  /** A beginning is one way: nothing comes twice on it. */
  #begins = false;
  readonly #timeAt: number;
  readonly #seen = new StateSet();
  /** For each state in the order in which they were found: the state before it, and the step between. */
  readonly #origins = new StateList(2);
  #frontier: StateList;
  #next: StateList;
  #firstOfFrontier = 0;
  #violation: Violation | undefined;
  readonly #scratch: Int32Array;
  readonly #facts: Facts[] = [];

  constructor(core: OpenCore, spec: Spec, conduct: Conduct) {
    this.#spec = spec;
    const configuration = firstConfiguration(spec.members);
    this.#replicas = [...spec.members, ...spec.newcomers];
    this.#states = new LocalStates({ core, configuration, options: spec.options, appliesLate: spec.appliesLate }, spec, conduct);
    this.#invariants = new GlobalInvariants(this.#states);
    this.#outboxes = new Outboxes(this.#states);
    this.#count = this.#replicas.length;
    this.#chosenAt = 2 * this.#count;
    this.#duplicatesAt = this.#chosenAt + 1;
    this.#timeAt = this.#chosenAt + 2;
    const width = this.#timeAt + 1 + spec.times;
    this.#scratch = new Int32Array(width);
    this.#frontier = new StateList(width);
    this.#next = new StateList(width);
  }

  run(limits: Limits): Result {
    this.#begin();
    let depth = 0;
    let toldAt = 65_536;
    for (; this.#next.size > 0 && this.#goesOn(limits); depth++) {
      this.#advance();
      for (let at = 0; at < this.#frontier.size && this.#goesOn(limits); at++) {
        this.#expand(at);
        if (this.#seen.size < toldAt) continue;
        toldAt += 65_536;
        const machines = `${this.#states.size} states of single machines`;
        limits.progress?.(`${this.#spec.name}: ${this.#seen.size} states, depth ${depth + 1}, ${machines}`);
      }
    }
    const violations = this.#violation === undefined ? 0 : 1;
    const closed = this.#next.size === 0 && violations === 0;
    return { name: this.#spec.name, states: this.#seen.size, depth, closed, violations, story: this.#story() };
  }

  #goesOn(limits: Limits): boolean {
    return this.#violation === undefined && this.#seen.size < limits.states;
  }

  #advance(): void {
    this.#firstOfFrontier = this.#seen.size - this.#next.size;
    [this.#frontier, this.#next] = [this.#next, this.#frontier];
    this.#next.clear();
  }

  /** The first state, and those that the spec's beginning leads to. */
  #begin(): void {
    const { beginning } = this.#spec;
    this.#scratch.set(this.#replicas.map((replica) => this.#states.first(replica)));
    this.#scratch.set(
      this.#replicas.map(() => this.#outboxes.empty),
      this.#count,
    );
    this.#add(BEGINNING, BEGINNING);
    this.#begins = true;
    for (const text of beginning) {
      this.#advance();
      this.#expand(0, (what) => this.#next.size === 0 && what.startsWith(text));
      assert(this.#next.size === 1, () => `the beginning of ${this.#spec.name} cannot happen: ${text}`);
    }
    this.#begins = false;
  }

  #expand(at: number, wanted: (what: string) => boolean = () => true): void {
    const state = this.#frontier.at(at);
    const count = this.#count;
    const time = state[this.#timeAt] as number;
    for (let machine = 0; machine < count; machine++) {
      const local = state[machine] as number;
      for (const step of this.#states.ownSteps(local, time)) if (wanted(step.what)) this.#take(at, machine, step, undefined);
      const self = this.#replicas[machine] as number;
      for (let sender = 0; sender < count; sender++) {
        if (sender === machine) continue;
        for (const message of this.#outboxes.messages(state[count + sender] as number, self)) {
          for (const step of this.#states.deliver(local, message, time)) {
            if (wanted(step.what)) this.#take(at, machine, step, { sender, message });
          }
        }
      }
    }
    if (time < this.#spec.times && wanted('time passes')) this.#passTime(at);
  }

  #passTime(at: number): void {
    const state = this.#frontier.at(at);
    const next = this.#scratch;
    next.set(state);
    const time = state[this.#timeAt] as number;
    this.#readFacts();
    next[this.#timeAt + 1 + time] = Math.max(...this.#facts.map(({ commit }) => commit));
    next[this.#timeAt] = time + 1;
    this.#guard(at, 'time passes', () => {
      this.#checkReads();
      this.#add(this.#firstOfFrontier + at, TIME_PASSES);
    });
  }

  #take(at: number, machine: number, step: Step, delivery: { sender: number; message: number } | undefined): void {
    if (this.#violation !== undefined) return;
    if (step.violation !== undefined) {
      this.#violation = { from: this.#firstOfFrontier + at, what: step.what, reason: step.violation };
      return;
    }
    const state = this.#frontier.at(at);
    const count = this.#count;
    const next = this.#scratch;
    next.set(state);
    next[machine] = step.next;
    next[count + machine] = this.#outboxes.add(state[count + machine] as number, step.sent);
    this.#readFacts();
    if (!this.#allowed()) return;
    this.#prune(machine);
    if (step.next === state[machine] && next[count + machine] === state[count + machine]) return;
    this.#guard(at, step.what, () => {
      next[this.#chosenAt] = this.#invariants.after(state[this.#chosenAt] as number, this.#facts, machine);
      if (this.#spec.options.leases) this.#checkReads();
      const origin = this.#firstOfFrontier + at;
      if (delivery !== undefined && !this.#begins && (state[this.#duplicatesAt] as number) < this.#spec.duplicates) {
        next[this.#duplicatesAt] = (state[this.#duplicatesAt] as number) + 1;
        this.#add(origin, step.number);
        next[this.#duplicatesAt] = state[this.#duplicatesAt] as number;
      }
      if (delivery !== undefined) {
        next[count + delivery.sender] = this.#outboxes.remove(next[count + delivery.sender] as number, delivery.message);
      }
      this.#add(origin, step.number);
    });
  }

  #guard(at: number, what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#violation = { from: this.#firstOfFrontier + at, what, reason: String(error) };
    }
  }

  #add(origin: number, step: number): void {
    if (!this.#seen.add(this.#scratch)) return;
    this.#origins.push([origin, step]);
    this.#next.push(this.#scratch);
  }

  #readFacts(): void {
    for (let at = 0; at < this.#count; at++) this.#facts[at] = this.#states.facts(this.#scratch[at] as number);
  }

  #checkReads(): void {
    const state = this.#scratch;
    const time = state[this.#timeAt] as number;
    this.#invariants.checkReads(this.#facts, state, time, [...state.subarray(this.#timeAt + 1, this.#timeAt + 1 + time)]);
  }

  /** What nobody can do anything with any more is the same as not sent. */
  #prune(changed: number): void {
    const count = this.#count;
    const next = this.#scratch;
    const { self, deafness } = this.#facts[changed] as Facts;
    for (let at = 0; at < count; at++) {
      if (at === changed) continue;
      next[count + at] = this.#outboxes.prune(next[count + at] as number, self, deafness);
      const other = this.#facts[at] as Facts;
      next[count + changed] = this.#outboxes.prune(next[count + changed] as number, other.self, other.deafness);
    }
  }

  /** The bounds that hold for all machines together. */
  #allowed(): boolean {
    let candidacies = 0;
    let crashes = 0;
    for (const facts of this.#facts) {
      candidacies += facts.candidacies;
      crashes += facts.crashes;
    }
    return candidacies <= this.#spec.ballots && crashes <= this.#spec.crashes;
  }

  #story(): string[] {
    if (this.#violation === undefined) return [];
    const story = [this.#violation.reason, this.#violation.what];
    for (let at = this.#violation.from; at > 0; ) {
      const [parent, step] = this.#origins.at(at) as unknown as [number, number];
      story.push(step === TIME_PASSES ? 'time passes' : this.#states.step(step).what);
      at = parent;
    }
    return story.reverse();
  }
}
