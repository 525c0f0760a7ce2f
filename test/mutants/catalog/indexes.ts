import { type Mutant, seeds, tests } from '../mutant.ts';

const CURSORS = 'storage-node/core/index-cursors.ts';
const CHAIN = 'storage-node/core/index-chain.ts';
const DELIVERY = 'storage-node/core/index-delivery.ts';
const ENTRIES = 'storage-node/core/index-entries.ts';
const STATE = 'storage-node/core/group-state.ts';
const GROUP = 'storage-node/groups/group.ts';
const WRITES = 'storage-node/groups/group-writes.ts';
const RECEIVER = 'storage-node/groups/index-receiver.ts';
const SENDER = 'storage-node/groups/index-sender.ts';
const SENDERS = 'storage-node/groups/index-senders.ts';
const BACKFILL = 'storage-node/groups/index-backfill.ts';
const PLANNER = 'auto-admin/core/planner.ts';
const INDEX_PLANS = 'auto-admin/core/index-plans.ts';

const CORE = 'services/storage-node/core';
const RECEIVES = 'services/storage-node/groups/index-receiver.test.js';
const BACKFILLS = 'services/storage-node/groups/index-backfill.test.js';
const SENDS = 'services/storage-node/groups/index-senders.test.js';

/** Global indexes and the chain by which they are fed. */
export const GLOBAL_INDEXES: readonly Mutant[] = [
  {
    name: 'index-cursor-not-checked',
    mistake: 'An index partition takes whatever a source sends, whether or not it follows on what it has.',
    patches: [{ file: CURSORS, old: 'return cursor === previous && slot > previous;', new: 'return slot > previous;' }],
    detectors: [tests(CORE), tests(RECEIVES), seeds('indexes', 20)],
  },
  {
    name: 'index-opened-anew',
    mistake: 'A source that an index partition knows may begin anew where it likes.',
    patches: [
      {
        file: CURSORS,
        old: 'return cursor === previous && slot > previous;',
        new: 'return opens || (cursor === previous && slot > previous);',
      },
    ],
    detectors: [tests(CORE), tests(RECEIVES)],
  },
  {
    name: 'index-cursors-not-in-the-checkpoint',
    mistake: 'A checkpoint holds the entries of an index partition, and not how far it is with its sources.',
    patches: [{ file: STATE, old: 'state.indexCursors.encode(writer);', new: 'new IndexCursors().encode(writer);' }],
    detectors: [tests(RECEIVES), seeds('indexes', 20)],
  },
  {
    name: 'index-steps-under-way-not-counted',
    mistake: 'A message is judged by what is applied of its source, not by what is proposed.',
    patches: [
      {
        file: RECEIVER,
        old: 'if (!follows(underWay ?? this.#copy.state.indexCursors.of(source), operation)) {',
        new: 'if (!follows(this.#copy.state.indexCursors.of(source), operation)) {',
      },
    ],
    detectors: [tests(RECEIVES)],
  },
  {
    name: 'index-keeps-the-old-entry',
    mistake: 'An item whose index key changes stands in the index twice.',
    patches: [{ file: ENTRIES, old: 'return [{ key: before.key }, put];', new: 'return [put];' }],
    detectors: [tests(CORE), seeds('indexes', 20)],
  },
  {
    name: 'index-step-ends-behind-what-it-holds',
    mistake: 'A message that holds some of the changes moves the index partition on behind all of them.',
    patches: [
      {
        file: CHAIN,
        old: 'if (changes.length > 0 && isBeyond) return { slot, changes };',
        new: 'if (changes.length > 0 && isBeyond) return { slot: read, changes };',
      },
    ],
    detectors: [tests(CORE)],
  },
  {
    name: 'index-moved-on-past-changes',
    mistake: 'An empty message moves an index partition on though changes wait for it.',
    patches: [{ file: CHAIN, old: 'if (this.#queue.length > 0) return', new: 'if (this.#queue.length > 0 && cursor >= wanted) return' }],
    detectors: [tests(CORE), tests(SENDS)],
  },
  {
    name: 'index-step-taken-for-granted',
    mistake: 'A message whose answer was lost counts as taken.',
    patches: [{ file: SENDER, old: '      chain.failed();', new: '      delivery.answered(chain, step.slot);' }],
    detectors: [tests(SENDS), seeds('indexes', 20)],
  },
  {
    name: 'index-told-from-memory',
    mistake: 'A leader believes what it knew of an index partition rather than what that says.',
    patches: [{ file: CHAIN, old: '    this.#cursor = slot;', new: '    this.#cursor ??= slot;' }],
    detectors: [tests(CORE), tests(SENDS)],
  },
  {
    name: 'index-read-on-from-the-farthest',
    mistake: 'A new leader reads on from where the most advanced of the index partitions is.',
    patches: [{ file: DELIVERY, old: 'least = Math.min(least, cursor);', new: 'least = least > 1e15 ? cursor : Math.max(least, cursor);' }],
    detectors: [tests(CORE), seeds('indexes', 20)],
  },
  {
    name: 'index-needs-no-log',
    mistake: 'The log goes behind checkpoints, whatever an index lacks of it.',
    patches: [{ file: GROUP, old: 'return Math.min(this.checkpointSlot, this.#indexFloor);', new: 'return this.checkpointSlot;' }],
    detectors: [tests(SENDS), seeds('indexes', 20)],
  },
  {
    name: 'index-needs-no-log-of-followers',
    mistake: 'A leader lets its followers drop log that an index needs, though one of them may lead next.',
    patches: [
      {
        file: GROUP,
        old: '[...this.paxos.acknowledgements().keys()]), this.#indexFloor);',
        new: '[...this.paxos.acknowledgements().keys()]));',
      },
    ],
    detectors: [tests(SENDS)],
  },
  {
    name: 'index-unknown-taken-for-complete',
    mistake: 'A leader that has not heard of an index partition yet lets the log go.',
    patches: [
      {
        file: SENDERS,
        old: 'sender.delivered ?? 0);\n    return least;',
        new: 'sender.delivered ?? Number.MAX_SAFE_INTEGER);\n    return least;',
      },
    ],
    detectors: [tests(SENDS)],
  },
  {
    name: 'index-old-images-too-late',
    mistake: 'Records say what they replace once the settings are applied, not once they are proposed.',
    patches: [{ file: WRITES, old: ' || this.#indexesProposed > applied;', new: ';' }],
    detectors: [tests(SENDS)],
  },
  {
    name: 'backfill-of-the-tree',
    mistake: 'A backfill takes an item as it is in the tree, though a write of it stands before the record in the log.',
    patches: [
      {
        file: BACKFILL,
        old: 'const image = pending === undefined ? value : pending.value;',
        new: 'const image = pending === undefined ? value : value;',
      },
    ],
    detectors: [tests(SENDS)],
  },
  {
    name: 'backfill-ahead-of-an-unknown-index',
    mistake: 'A backfill goes on into the log while nobody knows where the partitions of its index are.',
    patches: [{ file: BACKFILL, old: 'this.#sender.aheadBytes()', new: 'this.#sender.waitingBytes' }],
    detectors: [tests(BACKFILLS)],
  },
  {
    name: 'expiry-past-an-index-that-is-behind',
    mistake: 'Items expire though their index cannot keep up, into log that is kept for it.',
    patches: [{ file: WRITES, old: ' || this.#host.indexRefusal(this.#ties.group, key, stored, undefined) !== undefined', new: '' }],
    detectors: [tests(BACKFILLS)],
  },
  {
    name: 'index-without-the-room-of-deletes',
    mistake: 'On a disk that is nearly full an index partition takes no puts, so that the deletes behind them wait for ever.',
    patches: [
      { file: RECEIVER, old: 'roomRefusal(this.#ties.group, true)', new: 'roomRefusal(this.#ties.group, operation.changes.length === 0)' },
    ],
    detectors: [tests(RECEIVES)],
  },
  {
    name: 'backfill-done-when-it-is-read',
    mistake: 'An index is called built once all items are in the log, whether or not it has them.',
    patches: [
      {
        file: SENDERS,
        old: 'const delivered = backfilled && (senders?.get(indexId)?.delivered ?? 0) >= backfill.slot;',
        new: 'const delivered = backfilled && senders !== undefined;',
      },
    ],
    detectors: [tests(SENDS)],
  },
  {
    name: 'index-record-looked-for-again-at-once',
    mistake: 'A record that the own disk does not have yet is looked for again at the end of each turn.',
    patches: [{ file: SENDER, old: 'if (isStale || this.#chosen.at(slot) !== undefined) this.wake();', new: 'this.wake();' }],
    detectors: [tests(SENDS)],
  },
  {
    name: 'index-told-before-it-is-placed',
    mistake: 'Partitions of a table feed an index that has no partitions yet.',
    patches: [
      {
        file: PLANNER,
        old: 'planNewIndexes(view, table, knowledge) ??\n    planSettings(view, table, partitions, knowledge) ??',
        new: 'planSettings(view, table, partitions, knowledge) ??\n    planNewIndexes(view, table, knowledge) ??',
      },
    ],
    detectors: [tests('services/auto-admin/core')],
  },
  {
    name: 'index-not-known-to-be-placed',
    mistake: 'Partitions of an index that may hold something are created as new ones when an auto-admin forgot that they are there.',
    patches: [
      {
        file: INDEX_PLANS,
        old: "return { steps: [{ kind: 'mark-placed', table, indexIds: indexes.map(({ indexId }) => indexId), incomplete }] };",
        new: 'return incomplete ? undefined : undefined;',
      },
    ],
    detectors: [tests('services/auto-admin/core')],
  },
];
