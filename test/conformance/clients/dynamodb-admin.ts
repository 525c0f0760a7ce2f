import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';
import { DynamoDbAdmin, type ItemsPage } from '../dynamodb-admin-process.ts';

const TABLE = 'Museum';
const ITEMS = 60;

describe('dynamodb-admin', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let admin: DynamoDbAdmin;

  before(async () => {
    cluster = await ConformanceCluster.shared();
    admin = await DynamoDbAdmin.start(cluster);
  });

  after(() => admin?.stop());

  test('creates a table and lists it', async () => {
    const TableDefinition = {
      TableName: TABLE,
      HashAttributeName: 'room',
      HashAttributeType: 'S',
      RangeAttributeName: 'number',
      RangeAttributeType: 'N',
      ReadCapacityUnits: 3,
      WriteCapacityUnits: 3,
    };
    assert.match((await admin.visit('GET', '/create-table')).text, /<form/);
    assert.equal((await admin.visit('POST', '/create-table', { TableDefinition })).status, 204);
    await cluster.untilActive(TABLE);
    assert.match((await admin.visit('GET', '/')).text, new RegExp(`href=["']/tables/${TABLE}["']`));
    const tables = JSON.parse((await admin.visit('GET', '/api/tables')).text) as { TableName: string; TableStatus: string }[];
    assert.deepEqual(
      tables.filter(({ TableName }) => TableName === TABLE).map(({ TableStatus }) => TableStatus),
      ['ACTIVE'],
    );
  });

  test('adds an item by its form, shows it, changes it', async () => {
    assert.match((await admin.visit('GET', `/tables/${TABLE}/add-item`)).text, /&#34;room&#34;: &#34;&#34;/);
    const vase = { room: 'Greece', number: 1, title: 'Vase', age: 2500.5, parts: ['neck', { handles: 2 }], broken: false, donor: null };
    await admin.add(TABLE, vase);
    const path = `/tables/${TABLE}/items/Greece,1`;
    await until('the item is shown', async () => /Vase/.test((await admin.visit('GET', path)).text));
    const changed = { ...vase, broken: true };
    assert.equal((await admin.visit('PUT', path, changed)).status, 200);
    await until('the change is shown', async () => /&#34;broken&#34;: true/.test((await admin.visit('GET', path)).text));
    const shown = await admin.items(TABLE, { filters: JSON.stringify({ room: { type: 'S', operator: '=', value: 'Greece' } }) });
    assert.deepEqual(shown.Items, [{ ...changed, __key: { room: 'Greece', number: 1 } }]);
    assert.equal((await admin.visit('GET', `/tables/${TABLE}/items/Greece,2`)).status, 404);
  });

  test('shows a table page by page, and searches it', async () => {
    for (let number = 0; number < ITEMS; number++) {
      await admin.add(TABLE, { room: 'Egypt', number, title: `Scarab ${number}` });
    }
    assert.match((await admin.visit('GET', `/tables/${TABLE}`)).text, /\[Table\] Museum/);
    assert.match((await admin.visit('GET', `/tables/${TABLE}/meta`)).text, /KeySchema/);
    const query = { operationType: 'query', filters: JSON.stringify({ room: { type: 'S', operator: '=', value: 'Egypt' } }) };
    await until('all items are found', async () => (await admin.items(TABLE, { ...query, pageSize: '100' })).Items.length === ITEMS);
    const numbers: unknown[] = [];
    let startKey: string | null = null;
    do {
      const page: ItemsPage = await admin.items(TABLE, { ...query, ...(startKey !== null && { startKey: decodeURIComponent(startKey) }) });
      numbers.push(...page.Items.map(({ number }) => number));
      startKey = page.nextKey;
    } while (startKey !== null);
    assert.deepEqual(
      numbers,
      Array.from({ length: ITEMS }, (_, at) => at),
    );
    const filters = JSON.stringify({
      room: { type: 'S', operator: '=', value: 'Egypt' },
      number: { type: 'N', operator: '>=', value: '50' },
      title: { type: 'S', operator: 'begins_with', value: 'Scarab' },
    });
    const found = await admin.items(TABLE, { operationType: 'query', filters, pageSize: '100' });
    assert.equal(found.Items.length, 10);
    assert.deepEqual(found.uniqueKeys, ['room', 'number', 'title']);
    const scanned = await admin.items(TABLE, {
      filters: JSON.stringify({ broken: { type: 'S', operator: '<>', value: 'x' } }),
      pageSize: '100',
    });
    assert.equal(scanned.Items.length, ITEMS + 1);
  });

  test('shows what the server says when something fails', async () => {
    const wrong = await admin.visit('PUT', `/tables/${TABLE}/add-item`, { room: 7, number: 1 });
    assert.deepEqual([wrong.status, /Type mismatch for key room/.test(wrong.text)], [500, true]);
    assert.match((await admin.visit('GET', '/tables/Nowhere')).text, /Requested resource not found/);
  });

  test('deletes an item, all items, and the table', async () => {
    assert.equal((await admin.visit('DELETE', `/tables/${TABLE}/items/Greece,1`)).status, 204);
    await until('the item is gone', async () => (await admin.visit('GET', `/tables/${TABLE}/items/Greece,1`)).status === 404);
    assert.equal((await admin.visit('DELETE', `/tables/${TABLE}/all`)).status, 200);
    await until('all items are gone', async () => (await admin.items(TABLE, {})).Items.length === 0);
    assert.equal((await admin.visit('DELETE', `/tables/${TABLE}`)).status, 204);
    await cluster.untilGone(TABLE);
    assert.ok(!(await admin.visit('GET', '/api/tables')).text.includes(TABLE));
  });
});
