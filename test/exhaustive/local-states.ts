import { assert } from '../../services/shared/base/assert.ts';
import type { ReplicaId, Slot } from '../../services/shared/base/ids.ts';
import { type Ballot, compareBallots, equalBallots, formatBallot, ZERO_BALLOT } from '../../services/shared/paxos/ballot.ts';
import { describeEvent, type Event, happen, ownEvents } from './events.ts';
import { checkMessages, checkStep } from './local-invariants.ts';
import { type Conduct, durableLogOf, logOf, type Machine, type Moment, newMachine, type Surroundings, type Vote } from './machine.ts';
import { describeMessage, type Message, type Outgoing } from './messages.ts';
import { Numbering } from './numbering.ts';
import { cloneGraph, type Constants, type FieldRules, nameGraph, visitFields } from './object-graph.ts';
import { PRIVATE } from './open-core.ts';
import type { Spec } from './specs.ts';

/** What the invariants over several machines need to know of one. Logs and messages by their numbers. */
export interface Facts {
  readonly self: ReplicaId;
  readonly log: number;
  readonly durableLog: number;
  readonly accepted: Ballot;
  readonly durableAccepted: Ballot;
  readonly commit: Slot;
  readonly leading: Ballot | undefined;
  readonly votes: readonly Vote[];
  readonly candidacies: number;
  readonly crashes: number;
  readonly serves: boolean;
  /** What decides which messages are of no use to it any more; equal numbers, equal decisions. */
  readonly deafness: number;
}

/** Which messages a machine can never again do anything with. */
export interface Deafness {
  /** Below this ballot nothing is promised or accepted, whatever happens. */
  readonly promised: Ballot;
  /** The ballot that it leads or wants to lead with. */
  readonly current: Ballot | undefined;
  /** Records in its durable tree. */
  readonly tree: number;
}

/** One way that an event can end, for one machine. */
export interface Step {
  readonly number: number;
  readonly what: string;
  /** The number of the machine's state afterwards. */
  readonly next: number;
  /** The number of the set of messages that were sent. */
  readonly sent: number;
  /** Why it must not happen. */
  readonly violation: string | undefined;
}

export interface Sent {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly message: Message;
}

interface LocalState {
  readonly machine: Machine;
  readonly facts: Facts;
  /** By the time. */
  readonly own: (readonly Step[] | undefined)[];
  /** By time and message. */
  readonly deliveries: Map<number, readonly Step[]>;
}

/** Times are less than this. */
const TIMES_MAX = 16;

/** Fields without influence: counters that only number writes and questions, and sums that follow from the records. */
const IGNORED = ['token', 'private_tokens', 'private_questions', 'private_endBytes', 'private_evictedBytes', 'private_offset'];
const RULES: FieldRules = {
  ignored: new Set(IGNORED),
  replace: (owner, field) => (field === `${PRIVATE}records` && `${PRIVATE}offset` in owner ? liveRecords(owner) : undefined),
};

/**
 * The states that single machines were seen in, and the steps that lead from one to another. A state of the whole is a
 * combination of few of these, so that each replica's code runs once for each (state, event) and not once for each combination.
 */
export class LocalStates {
  readonly surroundings: Surroundings;
  readonly logs = new Numbering<readonly string[]>();
  readonly messages = new Numbering<Sent>();
  /** Sets of messages that are sent in one step. */
  readonly sent = new Numbering<readonly number[]>();
  readonly deafnesses = new Numbering<Deafness>();
  readonly #allSteps: Step[] = [];
  readonly #spec: Spec;
  readonly #conduct: Conduct;
  readonly #constants: Constants;
  readonly #states = new Numbering<LocalState>();

  constructor(surroundings: Surroundings, spec: Spec, conduct: Conduct) {
    this.surroundings = surroundings;
    this.#spec = spec;
    this.#conduct = conduct;
    this.#constants = new Set([surroundings.configuration, surroundings.options]);
  }

  get size(): number {
    return this.#states.size;
  }

  first(self: ReplicaId): number {
    return this.#number(newMachine(this.surroundings, self));
  }

  facts(state: number): Facts {
    return this.#states.thing(state).facts;
  }

  step(number: number): Step {
    return this.#allSteps[number] as Step;
  }

  describe(state: number): string {
    const { replica, underWay } = this.#states.thing(state).machine;
    return `${replica.self}: ${replica.describe()}${underWay.length > 0 ? ` writes=${underWay.length}` : ''}`;
  }

  /** What can happen without a message. */
  ownSteps(state: number, time: number): readonly Step[] {
    const local = this.#states.thing(state);
    const known = local.own[time];
    if (known !== undefined) return known;
    const steps = ownEvents(this.#spec, local.machine).flatMap((event) => this.#steps(local.machine, event, time));
    local.own[time] = steps;
    return steps;
  }

  /** What can follow from the delivery of a message to this machine. */
  deliver(state: number, message: number, time: number): readonly Step[] {
    const local = this.#states.thing(state);
    const key = message * TIMES_MAX + time;
    const known = local.deliveries.get(key);
    if (known !== undefined) return known;
    const { from, message: content } = this.messages.thing(message);
    const steps = this.#steps(local.machine, { kind: 'deliver', from, message: content }, time);
    local.deliveries.set(key, steps);
    return steps;
  }

  /** Does it lead under a valid lease? */
  leaseValid(state: number, time: number): boolean {
    return this.#states.thing(state).machine.replica.leaseValid(time * this.#spec.timeStepMs);
  }

  /** The last time at which it surely led, by what it heard from the others; -1: none. */
  confirmedAt(state: number, time: number): number {
    const confirmedAtMs = this.#states.thing(state).machine.replica.confirmedAtMs(time * this.#spec.timeStepMs);
    return Number.isFinite(confirmedAtMs) ? confirmedAtMs / this.#spec.timeStepMs : -1;
  }

  /** All ways an event can go: undisturbed; with a crash before each of its writes; with its writes put off. */
  #steps(before: Machine, event: Event, time: number): Step[] {
    const { crashesEach, delays } = this.#spec;
    const steps: Step[] = [];
    let writes = 0;
    const step = (ending: string, end: (machine: Machine, moment: Moment) => void): void => {
      steps.push(this.#step(before, event, time, ending, end));
    };
    step('', (machine, moment) =>
      this.#conduct.settle(machine, moment, () => {
        writes += 1;
        return true;
      }),
    );
    if (event.kind !== 'crash' && event.kind !== 'damage' && before.lives <= crashesEach) {
      for (let crashAt = 1; crashAt <= writes; crashAt++) {
        let left = crashAt;
        step(`, and crashes before write ${crashAt}`, (machine, moment) => {
          this.#conduct.settle(machine, moment, () => --left > 0);
          this.#conduct.crash(machine, moment);
        });
      }
    }
    if (writes > 0 && before.delays < delays) {
      step(', and goes on before the write is made', (machine, moment) => {
        this.#conduct.turn(machine, moment);
        machine.delays += 1;
      });
    }
    return steps;
  }

  #step(before: Machine, event: Event, time: number, ending: string, end: (machine: Machine, moment: Moment) => void): Step {
    const machine = cloneGraph(before, this.#constants);
    const { self } = before.replica;
    const moment: Moment = { surroundings: this.surroundings, nowMs: time * this.#spec.timeStepMs, messages: [] };
    const what = `${self} ${describeEvent(event)}${ending}`;
    try {
      happen(this.#conduct, machine, event, moment);
      end(machine, moment);
      noteCandidacy(machine);
      checkStep(before, machine, event);
      if (this.#conduct.checksMessages) checkMessages(machine, moment.messages);
      forgetTimes(machine, this.#constants, moment);
      forgetReasons(machine, moment);
      return this.#remember(what, this.#number(machine), this.#numberOfSent(self, moment.messages), undefined);
    } catch (error) {
      return this.#remember(what, 0, 0, String(error));
    }
  }

  #remember(what: string, next: number, sent: number, violation: string | undefined): Step {
    const step = { number: this.#allSteps.length, what, next, sent, violation };
    this.#allSteps.push(step);
    return step;
  }

  #number(machine: Machine): number {
    const key = nameGraph(machine, this.#constants, RULES);
    return this.#states.numberOf(key, () => ({ machine, facts: this.#factsOf(machine), own: [], deliveries: new Map() }));
  }

  #factsOf(machine: Machine): Facts {
    const { replica, disk } = machine;
    return {
      self: replica.self,
      log: this.#numberOfLog(logOf(machine)),
      durableLog: this.#numberOfLog(durableLogOf(machine)),
      accepted: replica.accepted,
      durableAccepted: disk.header.accepted,
      commit: replica.commit,
      leading: replica.leading,
      votes: machine.votes,
      candidacies: machine.candidacies,
      crashes: machine.lives - 1,
      serves: replica.serves,
      deafness: this.#numberOfDeafness(machine),
    };
  }

  #numberOfDeafness({ replica, disk }: Machine): number {
    const { promised } = disk.header;
    const current = replica.role === 'follower' ? undefined : replica.promised;
    const tree = disk.tree.length;
    const key = `${formatBallot(promised)} ${current === undefined ? '' : formatBallot(current)} ${tree}`;
    return this.deafnesses.numberOf(key, () => ({ promised, current, tree }));
  }

  /** The message can have no effect on a machine that is so deaf, now or later: every effect would show at once. */
  useless(deafness: number, message: number): boolean {
    // A damaged log forgets what was promised.
    if (this.#spec.damages > 0) return false;
    const { promised, current, tree } = this.deafnesses.thing(deafness);
    const { message: content } = this.messages.thing(message);
    // Asked by a replica that wants to know how a configuration ended; whoever applies its Swap later can answer.
    if (content.kind === 'learned' && content.ballot.replica === 0) return false;
    switch (content.kind) {
      case 'promise':
      case 'accepted':
      case 'learned':
      case 'tail':
        return current === undefined || !equalBallots(current, content.ballot);
      case 'snapshot':
        return content.tree.length <= tree;
      case 'heartbeat':
        return compareBallots(content.news.ballot, promised) < 0;
      case 'prepare':
      case 'sync':
      case 'accept':
      case 'learn':
      case 'fetch-tail':
      case 'nominate':
        return compareBallots(content.ballot, promised) < 0;
      default:
        return false;
    }
  }

  #numberOfLog(records: readonly Uint8Array[]): number {
    const log = records.map((record) => Buffer.from(record).toString('latin1'));
    return this.logs.numberOf(log.join(' '), () => log);
  }

  #numberOfSent(from: ReplicaId, messages: readonly Outgoing[]): number {
    const numbers = new Set<number>();
    for (const { to, message } of messages) {
      numbers.add(this.messages.numberOf(`${from}>${to} ${describeMessage(message)}`, () => ({ from, to, message })));
    }
    const sorted = [...numbers].sort((a, b) => a - b);
    return this.sent.numberOf(sorted.join(' '), () => sorted);
  }
}

function liveRecords(owner: object): unknown {
  const window = owner as { private_records: Uint8Array[]; private_offset: number };
  return window.private_records.slice(window.private_offset);
}

/** Counts the ballots that a replica stands with. */
function noteCandidacy(machine: Machine): void {
  const { promised, self } = machine.replica;
  if (promised.replica !== self || compareBallots(promised, machine.own) <= 0) return;
  machine.own = promised;
  machine.candidacies += 1;
}

/** The times that leases are made of. All others say when timers run out, and here every timer may run out at any time. */
const LEASE_TIMES = /(heartbeatSentAt|droppedAt|until)ms$/i;

/** Times without influence become the same time, and so do those that are over. */
function forgetTimes(machine: Machine, constants: Constants, { surroundings, nowMs }: Moment): void {
  const { leases } = surroundings.options;
  visitFields(machine, constants, (owner, field) => {
    if (!/(at|until|since)ms$/i.test(field)) return;
    const value = owner[field];
    assert(typeof value === 'number', () => `${field} is no time`);
    if (!leases || !LEASE_TIMES.test(field)) owner[field] = 0;
    else if (/until/i.test(field) && value <= nowMs) owner[field] = Number.NEGATIVE_INFINITY;
  });
}

/** Rounds that were heard of have no influence, since a replica may stand above any round; nor have grants that are over. */
function forgetReasons(machine: Machine, { surroundings }: Moment): void {
  const replica = machine.replica as unknown as {
    private_elections: { private_greatestRound: number };
    private_grants: { private_ballot: Ballot; private_untilMs: number; private_released: Ballot };
  };
  const { private_elections: elections, private_grants: grants } = replica;
  elections.private_greatestRound = 0;
  if (!surroundings.options.leases) grants.private_released = ZERO_BALLOT;
  if (grants.private_untilMs === Number.NEGATIVE_INFINITY) grants.private_ballot = ZERO_BALLOT;
}
