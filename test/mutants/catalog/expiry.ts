import { type Mutant, seeds, tests } from '../mutant.ts';

const EXPIRY = 'shared/item/expiry.ts';
const DERIVED = 'storage-node/core/derived-entries.ts';
const EXPIRED = 'storage-node/core/expired-item.ts';
const PROGRESS = 'storage-node/core/expiry-progress.ts';
const STATE = 'storage-node/core/group-state.ts';
const RANGES = 'storage-node/groups/expiry-ranges.ts';
const SWEEPER = 'storage-node/groups/expiry-sweeper.ts';
const WRITES = 'storage-node/groups/group-writes.ts';

const RULES = tests('services/shared/item/expiry.test.js');
const ENTRIES = tests('services/storage-node/groups/expiry-entries.test.js');
const SWEEP = tests('services/storage-node/groups/expiry-sweeper.test.js');

/** Items that expire: which they are, the entries by which they are found, and the leader's sweep. */
export const EXPIRIES: readonly Mutant[] = [
  {
    name: 'expiry-of-a-string',
    mistake: 'A time that is written as a string counts.',
    patches: [
      {
        file: EXPIRY,
        old: "value !== undefined && 'N' in value ? PLAIN_SECONDS.exec(value.N)?.[1] : undefined;",
        new: 'value !== undefined ? PLAIN_SECONDS.exec(String(Object.values(value)[0]))?.[1] : undefined;',
      },
    ],
    detectors: [RULES],
  },
  {
    name: 'expiry-of-a-fraction',
    mistake: 'An item whose time has a fraction of a second never expires.',
    patches: [{ file: EXPIRY, old: '(?:\\.\\d+)?$/', new: '$/' }],
    detectors: [seeds('expiry', 3), RULES],
  },
  {
    name: 'expiry-years-ago',
    mistake: 'An item that expired six years ago is deleted.',
    patches: [{ file: EXPIRY, old: 'low: Math.max(0, now - EXPIRY_AGE_MAX_SECONDS)', new: 'low: 0' }],
    detectors: [seeds('expiry', 3)],
  },
  {
    name: 'expiry-in-its-own-second',
    mistake: 'An item is deleted in the second that it still has.',
    patches: [{ file: EXPIRY, old: 'seconds < due.high', new: 'seconds <= due.high' }],
    detectors: [RULES],
  },
  {
    name: 'expiry-entry-left-behind',
    mistake: 'An item that is written with another time keeps its old entry, too.',
    patches: [{ file: DERIVED, old: 'before !== undefined && before !== after', new: 'before !== undefined && nextItem === undefined' }],
    detectors: [ENTRIES],
  },
  {
    name: 'expiry-entries-of-any-attribute',
    mistake: 'Entries of another attribute are told by nothing, and stay.',
    patches: [
      {
        file: PROGRESS,
        old: 'const { version: generation } = next;',
        new: 'const generation = progress?.generation ?? next.version;',
      },
    ],
    detectors: [seeds('expiry', 3)],
  },
  {
    name: 'expiry-generations-left-behind',
    mistake: 'What is left of an earlier attribute is never dropped.',
    patches: [
      { file: PROGRESS, old: 'progress === undefined ? expiryPlace(generation, 0) : SPACE_LOW', new: 'expiryPlace(generation, 0)' },
    ],
    detectors: [ENTRIES],
  },
  {
    name: 'expiry-forgets-older-items',
    mistake: 'Items that were there before the attribute was named never expire.',
    patches: [{ file: PROGRESS, old: 'next.ttlAttribute === undefined ? LOCAL_SPACE_LOW : FIRST_KEY', new: 'LOCAL_SPACE_LOW' }],
    detectors: [SWEEP],
  },
  {
    name: 'expiry-progress-not-kept',
    mistake: 'A checkpoint does not say how far the entries are.',
    patches: [{ file: STATE, old: 'writeExpiryProgress(writer, state.expiry);', new: 'writeExpiryProgress(writer, undefined);' }],
    detectors: [ENTRIES],
  },
  {
    name: 'expiry-range-of-another-moment',
    mistake: 'A range is applied whatever generation it was meant for.',
    patches: [{ file: RANGES, old: 'isNextRange(progress, range) ? range : undefined', new: 'progress === undefined ? undefined : range' }],
    detectors: [ENTRIES],
  },
  {
    name: 'expiry-by-the-entry-alone',
    mistake: 'An item goes because an entry said so, whatever it is now.',
    patches: [{ file: EXPIRED, old: 'seconds === undefined || !isDue(seconds, due)', new: 'seconds === -1 || due.high === 0' }],
    detectors: [SWEEP],
  },
  {
    name: 'expiry-of-what-was-written-anew',
    mistake: 'The sweep looks at the tree alone, and not at writes that are under way.',
    patches: [
      {
        file: WRITES,
        old: 'pending === undefined ? tree.get(key) : pending.value;\n    if (stored',
        new: 'tree.get(key) ?? pending?.value;\n    if (stored',
      },
    ],
    detectors: [SWEEP],
  },
  {
    name: 'expiry-while-settings-are-under-way',
    mistake: 'Items expire by an attribute behind the settings that take it away.',
    patches: [{ file: WRITES, old: ' && this.#settings <= this.#copy.state.applied', new: '' }],
    detectors: [SWEEP],
  },
  {
    name: 'expiry-by-log-time',
    mistake: 'Once a clock was an hour fast, items expire an hour early for ever.',
    patches: [
      { file: SWEEPER, old: "'applied' | 'expiry' | 'settings'", new: "'applied' | 'expiry' | 'settings' | 'timeMs'" },
      {
        file: SWEEPER,
        old: 'const { low, high } = dueSeconds(this.#environment.clock.wallMs());',
        new: 'const { low, high } = dueSeconds(Math.max(this.#environment.clock.wallMs(), group.state.timeMs));',
      },
      {
        file: SWEEPER,
        old: 'const { high } = dueSeconds(this.#environment.clock.wallMs());',
        new: 'const { high } = dueSeconds(Math.max(this.#environment.clock.wallMs(), group.state.timeMs));',
      },
      {
        file: SWEEPER,
        old: 'itemKey, dueSeconds(this.#environment.clock.wallMs()));',
        new: 'itemKey, dueSeconds(Math.max(this.#environment.clock.wallMs(), group.state.timeMs)));',
      },
    ],
    detectors: [SWEEP],
  },
  {
    name: 'sweep-goes-on-as-a-follower',
    mistake: 'A sweep that has begun goes on when the leadership has ended.',
    patches: [
      { file: SWEEPER, old: 'paxos.leading === book.ballot && ', new: 'paxos.leading !== null && ' },
      { file: WRITES, old: 'this.#copy.stopped || this.#reads.leaderRefusal() !== undefined', new: 'this.#copy.stopped' },
    ],
    detectors: [SWEEP],
  },
  {
    name: 'sweep-takes-all-it-can',
    mistake: 'Nothing paces the deletes of a node.',
    patches: [{ file: SWEEPER, old: 'this.#allowance -= 1;', new: 'this.#allowance -= 0;' }],
    detectors: [SWEEP],
  },
];
