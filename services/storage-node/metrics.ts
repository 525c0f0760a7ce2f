import { SECOND_MS } from '../shared/base/units.ts';
import type { PageStore } from '../shared/btree/page-store.ts';
import type { Gauge, Metrics } from '../shared/env/metrics.ts';
import type { WriteAheadLog } from '../shared/wal/write-ahead-log.ts';
import { FINDING_KINDS } from '../shared/wire/admin.ts';
import { isDerived } from './core/expiry-progress.ts';
import { isDamaged } from './handlers/describe-node.ts';
import type { CatalogFeed } from './groups/catalog-feed.ts';
import type { Group } from './groups/group.ts';
import type { NodeGroups } from './groups/node-groups.ts';
import type { RequestServer } from './groups/request-server.ts';
import { INDEX_METRICS } from './index-metrics.ts';

/** What the metrics are read from. */
export interface MetricSources {
  readonly groups: NodeGroups;
  readonly pages: PageStore;
  readonly wal: WriteAheadLog;
  readonly requests: RequestServer;
  readonly catalog: CatalogFeed;
}

type Read = (sources: MetricSources, gauge: Gauge) => void;

/**
 * Every metric of a storage node. All are read when they are scraped: the data path only keeps sums of its own. Sums that
 * only grow are named `_total` and grow from the start of the process.
 */
const METRICS: readonly { readonly name: string; readonly help: string; readonly labels?: readonly string[]; readonly read: Read }[] = [
  { name: 'groups', help: 'Replicas on this node.', read: ({ groups }, gauge) => gauge.set(groups.size) },
  { name: 'groups_led', help: 'Groups that this node leads and serves.', read: ({ groups }, gauge) => gauge.set(led(groups)) },
  {
    name: 'elections_total',
    help: 'Times that a replica on this node was elected leader or took a leadership that was handed over.',
    read: ({ groups }, gauge) => gauge.set(groups.elections),
  },
  {
    name: 'commits_total',
    help: 'Chosen records applied, over all replicas.',
    read: ({ groups }, gauge) => gauge.set(groups.commits),
  },
  {
    name: 'replica_lag_slots',
    help: 'Greatest number of kept log records that a follower has not acknowledged to its leader on this node.',
    read: ({ groups }, gauge) => gauge.set(greatestLag(groups)),
  },
  {
    name: 'groups_damaged',
    help: 'Replicas that abstain, have stopped or have lost their tree because of damage.',
    read: ({ groups }, gauge) => gauge.set(count(groups, isDamaged) + groups.rebuilder.unknown.size),
  },
  {
    name: 'replicas_rebuilt_total',
    help: 'Replicas whose damaged tree was given up and that went on from their log.',
    read: ({ groups }, gauge) => gauge.set(groups.rebuilder.rebuilt),
  },
  {
    name: 'groups_halted',
    help: 'Replicas of partitions of which no two copies agree, so that they refuse to answer.',
    read: ({ groups }, gauge) => gauge.set(count(groups, ({ state }) => state.halted > 0)),
  },
  {
    name: 'state_hash_marks_total',
    help: 'Comparisons of copies by their state hashes that leaders on this node began.',
    read: ({ groups }, gauge) => gauge.set(groups.stateHashes.marks),
  },
  {
    name: 'state_hash_agreements_total',
    help: 'Such comparisons in which all copies agreed.',
    read: ({ groups }, gauge) => gauge.set(groups.stateHashes.agreed),
  },
  {
    name: 'state_hash_contradictions_total',
    help: 'Such comparisons in which they did not.',
    read: ({ groups }, gauge) => gauge.set(groups.stateHashes.contradicted),
  },
  {
    name: 'findings_total',
    help: 'Damage found since the start of the process, by kind: page, log, state-hash, halted, store, incomplete.',
    labels: ['kind'],
    read: ({ groups }, gauge) => {
      for (const kind of FINDING_KINDS) gauge.set(groups.findings.counts.get(kind) ?? 0, { kind });
    },
  },
  {
    name: 'findings_unrepaired',
    help: 'Of that, what is not repaired.',
    read: ({ groups }, gauge) => gauge.set(groups.findings.unrepaired),
  },
  {
    name: 'scrub_pages_total',
    help: 'Pages that the scrub has read and verified.',
    read: ({ groups }, gauge) => gauge.set(groups.scrubber.pages),
  },
  {
    name: 'scrub_bytes_total',
    help: 'Pages and log that the scrub has read and verified, bytes.',
    read: ({ groups }, gauge) => gauge.set(groups.scrubber.bytes),
  },
  {
    name: 'scrub_last_complete_seconds',
    help: 'When the last complete scrub ended, seconds since 1970; 0: none since the start of the process.',
    read: ({ groups }, gauge) => gauge.set(groups.scrubber.lastCompleteMs / SECOND_MS),
  },
  {
    name: 'disk_free_bytes',
    help: 'Free space of the disk that holds the data folder, bytes.',
    read: ({ groups }, gauge) => gauge.set(groups.room.freeBytes),
  },
  {
    name: 'disk_reserve_bytes',
    help: 'Free space below which writes are refused, bytes.',
    read: ({ groups }, gauge) => gauge.set(groups.room.reserveBytes),
  },
  {
    name: 'disk_fullness',
    help: '0: there is room. 1: nearly full, deletes alone are taken. 2: nothing new is taken.',
    read: ({ groups }, gauge) => gauge.set(groups.room.fullness),
  },
  {
    name: 'writes_refused_for_space_total',
    help: 'Writes refused because the disk of this node or those of a quorum are nearly full.',
    read: ({ groups }, gauge) => gauge.set(groups.room.refused),
  },
  {
    name: 'messages_not_taken_for_space_total',
    help: 'Consensus messages with records that were not taken, because the reserve of the disk is nearly used up.',
    read: ({ groups }, gauge) => gauge.set(groups.room.notTaken),
  },
  {
    name: 'items',
    help: 'Items in the groups that this node leads.',
    read: ({ groups }, gauge) => gauge.set(sum(groups, (group) => (group.paxos.serves ? group.itemTotals.items : 0))),
  },
  {
    name: 'ttl_deleted_items_total',
    help: 'Expired items whose deletion leaders on this node proposed.',
    read: ({ groups }, gauge) => gauge.set(groups.expiry.deleted),
  },
  {
    name: 'ttl_due_items',
    help: 'Items of the groups that this node leads that had expired when they were last counted, less what was deleted since.',
    read: ({ groups }, gauge) => gauge.set(groups.expiry.due),
  },
  {
    name: 'ttl_lag_seconds',
    help: 'How long the item has been expired that is to be deleted next, seconds; 0: none is known.',
    read: ({ groups }, gauge) => gauge.set(groups.expiry.lagSeconds),
  },
  {
    name: 'ttl_groups_deriving',
    help: 'Groups that this node leads in which not all items that expire are known by now: their attribute was named not long ago.',
    read: ({ groups }, gauge) => gauge.set(count(groups, derivesExpiry)),
  },
  {
    name: 'unapplied_slots',
    help: 'Chosen records that are not applied yet, over all replicas.',
    read: ({ groups }, gauge) => gauge.set(sum(groups, (group) => group.paxos.commit - group.state.applied)),
  },
  {
    name: 'request_bytes',
    help: 'Bytes of the requests taken and not answered.',
    read: ({ requests }, gauge) => gauge.set(requests.underWayBytes),
  },
  {
    name: 'answer_bytes',
    help: 'Bytes of answers that routers have not taken yet.',
    read: ({ requests }, gauge) => gauge.set(requests.answerBytes),
  },
  { name: 'requests_under_way', help: 'Requests taken and not answered.', read: ({ requests }, gauge) => gauge.set(requests.underWay) },
  {
    name: 'requests_total',
    help: 'Requests taken, by kind.',
    labels: ['kind'],
    read: ({ requests }, gauge) => {
      for (const [kind, served] of requests.served) gauge.set(served, { kind });
    },
  },
  {
    name: 'requests_refused_total',
    help: 'Requests refused for overload or drain.',
    read: ({ requests }, gauge) => gauge.set(requests.refused),
  },
  { name: 'wal_bytes', help: 'Records that the write-ahead log holds, bytes.', read: ({ wal }, gauge) => gauge.set(wal.totalBytes()) },
  { name: 'wal_queued_bytes', help: 'Records that wait for their sync, bytes.', read: ({ wal }, gauge) => gauge.set(wal.queuedBytes()) },
  { name: 'wal_batches_total', help: 'Synced batches of the write-ahead log.', read: ({ wal }, gauge) => gauge.set(wal.stats().batches) },
  { name: 'wal_records_total', help: 'Records written to the write-ahead log.', read: ({ wal }, gauge) => gauge.set(wal.stats().records) },
  { name: 'wal_sync_seconds_total', help: 'Time spent in synced batches.', read: ({ wal }, gauge) => gauge.set(wal.stats().syncSeconds) },
  { name: 'page_cache_bytes', help: 'Pages in memory, bytes.', read: ({ pages }, gauge) => gauge.set(pages.stats().cacheBytes) },
  { name: 'page_cache_hits_total', help: 'Pages found in memory.', read: ({ pages }, gauge) => gauge.set(pages.stats().hits) },
  { name: 'page_cache_misses_total', help: 'Pages read from the store.', read: ({ pages }, gauge) => gauge.set(pages.stats().misses) },
  { name: 'pages_written_total', help: 'Pages written by checkpoints.', read: ({ pages }, gauge) => gauge.set(pages.stats().pagesWritten) },
  { name: 'checkpoints_total', help: 'Checkpoints taken.', read: ({ groups }, gauge) => gauge.set(groups.checkpoints.taken) },
  {
    name: 'snapshots_sent_total',
    help: 'Snapshots begun to followers.',
    read: ({ groups }, gauge) => gauge.set(groups.snapshotSender.started),
  },
  {
    name: 'snapshots_installed_total',
    help: 'Snapshots of other nodes put in place here.',
    read: ({ groups }, gauge) => gauge.set(groups.snapshotReceiver.installed),
  },
  {
    name: 'learned_bytes_total',
    help: 'Log sent to followers that were behind, bytes.',
    read: ({ groups }, gauge) => gauge.set(groups.catchUpSender.learnedBytes),
  },
  {
    name: 'clock_jumps_total',
    help: 'Times that leases were dropped for a clock jump.',
    read: ({ groups }, gauge) => gauge.set(groups.clockJumps),
  },
  {
    name: 'differing_clocks',
    help: 'Peers whose monotonic clock runs at another rate than the own one, so that leases are not relied on.',
    read: ({ groups }, gauge) => gauge.set(groups.differingClocks.size),
  },
  {
    name: 'stalled_heartbeats_total',
    help: 'Heartbeats kept back because a sync hung.',
    read: ({ groups }, gauge) => gauge.set(groups.stalledHeartbeats),
  },
  ...INDEX_METRICS,
  { name: 'catalog_watchers', help: 'Processes that watch the catalog here.', read: ({ catalog }, gauge) => gauge.set(catalog.watchers) },
];

/** Declares the metrics at once; they have values from when the node's stores are open. */
export class StorageNodeMetrics {
  #sources: MetricSources | undefined;

  constructor(metrics: Metrics) {
    for (const { name, help, labels, read } of METRICS) {
      const collect = (gauge: Gauge): void => {
        if (this.#sources !== undefined) read(this.#sources, gauge);
      };
      metrics.gauge({ name: `stator_storage_node_${name}`, help, collect, ...(labels === undefined ? {} : { labels }) });
    }
  }

  watch(sources: MetricSources): void {
    this.#sources = sources;
  }
}

function derivesExpiry({ paxos, state: { expiry } }: Group): boolean {
  return paxos.serves && expiry !== undefined && !isDerived(expiry);
}

function led(groups: NodeGroups): number {
  return count(groups, (group) => group.paxos.serves);
}

/** What was trimmed is not counted: a follower behind that comes back by snapshot, and one not heard of yet counts as having nothing. */
function greatestLag(groups: NodeGroups): number {
  let greatest = 0;
  for (const { paxos } of groups.all) {
    for (const acknowledged of paxos.acknowledgements().values()) {
      greatest = Math.max(greatest, paxos.last - Math.max(acknowledged, paxos.trimmed));
    }
  }
  return greatest;
}

function count(groups: NodeGroups, matches: (group: Group) => boolean): number {
  return sum(groups, (group) => (matches(group) ? 1 : 0));
}

function sum(groups: NodeGroups, value: (group: Group) => number): number {
  let total = 0;
  for (const group of groups.all) total += value(group);
  return total;
}
