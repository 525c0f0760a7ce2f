import { SECOND_MS } from '../shared/base/units.ts';
import type { Gauge } from '../shared/env/metrics.ts';
import type { IndexSender } from './groups/index-sender.ts';
import type { NodeGroups } from './groups/node-groups.ts';

interface IndexMetric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: (sources: { readonly groups: NodeGroups }, gauge: Gauge) => void;
}

const LABELS = ['table', 'index'];

/** How global indexes are fed by the partitions that this node leads. */
export const INDEX_METRICS: readonly IndexMetric[] = [
  {
    name: 'index_lag_seconds',
    help: 'For how long a global index has lacked something of a partition led here, the greatest of all partitions.',
    labels: LABELS,
    read: ({ groups }, gauge) => report(groups, gauge, (sender) => sender.lagMs() / SECOND_MS, Math.max),
  },
  {
    name: 'index_lag_bytes',
    help: 'Changes and log that a global index may lack, bytes, over all partitions led here.',
    labels: LABELS,
    read: ({ groups }, gauge) => report(groups, gauge, (sender) => sender.lagBytes(), add),
  },
  {
    name: 'index_undelivered_slots',
    help: 'Applied records of which not every partition of a global index is known to have what concerns it, the most of all partitions led here.',
    labels: LABELS,
    read: ({ groups }, gauge) => report(groups, gauge, ({ lagSlots }) => lagSlots, Math.max),
  },
  {
    name: 'index_backfill_items',
    help: 'Items that were looked at for a new global index, over all partitions led here.',
    labels: LABELS,
    read: ({ groups }, gauge) => reportProgress(groups, gauge, ({ itemsDone }) => itemsDone),
  },
  {
    name: 'index_backfill_unfinished',
    help: 'Partitions led here whose items are not all in the log for a new global index, or not delivered.',
    labels: LABELS,
    read: ({ groups }, gauge) => reportProgress(groups, gauge, ({ backfilled, delivered }) => (backfilled && delivered ? 0 : 1)),
  },
  {
    name: 'index_log_gone',
    help: 'Partitions led here whose log does not reach back to what a global index needs: others that may have it are let lead.',
    read: ({ groups }, gauge) => gauge.set([...groups.indexes.all()].filter(({ sender }) => sender.missing !== undefined).length),
  },
  {
    name: 'index_lost',
    help: 'Global indexes that can never catch up with partitions led here, by why: the auto-admin makes them anew.',
    labels: ['loss'],
    read: ({ groups }, gauge) => {
      for (const loss of ['log-gone', 'silent'] as const) {
        gauge.set(groups.indexes.lost().filter((lost) => lost.loss === loss).length, { loss });
      }
    },
  },
  {
    name: 'index_waiting_bytes',
    help: 'Changes of all global indexes that wait in memory to be sent or acknowledged, bytes.',
    read: ({ groups }, gauge) => gauge.set(groups.indexes.counts.waitingBytes),
  },
  {
    name: 'index_messages_total',
    help: 'Messages sent to partitions of global indexes.',
    read: ({ groups }, gauge) => gauge.set(groups.indexes.counts.steps),
  },
  {
    name: 'index_changes_total',
    help: 'Changes of entries in these messages; those sent again count again.',
    read: ({ groups }, gauge) => gauge.set(groups.indexes.counts.changes),
  },
  {
    name: 'writes_refused_for_indexes_total',
    help: 'Writes refused because a global index that they change could not keep up.',
    read: ({ groups }, gauge) => gauge.set(groups.indexes.counts.refused),
  },
];

/** One value for each index: those of its partitions brought together. */
function report(groups: NodeGroups, gauge: Gauge, figure: (sender: IndexSender) => number, joined: (a: number, b: number) => number): void {
  const values = new Map<string, { table: string; index: string; value: number }>();
  for (const { group, sender } of groups.indexes.all()) {
    const { indexId, name: index } = sender.entries.source;
    const value = figure(sender);
    const present = values.get(indexId);
    const table = groups.group(group)?.identity.tableId ?? '';
    values.set(indexId, { table, index, value: present === undefined ? value : joined(present.value, value) });
  }
  for (const { table, index, value } of values.values()) gauge.set(value, { table, index });
}

function reportProgress(groups: NodeGroups, gauge: Gauge, figure: (progress: Progress) => number): void {
  const progress = new Map<IndexSender, number>();
  for (const { group, sender } of groups.indexes.all()) {
    const led = groups.group(group);
    const own = led && groups.indexes.progress(led).find(({ indexId }) => indexId === sender.entries.source.indexId);
    if (own !== undefined) progress.set(sender, figure(own));
  }
  report(groups, gauge, (sender) => progress.get(sender) ?? 0, add);
}

type Progress = ReturnType<NodeGroups['indexes']['progress']>[number];

function add(a: number, b: number): number {
  return a + b;
}
