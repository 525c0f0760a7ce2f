import { type Mutant, seeds, tests } from '../mutant.ts';

const DERIVED = 'storage-node/core/derived-entries.ts';
const RANGE = 'storage-node/core/tree-range.ts';
const READING = 'storage-node/groups/range-reading.ts';
const READER = 'storage-node/groups/range-reader.ts';
const APPLIER = 'storage-node/groups/record-applier.ts';
const ACCOUNTS = 'storage-node/groups/index-accounts.ts';
const ENTRY_TESTS = tests('services/storage-node/groups/local-entries.test.js');
const READ_TESTS = tests('services/storage-node/groups/index-reads.test.js');
const ACCOUNT_TESTS = tests('services/storage-node/groups/index-accounts.test.js');

/** Entries of local indexes: what they follow from, who derives them, how they are read, what they count for. */
export const LOCAL_INDEXES: readonly Mutant[] = [
  {
    name: 'old-entry-not-removed',
    mistake: 'The entry of an item stays in a local index where its sort key was, when the item gets another one or goes.',
    patches: [{ file: DERIVED, old: '        changes.push({ key: oldKey, value: undefined });', new: '        changes.push();' }],
    detectors: [seeds('local-indexes', 3)],
  },
  {
    name: 'entry-of-the-old-image',
    mistake: 'An entry of a local index holds what the item was before the write.',
    patches: [
      { file: DERIVED, old: 'projectedItem(nextItem, index.projection', new: 'projectedItem(oldItem ?? nextItem, index.projection' },
    ],
    detectors: [seeds('local-indexes', 3)],
  },
  {
    name: 'projection-without-the-key-of-the-table',
    mistake: 'A projected entry lacks the key attributes of its item.',
    patches: [
      { file: DERIVED, old: 'keyNames: [...tableNames, index.sort.name]', new: 'keyNames: [...tableNames.slice(2), index.sort.name]' },
    ],
    detectors: [ENTRY_TESTS],
  },
  {
    name: 'entries-derived-by-the-leader-alone',
    mistake: 'Followers put items into their trees, and derive no entries.',
    patches: [
      {
        file: APPLIER,
        old: 'if (this.#derived === undefined || this.#derived.none)',
        new: "if (this.#derived === undefined || this.#derived.none || this.#paxos.role !== 'leader')",
      },
    ],
    detectors: [seeds('local-indexes', 3)],
  },
  {
    name: 'pages-aged-by-reading-ahead',
    mistake: 'What is read ahead counts as used: pages of the record that waits are evicted for it, again and again.',
    patches: [{ file: APPLIER, old: "this.#copy.fetch(key, 'place', true)?.catch", new: "this.#copy.fetch(key, 'place')?.catch" }],
    detectors: [ENTRY_TESTS],
  },
  {
    name: 'old-entry-deleted-before-the-new-one-is-put',
    mistake:
      'The changes of a record are made in any order: a delete empties a leaf, and what is put in its place needs a page that is not in memory.',
    patches: [
      {
        file: 'storage-node/core/tree-changes.ts',
        old: '  for (const { key, value } of changes) if (value !== undefined) tree.put',
        new: '  for (const { key, value } of deleted) if (value === undefined) tree.delete(key);\n  for (const { key, value } of changes) if (value !== undefined) tree.put',
      },
    ],
    detectors: [tests('services/storage-node/core/tree-changes.test.js')],
  },
  {
    name: 'settings-not-followed-after-a-snapshot',
    mistake: 'A replica that a snapshot has brought back derives entries by the settings that it had before.',
    patches: [{ file: 'storage-node/groups/group.ts', old: '    this.#applier.followSettings();\n', new: '' }],
    detectors: [ENTRY_TESTS],
  },
  {
    name: 'settings-not-in-the-checkpoint',
    mistake: 'A replica forgets with a restart what its table wants.',
    patches: [
      {
        file: 'storage-node/core/group-state.ts',
        old: 'writer.bytes(state.settings === undefined ? NO_BYTES',
        new: 'writer.bytes(state.settings === undefined || state.applied > 0 ? NO_BYTES',
      },
    ],
    detectors: [ENTRY_TESTS],
  },
  {
    name: 'items-read-into-the-index',
    mistake: 'A Scan of a table goes on behind its items, into the entries of its indexes.',
    patches: [
      { file: RANGE, old: 'lesser(high, LOCAL_SPACE_LOW) ?? LOCAL_SPACE_LOW', new: 'high ?? localSpaceEnd(LOCAL_SPACE_LOW.length)' },
    ],
    detectors: [READ_TESTS],
  },
  {
    name: 'index-read-into-the-next-one',
    mistake: 'A Scan of a local index of the last partition goes on into the next index.',
    patches: [{ file: RANGE, old: 'localSpaceEnd(index.number) :', new: 'localSpaceEnd(index.number + 1) :' }],
    detectors: [READ_TESTS],
  },
  {
    name: 'entry-skipped-while-its-item-is-read',
    mistake: 'When the page of an item is missing, the read of the index goes on behind its entry.',
    patches: [
      {
        file: READER,
        old: 'return { next: reverse ? successor(key) : key, wait };',
        new: 'return { next: reverse ? key : successor(key), wait };',
      },
    ],
    detectors: [READ_TESTS],
  },
  {
    name: 'last-key-of-an-index-with-its-place',
    mistake: 'A page of a local index ends with the key that the entry has in the tree.',
    patches: [
      { file: READING, old: 'this.#range.index === undefined ? key : withoutSpace(key)', new: 'this.#count < 0 ? withoutSpace(key) : key' },
    ],
    detectors: [READ_TESTS],
  },
  {
    name: 'fetched-items-unbounded',
    mistake: 'A read that fetches items ends only when so many bytes of entries were read.',
    patches: [{ file: READING, old: ' || this.#fetchedBytes >= byteLimit;', new: ' || this.#fetchedBytes < 0;' }],
    detectors: [READ_TESTS],
  },
  {
    name: 'collection-beyond-its-limit',
    mistake: 'Whether an item collection may grow does not count what is under way for it.',
    patches: [
      {
        file: ACCOUNTS,
        old: 'this.#sizeOf(bounds) + this.#growth.of(bounds.collection)',
        new: 'this.#sizeOf(bounds) + Math.min(0, this.#growth.of(bounds.collection))',
      },
    ],
    detectors: [ACCOUNT_TESTS],
  },
  {
    name: 'update-of-an-index-key-not-checked',
    mistake: 'An update may leave an attribute of an index key as another type.',
    patches: [
      {
        file: 'storage-node/core/write-evaluator.ts',
        old: "if (hasIndexes(context.settings)) refuseUnfitIndexKeys(context.settings, result.item, 'update');",
        new: "if (size < 0 && hasIndexes(context.settings)) refuseUnfitIndexKeys(context.settings, result.item, 'update');",
      },
    ],
    detectors: [tests('services/storage-node/core/index-key-guard.test.js')],
  },
];
