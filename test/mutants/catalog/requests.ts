import { type Mutant, seeds, tests } from '../mutant.ts';

const WRITES = 'storage-node/groups/group-writes.ts';
const TABLE = 'storage-node/core/request-table.ts';
const CLIENT = 'shared/cluster-client/group-client.ts';

/** Writes that are repeated, and what clients are told of them. */
export const REQUESTS: readonly Mutant[] = [
  {
    name: 'repeated-write-executed-twice',
    mistake: 'Nobody looks whether the number of a write was executed already.',
    patches: [{ file: WRITES, old: '    if (this.#repeated(operation, request, respond)) return;\n', new: '' }],
    detectors: [seeds('relay', 3)],
  },
  {
    name: 'number-under-the-floor-executed',
    mistake: 'A write whose number is too old to be remembered is executed.',
    patches: [{ file: TABLE, old: "return request.number <= life.floor ? 'refused' : undefined;", new: 'return undefined;' }],
    detectors: [tests('services/storage-node/core')],
  },
  {
    name: 'numbers-never-forgotten',
    mistake: 'A number is forgotten only once it is old and there are too many, so that the table grows for days.',
    patches: [
      {
        file: TABLE,
        old: 'oldest.timeMs + this.#rememberMs > nowMs && life.executed.size <= REMEMBERED_MAX',
        new: 'oldest.timeMs + this.#rememberMs > nowMs || life.executed.size <= REMEMBERED_MAX',
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'numbers-not-in-the-checkpoint',
    mistake: 'A restarted replica, or one that took a snapshot, knows no number that was executed before.',
    patches: [{ file: TABLE, old: '      table.#lives.set(id, life);\n', new: '' }],
    detectors: [tests('services/storage-node/core')],
  },
  {
    name: 'repeated-under-a-new-number',
    mistake: 'A router repeats a write under another number.',
    patches: [
      {
        file: CLIENT,
        old: '      request.strayCopy = true;\n',
        new: '      request.strayCopy = true;\n      Object.assign(request.operation, { number: ++this.#lastNumber });\n',
      },
    ],
    detectors: [tests('services/shared/cluster-client')],
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
    detectors: [tests('services/shared/cluster-client')],
  },
  {
    name: 'lost-write-taken-for-not-sent',
    mistake: 'A write whose connection was lost is not thought to be under way.',
    patches: [
      { file: CLIENT, old: '      request.uncertain = true;\n      request.strayCopy = true;', new: '      request.strayCopy = true;' },
    ],
    detectors: [tests('services/shared/cluster-client')],
  },
  {
    name: 'step-down-told-as-refusal',
    mistake: 'A write that was under way when leadership was lost is told to have surely not happened.',
    patches: [{ file: CLIENT, old: '        request.uncertain = request.isWrite;\n', new: '' }],
    detectors: [tests('services/shared/cluster-client')],
  },
  {
    name: 'stray-copies-forgotten',
    mistake: 'A failed condition is told as final though another copy of the write may still arrive and be carried out.',
    patches: [
      {
        file: CLIENT,
        old: 'request.strayCopy && leftNoRecord(response) ? unknownOutcome() : response',
        new: 'response',
      },
    ],
    detectors: [tests('services/shared/cluster-client')],
  },
];
