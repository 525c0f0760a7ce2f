import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReplicaId } from '../../services/shared/base/ids.ts';
import type { Persist } from '../../services/shared/paxos/acceptor.ts';
import { compareBallots, ZERO_BALLOT } from '../../services/shared/paxos/ballot.ts';
import { Conduct, type Disk, type Machine, type Moment, noteVote } from './machine.ts';
import type { Message } from './messages.ts';
import { loadOpenCore } from './open-core.ts';
import { Search } from './search.ts';
import { specNamed } from './specs.ts';

/** Says what follows from a write before the write is made. */
class AnswersBeforeWriting extends Conduct {
  override readonly checksMessages = false;

  override turn(machine: Machine, moment: Moment): void {
    const before = machine.underWay.length;
    super.turn(machine, moment);
    const begun = machine.underWay[before];
    if (begun === undefined) return;
    machine.replica.persisted(begun.token, moment.nowMs);
    this.turn(machine, moment);
  }

  override finishWrite(machine: Machine): void {
    const persist = machine.underWay.shift();
    if (persist !== undefined) this.write(machine.disk, persist);
    noteVote(machine);
  }
}

/** Promises are kept in memory only. */
class ForgetsPromises extends Conduct {
  override readonly checksMessages = false;

  override write(disk: Disk, { token, change }: Persist): void {
    const { header } = change;
    const promised = compareBallots(disk.header.promised, header.accepted) > 0 ? disk.header.promised : header.accepted;
    super.write(disk, { token, change: { ...change, header: { ...header, promised } } });
  }
}

/** A crash leaves the new header, and the records written with it without the last one. */
class TearsWrites extends Conduct {
  override crash(machine: Machine, moment: Moment): void {
    const persist = machine.underWay[0];
    if (persist !== undefined && persist.change.records.length > 0) {
      const { header, records } = persist.change;
      const torn = { ...header, last: header.last - 1, commit: Math.min(header.commit, header.last - 1) };
      this.write(machine.disk, { ...persist, change: { ...persist.change, header: torn, records: records.slice(0, -1) } });
    }
    super.crash(machine, moment);
  }
}

/** Changes what is sent. */
class Speaks extends Conduct {
  readonly #alter: (message: Message, moment: Moment) => Message;

  constructor(alter: (message: Message, moment: Moment) => Message) {
    super();
    this.#alter = alter;
  }

  override send(moment: Moment, to: ReplicaId, message: Message): void {
    super.send(moment, to, this.#alter(message, moment));
  }
}

/** Takes the time at which an answer comes for the time at which the heartbeat left. */
class CountsLeasesFromAnswers extends Conduct {
  override hear(message: Message, { nowMs }: Moment): Message {
    return message.kind === 'heartbeat-answer' ? { ...message, sentAtMs: nowMs } : message;
  }
}

class ForgetsEarlierLives extends Conduct {
  override readonly knowsEarlierLives = false;
}

const MISTAKES: readonly (readonly [mistake: string, spec: string, conduct: Conduct, violation: RegExp])[] = [
  ['answers before its write is durable', 'crash', new AnswersBeforeWriting(), /./],
  ['keeps promises in memory only', 'crash', new ForgetsPromises(), /./],
  ['sets accepted before the adopted tail is complete', 'behind-one-chosen', new TearsWrites(), /./],
  [
    'cuts a follower below what is chosen',
    'behind-one-chosen',
    new Speaks((message) => (message.kind === 'sync' && message.from > 0 ? { ...message, from: message.from - 1 } : message)),
    /./,
  ],
  [
    'promises without saying what was accepted',
    'behind-one-chosen',
    new Speaks((message) => (message.kind === 'promise' ? { ...message, accepted: ZERO_BALLOT } : message)),
    /./,
  ],
  [
    'calls chosen what was only sent',
    'crash',
    new Speaks((message) => (message.kind === 'accept' ? { ...message, commit: message.first + message.records.length - 1 } : message)),
    /believes slot 1 chosen/,
  ],
  ['votes anew right after a restart', 'leases-crash', new ForgetsEarlierLives(), /lease/],
  ['counts a lease from when the answer came', 'leases', new CountsLeasesFromAnswers(), /hold the lease/],
];

const core = await loadOpenCore();

describe('the search finds a replica that', () => {
  for (const [mistake, spec, conduct, violation] of MISTAKES) {
    test(mistake, () => {
      const { violations, story } = new Search(core, specNamed(spec), conduct).run({ states: 200_000 });

      assert.equal(violations, 1);
      assert.match(story.at(-1) ?? '', violation);
    });
  }
});
