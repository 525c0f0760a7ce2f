import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Entity, Service } from 'electrodb';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';

const TABLE = 'Offices';
const OFFICES = 3;
const EMPLOYEES_EACH = 12;

/** Employees and tasks of an office lie beside each other under its partition key: a collection over the table itself. */
function entities(client: DynamoDBClient) {
  const configuration = { client, table: TABLE };
  const employee = new Entity(
    {
      model: { entity: 'employee', version: '1', service: 'work' },
      attributes: {
        office: { type: 'string', required: true },
        employee: { type: 'string', required: true },
        team: { type: ['sales', 'legal', 'kitchen'] as const, required: true },
        salary: { type: 'number', default: 1000 },
        skills: { type: 'set', items: 'string' },
        address: { type: 'map', properties: { street: { type: 'string' }, number: { type: 'number' } } },
        reviews: { type: 'list', items: { type: 'number' } },
        changes: { type: 'number', default: 0, watch: '*', set: (changes: number | undefined) => changes ?? 0 },
      },
      indexes: {
        record: { collection: 'staff', pk: { field: 'pk', composite: ['office'] }, sk: { field: 'sk', composite: ['employee'] } },
      },
    },
    configuration,
  );
  const task = new Entity(
    {
      model: { entity: 'task', version: '1', service: 'work' },
      attributes: {
        office: { type: 'string', required: true },
        project: { type: 'string', required: true },
        task: { type: 'string', required: true },
        points: { type: 'number' },
        done: { type: 'boolean', default: false },
      },
      indexes: {
        record: { collection: 'staff', pk: { field: 'pk', composite: ['office'] }, sk: { field: 'sk', composite: ['project', 'task'] } },
      },
    },
    configuration,
  );
  return { employee, task };
}

describe('electrodb', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let employee: ReturnType<typeof entities>['employee'];
  let task: ReturnType<typeof entities>['task'];

  before(async () => {
    cluster = await ConformanceCluster.shared();
    const client = cluster.client();
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    );
    await cluster.untilActive(TABLE);
    ({ employee, task } = entities(client));
  });

  test('creates entities once', async () => {
    const ada = {
      office: 'oslo',
      employee: 'ada',
      team: 'legal',
      skills: ['latin', 'law'],
      address: { street: 'Karl Johans gate', number: 1 },
      reviews: [4, 5],
    } as const;
    const input = { ...ada, skills: [...ada.skills], reviews: [...ada.reviews] };
    await employee.create(input).go();
    const { data } = await employee.get({ office: 'oslo', employee: 'ada' }).go({ consistent: true });
    assert.deepEqual({ ...data, skills: data?.skills?.sort() }, { ...input, skills: ['latin', 'law'], salary: 1000, changes: 0 });
    await assert.rejects(employee.create(input).go(), (error) => /conditional request failed/.test(String(error)));
  });

  test('updates and patches with every kind of change', async () => {
    const key = { office: 'oslo', employee: 'ada' };
    const { data } = await employee
      .patch(key)
      .set({ team: 'sales' })
      .add({ salary: 250 })
      .append({ reviews: [3] })
      .delete({ skills: ['law'] })
      .data(({ address }, { set }) => set(address.number, 7))
      .where(({ salary }, { lt }) => lt(salary, 5000))
      .go({ response: 'all_new' });
    assert.deepEqual(
      [data?.team, data?.salary, data?.reviews, data?.address, data?.skills?.sort()],
      ['sales', 1250, [4, 5, 3], { street: 'Karl Johans gate', number: 7 }, ['latin']],
    );
    const learned = await employee
      .patch(key)
      .add({ skills: ['greek'] })
      .go({ response: 'updated_new' });
    assert.deepEqual(learned.data?.skills?.sort(), ['greek', 'latin']);
    const refused = employee
      .update(key)
      .subtract({ salary: 1 })
      .where(({ team }, { eq }) => eq(team, 'kitchen'))
      .go();
    await assert.rejects(refused, (error) => /conditional request failed/.test(String(error)));
    await assert.rejects(employee.patch({ office: 'oslo', employee: 'nobody' }).set({ salary: 1 }).go());
    const upserted = await employee.upsert({ office: 'oslo', employee: 'bo', team: 'kitchen' }).go({ response: 'all_new' });
    assert.equal(upserted.data.salary, 1000);
  });

  test('puts many in one call, and gets many', async () => {
    const people = Array.from({ length: OFFICES * EMPLOYEES_EACH }, (_, at) => ({
      office: `office-${at % OFFICES}`,
      employee: `worker-${String(Math.floor(at / OFFICES)).padStart(2, '0')}`,
      team: (['sales', 'legal', 'kitchen'] as const)[at % 3] ?? 'sales',
      salary: 100 * at,
    }));
    const put = await employee.put(people).go({ concurrent: 2 });
    assert.deepEqual(put.unprocessed, []);
    const keys = people.map(({ office, employee: name }) => ({ office, employee: name }));
    const { data, unprocessed } = await employee.get(keys).go({ consistent: true });
    assert.deepEqual([data.length, unprocessed], [people.length, []]);
    const tasks = Array.from({ length: 20 }, (_, at) => ({ office: 'office-1', project: `p${at % 2}`, task: `t${at}`, points: at }));
    assert.deepEqual((await task.put(tasks).go()).unprocessed, []);
  });

  test('queries by the parts of the sort key, filters, and pages by cursor', async () => {
    const { data: between } = await employee.query
      .record({ office: 'office-1' })
      .between({ employee: 'worker-03' }, { employee: 'worker-05' })
      .go({ consistent: true });
    assert.deepEqual(
      between.map((one) => one.employee),
      ['worker-03', 'worker-04', 'worker-05'],
    );
    const { data: begins } = await task.query
      .record({ office: 'office-1', project: 'p1' })
      .begins({ task: 't1' })
      .go({ order: 'desc', consistent: true });
    assert.deepEqual(
      begins.map((one) => one.task),
      ['t19', 't17', 't15', 't13', 't11', 't1'],
    );
    const { data: rich } = await employee.query
      .record({ office: 'office-2' })
      .where(({ salary, team }, { gte, eq }) => `${gte(salary, 2000)} AND ${eq(team, 'kitchen')}`)
      .go({ pages: 'all', consistent: true });
    assert.deepEqual(
      rich.map(({ salary }) => salary),
      [2000, 2300, 2600, 2900, 3200, 3500],
    );
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { data: { employee: string }[]; cursor: string | null } = await employee.query
        .record({ office: 'office-0' })
        .go({ limit: 5, cursor, consistent: true });
      names.push(...page.data.map((one) => one.employee));
      cursor = page.cursor;
    } while (cursor !== null);
    assert.deepEqual(
      names,
      Array.from({ length: EMPLOYEES_EACH }, (_, at) => `worker-${String(at).padStart(2, '0')}`),
    );
  });

  test('reads a collection of two kinds of entities in one query', async () => {
    const service = new Service({ employee, task });
    const { data } = await service.collections.staff({ office: 'office-1' }).go({ pages: 'all', consistent: true });
    assert.deepEqual([data.employee.length, data.task.length], [EMPLOYEES_EACH, 20]);
  });

  test('scans one kind of entity and deletes what it finds', async () => {
    const { data: open } = await task.scan.where(({ done }, { eq }) => eq(done, false)).go({ pages: 'all', consistent: true });
    assert.equal(open.length, 20);
    const deletion = await task.delete(open.map(({ office, project, task: name }) => ({ office, project, task: name }))).go();
    assert.deepEqual(deletion.unprocessed, []);
    const { data: left } = await task.scan.go({ pages: 'all', consistent: true });
    assert.deepEqual(left, []);
    const removed = await employee.remove({ office: 'oslo', employee: 'ada' }).go({ response: 'all_old' });
    assert.equal(removed.data?.team, 'sales');
    await assert.rejects(employee.remove({ office: 'oslo', employee: 'ada' }).go());
  });
});
