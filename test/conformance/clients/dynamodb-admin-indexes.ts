import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../../harness/until.ts';
import { ConformanceCluster, TIMEOUT_MS } from '../conformance-cluster.ts';
import { DynamoDbAdmin } from '../dynamodb-admin-process.ts';

const TABLE = 'Gallery';

describe('dynamodb-admin with secondary indexes and a time to live', { timeout: TIMEOUT_MS }, () => {
  let cluster: ConformanceCluster;
  let admin: DynamoDbAdmin;

  before(async () => {
    cluster = await ConformanceCluster.shared();
    admin = await DynamoDbAdmin.start(cluster);
  });

  after(() => admin?.stop());

  test('creates a table with indexes of both kinds', async () => {
    const TableDefinition = {
      TableName: TABLE,
      HashAttributeName: 'room',
      HashAttributeType: 'S',
      RangeAttributeName: 'number',
      RangeAttributeType: 'N',
      ReadCapacityUnits: 3,
      WriteCapacityUnits: 3,
    };
    const painter = { HashAttributeName: 'painter', HashAttributeType: 'S', RangeAttributeName: 'year', RangeAttributeType: 'N' };
    const SecondaryIndexes = [
      { ...painter, IndexName: 'by-painter', IndexType: 'global', ReadCapacityUnits: 3, WriteCapacityUnits: 3 },
      { ...painter, IndexName: 'by-year', IndexType: 'local', HashAttributeName: 'room' },
    ];
    const created = await admin.visit('POST', '/create-table', { TableDefinition, SecondaryIndexes });
    assert.equal(created.status, 204, created.text);
    await cluster.untilActive(TABLE);
    assert.match((await admin.visit('GET', `/tables/${TABLE}`)).text, /\[Index\] by-painter: painter, year/);
  });

  test('searches an index', async () => {
    for (let at = 0; at < 30; at++) {
      const painting = { room: `room-${at % 3}`, number: at, painter: at % 2 === 0 ? 'Artemisia' : 'Judith', year: 1600 + at };
      await admin.add(TABLE, painting);
    }
    const filters = { painter: { type: 'S', operator: '=', value: 'Judith' }, year: { type: 'N', operator: '>=', value: '1621' } };
    const query = { operationType: 'query', queryableSelection: 'by-painter', filters: JSON.stringify(filters), pageSize: '100' };
    const found = await until('the index has them', async () => {
      const { Items } = await admin.items(TABLE, query);
      return Items.length === 5 && Items;
    });
    assert.deepEqual(
      found.map(({ year }) => year),
      [1621, 1623, 1625, 1627, 1629],
    );
  });

  test('shows whether items expire', async () => {
    const { status, text } = await admin.visit('GET', `/tables/${TABLE}/ttl`);
    assert.equal(status, 200, text);
    assert.match(text, /<span class="badge badge-secondary">DISABLED<\/span>/);
  });
});
