import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareBytes } from '../base/bytes.ts';
import type { PartitionRecord } from './catalog-records.ts';
import { PartitionMap } from './partition-map.ts';

function partition(partitionId: number, low: string, high: string, epoch = 1): PartitionRecord {
  const replicas = [{ replica: 100 + partitionId, node: 'node-a', az: 'a' }];
  return { tableId: 't', partitionId, group: 2 + partitionId, generation: 1, epoch, low, high, configuration: 1, replicas };
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

test('a key is found in the partition whose range holds it', () => {
  const map = new PartitionMap();
  map.set(partition(1, '80', ''));
  map.set(partition(0, '', '80'));
  assert.equal(map.find(bytes(''))?.record.partitionId, 0);
  assert.equal(map.find(bytes('7fff'))?.record.partitionId, 0);
  assert.equal(map.find(bytes('80'))?.record.partitionId, 1);
  assert.equal(map.find(bytes('ff'))?.record.partitionId, 1);
  assert.equal(map.findBelow(bytes('80'))?.record.partitionId, 0);
  assert.equal(map.findBelow(bytes('8000'))?.record.partitionId, 1);
  assert.equal(map.findBelow(undefined)?.record.partitionId, 1);
});

test('a hole in the map finds nothing', () => {
  const map = new PartitionMap();
  assert.equal(map.find(bytes('00')), undefined);
  assert.equal(map.findBelow(undefined), undefined);
  map.set(partition(1, '40', '80'));
  assert.equal(map.find(bytes('00')), undefined);
  assert.equal(map.find(bytes('80')), undefined);
  assert.equal(map.findBelow(bytes('40')), undefined);
  assert.equal(map.findBelow(bytes('81')), undefined);
  assert.equal(map.findBelow(undefined), undefined);
  map.delete(1);
  assert.deepEqual(map.all, []);
});

test('children hide their parent while both are known', () => {
  const map = new PartitionMap();
  map.set(partition(1, '', '80', 2));
  map.set(partition(2, '80', '', 2));
  map.set(partition(0, '', '', 1));
  assert.equal(map.find(bytes('10'))?.record.partitionId, 1);
  assert.equal(map.find(bytes('90'))?.record.partitionId, 2);
});

test('finding agrees with looking at every partition', () => {
  const key = fc.uint8Array({ maxLength: 3 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 2 }), { comparator: (a, b) => compareBytes(a, b) === 0 }),
      key,
      (cuts, wanted) => {
        const bounds = ['', ...cuts.sort(compareBytes).map((cut) => Buffer.from(cut).toString('hex')), ''];
        const map = new PartitionMap();
        for (let at = bounds.length - 2; at >= 0; at--) map.set(partition(at, bounds[at] as string, bounds[at + 1] as string));
        const holding = map.all.filter(
          ({ low, high }) => compareBytes(low, wanted) <= 0 && (high === undefined || compareBytes(wanted, high) < 0),
        );
        assert.equal(holding.length, 1);
        assert.equal(map.find(wanted), holding[0]);
        if (wanted.length > 0) {
          const below = map.all.filter(
            ({ low, high }) => compareBytes(low, wanted) < 0 && (high === undefined || compareBytes(wanted, high) <= 0),
          );
          assert.deepEqual([map.findBelow(wanted)], below);
        }
      },
    ),
  );
});
