import { type Mutant, seeds } from '../mutant.ts';

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
    detectors: [seeds('everything', 40)],
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
    detectors: [seeds('partitions', 40)],
  },
  {
    name: 'lease-checked-before-the-read',
    mistake: 'The lease is checked when a read arrives, not once its page is there and the value read.',
    patches: [
      {
        file: GROUP,
        old: `      this.#afterFetch(wait, deadlineMs, respond, () => this.read(key, consistent, deadlineMs, respond, answer));
      return;
    }
    const result = answer(this.#tree.get(key));`,
        new: `      const proved = consistent && this.paxos.leaseValid(this.#host.environment.clock.monotonicMs());
      this.#afterFetch(wait, deadlineMs, respond, () =>
        proved ? respond(answer(this.#tree.get(key))) : this.read(key, consistent, deadlineMs, respond, answer),
      );
      return;
    }
    const result = answer(this.#tree.get(key));`,
      },
    ],
    detectors: [seeds(undefined, 60)],
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
    detectors: [seeds('everything', 40)],
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
    detectors: [seeds(undefined, 60)],
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
    detectors: [seeds(undefined, 60)],
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
    detectors: [seeds('everything', 40)],
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
    detectors: [seeds(undefined, 60)],
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
    detectors: [seeds('partitions', 40)],
  },
  {
    name: 'waiting-failed-condition-without-lease',
    mistake: 'A condition that failed on a pending image is told without a proof of leadership once that image is applied.',
    patches: [
      {
        file: GROUP,
        old: 'if (next.revealing) this.confirm(deadlineMs, next.respond, next.answer);\n      else next.respond(next.answer);',
        new: 'next.respond(next.answer);',
      },
    ],
    detectors: [seeds(undefined, 60)],
  },
  {
    name: 'eventual-read-cut-off-for-long',
    mistake: 'A follower answers eventually consistent reads however long it heard no leader.',
    patches: [
      {
        file: GROUP,
        old: 'if (!this.paxos.abstains && nowMs - this.#freshness.asOfMs(this.#state.applied) < recentMs) return undefined;',
        new: 'if (!this.paxos.abstains && nowMs < Number.POSITIVE_INFINITY) return undefined;',
      },
    ],
    detectors: [seeds('partitions', 40)],
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
    detectors: [seeds('partitions', 40)],
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
    detectors: [seeds('partitions', 40)],
  },
];
