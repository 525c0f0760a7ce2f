import { must } from '../../services/shared/base/assert.ts';
import type { ReplicaId } from '../../services/shared/base/ids.ts';
import { formatBallot, ZERO_BALLOT } from '../../services/shared/paxos/ballot.ts';
import type { Candidacy } from '../../services/shared/paxos/candidacy.ts';
import { apply, checkpoint, type Conduct, install, logOf, type Machine, type Moment } from './machine.ts';
import { describeMessage, type Message } from './messages.ts';
import type { Spec } from './specs.ts';
import { nameOf, successor, swapText, textOf } from './swaps.ts';

/** One thing that can happen to one machine. */
export type Event =
  | { readonly kind: 'deliver'; readonly from: ReplicaId; readonly message: Message }
  | { readonly kind: 'stand'; readonly round: number }
  | { readonly kind: 'retry' | 'prompt' | 'propose' | 'heartbeat' | 'checkpoint' | 'crash' | 'damage' | 'finish-write' | 'apply' }
  | { readonly kind: 'hand-over'; readonly to: ReplicaId }
  | { readonly kind: 'teach'; readonly newcomer: ReplicaId }
  | { readonly kind: 'swap'; readonly out: ReplicaId; readonly into: ReplicaId };

export function describeEvent(event: Event): string {
  if (event.kind === 'deliver') return `takes from ${event.from}: ${describeMessage(event.message)}`;
  if (event.kind === 'stand') return `stands for election above round ${event.round}`;
  if (event.kind === 'swap') return `swaps ${event.out} for ${event.into}`;
  if (event.kind === 'teach') return `teaches ${event.newcomer}`;
  return event.kind === 'hand-over' ? `hands over to ${event.to}` : event.kind;
}

/** What can happen to a machine without a message. */
export function ownEvents(spec: Spec, machine: Machine): Event[] {
  const { replica } = machine;
  const events: Event[] = [];
  const { leading } = replica;
  if (machine.candidacies < spec.ballots && !replica.abstains && replica.isMember) {
    for (let round = replica.promised.round; round < spec.ballots; round++) events.push({ kind: 'stand', round });
  }
  const { private_elections: elections } = replica as unknown as { private_elections: { private_candidacy: Candidacy | undefined } };
  if (elections.private_candidacy?.fetchingFrom !== undefined) events.push({ kind: 'prompt' });
  if (leading !== undefined) {
    if (spec.retries) events.push({ kind: 'retry' });
    if (spec.heartbeats) events.push({ kind: 'heartbeat' });
    if (spec.handOvers) for (const to of spec.members) if (to !== replica.self) events.push({ kind: 'hand-over', to });
    if (replica.serves && !replica.full && !replica.closing && replica.nextSlot <= spec.slots) {
      events.push({ kind: 'propose' }, ...swaps(spec, machine));
    }
  }
  if (spec.appliesLate && replica.applied < replica.commit) events.push({ kind: 'apply' });
  const idle = machine.underWay.length === 0;
  if (!idle) events.push({ kind: 'finish-write' });
  const settled = idle && machine.disk.header.last >= replica.applied;
  if (machine.checkpoints < spec.checkpoints && settled && replica.applied > replica.trimmed) events.push({ kind: 'checkpoint' });
  if (machine.lives <= spec.crashesEach) events.push({ kind: 'crash' });
  if (machine.damages < spec.damages) events.push({ kind: 'damage' });
  return events;
}

/** Newcomers may be taught and may become members in any order, taught or not. */
function swaps(spec: Spec, machine: Machine): Event[] {
  const { members, number } = machine.replica.configuration;
  if (number > spec.swaps) return [];
  const events: Event[] = [];
  for (const into of spec.newcomers) {
    if (members.includes(into)) continue;
    if (!machine.replica.learners().has(into)) events.push({ kind: 'teach', newcomer: into });
    for (const out of members) if (out !== machine.replica.self) events.push({ kind: 'swap', out, into });
  }
  return events;
}

/** Makes it happen. The machine has not settled afterwards. */
export function happen(conduct: Conduct, machine: Machine, event: Event, moment: Moment): void {
  const { replica } = machine;
  const { options } = moment.surroundings;
  const { configuration } = replica;
  switch (event.kind) {
    case 'deliver':
      return take(conduct, machine, event.from, conduct.hear(event.message, moment), moment);
    case 'stand':
      return stand(machine, event.round, moment);
    case 'retry':
      return replica.tick(moment.nowMs + options.retryMs);
    case 'prompt':
      return replica.tick(moment.nowMs + options.candidacyMs / 2);
    case 'propose':
      replica.propose(nextRecord(machine, ''));
      return;
    case 'teach':
      return replica.addLearner(event.newcomer, moment.nowMs);
    case 'swap': {
      const record = nextRecord(machine, swapText(event.out, event.into));
      const next = must(successor(configuration, textOf(record), replica.nextSlot));
      replica.proposeSwap(record, next);
      return;
    }
    case 'heartbeat': {
      // Who hears a leader that reaches a quorum waits with its own election: for liveness alone.
      const news = { ...must(replica.heartbeat(moment.nowMs)), reachesQuorum: true };
      for (const to of configuration.members) {
        if (to !== replica.self) conduct.send(moment, to, { kind: 'heartbeat', news, sentAtMs: moment.nowMs });
      }
      return;
    }
    case 'hand-over':
      replica.handOver(event.to, moment.nowMs);
      return;
    case 'checkpoint':
      return checkpoint(machine);
    case 'crash':
      return conduct.crash(machine, moment);
    case 'damage':
      return damage(conduct, machine, moment);
    case 'apply':
      apply(machine, moment);
      return;
    case 'finish-write':
      return conduct.finishWrite(machine, moment);
  }
}

function take(conduct: Conduct, machine: Machine, from: ReplicaId, message: Message, moment: Moment): void {
  const { replica } = machine;
  switch (message.kind) {
    case 'heartbeat': {
      const granted = replica.onHeartbeat(message.news, moment.nowMs);
      const { ballot } = message.news;
      // Without leases an answer has no effect that `retry` does not have.
      if (moment.surroundings.options.leases) {
        conduct.send(moment, from, { kind: 'heartbeat-answer', ballot, sentAtMs: message.sentAtMs, granted });
      }
      return;
    }
    case 'heartbeat-answer':
      return replica.onHeartbeatAnswer(from, message.ballot, message.sentAtMs, message.granted, moment.nowMs);
    case 'snapshot':
      if (message.tree.length > machine.tree.length) install(machine, message, moment);
      return;
    default:
      return replica.step(from, message, moment.nowMs);
  }
}

/**
 * The replica stands for election above a round that it may have heard of in some refusal. Here it needs no reason: whatever
 * makes it wait is for liveness alone, but for the grants that it gave, which it must ask itself.
 */
function stand(machine: Machine, round: number, moment: Moment): void {
  const { replica } = machine;
  const ballot = replica.promised;
  // It knows of a later configuration than its own: it cannot stand before it is taught.
  if (ballot.configuration > replica.configuration.number) return;
  const someone = must(replica.configuration.members.find((member) => member !== replica.self));
  replica.step(someone, { kind: 'refusal', promised: { ...ballot, round }, refused: ZERO_BALLOT }, moment.nowMs);
  replica.step(someone, { kind: 'nominate', ballot, leaseGivenUp: false }, moment.nowMs);
}

/**
 * Names a record by its ballot and slot, and by the record before it, on which a real one would have been evaluated. A leader
 * proposes one record for a slot, so equal names are equal records.
 */
function nextRecord(machine: Machine, swap: string): Uint8Array {
  const { replica } = machine;
  const previous = logOf(machine).at(-1);
  const name = `${swap}${formatBallot(must(replica.leading))}:${replica.nextSlot}`;
  return Buffer.from(`${name}<${previous === undefined ? '' : nameOf(previous)}`);
}

/** The log is found to be damaged at a restart: it is given up (groups/group-loader.ts), and what was promised may be forgotten. */
function damage(conduct: Conduct, machine: Machine, moment: Moment): void {
  const { disk } = machine;
  const applied = disk.tree.length;
  machine.damages += 1;
  disk.header = { promised: ZERO_BALLOT, accepted: ZERO_BALLOT, last: applied, commit: applied, trimmed: applied, abstains: true };
  disk.wal = [];
  conduct.crash(machine, moment);
}
