import { type Mutant, seeds } from '../mutant.ts';

const GROUP = 'storage-node/groups/group.ts';
const CLIENT = 'shared/cluster-client/group-client.ts';

/** Writes that are repeated, and what clients are told of them. */
export const REQUESTS: readonly Mutant[] = [
  {
    name: 'repeated-write-executed-twice',
    mistake: 'Nobody looks whether the number of a write was executed already.',
    patches: [{ file: GROUP, old: '    if (this.#repeated(operation, request, respond)) return;\n', new: '' }],
    detectors: [seeds('relay', 6)],
  },
  {
    name: 'unknown-outcome-told-as-refusal',
    mistake: 'A write that was sent and never answered is told to have surely not happened.',
    patches: [
      {
        file: CLIENT,
        old: 'this.#finish(request, request.uncertain ? unknownOutcome() : nothingDone);',
        new: 'this.#finish(request, nothingDone);',
      },
    ],
    detectors: [seeds('relay', 6)],
  },
];
