import { type Mutant, tests } from '../mutant.ts';

const LOG = 'shared/wal/write-ahead-log.ts';
const RECOVERY = 'shared/wal/recovery.ts';

/** The write-ahead log, and what a restart believes of it. */
export const DISK: readonly Mutant[] = [
  {
    name: 'answer-before-sync',
    mistake: 'A change to the log counts as durable as soon as it is given to the disk.',
    patches: [
      {
        file: LOG,
        old: '    batch.dones.push(done);\n    if (batch.recordBytes >= this.#batchRecordBytes) this.#planNextBatch();\n    this.#planPump();\n  }\n\n  /**\n   * The durable records',
        new: '    void Promise.resolve().then(done);\n    batch.dones.push(() => undefined);\n    this.#planPump();\n  }\n\n  /**\n   * The durable records',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log.test.js')],
  },
  {
    name: 'log-not-synced',
    mistake: 'Batches of the log are written but not synced.',
    patches: [
      {
        file: LOG,
        old: '    await store.write(operations, { sync: true });\n    this.#writingSinceMs = undefined;',
        new: '    await store.write(operations, { sync: false });\n    this.#writingSinceMs = undefined;',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-crash.test.js')],
  },
  {
    name: 'store-never-syncs',
    mistake: 'The store forgets to tell LevelDB that a write is to be synced.',
    patches: [
      {
        file: 'shared/platform/level-store.ts',
        old: 'this.#order.write(() => this.#batch.write(options));',
        new: 'this.#order.write(() => this.#batch.write({}));',
      },
    ],
    detectors: [tests('services/shared/platform/syncs.test.js')],
  },
  {
    name: 'mark-file-not-synced',
    mistake: 'The mark file is opened as any other, so that a mark may be in memory alone.',
    patches: [{ file: 'shared/platform/mark-file.ts', old: 'constants.O_RDWR | constants.O_DSYNC);', new: 'constants.O_RDWR);' }],
    detectors: [tests('services/shared/platform/syncs.test.js')],
  },
  {
    name: 'next-batch-acknowledged-too',
    mistake: 'When a batch is durable, what has joined the next one meanwhile is answered as well.',
    patches: [
      {
        file: LOG,
        old: 'this.#syncedBatches.push({ number, dones: batch.dones,',
        new: 'this.#syncedBatches.push({ number, dones: [...batch.dones, ...this.#filling.dones.splice(0)],',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log.test.js')],
  },
  {
    name: 'failed-write-ignored',
    mistake: 'A batch whose write failed counts as written.',
    patches: [
      {
        file: LOG,
        old: '    await store.write(operations, { sync: true });\n    this.#writingSinceMs = undefined;',
        new: '    await store.write(operations, { sync: true }).catch(() => undefined);\n    this.#writingSinceMs = undefined;',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log.test.js')],
  },
  {
    name: 'full-batch-lists-later-groups',
    mistake: 'A batch that waited for the disk writes the list of groups as it is by then, with those of batches that are not written.',
    patches: [{ file: LOG, old: 'batch.directory ?? this.#groups', new: 'this.#groups' }],
    detectors: [tests('services/shared/wal/write-ahead-log.test.js')],
  },
  {
    name: 'full-batches-in-the-wrong-order',
    mistake: 'What fills is written before the batches that are full.',
    patches: [
      { file: LOG, old: 'const full = this.#full.shift();', new: 'const full = this.#filling.isEmpty() ? this.#full.shift() : undefined;' },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-crash.test.js')],
  },
  {
    name: 'mark-not-awaited',
    mistake: 'Answers leave before the number of their batch is in the mark file.',
    patches: [
      {
        file: LOG,
        old: '      await this.#parts.mark.write(must(batches.at(-1)).number);\n',
        new: '      const marked = this.#parts.mark.write(must(batches.at(-1)).number);\n',
      },
      {
        file: LOG,
        old: '          done();\n        }\n      }\n    }',
        new: '          done();\n        }\n      }\n      await marked;\n    }',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log.test.js')],
  },
  {
    name: 'lost-tail-taken-for-the-end',
    mistake: 'A log whose last batches are gone is taken for a whole one that ends earlier.',
    patches: [
      {
        file: RECOVERY,
        old: 'if (mark.number > newestBatch) return',
        new: 'if (mark.number < 0) return',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-damage.test.js')],
  },
  {
    name: 'end-of-log-not-compared',
    mistake: 'A log that ends before its header says is taken for a whole one.',
    patches: [
      {
        file: RECOVERY,
        old: 'if (reached !== last) return `the log ends',
        new: `if (reached !== last) log.header = { ...log.header, last: reached, commit: Math.min(log.header.commit, reached) };
  if (last < 0) return \`the log ends`,
      },
      {
        file: RECOVERY,
        old: "lastChecksum !== header.tailChecksum) return 'the newest chunk is another one';",
        new: "lastChecksum !== header.tailChecksum && reached === last) return 'the newest chunk is another one';",
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-damage.test.js')],
  },
  {
    name: 'store-damage-not-told',
    mistake: "What the scan of the store's own log found is forgotten.",
    patches: [
      {
        file: RECOVERY,
        old: '  if (facts.storeDamage !== undefined) return facts.storeDamage;\n',
        new: '',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-damage.test.js')],
  },
  {
    name: 'chunk-checksum-not-verified',
    mistake: 'The checksum of a chunk of the log is not compared.',
    patches: [
      {
        file: 'shared/wal/chunk.ts',
        old: '  if (digest.crc32(bytes.subarray(0, end)) !== checksum) return undefined;\n',
        new: '',
      },
    ],
    detectors: [tests('services/shared/wal/chunk.test.js')],
  },
  {
    name: 'damaged-mark-ignored',
    mistake: 'A mark file that cannot be read says nothing.',
    patches: [
      {
        file: RECOVERY,
        old: '  if (mark.damage !== undefined) return mark.damage;\n',
        new: '  if (mark.damage !== undefined) return undefined;\n',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-damage.test.js')],
  },
  {
    name: 'damage-not-written-down',
    mistake: 'Damage that a start found is not written down for the next one.',
    patches: [
      {
        file: LOG,
        old: 'if (recovery.mark === undefined || recovery.newDamage) await log.#writeFindings();',
        new: 'if (recovery.mark === undefined) await log.#writeFindings();',
      },
    ],
    detectors: [tests('services/shared/wal/write-ahead-log-damage.test.js')],
  },
  {
    name: 'trim-beyond-the-checkpoint',
    mistake: 'Log goes that the own tree holds in memory alone.',
    patches: [
      {
        file: 'storage-node/groups/log-trimmer.ts',
        old: 'floors: [...needed, ownFloor], chosen: 0 };',
        new: 'floors: [...needed, ownFloor + 1], chosen: 0 };',
      },
    ],
    detectors: [tests('services/storage-node/groups')],
  },
  {
    name: 'trim-behind-one-checkpoint',
    mistake: 'Log goes as soon as a single replica holds it in a checkpoint.',
    patches: [
      { file: 'storage-node/groups/trim-floor.ts', old: 'return slots[Math.min(1, slots.length - 1)] ?? 0;', new: 'return slots[0] ?? 0;' },
    ],
    detectors: [tests('services/storage-node/groups')],
  },
  {
    name: 'others-taught-what-is-not-durable-here',
    mistake: 'A leader teaches followers from its log what its own disk does not hold yet.',
    patches: [
      { file: 'storage-node/groups/catch-up.ts', old: 'const last = Math.min(commit, group.durableLast);', new: 'const last = commit;' },
    ],
    detectors: [tests('services/storage-node/groups/catch-up.test.js')],
  },
  {
    name: 'log-closes-before-the-call-that-uses-it-ends',
    mistake: 'A node that stops does not wait for the replica that it is creating or destroying.',
    patches: [{ file: 'storage-node/service.ts', old: '    await node?.creator.stop();\n', new: '' }],
    detectors: [tests('services/storage-node/service.test.js')],
  },
  {
    name: 'log-closes-before-the-rebuilding-ends',
    mistake: 'A node that stops does not wait for the replica that it is rebuilding.',
    patches: [
      {
        file: 'storage-node/groups/replica-rebuilder.ts',
        old: '    await Promise.all(this.#underWay.values());\n',
        new: '',
      },
    ],
    detectors: [tests('services/storage-node/groups/replica-rebuilder.test.js')],
  },
  {
    name: 'failed-read-of-a-scrub-told-to-nobody',
    mistake: 'A page that the disk could not read for a scrub ends the scrub, and the node goes on.',
    patches: [
      {
        file: 'shared/btree/pinned-tree.ts',
        old: 'scrubWalk((id) => this.#read(id),',
        new: 'scrubWalk((id) => readPage(this.#snapshot, id),',
      },
    ],
    detectors: [tests('services/shared/btree/page-store.test.js')],
  },
];
