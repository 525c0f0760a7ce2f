import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Entity, Service } from 'electrodb';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Workplace';

/** One table of overloaded keys, as its guide lays it out: a global index shared by two entities, and a local one. */
function entities(client: DynamoDBClient) {
  const configuration = { client, table: TABLE };
  const employee = new Entity(
    {
      model: { entity: 'employee', version: '1', service: 'workplace' },
      attributes: {
        employee: { type: 'string', required: true },
        office: { type: 'string', required: true },
        team: { type: 'string', required: true },
        title: { type: 'string' },
        hired: { type: 'string', required: true },
      },
      indexes: {
        employee: { pk: { field: 'pk', composite: ['employee'] }, sk: { field: 'sk', composite: [] } },
        atOffice: {
          index: 'gsi1pk-gsi1sk-index',
          collection: 'workplaces',
          pk: { field: 'gsi1pk', composite: ['office'] },
          sk: { field: 'gsi1sk', composite: ['team', 'employee'] },
        },
        hired: { index: 'pk-lsi1sk-index', pk: { field: 'pk', composite: ['employee'] }, sk: { field: 'lsi1sk', composite: ['hired'] } },
      },
    },
    configuration,
  );
  const office = new Entity(
    {
      model: { entity: 'office', version: '1', service: 'workplace' },
      attributes: { office: { type: 'string', required: true }, country: { type: 'string', required: true } },
      indexes: {
        place: { pk: { field: 'pk', composite: ['country'] }, sk: { field: 'sk', composite: ['office'] } },
        office: {
          index: 'gsi1pk-gsi1sk-index',
          collection: 'workplaces',
          pk: { field: 'gsi1pk', composite: ['office'] },
          sk: { field: 'gsi1sk', composite: [] },
        },
      },
    },
    configuration,
  );
  return { employee, office };
}

describe('electrodb with secondary indexes', { timeout: TIMEOUT_MS }, () => {
  let employee: ReturnType<typeof entities>['employee'];
  let office: ReturnType<typeof entities>['office'];

  before(async () => {
    const cluster = await ConformanceCluster.shared();
    const client = cluster.client();
    const S = 'S' as const;
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk', 'lsi1sk'].map((AttributeName) => ({ AttributeName, AttributeType: S })),
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'gsi1pk-gsi1sk-index',
            KeySchema: [
              { AttributeName: 'gsi1pk', KeyType: 'HASH' },
              { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'pk-lsi1sk-index',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'lsi1sk', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
    ({ employee, office } = entities(client));
  });

  test('finds employees by the attributes of a global index', async () => {
    const people = Array.from({ length: 40 }, (_, at) => ({
      employee: `worker-${String(at).padStart(2, '0')}`,
      office: `office-${at % 2}`,
      team: `team-${at % 4}`,
      hired: `20${String(at).padStart(2, '0')}-01-01`,
    }));
    assert.deepEqual((await employee.put(people).go()).unprocessed, []);
    const found = await until('the index has all of the first office', async () => {
      const { data } = await employee.query.atOffice({ office: 'office-0' }).go({ pages: 'all' });
      return data.length === 20 && data;
    });
    const expected = people
      .filter((one) => one.office === 'office-0')
      .sort((a, b) => order(a.team, b.team) || order(a.employee, b.employee));
    assert.deepEqual(
      found.map((one) => one.employee),
      expected.map((one) => one.employee),
    );
    const { data: team } = await employee.query.atOffice({ office: 'office-1', team: 'team-3' }).begins({ employee: 'worker-1' }).go();
    assert.deepEqual(
      team.map((one) => one.employee),
      ['worker-11', 'worker-15', 'worker-19'],
    );
  });

  test('pages through an index by cursor, without losing or repeating anybody', async () => {
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { data: { employee: string }[]; cursor: string | null } = await employee.query
        .atOffice({ office: 'office-0' })
        .go({ limit: 6, cursor, order: 'desc' });
      names.push(...page.data.map((one) => one.employee));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.equal(names.length, 20);
    assert.equal(new Set(names).size, 20);
  });

  test('reads a collection over an index: an office and its employees', async () => {
    await office.create({ office: 'office-1', country: 'no' }).go();
    const service = new Service({ employee, office });
    const workplace = await until('the office is in the index', async () => {
      const { data } = await service.collections.workplaces({ office: 'office-1' }).go({ pages: 'all' });
      return data.office.length === 1 && data;
    });
    assert.equal(workplace.employee.length, 20);
    assert.equal(workplace.office[0]?.country, 'no');
  });

  test('moves an entity within an index when an attribute of its key changes', async () => {
    await employee.patch({ employee: 'worker-00' }).set({ office: 'office-1', team: 'team-9' }).go();
    await until('the employee has moved', async () => {
      const { data: there } = await employee.query.atOffice({ office: 'office-1', team: 'team-9' }).go();
      const { data: here } = await employee.query.atOffice({ office: 'office-0' }).go({ pages: 'all' });
      return there.length === 1 && here.length === 19;
    });
    await employee.delete({ employee: 'worker-00' }).go();
    await until('the employee has left', async () => {
      const { data } = await employee.query.atOffice({ office: 'office-1', team: 'team-9' }).go();
      return data.length === 0;
    });
  });

  test('queries a local index with a strong read', async () => {
    const { data } = await employee.query.hired({ employee: 'worker-07' }).gte({ hired: '2007-01-01' }).go({ consistent: true });
    assert.deepEqual(
      data.map(({ hired }) => hired),
      ['2007-01-01'],
    );
  });
});

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
