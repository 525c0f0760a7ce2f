import { type Mutant, seeds, tests } from '../mutant.ts';

const GROUP = 'storage-node/groups/group.ts';
const APPLIER = 'storage-node/groups/record-applier.ts';
const PAGE_STORE = 'shared/btree/page-store.ts';
const DIRTY_PAGES = 'shared/btree/dirty-pages.ts';

/** Checkpoints, snapshots, pages. */
export const TREES: readonly Mutant[] = [
  {
    name: 'checkpoint-without-its-slot',
    mistake: 'A checkpoint carries the applied slot of the one before.',
    patches: [
      {
        file: GROUP,
        old: 'await this.tree.checkpoint(encodeGroupMeta(this.identity, this.state, this.snapshot));',
        new: `this.state.applied = this.checkpointSlot;
    const meta = encodeGroupMeta(this.identity, this.state, this.snapshot);
    this.state.applied = slot;
    await this.tree.checkpoint(meta);`,
      },
    ],
    detectors: [seeds('crashes', 6)],
  },
  {
    name: 'page-changed-under-a-checkpoint',
    mistake: 'A page that a running checkpoint has yet to write is changed without a copy.',
    patches: [
      {
        file: DIRTY_PAGES,
        old: '    captureNow(page);\n    page.dirty = true;',
        new: '    page.dirty = true;',
      },
    ],
    detectors: [tests('services/shared/btree/checkpoint.test.js')],
  },
  {
    name: 'pinned-pages-overwritten',
    mistake: 'A snapshot for a follower is read from the live pages, not from a pinned root.',
    patches: [
      {
        file: 'shared/btree/pinned-tree.ts',
        old: 'const snapshot = parts.store.snapshot();',
        new: 'const { store } = parts;\n  const snapshot: StoreSnapshot = { get: (key) => store.get(key), entries: (range) => store.entries(range), close: async () => undefined };',
      },
    ],
    detectors: [tests('services/shared/btree/checkpoint.test.js')],
  },
  {
    name: 'page-numbers-reused-after-a-restart',
    mistake: 'The counter of pages is not stored, so that a restart gives out numbers that are in use.',
    patches: [
      {
        file: 'shared/btree/store-writer.ts',
        old: 'if (nextPageId !== this.#storedNextPageId) batch.put(NODE_KEY',
        new: 'if (this.#storedNextPageId === 0) batch.put(NODE_KEY',
      },
    ],
    detectors: [tests('services/shared/btree/checkpoint.test.js')],
  },
  {
    name: 'installed-snapshot-cleared-away',
    mistake: 'The record of a load stays when it is installed, so that the next start deletes its pages.',
    patches: [{ file: PAGE_STORE, old: '      if (recordKey !== undefined) batch.delete(recordKey);\n', new: '' }],
    detectors: [tests('services/shared/btree/page-store.test.js')],
  },
  {
    name: 'follower-skips-deletes',
    mistake: 'A replica that does not lead leaves removed items in its tree.',
    patches: [
      {
        file: APPLIER,
        old: 'changeTogether(this.#copy.tree, [{ key, value: newValue }, ...this.#changes]);',
        new: "if (newValue !== undefined || this.#paxos.role === 'leader') changeTogether(this.#copy.tree, [{ key, value: newValue }, ...this.#changes]);",
      },
    ],
    detectors: [seeds('everything', 3)],
  },
  {
    name: 'replaced-tree-taken-for-damaged',
    mistake: 'A read of a page that went when a snapshot took the place of its tree says that the disk is damaged.',
    patches: [
      {
        file: 'shared/btree/tree.ts',
        old: '      this.assertUsable();\n      if (error instanceof PageDamagedError)',
        new: '      if (error instanceof PageDamagedError)',
      },
    ],
    detectors: [tests('services/shared/btree/page-store.test.js')],
  },
  {
    name: 'failed-snapshot-read-ignored',
    mistake: 'A node goes on after its disk could not be read for a snapshot.',
    patches: [{ file: 'shared/btree/pinned-tree.ts', old: '    parts.storeFailed(error);\n', new: '' }],
    detectors: [tests('services/shared/btree/page-store.test.js')],
  },
  {
    name: 'page-ids-given-out-again',
    mistake: 'A store whose page counter is damaged goes on right behind the greatest page that it finds.',
    patches: [{ file: 'shared/btree/stored-state.ts', old: '  if (counter === undefined) nextPageId += ID_GAP;\n', new: '' }],
    detectors: [tests('services/shared/btree/page-store.test.js')],
  },
];
