import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOG_GROUP, type GroupId, type NodeId } from '../../shared/base/ids.ts';
import type { AdminRequest, AdminResponse } from '../../shared/wire/admin.ts';
import type { CatalogView } from '../../shared/placement/catalog-view.ts';
import { MissingReplicas } from './missing-replicas.ts';

const NODE = 'node-a';
const GROUP = 7;

/** What a node says of a group: the number of its configuration and where the members are. */
interface Known {
  readonly configuration: number;
  readonly nodes: readonly NodeId[];
}

interface Given {
  readonly status?: string;
  readonly retired?: true;
  readonly replicas?: readonly NodeId[];
  /** Groups of which a member is here. */
  readonly members?: readonly GroupId[];
  readonly saidAtMs?: number;
  readonly saidGroup?: GroupId;
  /** By address, of every group. */
  readonly known?: Readonly<Record<string, Known>>;
}

/** A node that sees one table of one partition in the catalog, and the addresses that it asked. */
class World {
  readonly asked: string[] = [];
  readonly missing: MissingReplicas;

  constructor(given: Given) {
    const { members = [CATALOG_GROUP], known = {}, replicas = [NODE, 'node-b', 'node-c'] } = given;
    const record = { group: GROUP, configuration: 1, replicas: replicas.map((node) => ({ node })), retired: given.retired };
    const view = {
      tables: () => [{ tableId: 't', status: given.status ?? 'ACTIVE' }].values(),
      partitions: () => [{ record }],
      node: (node: NodeId) => ({ address: `${node}:1` }),
    };
    this.missing = new MissingReplicas({
      node: NODE,
      view: () => view as unknown as CatalogView,
      hasMember: (group) => members.includes(group),
      absences: {
        *saidSince(sinceMs: number) {
          if (given.saidAtMs !== undefined && given.saidAtMs >= sinceMs) yield given.saidGroup ?? GROUP;
        },
      },
      catalogAddresses: ['node-b:1', 'node-c:1'],
      call: (address: string, request: AdminRequest) => {
        assert(request.kind === 'inspect-group');
        this.asked.push(`${address} ${request.group}`);
        const answer = known[address];
        if (answer === undefined) return Promise.reject(new Error('no such group'));
        const { configuration, nodes } = answer;
        const inspection = { kind: 'group-inspection', configuration, members: nodes.map((node) => ({ node })) };
        return Promise.resolve(inspection as unknown as AdminResponse);
      },
    });
  }
}

const OTHERS = { configuration: 2, nodes: ['node-b', 'node-c', 'node-d'] };
const THIS_TOO = { configuration: 1, nodes: [NODE, 'node-b', 'node-c'] };

test('a node has all when it has a member of each group that is placed on it, and a spare has nothing to have', async () => {
  assert.equal(new World({ members: [CATALOG_GROUP, GROUP] }).missing.first(0), undefined);
  const spare = new World({ members: [], replicas: ['node-b', 'node-c', 'node-d'], known: { 'node-c:1': OTHERS } });
  assert.equal(spare.missing.first(0), CATALOG_GROUP, 'nobody has been asked yet');
  await spare.missing.look();
  assert.equal(spare.missing.first(0), undefined);
  assert.deepEqual(
    spare.asked,
    ['node-b:1', 'node-c:1'].map((address) => `${address} ${CATALOG_GROUP}`),
  );
});

test('a member that the catalog places here is missing until its group knows of later members, all elsewhere', async () => {
  const lost = new World({ known: { 'node-b:1': THIS_TOO, 'node-c:1': { ...THIS_TOO, configuration: 2 } } });
  await lost.missing.look();
  assert.equal(lost.missing.first(0), GROUP, 'a learner or nothing is here');
  const unreached = new World({});
  await unreached.missing.look();
  assert.equal(unreached.missing.first(0), GROUP);
  // node-b has been replaced as well, and has not heard of it.
  const moved = new World({ known: { 'node-b:1': THIS_TOO, 'node-c:1': OTHERS } });
  await moved.missing.look();
  assert.equal(moved.missing.first(0), undefined);
  await moved.missing.look();
  assert.equal(moved.asked.length, 2, 'nobody is asked again');
});

test('nothing is missing of a table that is being created or deleted', () => {
  for (const given of [{ status: 'CREATING' }, { status: 'DELETING' }, { retired: true }] as const) {
    const { missing } = new World({ ...given, saidAtMs: 0 });
    assert.equal(missing.first(1), undefined, JSON.stringify(given));
  }
});

test('a member is missing that a leader wrote to lately, wherever the catalog places it', () => {
  const replicas = ['node-b', 'node-c', 'node-d'];
  assert.equal(new World({ replicas, saidAtMs: 1000 }).missing.first(7000), GROUP);
  assert.equal(new World({ replicas, saidAtMs: 1000 }).missing.first(7001), undefined);
  assert.equal(new World({ replicas, saidAtMs: 1000, members: [CATALOG_GROUP, GROUP] }).missing.first(1000), undefined, 'it came');
  assert.equal(new World({ replicas, saidAtMs: 1000, saidGroup: 8 }).missing.first(1000), undefined, 'its table is gone');
});
