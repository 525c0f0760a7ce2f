import { assert } from '../../services/shared/base/assert.ts';
import { equalBytes } from '../../services/shared/base/bytes.ts';
import { compareBallots, formatBallot } from '../../services/shared/paxos/ballot.ts';
import type { Event } from './events.ts';
import type { Machine } from './machine.ts';
import type { Message, Outgoing } from './messages.ts';

/** What must hold for every step of a single machine (architecture.md 4.2, Assert). Throws where it does not. */
export function checkStep(before: Machine, after: Machine, event: Event): void {
  const { promised, accepted, commit, applied, last } = after.replica;
  assert(compareBallots(promised, accepted) >= 0, 'accepted is above promised');
  assert(applied <= commit && commit <= last, () => `applied ${applied}, commit ${commit}, last ${last}`);
  assert(after.tree.length === applied, 'the tree is not at the applied slot');
  const { header } = after.disk;
  assert(compareBallots(promised, header.promised) >= 0 && compareBallots(accepted, header.accepted) >= 0, 'the disk is ahead');
  const common = Math.min(before.tree.length, after.tree.length);
  for (let at = 0; at < common; at++) {
    assert(equalBytes(before.tree[at] as Uint8Array, after.tree[at] as Uint8Array), () => `applied slot ${at + 1} changed`);
  }
  if (event.kind === 'damage') return;
  checkMonotone(before, after);
}

function checkMonotone(before: Machine, after: Machine): void {
  const disk = [before.disk.header, after.disk.header] as const;
  assert(compareBallots(disk[1].promised, disk[0].promised) >= 0, 'the durable promise was lowered');
  assert(compareBallots(disk[1].accepted, disk[0].accepted) >= 0, 'the durable accepted ballot was lowered');
  assert(disk[1].commit >= disk[0].commit && disk[1].last >= disk[0].commit, 'the durable log lost chosen slots');
  if (after.lives > before.lives) return;
  const [old, now] = [before.replica, after.replica];
  assert(compareBallots(now.promised, old.promised) >= 0, 'the promise was lowered');
  assert(compareBallots(now.accepted, old.accepted) >= 0, 'the accepted ballot was lowered');
  assert(now.commit >= old.commit && now.applied >= old.applied, 'commit or applied was lowered');
  const stands = now.role === 'candidate' && (old.role !== 'candidate' || compareBallots(now.promised, old.promised) > 0);
  if (stands && after.damages === 0) {
    assert(compareBallots(now.promised, before.own) > 0, () => `ballot ${formatBallot(now.promised)} is used again`);
  }
  if (now.leading !== undefined) assert(now.leading.replica === now.self, 'leads with the ballot of another');
}

/** What messages say must be durable when they leave. */
export function checkMessages(machine: Machine, messages: readonly Outgoing[]): void {
  for (const { message } of messages) checkMessage(machine, message);
}

function checkMessage(machine: Machine, message: Message): void {
  const { promised, accepted, last } = machine.disk.header;
  if (message.kind === 'promise' || message.kind === 'prepare') {
    assert(compareBallots(promised, message.ballot) >= 0, () => `${message.kind} ${formatBallot(message.ballot)} is not durable`);
  } else if (message.kind === 'accepted') {
    const order = compareBallots(accepted, message.ballot);
    assert(order > 0 || (order === 0 && last >= message.last), () => `accepted up to ${message.last} is not durable`);
  } else if (message.kind === 'learned' && message.ballot.replica !== 0) {
    assert(last >= message.last, () => `learned up to ${message.last} is not durable`);
  }
}
