import { type Mutant, seeds } from '../mutant.ts';

const GROUP = 'storage-node/groups/group.ts';
const TABLE = 'storage-node/core/request-table.ts';
const CLIENT = 'shared/cluster-client/group-client.ts';

/** Writes that are repeated, and what clients are told of them. */
export const REQUESTS: readonly Mutant[] = [
  {
    name: 'repeated-write-executed-twice',
    mistake: 'Nobody looks whether the number of a write was executed already.',
    patches: [{ file: GROUP, old: '    if (this.#repeated(operation, request, respond)) return;\n', new: '' }],
    detectors: [seeds('everything', 40)],
  },
  {
    name: 'repeated-write-under-way-executed-twice',
    mistake: 'A copy of a write that is under way is proposed again.',
    patches: [
      {
        file: GROUP,
        old: 'const underWay = this.#overlay.slotOf(request);',
        new: 'const underWay = this.#overlay.slotOf({ life: 0, number: 0 });',
      },
    ],
    detectors: [seeds(undefined, 60)],
  },
  {
    name: 'number-under-the-floor-executed',
    mistake: 'A write whose number is too old to be remembered is executed.',
    patches: [{ file: TABLE, old: "return request.number <= life.floor ? 'refused' : undefined;", new: 'return undefined;' }],
    detectors: [seeds('leases', 60)],
  },
  {
    name: 'numbers-not-in-the-checkpoint',
    mistake: 'A restarted replica, or one that took a snapshot, knows no number that was executed before.',
    patches: [{ file: TABLE, old: '      table.#lives.set(id, life);\n', new: '' }],
    detectors: [seeds('crashes', 60)],
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
    detectors: [seeds('everything', 40)],
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
    detectors: [seeds('everything', 40)],
  },
  {
    name: 'lost-write-taken-for-not-sent',
    mistake: 'A write whose connection was lost is not thought to be under way.',
    patches: [
      { file: CLIENT, old: '      request.uncertain = true;\n      request.strayCopy = true;', new: '      request.strayCopy = true;' },
    ],
    detectors: [seeds('everything', 40)],
  },
  {
    name: 'step-down-told-as-refusal',
    mistake: 'A write that was under way when leadership was lost is told to have surely not happened.',
    patches: [{ file: CLIENT, old: '        request.uncertain = request.isWrite;\n', new: '' }],
    detectors: [seeds('everything', 40)],
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
    detectors: [seeds('everything', 60)],
  },
  {
    name: 'copies-from-old-connections-executed',
    mistake: 'What a connection delivers is executed after the router has opened another one.',
    patches: [
      {
        file: 'storage-node/groups/request-server.ts',
        old: '      if (this.#newest.get(name) !== stream) return;\n      for',
        new: '      for',
      },
    ],
    detectors: [seeds('everything', 60)],
  },
  {
    name: 'log-time-goes-back',
    mistake: 'A record carries the wall clock of its leader, also when it is behind that of the one before.',
    patches: [
      {
        file: GROUP,
        old: 'const timeMs = Math.max(this.#proposedTimeMs, this.#state.timeMs, this.#host.environment.clock.wallMs());',
        new: 'const timeMs = this.#host.environment.clock.wallMs();',
      },
    ],
    detectors: [seeds('leases', 60)],
  },
];
