import { type Mutant, tests } from '../mutant.ts';

const WATCH = 'storage-node/groups/state-hash-watch.ts';
const KEEPER = 'storage-node/groups/state-hash-keeper.ts';
const GROUP = 'storage-node/groups/group.ts';
const READS = 'storage-node/groups/group-reads.ts';
const SCRUB_WALK = 'shared/btree/scrub-walk.ts';
const SCRUBBER = 'storage-node/groups/scrubber.ts';
const ROOM = 'storage-node/groups/disk-room.ts';
const NODE_GROUPS = 'storage-node/groups/node-groups.ts';
const DATA_FOLDER = 'shared/platform/data-folder.ts';

const COPIES = 'storage-node/groups/sole-copies.ts';
const SENDER = 'storage-node/groups/snapshot-sender.ts';
const LEADERSHIP = 'shared/paxos/leadership.ts';
const RECEIVER = 'storage-node/groups/snapshot-receiver.ts';

const KEEPER_TESTS = tests('services/storage-node/groups/state-hash-keeper.test.js');
const COPIES_TESTS = tests('services/storage-node/groups/sole-copies.test.js');
const RECEIVER_TESTS = tests('services/storage-node/groups/snapshot-receiver.test.js');
const RECOVERY_TESTS = tests('services/storage-node/groups/group-recovery.test.js');
const SCRUBBER_TESTS = tests('services/storage-node/groups/scrubber.test.js');
const SCRUB_WALK_TESTS = tests('services/shared/btree/scrub-walk.test.js');
const STORIES = tests('test/sim/integrity.test.js');

/** State hashes, scrub, nearly full disks, stores that are set aside. */
export const INTEGRITY: readonly Mutant[] = [
  {
    name: 'copy-and-origin-outvote-the-third',
    mistake: 'A copy that came from another in a snapshot counts as a second witness: with it a wrong leader condemns the right copy.',
    patches: [
      {
        file: 'storage-node/core/state-hash-judgement.ts',
        old: '    if (witnesses(majority, origins) * 2 <= witnesses([...hashes.keys()], origins)) continue;\n',
        new: '',
      },
    ],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'verdict-in-a-halted-group',
    mistake: 'Two copies that became equal while a group is halted outvote the third.',
    patches: [{ file: KEEPER, old: '    if (group.state.halted > 0) return;\n', new: '' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'state-hash-said-behind-a-swap',
    mistake: 'A mark that is due is proposed while a Swap is under way.',
    patches: [{ file: KEEPER, old: 'serves && !full && !closing', new: 'serves && !full' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'halted-copy-given-while-another-is-there',
    mistake: 'The copy of a halted group’s leader is given to whoever asks, though a third one may be right.',
    patches: [{ file: COPIES, old: 'configuration.members.every(', new: 'configuration.members.some(' }],
    detectors: [COPIES_TESTS],
  },
  {
    name: 'stop-leaves-a-snapshot-open',
    mistake: 'A node that stops does not wait for the snapshots that it sends: their views of the trees are open as the store closes.',
    patches: [{ file: SENDER, old: 'await Promise.all(this.#running);', new: '' }],
    detectors: [tests('services/storage-node/groups/snapshot-sender.test.js')],
  },
  {
    name: 'busy-follower-is-sent-all-again-and-again',
    mistake: 'A follower that acknowledges nothing is sent its log anew every half second, however often.',
    patches: [{ file: LEADERSHIP, old: 'retryMs * 2 ** startedOver', new: 'retryMs' }],
    detectors: [tests('services/shared/paxos/leading.test.js')],
  },
  {
    name: 'records-in-flight-not-counted',
    mistake: 'What a follower was sent and has not acknowledged is bounded by nothing.',
    patches: [{ file: 'shared/paxos/progress.ts', old: '    follower.inFlightBytes += length;\n', new: '' }],
    detectors: [tests('services/shared/paxos/leading.test.js')],
  },
  {
    name: 'snapshot-staged-on-a-full-disk',
    mistake: 'Once a snapshot has begun, its chunks are taken in however full the disk becomes.',
    patches: [{ file: RECEIVER, old: '      if (this.#room.fullness === 2) throw new Error(NO_ROOM);\n', new: '' }],
    detectors: [RECEIVER_TESTS],
  },
  {
    name: 'state-hash-not-compared',
    mistake: 'Whatever the members’ hashes are at a mark, they are taken for equal.',
    patches: [{ file: 'storage-node/core/state-hash-judgement.ts', old: 'if (counts.size <= 1)', new: 'if (counts.size <= 9)' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'minority-leader-accuses-itself',
    mistake: 'A leader in the minority logs a verdict on itself instead of letting another lead first.',
    patches: [
      {
        file: KEEPER,
        old: 'if (minority.includes(self) && successor !== undefined) {',
        new: 'if (minority.includes(-self) && successor !== undefined) {',
      },
    ],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'two-are-judged-of-three',
    mistake: 'A member that was not heard at the mark is left out of the comparison.',
    patches: [{ file: KEEPER, old: 'if (heard?.slot !== last.slot) return undefined;', new: 'if (heard?.slot !== last.slot) continue;' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'verdict-on-a-forgotten-mark',
    mistake: 'A replica gives its tree up though it does not know its hash at the mark that the verdict names.',
    patches: [
      {
        file: WATCH,
        old: 'if (record.replica !== self || own === undefined || own === record.hash) return NOTHING;',
        new: "if (record.replica !== self || own === record.hash) return NOTHING;\n        if (own === undefined) return { kind: 'give-up', error: new StateDiffersError(slot, record.slot, '', record.hash) };",
      },
    ],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'verdict-on-anybody',
    mistake: 'Every replica whose hash differs gives its tree up, named or not.',
    patches: [{ file: WATCH, old: 'if (record.replica !== self || own', new: 'if (own' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'marks-kept-over-a-snapshot',
    mistake: 'A snapshot takes the tree’s place, and a verdict on the one before is carried out on it.',
    patches: [{ file: WATCH, old: '    this.#own.clear();\n', new: '' }],
    detectors: [KEEPER_TESTS],
  },
  {
    name: 'halted-group-answers',
    mistake: 'A group of which no two copies agree goes on answering.',
    patches: [
      {
        file: READS,
        old: '    if (this.#copy.state.halted > 0) return HALTED;\n    if (this.#paxos.serves) return undefined;\n    const nowMs',
        new: '    if (this.#paxos.serves) return undefined;\n    const nowMs',
      },
    ],
    detectors: [RECOVERY_TESTS],
  },
  {
    name: 'halt-forgotten-at-a-checkpoint',
    mistake: 'A checkpoint does not carry that the group is halted.',
    patches: [{ file: 'storage-node/core/group-state.ts', old: '.u64(state.halted);', new: '.u64(0);' }],
    detectors: [RECOVERY_TESTS],
  },
  {
    name: 'lost-copy-looks-absent',
    mistake: 'A replica of which not even the header is left is answered for as if it had never been here.',
    patches: [
      {
        file: 'storage-node/groups/request-server.ts',
        old: 'this.#isLost(request.group) ? LOST : NO_SUCH_GROUP',
        new: 'this.#isLost(-1) ? LOST : NO_SUCH_GROUP',
      },
    ],
    detectors: [tests('services/storage-node/groups/request-server.test.js')],
  },
  {
    name: 'scrub-skips-checksums-of-values',
    mistake: 'The scrub believes every value.',
    patches: [{ file: SCRUB_WALK, old: 'if (this.#verifyValue(', new: 'if (this.#treeId >= 0 || this.#verifyValue(' }],
    detectors: [SCRUB_WALK_TESTS],
  },
  {
    name: 'scrub-skips-bounds',
    mistake: 'The scrub does not look whether keys are in the range that the parent gives a page.',
    patches: [{ file: SCRUB_WALK, old: 'if (count > 0 && (compareKeys(', new: 'if (count > 99_999 && (compareKeys(' }],
    detectors: [SCRUB_WALK_TESTS],
  },
  {
    name: 'scrub-skips-order',
    mistake: 'The scrub does not look at the order of keys in a page.',
    patches: [{ file: SCRUB_WALK, old: 'if (!keysAscend(image))', new: 'if (pageCount(image) > 99_999 && !keysAscend(image))' }],
    detectors: [SCRUB_WALK_TESTS],
  },
  {
    name: 'scrub-skips-the-log',
    mistake: 'The scrub reads trees only.',
    patches: [
      { file: SCRUBBER, old: '      await this.#scrubLog(group);\n', new: '      if (group.stopped) await this.#scrubLog(group);\n' },
    ],
    detectors: [SCRUBBER_TESTS],
  },
  {
    name: 'scrub-tells-and-does-nothing',
    mistake: 'A page that the scrub finds damaged is not given up.',
    patches: [{ file: SCRUBBER, old: '      group.pageUnreadable(error);\n', new: '' }],
    detectors: [SCRUBBER_TESTS],
  },
  {
    name: 'scrub-at-full-speed',
    mistake: 'The scrub reads as fast as it can.',
    patches: [{ file: SCRUBBER, old: '* SECOND_MS;\n    this.#sliceBytes = 0;', new: '* 0;\n    this.#sliceBytes = 0;' }],
    detectors: [SCRUBBER_TESTS],
  },
  {
    name: 'log-mended-beyond-the-checkpoint',
    mistake: 'With a damaged place of the log all of it goes, also what no checkpoint holds.',
    patches: [{ file: SCRUBBER, old: '      group.trim(group.checkpointSlot);\n', new: '      group.trim(group.durableLast);\n' }],
    detectors: [SCRUBBER_TESTS],
  },
  {
    name: 'damaged-log-only-stops',
    mistake: 'A replica that meets damage in the log it needs stops, and nobody brings it back.',
    patches: [
      {
        file: GROUP,
        old: '    else if (error instanceof WalDamagedError) this.#host.logDamaged(this, error);\n',
        new: '    else if (error instanceof WalDamagedError && this.id < 0) this.#host.logDamaged(this, error);\n',
      },
    ],
    detectors: [SCRUBBER_TESTS],
  },
  {
    name: 'full-followers-not-asked',
    mistake: 'A leader with room takes writes though a quorum has none.',
    patches: [{ file: ROOM, old: 'this.#fullness <= most && this.#isQuorumWithin(group, most)', new: 'this.#fullness <= most' }],
    detectors: [tests('services/storage-node/groups/disk-room.test.js')],
  },
  {
    name: 'space-freed-is-not-noticed',
    mistake: 'Once a disk was nearly full, its node refuses writes for ever.',
    patches: [
      {
        file: ROOM,
        old: 'else this.#fullness = below(1, before >= 1) ? 1 : 0;',
        new: 'else this.#fullness = before > 0 || below(1, false) ? 1 : 0;',
      },
    ],
    detectors: [tests('services/storage-node/groups/disk-room.test.js')],
  },
  {
    name: 'records-taken-into-the-last-reserve',
    mistake: 'A node whose reserve is nearly used up goes on writing the records of others.',
    patches: [
      {
        file: NODE_GROUPS,
        old: 'if (this.room.exhausted && carriesRecords(message)) {',
        new: 'if (this.room.exhausted && nowMs < 0 && carriesRecords(message)) {',
      },
    ],
    detectors: [STORIES],
  },
  {
    name: 'fullness-not-told',
    mistake: 'Nodes do not tell their leaders how full their disks are.',
    patches: [{ file: 'storage-node/groups/heartbeats.ts', old: 'fullness: this.fullness,', new: 'fullness: 0,' }],
    detectors: [STORIES],
  },
  {
    name: 'damaged-trees-removed',
    mistake: 'Trees of which damage was noted are removed at once instead of set aside.',
    patches: [
      {
        file: DATA_FOLDER,
        old: '    if (setAside !== undefined) await this.#setTreeAside();\n',
        new: '    if (setAside !== undefined) await rm(join(this.#path, TREE_FOLDER), { recursive: true, force: true });\n',
      },
    ],
    detectors: [tests('services/shared/platform/data-folder.test.js')],
  },
  {
    name: 'tables-not-checked',
    mistake: 'Trees that ended the process as it opened them are opened again without a look at their tables.',
    patches: [
      {
        file: DATA_FOLDER,
        old: '(await this.#notedDamage()) ?? (await this.#damageThatEndedTheProcess());',
        new: 'await this.#notedDamage();',
      },
    ],
    detectors: [tests('services/shared/platform/data-folder.test.js')],
  },
  {
    name: 'half-tables-are-damage',
    mistake:
      'Every table that does not end in its footer counts as damage, also what a kill in a compaction left: all nodes may lose their trees.',
    patches: [
      {
        file: 'shared/platform/level-table-scan.ts',
        old: '  const tables = await namedTables(folder);\n',
        new: "  const tables = await namedTables(folder);\n  const { readdir, stat } = await import('node:fs/promises');\n  for (const name of await readdir(folder).catch(() => [])) {\n    if (name.endsWith('.ldb')) tables.set(Number.parseInt(name, 10), (await stat(join(folder, name))).size);\n  }\n",
      },
    ],
    detectors: [tests('services/shared/platform/level-table-scan.test.js')],
  },
  {
    name: 'last-blocks-not-checked',
    mistake: 'The blocks of a table behind the last whole read are not checked.',
    patches: [
      {
        file: 'shared/platform/level-table.ts',
        old: '  if (run.length > 0) await checkRun(handle, run, bytes);\n',
        new: '',
      },
    ],
    detectors: [tests('services/shared/platform/level-table-scan.test.js')],
  },
  {
    name: 'set-aside-removed-too-early',
    mistake: 'What was set aside is removed while replicas are still missing.',
    patches: [
      {
        file: 'storage-node/groups/set-aside-tree.ts',
        old: 'if (this.#done || !this.#isWhole()) return;',
        new: 'if (this.#done || (this.#isWhole() && this.#done)) return;',
      },
    ],
    detectors: [STORIES],
  },
];
