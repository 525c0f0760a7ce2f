import { type Mutant, seeds, tests } from '../mutant.ts';

const REBUILT = 'shared/placement/rebuilt-index.ts';
const SETTINGS = 'shared/placement/partition-settings.ts';
const INDEX_PLANS = 'auto-admin/core/index-plans.ts';
const LOG_STARTS = 'storage-node/core/log-starts.ts';
const STANDSTILL = 'storage-node/core/index-standstill.ts';
const RUNNING = 'storage-node/core/running-time.ts';
const SEARCH = 'storage-node/groups/lost-index-search.ts';
const SENDER = 'storage-node/groups/index-sender.ts';

const PLANS = 'services/auto-admin/core';
const RECORDS = 'services/shared/placement';
const CORE = 'services/storage-node/core';
const LOST = 'services/storage-node/groups/lost-indexes.test.js';

/** Global indexes that can never catch up, and are made anew. */
export const LOST_INDEXES: readonly Mutant[] = [
  {
    name: 'lost-index-keeps-its-id',
    mistake: 'An index is made anew under the id that it had: old partitions with their positions are taken for new ones.',
    patches: [
      {
        file: REBUILT,
        old: 'indexId: nextId(indexId, generation),',
        new: 'indexId: generation > 0 ? indexId : nextId(indexId, generation),',
      },
    ],
    detectors: [tests(RECORDS), tests(PLANS)],
  },
  {
    name: 'lost-index-still-told',
    mistake: 'An index that was given up stands in the settings still, before it has partitions.',
    patches: [
      {
        file: SETTINGS,
        old: "status !== 'DELETING' && waiting !== true",
        new: "status !== 'DELETING' && (waiting === true || waiting === undefined)",
      },
    ],
    detectors: [tests(RECORDS), tests(PLANS)],
  },
  {
    name: 'lost-index-given-up-in-the-catalog-alone',
    mistake: 'Partitions of the table are not told that an index was given up, and keep their log for it.',
    patches: [
      {
        file: REBUILT,
        old: '(index.indexId) ? waiting(index, generation, atMs) : index)),\n    settingsVersion: settingsVersion + 1,',
        new: '(index.indexId) ? waiting(index, generation, atMs) : index)),\n    settingsVersion: settingsVersion + 0,',
      },
    ],
    detectors: [tests(RECORDS), tests(PLANS)],
  },
  {
    name: 'lost-index-leaves-partitions',
    mistake: 'The former partitions of an index that was given up stay for ever.',
    patches: [
      {
        file: INDEX_PLANS,
        old: "(status === 'DELETING' ? [indexId, ...former] : former)",
        new: "(status === 'DELETING' ? [indexId, ...former] : [])",
      },
    ],
    detectors: [tests(PLANS)],
  },
  {
    name: 'lost-index-never-waits',
    mistake: 'An index that is lost again and again is made anew each time without a pause.',
    patches: [{ file: REBUILT, old: 'return count <= 1 ? 0 :', new: 'return count >= 1 ? 0 :' }],
    detectors: [tests(PLANS)],
  },
  {
    name: 'index-log-gone-though-a-copy-has-it',
    mistake: 'A leader without the log that an index needs gives the index up, though another copy has said that it has it.',
    patches: [{ file: LOG_STARTS, old: 'return start !== undefined && start >= slot;', new: 'return start !== undefined;' }],
    detectors: [tests(CORE), tests(LOST)],
  },
  {
    name: 'index-log-gone-by-silence',
    mistake: 'A copy that has said nothing is taken for one that lacks the log.',
    patches: [
      { file: LOG_STARTS, old: 'return start !== undefined && start >= slot;', new: 'return start === undefined || start >= slot;' },
    ],
    detectors: [tests(CORE), tests(LOST)],
  },
  {
    name: 'index-log-gone-by-old-words',
    mistake: 'What copies said before it was known what is looked for counts.',
    patches: [{ file: SENDER, old: 'this.#group.logStarts.forget();', new: 'if (slot === 0) this.#group.logStarts.forget();' }],
    detectors: [tests(LOST)],
  },
  {
    name: 'index-stuck-without-its-log',
    mistake: 'A leader whose log does not reach back to what an index needs goes on leading, though others have it.',
    patches: [{ file: SEARCH, old: 'successor ??= search.replica;', new: 'successor ??= undefined;' }],
    detectors: [tests(LOST)],
  },
  {
    name: 'index-silence-forgotten-by-the-next-leader',
    mistake: 'A new leader, which does not know yet where an index is, takes that for progress.',
    patches: [{ file: STANDSTILL, old: 'delivered <= before.delivered', new: 'delivered === before.delivered' }],
    detectors: [tests(CORE), tests(LOST)],
  },
  {
    name: 'index-given-up-though-it-gets-on',
    mistake: 'An index that is slow is given up as if it took nothing.',
    patches: [{ file: STANDSTILL, old: 'delivered <= before.delivered', new: 'delivered >= before.delivered' }],
    detectors: [tests(CORE), tests(LOST)],
  },
  {
    name: 'lag-counts-while-the-process-stands-still',
    mistake: 'An index is held up for time in which its leader could not have sent it anything.',
    patches: [{ file: RUNNING, old: 'if (lengthMs <= STALL_MS) this', new: 'if (lengthMs >= 0) this' }],
    detectors: [tests(CORE), tests(LOST)],
  },
  {
    name: 'lost-index-never-given-up',
    mistake: 'An index that can never catch up is not told of, and has its table refuse writes for ever.',
    patches: [{ file: SEARCH, old: 'this.lost = lost;', new: 'this.lost = lost.slice(lost.length);' }],
    detectors: [tests(LOST), seeds('indexes-lost', 20)],
  },
];
