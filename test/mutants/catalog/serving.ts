import { type Mutant, seeds, tests } from '../mutant.ts';

const REPLICA = 'shared/paxos/replica.ts';
const GROUP = 'storage-node/groups/group.ts';

/** What a leader evaluates and answers. */
export const SERVING: readonly Mutant[] = [
  {
    name: 'serves-before-the-adopted-log-is-applied',
    mistake: 'A new leader serves at once.',
    patches: [
      {
        file: REPLICA,
        old: 'leadership.handingOverTo === undefined && this.#acceptor.applied >= leadership.adopted.last;',
        new: 'leadership.handingOverTo === undefined;',
      },
    ],
    detectors: [seeds('relay', 12)],
  },
  {
    name: 'strong-read-without-lease',
    mistake: 'A strong read is answered by whoever believes to lead.',
    patches: [
      {
        file: GROUP,
        old: 'if (consistent) this.confirm(deadlineMs, respond, result);',
        new: 'if (consistent) respond(result);',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'pending-image-ignored',
    mistake: 'A write is evaluated on the applied value though an earlier write of the key is under way.',
    patches: [
      {
        file: GROUP,
        old: 'const pending = this.#overlay.image(operation.key);',
        new: 'const pending = this.#overlay.image(new Uint8Array(0));',
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'overlay-kept-over-a-step-down',
    mistake: 'What was pending when leadership ended is still believed at the next one.',
    patches: [
      {
        file: GROUP,
        old: `{ group: this.id });
    this.#overlay.clear();`,
        new: '{ group: this.id });',
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'answers-kept-over-a-step-down',
    mistake: 'Writes of an ended leadership are answered when their slots are applied, whatever these hold then.',
    patches: [
      {
        file: GROUP,
        old: `{ group: this.id });
    this.#overlay.clear();
    this.#answers.drop();`,
        new: `{ group: this.id });
    this.#overlay.clear();`,
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'answer-before-chosen',
    mistake: 'A write is answered as soon as it is proposed.',
    patches: [
      {
        file: GROUP,
        old: 'this.#answers.add(slot, respond, outcome.answer, false);',
        new: 'respond(outcome.answer);',
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'failed-condition-told-before-its-slot',
    mistake: 'A condition that failed on a pending image is told before that image is chosen.',
    patches: [
      {
        file: GROUP,
        old: 'else this.#answers.add(slot - 1, respond, outcome.answer, true);',
        new: 'else this.confirm(deadlineMs, respond, outcome.answer);',
      },
    ],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'failed-condition-without-lease',
    mistake: 'A condition that failed is told without a proof of leadership.',
    patches: [
      {
        file: GROUP,
        old: 'if (pending === undefined) this.confirm(deadlineMs, respond, outcome.answer);',
        new: 'if (pending === undefined) respond(outcome.answer);',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'eventual-read-cut-off-for-long',
    mistake: 'A follower answers eventually consistent reads however long it heard no leader.',
    patches: [
      {
        file: GROUP,
        old: 'if (!this.paxos.abstains && this.paxos.isMember && nowMs - this.#freshness.asOfMs(this.#state.applied) < recentMs) return undefined;',
        new: 'if (!this.paxos.abstains && this.paxos.isMember && nowMs < Number.POSITIVE_INFINITY) return undefined;',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
  {
    name: 'eventual-read-after-hearing-the-leader',
    mistake: 'A follower that hears the leader counts as fresh, though it lacks what was chosen meanwhile.',
    patches: [
      {
        file: 'storage-node/groups/freshness.ts',
        old: 'if (applied >= commit) this.#asOfMs = nowMs;',
        new: 'if (applied >= 0) this.#asOfMs = nowMs;',
      },
    ],
    detectors: [tests('services/storage-node/groups/freshness.test.js')],
  },
  {
    name: 'range-read-without-lease',
    mistake: 'A strong Query or Scan is answered by whoever believes to lead.',
    patches: [
      {
        file: 'storage-node/groups/range-reader.ts',
        old: 'if (operation.consistent) group.confirm(deadlineMs, respond, answer);\n  ',
        new: 'if (operation.consistent) respond(answer);\n  ',
      },
    ],
    detectors: [tests('test/mutants/stories.test.js')],
  },
];
