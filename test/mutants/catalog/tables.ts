import { type Mutant, tests } from '../mutant.ts';

const CREATE = 'auto-admin/handlers/create-table.ts';
const DELETE = 'auto-admin/handlers/delete-table.ts';
const STEPS = 'auto-admin/core/step-runner.ts';
const PLANNER = 'auto-admin/core/planner.ts';
const REPLICAS = 'auto-admin/core/replica-plans.ts';
const LEASE = 'auto-admin/core/admin-lease.ts';
const OPERATIONS = 'auto-admin/core/table-operations.ts';
const PROBES = 'auto-admin/core/node-probes.ts';
const WANTED = 'storage-node/core/wanted-group.ts';
const CREATOR = 'storage-node/handlers/create-replica.ts';
/** Detectors of mistakes about what is left of indexes and tables that are gone. */
const RETIRED = [tests('services/auto-admin/core'), tests('services/auto-admin/retired-partitions.test.js')];
const CHANGE = 'router/core/api/table-change.ts';
const VIEW = 'shared/placement/catalog-view.ts';
const REFRESH = 'shared/cluster-client/catalog-refresh.ts';
const WATCHER = 'shared/cluster-client/catalog-watcher.ts';

/** Tables made and deleted, and the catalog that says so. */
export const TABLES: readonly Mutant[] = [
  {
    name: 'table-deleted-by-name-alone',
    mistake: 'A deletion takes whatever table has the name, so that a late copy of it deletes a new one.',
    patches: [{ file: DELETE, old: ' || table.tableId !== tableId', new: '' }],
    detectors: [tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'gone-table-leaves-nothing',
    mistake: 'A creation is written whatever was under the name, so that a late copy of it makes its table again.',
    patches: [
      {
        file: CREATE,
        old: 'const expected = overGeneration === 0 ? undefined : overGeneration;',
        new: 'const expected = (await context.cluster.catalog.read(key))?.generation;',
      },
    ],
    detectors: [tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'creation-under-another-id-taken-for-its-own',
    mistake: 'Whoever creates a table whose name is taken is told that it was created.',
    patches: [{ file: CREATE, old: 'if (present.tableId === definition.tableId) {', new: "if (present.tableId !== '') {" }],
    detectors: [tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'taken-name-told-after-a-lost-answer',
    mistake: 'A router that lost an answer and then finds the name taken says that the table existed before.',
    patches: [
      {
        file: CHANGE,
        old: 'if (taken && error instanceof RefusedAfterLossError)',
        new: "if (taken && error instanceof RefusedAfterLossError && error.message === '')",
      },
    ],
    detectors: [tests('services/router/handlers/table-actions.test.js')],
  },
  {
    name: 'missing-table-told-from-an-old-catalog',
    mistake: 'A router that does not reach the catalog says that a table does not exist.',
    patches: [
      {
        file: REFRESH,
        old: 'else if (settled === this.#seeds.length) resolve(undefined);',
        new: 'else if (settled === this.#seeds.length) resolve(newest);',
      },
    ],
    detectors: [tests('services/shared/cluster-client/catalog-refresh.test.js')],
  },
  {
    name: 'refresh-asks-one-replica',
    mistake: 'The log of a single catalog replica is taken for everything that was chosen.',
    patches: [{ file: REFRESH, old: 'const majority = Math.floor(this.#seeds.length / 2) + 1;', new: 'const majority = 1;' }],
    detectors: [tests('services/shared/cluster-client/catalog-refresh.test.js')],
  },
  {
    name: 'watched-catalog-goes-back',
    mistake: 'A watcher takes over what another replica sends though it is behind what was seen before.',
    patches: [
      {
        file: WATCHER,
        old: 'if (incoming === undefined || incoming.slot < this.#view.slot) return;',
        new: 'if (incoming === undefined) return;',
      },
    ],
    detectors: [tests('services/shared/cluster-client/catalog-watcher.test.js')],
  },
  {
    name: 'ids-of-an-unknown-reservation-used',
    mistake: 'An auto-admin that does not know whether it reserved ids uses them, as another one may.',
    patches: [
      {
        file: STEPS,
        old: 'await this.#catalog.write(COUNTERS_KEY,',
        new: 'await this.#catalog.writeSettled(COUNTERS_KEY,',
      },
    ],
    detectors: [tests('services/auto-admin/id-reservation.test.js')],
  },
  {
    name: 'unreadable-table-destroys-its-data',
    mistake: 'Partitions whose table the catalog does not show are destroyed.',
    patches: [
      {
        file: PLANNER,
        old: 'planRemoval(view, partitions.filter(isRetired), knowledge);',
        new: 'planRemoval(view, partitions, knowledge);',
      },
    ],
    detectors: [tests('services/auto-admin/core'), tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'index-deletion-waits-for-a-quorum',
    mistake: 'A table waits until a quorum of the replicas of an index that goes is destroyed, however long their nodes are down.',
    patches: [
      { file: PLANNER, old: 'planIndexRetirement(view, goingPartitions(', new: 'planTableRetirement(view, goingPartitions(' },
      { file: PLANNER, old: 'planIndexRetirement(view, ofIndexes,', new: 'planTableRetirement(view, ofIndexes,' },
    ],
    detectors: RETIRED,
  },
  {
    name: 'table-gone-while-it-takes-writes',
    mistake:
      'A table counts as gone, and its name as free, while a quorum of its replicas may acknowledge a write that an old catalog sends there.',
    patches: [{ file: PLANNER, old: 'planTableRetirement(view, partitionsOf(', new: 'planIndexRetirement(view, partitionsOf(' }],
    detectors: RETIRED,
  },
  {
    name: 'retired-partitions-without-a-bound',
    mistake: 'The catalog keeps as many retired partitions as come about while nodes are down.',
    patches: [{ file: REPLICAS, old: 'const room = RETIRED_PARTITIONS_MAX -', new: 'const room = Number.MAX_SAFE_INTEGER -' }],
    detectors: RETIRED,
  },
  {
    name: 'what-is-left-takes-the-turns-of-tables',
    mistake: 'Rounds that destroy what is left on dead nodes take the turns of tables that are worked on.',
    patches: [{ file: OPERATIONS, old: '[this.#cleaningTurns, cleaningBackoff]', new: '[this.#turns, cleaningBackoff]' }],
    detectors: RETIRED,
  },
  {
    name: 'each-id-on-a-silent-node-takes-a-turn',
    mistake:
      'What is left on a node that is known to be silent is asked for again under each id, and takes the turns of what is left elsewhere.',
    patches: [{ file: OPERATIONS, old: 'if (isHeldBack(step, this.#knowledge)) return', new: 'if (this.#stopped) return' }],
    detectors: RETIRED,
  },
  {
    name: 'silent-node-forgotten',
    mistake: 'A node that was once not reached is never asked again to destroy what it has left.',
    patches: [{ file: PROBES, old: 'taken.push(step);', new: '' }],
    detectors: RETIRED,
  },
  {
    name: 'probes-without-a-pause',
    mistake: 'A node that cannot be reached is probed for each id that it has something of.',
    patches: [{ file: PROBES, old: 'nowMs - calledAtMs < UNREACHABLE_PROBE_MS', new: 'nowMs < calledAtMs' }],
    detectors: RETIRED,
  },
  {
    name: 'placed-on-nodes-that-are-down',
    mistake: 'New partitions are placed on nodes that were just not reached, though others of their AZs are there.',
    patches: [{ file: REPLICAS, old: 'nodes: nodesToUse(view, knowledge)', new: 'nodes: [...view.nodes()]' }],
    detectors: RETIRED,
  },
  {
    name: 'retired-group-is-given-members',
    mistake: 'A leader that comes back with a partition of an index that is gone may make a learner where its replica was destroyed.',
    patches: [{ file: WANTED, old: '  if (isRetiredGroup(identity, view)) return false;\n', new: '' }],
    detectors: [tests('services/storage-node/core/wanted-group.test.js')],
  },
  {
    name: 'destroyed-group-is-given-members',
    mistake: 'A node whose catalog is old takes a learner of a group of which it has destroyed a replica.',
    patches: [{ file: CREATOR, old: ' || this.#destroyedGroups.has(request.group)', new: '' }],
    detectors: [tests('services/storage-node/handlers')],
  },
  {
    name: 'table-active-without-a-quorum',
    mistake: 'A table is called active when one replica of each partition is there.',
    patches: [
      { file: REPLICAS, old: 'return replicas.filter(matches).length > replicas.length / 2;', new: 'return replicas.some(matches);' },
    ],
    detectors: [tests('services/auto-admin/core'), tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'late-replica-begins-as-a-voter',
    mistake: 'A replica that is made after its group began to serve votes at once.',
    patches: [
      {
        file: PLANNER,
        old: 'const plan = planReplicas(view, partitions, knowledge, true);',
        new: 'const plan = planReplicas(view, partitions, knowledge, false);',
      },
    ],
    detectors: [tests('services/auto-admin/core'), tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'admin-lease-counted-from-its-answer',
    mistake: 'An auto-admin counts its lease from when the renewal was answered.',
    patches: [
      {
        file: LEASE,
        old: 'this.#validUntilMs = written ? sentAtMs + ADMIN_LEASE_MS - ADMIN_LEASE_MARGIN_MS',
        new: 'this.#validUntilMs = written ? Math.max(sentAtMs, this.#environment.clock.monotonicMs()) + ADMIN_LEASE_MS - ADMIN_LEASE_MARGIN_MS',
      },
    ],
    detectors: [tests('services/auto-admin/service.test.js')],
  },
  {
    name: 'writes-under-way-not-counted',
    mistake: 'Quotas are judged on the watched catalog alone, so that calls that come together each take what is left.',
    patches: [{ file: 'auto-admin/core/own-writes.ts', old: '    this.#records.add(record);\n', new: '' }],
    detectors: [tests('services/auto-admin/quotas.test.js')],
  },
  {
    name: 'pause-begun-by-what-changes-nothing',
    mistake: 'Deletion protection that is asked for again begins its pause anew.',
    patches: [{ file: 'shared/placement/changed-protection.ts', old: '  if (isOn === deletionProtection) return table;\n', new: '' }],
    detectors: [tests('services/shared/placement/changed-protection.test.js')],
  },
  {
    name: 'removed-table-seen-as-a-table',
    mistake: 'What a table leaves behind does not take its place in the view.',
    patches: [
      {
        file: VIEW,
        old: "    if (record.status === 'REMOVED') {\n      this.#removeTable(key);",
        new: "    if (record.status === 'REMOVED') {",
      },
    ],
    detectors: [tests('services/shared/placement/catalog-view.test.js')],
  },
  {
    name: 'destroyed-replica-created-again',
    mistake: 'A node that stood still carries out a creation that it finds behind the destruction of the same replica.',
    patches: [
      {
        file: 'storage-node/handlers/create-replica.ts',
        old: 'if (this.#destroyed.has(request.replica))',
        new: 'if (this.#destroyed.size < 0)',
      },
    ],
    detectors: [tests('services/storage-node/service.test.js')],
  },
];
